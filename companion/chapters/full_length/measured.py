"""Tables that no build makes again, because they take hours: read back only if they are what was committed.

``tests/benchmarks`` makes them; the comment at the head of a file says by which command, on what machine.
"""

from __future__ import annotations

from io import StringIO

import pandas as pd

from companion.evidence import pinned
from companion.files import heading

FILES = {
    "bfloat16.csv": "bdb99653bc36027f26f54a7f9f0550d8c6e5555a1d14f90e9c17df74b60f9ba8",
    "recipe_epochs.csv": "6e05e9011522698c941be38ee44d63c576748ac0835443633b4eac4fd70da21b",
    "recipe_late.csv": "f70504c0b7b1c9c0ba718750f41277b4c289256ee15e23209a8062362cc58f95",
    "recipe_levels.csv": "b8f52612a8c10f2317d635ec88a68f32720ac06e33a8e2c48952457a8a22746f",
    "tenfold.csv": "6a46817b2268fd039a5d3c645a1fe997bb71cc309b011843ad6a87183c8ea714",
    "time_to_quality.csv": "d5ff7f5b5b1d122a4d2023a3eaf2810ab8d99ce1bd936af27e56d7352aeab2c2",
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
    return heading(_text(name))


def _text(name: str) -> str:
    return pinned.text("companion.chapters.full_length", name, FILES[name])
