"""Cells of tables in words, in columns beside the raw ones, which whoever reads the CSV keeps."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from companion import study
from companion.evidence import style

KNOWN: Mapping[str, Mapping[str, str]] = {
    "dataset": study.TITLES,
    "target": style.SYMBOLS,
    "weighting": style.WEIGHTINGS,
}
"""How the cells of columns that many tables have are written."""


def in_words(frame: pd.DataFrame, **words: Mapping[str, str]) -> pd.DataFrame:
    """``frame`` with a column ``NAME_in_words`` for each of its columns that is `KNOWN` or given.

    Args:
        frame: of a table.
        **words: how the cells of a column are written, by column.

    Raises:
        KeyError: if there is no word for a cell.
    """
    every = {name: how for name, how in {**KNOWN, **words}.items() if name in frame}
    return frame.assign(
        **{f"{name}_in_words": [how[c] for c in frame[name]] for name, how in every.items()}
    )
