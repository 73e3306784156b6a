"""What the published tables must be: their columns, keys, digits, ranges, relations and checksums.

The relations say *which* number is wrong where a number can be worked out of others (a mean of its three
executions, a printed value of its full-precision one). The checksum catches every other change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import product

import pandas as pd

from companion.errors import UserError
from companion.files import text_sha256
from companion.study.names import (
    BINNED_EPOCHS,
    BINS,
    DATASETS,
    EPOCHS,
    EXECUTIONS,
    OBJECTIVES,
    TARGETS,
)

SHA256 = {
    "losses": "ae010eda335f12d28fb1bb29fc366f8608acc6bb82b98b8cb30f7bc2a2c72186",
    "moments": "96bd5de37450846083f690524adb6e621913a233c8320672d291cf88e91b6cb9",
    "images": "d5755a037dcdaa8dbb11fd94b33484ecabfd9e1e991b11a31d4e2f6887b549bd",
    "bins": "6ec72dd9b33cb7d34772e7107e1377f6e8f3592b954f80861010d53513503693",
    "epochs": "128b1dcf52f2f57d610b798b835c25a3108914978c99d8c8f3241b822bbc36fa",
    "bins_at_epochs": "1dd25e6ca93d1c8224815cc90d7b9112b47b950ffe6e58b9c5290d7b04d5470b",
    "epoch_variances": "7a5d3590bfb9a48e2148715823a1beca20bafb5fec95088230cf285202ac7712",
    "files": "4815e0f8c352d96a564eece1a5abedca24ef4be597d662d858449eecae7ccaf8",
}
"""Of each table's text; a line may end as the machine likes."""


@dataclass(frozen=True)
class Number:
    """A column of numbers: its decimals as written, and the range that it must lie in.

    Attributes:
        decimals: digits after the point in the file; None where they vary.
        low, high: open ends of the range.
    """

    decimals: int | None
    low: float
    high: float


@dataclass(frozen=True)
class Schema:
    """A table: its key columns with every combination that must be there once, and its numbers."""

    keys: tuple[str, ...]
    rows: frozenset[tuple[str, ...]] = frozenset()
    numbers: dict[str, Number] = field(default_factory=dict)


_LOSS, _SD = Number(6, 0, 4), Number(6, 0, 0.2)
_EXECUTIONS = tuple(str(n) for n in range(1, EXECUTIONS + 1))
_ON_IMAGES = ("x", "eps", "v")  # the study trains no score on images

SCHEMAS = {
    "losses": Schema(
        ("dataset", "target", "objective"),
        frozenset(product(DATASETS, TARGETS, OBJECTIVES)),
        {"printed": Number(4, 0, 4)}
        | {f"execution_{n}": _LOSS for n in (1, 2, 3)}
        | {"mean": _LOSS, "sd": _SD, "last20_mean": Number(5, 0, 4)}
        | {"last20_sd": Number(5, 0, 0.2), "initial": Number(4, 0, 20), "train": Number(4, 0, 4)},
    ),
    "moments": Schema(
        ("dataset", "target", "objective"),
        frozenset(product(DATASETS, TARGETS, OBJECTIVES)),
        {"mean_distance": Number(4, 0, 1), "cov_distance": Number(4, 0, 1)},
    ),
    "images": Schema(
        ("target", "objective"),
        frozenset(product(_ON_IMAGES, OBJECTIVES)),
        {"printed_loss": Number(2, 0, 1), "printed_fid": Number(2, 10, 30)}
        | {"fid": Number(None, 10, 30), "final_loss": Number(10, 0, 1)}
        | {"last20_mean": Number(6, 0, 1), "last20_sd": Number(6, 0, 0.1)},
    ),
    "bins": Schema(
        ("dataset", "target", "objective", "execution", "bin"),
        frozenset(product(DATASETS, TARGETS, OBJECTIVES, _EXECUTIONS, map(str, range(BINS)))),
        {"mean": Number(None, 0, 100), "sd": Number(None, 0, 20)},
    ),
    "epochs": Schema(
        ("dataset", "target", "objective", "execution", "epoch"),
        frozenset(product(DATASETS, TARGETS, OBJECTIVES, _EXECUTIONS, map(str, range(EPOCHS)))),
        {"test": Number(None, 0, 20), "train": Number(None, 0, 20)},
    ),
    "bins_at_epochs": Schema(
        ("dataset", "target", "objective", "epoch", "bin"),
        frozenset(
            product(DATASETS, TARGETS, OBJECTIVES, map(str, BINNED_EPOCHS), map(str, range(BINS)))
        ),
        {"loss": Number(None, 0, 200)},
    ),
    "epoch_variances": Schema(
        ("dataset", "target", "bin"),
        frozenset(product(DATASETS, TARGETS, map(str, range(BINS)))),
        {"variance": Number(None, 0, 10)},
    ),
    "files": Schema(("file", "sha256")),
}


def checked(name: str, text: str) -> pd.DataFrame:
    """A table from the text of its file.

    Args:
        name: losses, bins, epochs, bins_at_epochs, epoch_variances, moments, images or files.
        text: the file, comments at its head.

    Raises:
        UserError: saying what is wrong with it, in one line.
    """
    for problem in _problems(name, text):
        raise damaged(name, problem)
    return pd.read_csv(StringIO(text), comment="#")


