"""Where each published number is from: a file of the repository, its hash, and the key inside it."""

from __future__ import annotations

from dataclasses import dataclass

from companion.study import tables

_DATASET = {
    "clusters": "Cluster_data",
    "rings": "Ring_data",
    "swiss_roll": "Swiss_roll_data",
    "waves": "Waves_data",
}
_TARGET = {"x": "x", "eps": "epsilon", "v": "v", "score": "score"}
_OBJECTIVE = {"nelbo": "ELBO", "weighted": "Weighted"}

_RUN = "code/saved_data/2Dim/{objective}/Execution_{n}/diffusion_loss_{target}_training_results"
_IMAGES = "code/saved_data/Images/{objective}/diffusion_loss_{target}_results"
_FID = "code/FID/{objective}/diffusion_loss_{target}_50000"
_PICTURE = "code/assets/general/{name}.png"


@dataclass(frozen=True)
class Origin:
    """Files of the study's repository, and what was read in them.

    Attributes:
        files: their paths from the repository's root; several where a number is worked out of several.
        sha256: their hashes, in the same order.
        key: where in a file the number stands, or how it is worked out.
    """

    files: tuple[str, ...]
    sha256: tuple[str, ...]
    key: str


#: For each table and column: the file (``{n}``: one for each execution) and the key in it.
_WHERE: dict[str, dict[str, tuple[str, str]]] = {
    "losses": {
        "printed": (
            _PICTURE.format(name="2D_results"),
            "row {dataset}, {target}; {objective}, loss",
        ),
        "execution_1": (_RUN.replace("{n}", "1"), "{dataset}.test_loss[99]"),
        "execution_2": (_RUN.replace("{n}", "2"), "{dataset}.test_loss[99]"),
        "execution_3": (_RUN.replace("{n}", "3"), "{dataset}.test_loss[99]"),
        "mean": (_RUN, "mean of {dataset}.test_loss[99]"),
        "sd": (_RUN, "sd (n - 1) of {dataset}.test_loss[99]"),
        "last20_mean": (_RUN, "mean of {dataset}.test_loss[80:100]"),
        "last20_sd": (_RUN, "sd (n - 1) of {dataset}.test_loss[80:100]"),
        "initial": (_RUN, "mean of {dataset}.test_loss[0]"),
        "train": (_RUN, "mean of {dataset}.train_loss[99]"),
    },
    "bins": {
        "mean": (_RUN, "{dataset}, training loss by bin of time: mean of epochs 80 to 99"),
        "sd": (_RUN, "{dataset}, training loss by bin of time: sd of epochs 80 to 99"),
    },
    "epochs": {
        "test": (_RUN, "{dataset}.test_loss, by epoch"),
        "train": (_RUN, "{dataset}.train_loss, by epoch"),
    },
    "bins_at_epochs": {
        "loss": (
            _RUN.replace("{n}", "1"),
            "{dataset}, training loss by bin of time: epochs 5, 50 and 99",
        ),
    },
    "epoch_variances": {
        "variance": (
            _RUN,
            "{dataset}, training loss by bin of time: variance over epochs, mean of executions",
        ),
    },
    "moments": {
        "mean_distance": (
            _PICTURE.format(name="2D_results"),
            "row {dataset}, {target}; {objective}, mean distance",
        ),
        "cov_distance": (
            _PICTURE.format(name="2D_results"),
            "row {dataset}, {target}; {objective}, covariance distance",
        ),
    },
    "images": {
        "printed_loss": (
            _PICTURE.format(name="image_results"),
            "row {target}; {objective}, loss",
        ),
        "printed_fid": (_PICTURE.format(name="image_results"), "row {target}; {objective}, FID"),
        "fid": (_FID, "FID"),
        "final_loss": (_IMAGES, "test_loss[599]"),
        "last20_mean": (_IMAGES, "mean of test_loss[580:600]"),
        "last20_sd": (_IMAGES, "sd (n - 1) of test_loss[580:600]"),
    },
}


def origin(
    table: str, column: str, *, target: str, objective: str, dataset: str | None = None
) -> Origin:
    """Where the number of one table, column and row is from.

    Args:
        table: one of those with numbers; a row of one execution is in that one's of the three files.
        column: one that holds numbers.
        target: of the row.
        objective: of the row.
        dataset: of the row; images have none.

    Raises:
        KeyError: if there is no such number.
    """
    pattern, key = _WHERE[table][column]
    names = {"objective": _OBJECTIVE[objective], "target": _TARGET[target]}
    names["dataset"] = "" if table == "images" else _DATASET[dataset or ""]
    runs = (1, 2, 3) if "{n}" in pattern else (1,)
    paths = tuple(pattern.format(n=n, **names) for n in runs)
    known = tables.files().set_index("file")["sha256"]
    return Origin(paths, tuple(known[path] for path in paths), key.format(**names))
