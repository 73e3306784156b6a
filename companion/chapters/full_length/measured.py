"""Tables that no build makes again, because they take hours: read back only if they are what was committed.

``tests/benchmarks`` makes them; the comment at the head of a file says by which command, on what machine.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files as resources
from io import StringIO

import pandas as pd

from companion.errors import UserError

FILES = {
    "bfloat16.csv": "",
    "recipe_epochs.csv": "",
    "recipe_late.csv": "",
    "recipe_levels.csv": "",
    "tenfold.csv": "",
    "time_to_quality.csv": "",
}
"""The SHA-256 of each table's text; a line may end as the machine likes."""


def table(name: str) -> pd.DataFrame:
    """A table of `FILES`.

    Raises:
        UserError: if the file is missing, or is not the one that was committed.
    """
    return pd.read_csv(StringIO(_text(name)), comment="#")


def source(name: str) -> str:
    """How a table was made: the comment at its head, as one line."""
    lines = StringIO(_text(name))
    return " ".join(line[1:].strip() for line in lines if line.startswith("#"))


def _text(name: str) -> str:
    path = resources("companion.chapters.full_length") / "data" / name
    text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
    if hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest() != FILES[name]:
        raise UserError(
            f"measured table {name} is missing or not the one that was committed: expected its SHA-256; "
            f"restore it (git checkout companion/chapters/full_length/data/{name})"
        )
    return text
