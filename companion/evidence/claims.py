"""Claims as data: what was said, by whom, what would decide it, and what the saved tables say.

A claim names the tables that it reads and a rule that turns them into a measured value and a verdict. No
verdict is typed: change a table and the verdict follows. A chapter's claims are the ``CLAIMS`` of
``companion/chapters/TOPIC/claims.py``. A claim about several things (data sets, pairs of targets) is judged
case by case, and its verdict counts them. The rules that chapters share are here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import pandas as pd

from companion.evidence.intervals import students_t

Tables = Mapping[str, pd.DataFrame]

GUARD_SHARE = 0.8
"""The least share that a perfect denoiser shows of a difference that is the guard's."""

MUCH_LOWER = 0.5
"""One value is much lower than another if it is less than this multiple of it."""

STANDARD_ERRORS = 2.0
"""How many standard errors a value must be away from a threshold to be on one side of it."""


class Verdict(StrEnum):
    """What the evidence says of a claim, or of one case of it."""

    HOLDS = "holds"
    FAILS = "does not hold"
    GUARD = "holds, as an effect of the guard"
    BOTH = "holds, partly as an effect of the guard"
    UNDECIDED = "undecided"
    MIXED = "mixed"


def standard_error(sd: pd.Series, noise: pd.Series, runs: int) -> pd.Series:
    """A standard error of the mean of a few runs, of which `STANDARD_ERRORS` make 95 %.

    Of the spread ``sd`` of the runs Student's t makes the interval; of ``noise``, a known standard error of
    the mean, the normal distribution does. The wider of the two counts.
    """
    of_runs = students_t(runs) / STANDARD_ERRORS * sd / math.sqrt(runs)
    return of_runs.combine(noise, max)