def damaged(name: str, problem: str) -> UserError:
    """The one line that says what is wrong with a table, and how to mend it."""
    return UserError(
        f"published table {name}.csv is damaged: {problem}; "
        f"restore it (git checkout companion/study/data/{name}.csv)"
    )


def _problems(name: str, text: str) -> Iterator[str]:
    schema = SCHEMAS[name]
    columns = [*schema.keys, *schema.numbers]
    try:
        cells = pd.read_csv(StringIO(text), comment="#", dtype=str, keep_default_na=False)
    except ValueError as error:
        yield f"it does not parse ({' '.join(str(error).split())})"
        return
    if list(cells.columns) != columns:
        yield f"its columns are {', '.join(cells.columns)}: expected {', '.join(columns)}"
        return
    yield from _of_keys(schema, cells)
    yield from _of_numbers(schema, cells)
    if name == "files":
        yield from _of_files(cells)
    elif name in _RELATIONS:  # a moment stands alone: only the checksum knows it
        yield from _RELATIONS[name](cells.astype(dict.fromkeys(schema.numbers, float)))
    found = text_sha256(text)
    if found != SHA256[name]:
        yield f"its SHA-256 is {found[:12]}...: expected {SHA256[name][:12]}..."


def _of_keys(schema: Schema, cells: pd.DataFrame) -> Iterator[str]:
    keys = list(cells[list(schema.keys)].itertuples(index=False, name=None))
    for key, count in Counter(keys).items():
        if schema.rows and key not in schema.rows:
            yield f"it has a row {' '.join(key)}: expected none of that name"
        if count > 1:
            yield f"it has {count} rows {' '.join(key)}: expected one"
    for key in sorted(schema.rows - set(keys)):
        yield f"it has no row {' '.join(key)}: expected {len(schema.rows)} rows"


def _of_numbers(schema: Schema, cells: pd.DataFrame) -> Iterator[str]:
    for column, number in schema.numbers.items():
        decimals = r"\d+" if number.decimals is None else rf"\d{{{number.decimals}}}"
        for row, text in enumerate(cells[column]):
            where = f"row {row + 1}, {column}: {text!r}"
            if not re.fullmatch(rf"\d+\.{decimals}", text, re.ASCII):
                wanted = number.decimals if number.decimals is not None else "some"
                yield f"{where}: expected a number with {wanted} decimals"
            elif not number.low < float(text) < number.high:
                yield f"{where}: expected between {number.low:g} and {number.high:g}"


def _of_files(cells: pd.DataFrame) -> Iterator[str]:
    if not cells["file"].is_unique:
        yield "a file is named twice: expected each once"
    for row, value in enumerate(cells["sha256"]):
        if not re.fullmatch("[0-9a-f]{64}", value):
            yield f"row {row + 1}, sha256: {value!r}: expected 64 hexadecimal digits"


def _differ(frame: pd.DataFrame, left: pd.Series, right: pd.Series, by: float, what: str) -> str:
    """Say in which row two columns differ by more than rounding explains; empty if in none."""
    gap = (left - right).abs()
    if not (gap > by).any():
        return ""
    row = int(gap.argmax())
    return f"row {row + 1}: {what}: {left.iloc[row]:.6f} and {right.iloc[row]:.6f}"


def _of_losses(frame: pd.DataFrame) -> Iterator[str]:
    runs = frame[[f"execution_{n}" for n in (1, 2, 3)]]
    near = 4 * frame["last20_sd"]
    yield from filter(
        None,
        (
            _differ(frame, frame["mean"], runs.mean(axis=1), 1e-6, "mean is not the executions'"),
            _differ(frame, frame["sd"], runs.std(axis=1), 1e-6, "sd is not the executions'"),
            _differ(frame, frame["printed"], frame["mean"].round(4), 1e-9, "printed is not mean"),
            _differ(
                frame, frame["last20_mean"], frame["mean"], 0.2, "last20_mean is not near mean"
            ),
            _differ(frame, frame["train"], frame["mean"], 0.2, "train is not near mean"),
        ),
    )
    for row in frame.index[(frame["last20_mean"] - frame["mean"]).abs() > near]:
        yield f"row {row + 1}: last20_mean and mean differ by more than 4 last20_sd"
    for row in frame.index[frame["initial"] <= frame["mean"]]:
        yield f"row {row + 1}: an untrained network (initial) scores below a trained one"


def _of_images(frame: pd.DataFrame) -> Iterator[str]:
    yield from filter(
        None,
        (
            # The table cuts 13.758 to 13.75 and rounds 24.265 to 24.26.
            _differ(frame, frame["printed_fid"], frame["fid"], 0.01, "printed_fid is not fid"),
            # The table's losses are not quite the saved ones: 0.84 stands for 0.854.
            _differ(frame, frame["printed_loss"], frame["final_loss"], 0.02, "printed_loss is off"),
        ),
    )
    for row in frame.index[
        (frame["last20_mean"] - frame["final_loss"]).abs() > 3 * frame["last20_sd"]
    ]:
        yield f"row {row + 1}: last20_mean and final_loss differ by more than 3 last20_sd"


_RELATIONS = {"losses": _of_losses, "images": _of_images}
