"""How the cells of columns that many tables have are written."""

from __future__ import annotations

from collections.abc import Mapping

from companion import study
from companion.evidence import style

IN_WORDS: dict[str, Mapping[str, str]] = {
    "dataset": study.TITLES,
    "target": style.SYMBOLS,
    "weighting": style.WEIGHTINGS,
}
"""By column, for `Artifacts.table`: its CSV keeps the cells as they are."""