@dataclass(frozen=True)
class Decision:
    """What was measured, and what follows from it in each case.

    Attributes:
        measured: the measured value, in words with units.
        cases: the verdict of each case, never empty.
    """

    measured: str
    cases: Sequence[Verdict]

    @property
    def verdict(self) -> Verdict:
        """The verdict that all cases share, or `Verdict.MIXED`."""
        return self.cases[0] if len(set(self.cases)) == 1 else Verdict.MIXED

    @property
    def label(self) -> str:
        """The verdict as shown: alone for one case, else with how many cases met it."""
        n = len(self.cases)
        if n == 1:
            return str(self.cases[0])
        if self.verdict is Verdict.FAILS:
            return f"does not hold in any of {n}"
        if self.verdict is not Verdict.MIXED:
            return f"{self.verdict} in all {n}"
        counts = [(verdict, self.cases.count(verdict)) for verdict in Verdict]
        (first, count), *rest = [(verdict, k) for verdict, k in counts if k]
        return ", ".join([f"{first} in {count} of {n}", *(f"{v} in {k}" for v, k in rest)])


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim.

    Attributes:
        name: its identifier, unique.
        statement: what is claimed, in one sentence.
        stated: by whom and where; in whose words.
        measure: what is measured to decide it.
        threshold: which outcome gives which verdict.
        decide: the tables by name -> the decision.
        tables: the names of the saved tables it reads, as literal strings.
        published: the names of the study's tables it reads.
    """

    name: str
    statement: str
    stated: str
    measure: str
    threshold: str
    decide: Callable[[Tables], Decision]
    tables: tuple[str, ...] = ()
    published: tuple[str, ...] = ()


def decide_all(
    claims: Iterable[Claim],
    load: Callable[[str], pd.DataFrame],
    published: Callable[[str], pd.DataFrame],
) -> pd.DataFrame:
    """One row for each claim, with what was measured and the verdict.

    Args:
        claims: the claims.
        load: a saved table by name; each is loaded once.
        published: a table of the study by name; each is loaded once.

    Raises:
        ValueError: if two claims share a name.
    """
    loaded: dict[str, pd.DataFrame] = {}
    rows, seen = [], set()
    for claim in claims:
        if claim.name in seen:
            raise ValueError(f"two claims are called {claim.name!r}: names must be unique")
        seen.add(claim.name)
        for names, by in ((claim.tables, load), (claim.published, published)):
            for name in names:
                if name not in loaded:
                    loaded[name] = by(name)
        decision = claim.decide({name: loaded[name] for name in claim.tables + claim.published})
        rows.append(
            {
                "claim": claim.name,
                "statement": claim.statement,
                "stated": claim.stated,
                "measure": claim.measure,
                "threshold": claim.threshold,
                "measured": decision.measured,
                "verdict": decision.label,
                "tables": " ".join(claim.tables),
                "published": " ".join(claim.published),
            }
        )
    return pd.DataFrame(rows)


def listed(claims: Iterable[Claim], tables: Tables, without: str = "") -> str:
    """Every claim and its verdict, as a list for a page.

    Args:
        claims: the claims.
        tables: those that they read, by name.
        without: what is left out of statements, since the page says it.
    """
    lines = [f"- {claim.statement} *{claim.decide(tables).label}*." for claim in claims]
    return "\n".join(line.replace(without, "") for line in lines)


def exceeds(gap: float, noise: float) -> Verdict:
    """Whether a difference has the claimed sign, where ``noise`` is the size that chance explains.

    Holds above ``noise``, does not hold below its negative, is undecided between.
    """
    if math.isnan(gap) or abs(gap) <= noise:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if gap > 0 else Verdict.FAILS


def reaches(low: float, high: float, limit: float) -> Verdict:
    """Whether what lies in an interval is at least a limit; undecided if the limit is inside, or NaN."""
    if low >= limit:
        return Verdict.HOLDS
    return Verdict.FAILS if high < limit else Verdict.UNDECIDED


def below(value: float, limit: float, error: float = 0.0) -> Verdict:
    """Whether a value is below a limit, by `STANDARD_ERRORS` of its standard error."""
    return exceeds(limit - value, STANDARD_ERRORS * error)


def guards_share(published: float, floor: float, error: float, floor_error: float = 0.0) -> Verdict:
    """Whether a published difference was learnt, or is one that a perfect denoiser shows as well.

    The share ``floor / published`` is compared with `GUARD_SHARE`, give or take `STANDARD_ERRORS`. A share
    above 1 is the guard's too: what was learnt then has the opposite sign, and made the difference smaller.

    Args:
        published: the difference between trained networks, positive as claimed.
        floor: the same difference for a perfect denoiser.
        error: the standard error of ``published``.
        floor_error: the standard error of ``floor``.
    """
    order = exceeds(published, STANDARD_ERRORS * error)
    if order is not Verdict.HOLDS:
        return order
    share, margin = floor / published, share_margin(published, floor, error, floor_error)
    if share - margin >= GUARD_SHARE:
        return Verdict.GUARD
    if share + margin <= 1 - GUARD_SHARE:
        return Verdict.HOLDS
    if share - margin > 1 - GUARD_SHARE and share + margin < GUARD_SHARE:
        return Verdict.BOTH
    return Verdict.UNDECIDED


def share_margin(published: float, floor: float, error: float, floor_error: float = 0.0) -> float:
    """Half the 95 % interval of the share of `guards_share`; infinite if ``published`` is zero."""
    if published == 0:
        return math.inf
    share = floor / published
    return STANDARD_ERRORS * math.hypot(share * error, floor_error) / published


class Lower(NamedTuple):
    """What `much_lower` finds of one data set.

    Attributes:
        ratio: of the lower mean to the higher.
        gap: between them.
        floor: the same gap for a perfect denoiser.
        margin: `share_margin`.
        verdict: whether it is much lower, and whose the gap is.
    """

    ratio: float
    gap: float
    floor: float
    margin: float
    verdict: Verdict


def much_lower(high: pd.DataFrame, low: pd.DataFrame) -> Lower:
    """Whether the mean of one group of losses is `MUCH_LOWER` than that of another; if so, `guards_share`.

    Args:
        high: a row a loss, columns value, its standard error ``error``, floor and ``floor_error``.
        low: the same of the others.
    """
    groups = (high, low)
    (upper, lower), (exact, lowest) = (
        [part[c].mean() for part in groups] for c in ("value", "floor")
    )
    errors, floor_errors = (
        [math.hypot(*part[c]) / len(part) for part in groups] for c in ("error", "floor_error")
    )
    gap, floor = upper - lower, exact - lowest
    measured = (gap, floor, math.hypot(*errors), math.hypot(*floor_errors))
    verdict = below(lower, MUCH_LOWER * upper, math.hypot(MUCH_LOWER * errors[0], errors[1]))
    if verdict is Verdict.HOLDS:
        verdict = guards_share(*measured)
    return Lower(lower / upper, gap, floor, share_margin(*measured), verdict)


SHARE_RULE = (
    "in the published order, as an effect of the guard if the perfect denoiser shows at least "
    f"{GUARD_SHARE:.0%} of the difference, without if at most {1 - GUARD_SHARE:.0%}, partly between; "
    "does not hold if the published order is another; undecided if a threshold, or zero, is within the "
    "95 % interval (of a mean of three runs by Student's t, or of the draws of the test loss where "
    "that is wider)"
)
"""`guards_share` in words."""


def shares(values: pd.Series, margins: Iterable[float] = ()) -> str:
    """Shares of a perfect denoiser in words; above 1, how much smaller what was published is.

    Args:
        values: the shares.
        margins: half the 95 % interval of each, where they are known.
    """
    words = f"{values.min():.0%} to {values.max():.0%}"
    if known := list(margins):
        words += f", each give or take {min(known):.0%} to {max(known):.0%}"
    if (values > 1).any():
        words += (
            " (above 100 %: the published difference is smaller than the perfect denoiser's, by up to "
            f"{1 - 1 / values.max():.0%})"
        )
    return words
