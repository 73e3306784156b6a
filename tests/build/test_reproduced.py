"""The page *Reproduced here*, from comparisons made up for it."""

from __future__ import annotations

import math

import pytest

from companion.build import reproduced, results
from companion.evidence.compare import Comparison, Outcome


@pytest.mark.parametrize(
    ("outcome", "difference", "shown"),
    [
        (Outcome.SAME, 0.0, "0"),
        (Outcome.WITHIN, 0.0, "none counted"),  # other digits, though no difference that counts
        (Outcome.WITHIN, 2e-9, "2e-09"),
        (Outcome.OTHER, 0.0, "0"),
        (Outcome.OUT, math.inf, "inf"),
        (Outcome.NEW, math.nan, "–"),
    ],
)
def test_a_difference_is_shown_as_what_it_is(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, difference: float, shown: str
) -> None:
    entry = {"kind": "table", "notebook": "01_first", "tolerance": 1e-6}
    found = [Comparison("numbers", entry, outcome, difference, "")]
    monkeypatch.setattr(results, "compared", lambda: found)
    page = reproduced.page("standard")
    (row,) = [line for line in page.splitlines() if line.startswith("| `numbers`")]
    assert [cell.strip() for cell in row.split("|")[5:7]] == [shown, "1e-06"]
    assert "a difference of at most\n1e-12, by itself" in page
