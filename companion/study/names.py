"""What was read: the repository at one commit, its names, and facts of its protocol."""

from __future__ import annotations

REPOSITORY = "github.com/dibyanshu100/Master_thesis_code"
COMMIT = "a37ca19357a75d9e67d669740309c96c63b96fbf"
DATE = "2 June 2025"

TARGETS = ("x", "eps", "v", "score")
OBJECTIVES = ("nelbo", "weighted")
DATASETS = ("clusters", "rings", "swiss_roll", "waves")

#: How the data sets are written in figures and tables.
TITLES = {"clusters": "Clusters", "rings": "Rings", "swiss_roll": "Swiss roll", "waves": "Waves"}

#: And the objectives.
OBJECTIVE_TITLES = {"nelbo": "NELBO", "weighted": "weighted"}

#: Networks that the study trained of each loss.
EXECUTIONS = 3

#: The targets whose NELBO is high in its 2-D table, and those whose is low.
GROUPS = (("eps", "v"), ("x", "score"))

#: Epochs that it trained each network for, and those, from 0, whose losses by noise level its figures show.
EPOCHS, BINNED_EPOCHS = 100, (5, 50, 99)

#: Rows in the study's test split, each used once, with its own noise and time, in a recorded test loss.
#: They are not independent points: see `companion.chapters.published_numbers.resolution.published_split`.
TEST_POINTS = 20_000

#: Recorded test losses behind a ``last20_mean``: 20 epochs of three executions.
EPOCHS_IN_LAST20 = 60

#: Rows in the study's train split, each used once in an epoch.
TRAIN_POINTS = 80_000

#: Bins of time, equally wide, in which the study saved its training losses, and the epochs behind a mean.
BINS, EPOCHS_IN_BINS = 100, 20

#: How the study's code draws samples (code/sampling.py): each target has its own sampler, and of the four
#: only those of x and eps are the same. The numbers are its lines in that file.
SAMPLERS = {
    "x": "ancestral",  # 28 to 48
    "eps": "ancestral",  # 4 to 25
    "v": "deterministic",  # 51 to 69
    "score": "Langevin-like",  # 72 to 91
}

#: On images it passes a wish to clamp the predicted image, which the sampler of eps alone heeds (line 23).
IMAGE_SAMPLERS = {"x": "ancestral", "eps": "ancestral, clamped", "v": "deterministic"}


def link(path: str, first: int | None = None, last: int | None = None) -> str:
    """The address of a file of the repository at the commit read, or of some of its lines.

    Args:
        path: from the repository's root, e.g. ``"code/loss.py"``.
        first: a line's number, from 1.
        last: the last line, if there are several.
    """
    lines = "" if first is None else f"#L{first}" + ("" if last is None else f"-L{last}")
    return f"https://{REPOSITORY}/blob/{COMMIT}/{path}{lines}"
