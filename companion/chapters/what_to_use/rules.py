"""The rule by which candidates are advised: whatever no other is told to be better than."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from companion.evidence.intervals import CONFIDENCE, holm, satterthwaite, smallest_seen

FAMILY = ["candidate", "mean", "error", "freedom"]
"""Of what is compared: a name; the mean, of which less is better; its standard error; degrees of freedom."""

Numbers = NDArray[np.float64]


class Status(StrEnum):
    """What the rule says of a candidate."""

    USE = "use"
    WORSE = "worse"
    UNKNOWN = "unknown"


def summarised(logs: pd.Series, by: pd.Series) -> pd.DataFrame:
    """The family of the groups of values, one value a seed: columns `FAMILY`."""
    found = logs.groupby(by, sort=False).agg(["mean", "std", "count"])
    return pd.DataFrame(
        {
            "candidate": found.index,
            "mean": found["mean"].to_numpy(),
            "error": (found["std"] / found["count"] ** 0.5).to_numpy(),
            "freedom": found["count"].to_numpy() - 1.0,
        }
    )


def welch(error: Numbers, freedom: Numbers, other: Numbers, others: Numbers) -> Numbers:
    """Degrees of freedom of a difference of two independent means (Welch and Satterthwaite)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(satterthwaite([error**2, other**2], [freedom, others]))


def told_apart(mean: Numbers, error: Numbers, freedom: Numbers) -> Numbers:
    """P values of Welch's test of every pair, (n, n), adjusted for all pairs together by Holm's rule.

    Of means without an error every difference is told. What is not finite is told from nothing.
    """
    i, j = np.triu_indices(len(mean), 1)
    size, noise = np.abs(mean[i] - mean[j]), np.hypot(error[i], error[j])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = 2 * stats.t.sf(size / noise, welch(error[i], freedom[i], error[j], freedom[j]))
    each = np.where(noise == 0, np.where(size > 0, 0.0, 1.0), each)
    known = np.isfinite(mean) & np.isfinite(error)
    each = np.where(known[i] & known[j] & np.isfinite(each), each, 1.0)
    p = np.ones((len(mean), len(mean)))
    p[i, j] = p[j, i] = holm(each.tolist())
    return p


def judged(family: pd.DataFrame) -> pd.DataFrame:
    """The rule: a candidate is `Status.WORSE` if any other is told to be better.

    All pairs of the family are tested together, so it is no matter that the data choose which mean is least.

    Args:
        family: columns `FAMILY`, a row a candidate; in any order.

    Returns:
        The family, least mean first, and ``over``, the difference from the least, with the ends of its
        interval for itself, ``over_least`` and ``over_most``; ``p``, the smallest against a better one;
        ``status``. What has no finite mean is `Status.UNKNOWN`, and last.
    """
    # by name where means are equal: the order of rows is of no meaning
    found = family.sort_values(["mean", "candidate"], na_position="last", kind="stable")
    found = found.assign(mean=found["mean"].replace([np.inf, -np.inf], np.nan))
    found = found.sort_values("mean", na_position="last", kind="stable").reset_index(drop=True)
    mean, error, freedom = (found[c].to_numpy(float) for c in ("mean", "error", "freedom"))
    p = told_apart(mean, error, freedom)
    better = mean[None, :] < mean[:, None]
    least = np.where(better, p, 1.0).min(1)
    over, noise = mean - mean[0], np.hypot(error, error[0])
    reach = noise * stats.t.ppf((1 + CONFIDENCE) / 2, welch(error, freedom, error[0], freedom[0]))
    reach = np.where(noise == 0, 0.0, reach)
    reach[0] = 0.0
    status = np.where(least < 1 - CONFIDENCE, Status.WORSE.value, Status.USE.value)
    status = np.where(np.isfinite(mean), status, Status.UNKNOWN.value)
    return found.assign(
        over=over, over_least=over - reach, over_most=over + reach, p=least, status=status
    )


def resolution(family: pd.DataFrame) -> float:
    """A difference of means that the rule sees in four of five trials, or a little less.

    From the pooled spread of the family, at the strictest of Holm's levels, with the degrees of freedom of
    one mean, where the test of a difference has up to twice as many; so a bound from above.
    """
    pairs, runs = len(family) * (len(family) - 1) // 2, int(family["freedom"].min()) + 1
    pooled = float(np.sqrt((family["error"] ** 2).mean() * runs))
    return smallest_seen(pooled * 2**0.5, runs, pairs)


def false_alarms(
    candidates: int, seeds: int, trials: int, seed: int = 0, families: int = 1
) -> dict[str, Any]:
    """How often a rule calls one of equal candidates worse: this rule, and tests against the least mean.

    Advice leaves what no family calls worse, so with more families there are more false alarms.

    Args:
        candidates: of each family, all with the same law, normal.
        seeds: values of each.
        trials: how often it is tried.
        seed: of the values.
        families: read together, at most; independent of each other.

    Returns:
        Shares of the trials, of this rule (``ours``) and of the other (``naive``) in one family;
        ``together``, by number of families, the share in which this rule has an alarm in any of them; and
        the count of trials.
    """
    shape = (trials * families, candidates, seeds)
    values = np.random.default_rng(seed).standard_normal(shape)
    means, errors = values.mean(2), values.std(2, ddof=1) / seeds**0.5
    freedom = np.full(candidates, seeds - 1.0)
    called = [
        bool((told_apart(m, e, freedom) < 1 - CONFIDENCE).any())
        for m, e in zip(means, errors, strict=True)
    ]
    alarms = np.array(called).reshape(families, trials)
    best = means[:trials].argmin(1)[:, None]
    first, noise = (np.take_along_axis(a[:trials], best, 1) for a in (means, errors))
    against = 2 * stats.t.sf(
        (means[:trials] - first) / np.hypot(errors[:trials], noise),
        welch(errors[:trials], freedom, noise, freedom),
    )
    naive = (against < 1 - CONFIDENCE).any(1)
    together = {k: float(alarms[:k].any(0).mean()) for k in range(1, families + 1)}
    return {
        "ours": together[1],
        "naive": float(naive.mean()),
        "together": together,
        "trials": trials,
    }
