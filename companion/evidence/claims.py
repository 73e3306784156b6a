"""Claims as data: what was said, where, what would decide it, and what the saved tables say.

A claim names the tables that it reads and a function that turns them into a measured value and a
verdict. No verdict is typed: change a table and the verdict follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

Tables = Mapping[str, pd.DataFrame]


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    GUARD = "an effect of the guard"
    PARTLY = "holds in part"


@dataclass(frozen=True)
class Decision:
    """A measured value, in words with units, and the verdict that follows from it."""

    measured: str
    verdict: Verdict


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        name: its identifier, unique.
        statement: what is claimed, in one sentence.
        stated: where.
        measure: what is measured to decide it.
        threshold: what outcome gives which verdict.
        tables: the names of the saved tables it reads.
        decide: the tables by name -> the decision.
    """

    name: str
    statement: str
    stated: str
    measure: str
    threshold: str
    tables: tuple[str, ...]
    decide: Callable[[Tables], Decision]


def decide_all(claims: Iterable[Claim], load: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """One row for each claim, with what was measured and the verdict.

    Args:
        claims: the claims.
        load: a saved table by name; each is loaded once.

    Raises:
        ValueError: if two claims share a name.
    """
    tables: dict[str, pd.DataFrame] = {}
    rows, seen = [], set()
    for claim in claims:
        if claim.name in seen:
            raise ValueError(f"two claims are called {claim.name!r}: names must be unique")
        seen.add(claim.name)
        for table in claim.tables:
            if table not in tables:
                tables[table] = load(table)
        decision = claim.decide({table: tables[table] for table in claim.tables})
        rows.append(
            {
                "claim": claim.name,
                "statement": claim.statement,
                "stated": claim.stated,
                "measure": claim.measure,
                "threshold": claim.threshold,
                "measured": decision.measured,
                "verdict": str(decision.verdict),
                "tables": " ".join(claim.tables),
            }
        )
    return pd.DataFrame(rows)
