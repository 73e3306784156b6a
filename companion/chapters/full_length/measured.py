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
    "recipe_epochs.csv": "32095a3075b5140424a2dd17a5cb8bbe6646102359f1a58546e09cae12a53885",
    "recipe_late.csv": "f96be258dacece9e6ccb5672e78d92ba0e9eec21cd9f4c360b04f3282647f0ea",
    "recipe_levels.csv": "d835e405b3796b62fdb86294ff67e6426b53522285b5b7e14fa3b65f5657755c",
    "tenfold.csv": "6a46817b2268fd039a5d3c645a1fe997bb71cc309b011843ad6a87183c8ea714",
    "time_to_quality.csv": "0cb64e08886f4c0d173231751e7fcd5232a1636b8d1910bc79b2bf9444205975",
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
