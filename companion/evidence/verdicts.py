"""The claims that the chapters so far can decide.

Statements are quoted in our words, with where they are known from: "summary" marks a public summary of
the paper, "table" and "code" the study's published material. A claim about CIFAR-10 that is tested on
another data set says so.
"""

from __future__ import annotations

import pandas as pd

from companion import study
from companion.evidence.artifacts import load_table
from companion.evidence.claims import Claim, Decision, Tables, Verdict

COLUMNS = ("mean_distance", "cov_distance")
GUARD_SHARE = 0.8
"""A difference is an effect of the guard if a perfect denoiser shows at least this share of it."""


def load(profile: str, name: str) -> pd.DataFrame:
    """A table by name: ``study_...`` is published data, anything else was saved under ``profile``."""
    published = {
        "study_losses": study.losses,
        "study_moments": study.moments,
        "study_images": study.images,
    }
    return published[name]() if name in published else load_table(name, profile)


def _nelbo(floors: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows: data sets; columns: targets; the NELBO objective's ``column``."""
    return floors[floors["objective"] == "nelbo"].pivot(
        index="dataset", columns="target", values=column
    )


def equal_in_theory(tables: Tables) -> Decision:
    """One network's NELBO read as each target: do they agree to rounding?"""
    spread = tables["loss_equivalence"]["nelbo_spread"].astype(float).max()
    verdict = Verdict.HOLDS if spread < 1e-9 else Verdict.FAILS
    return Decision(f"largest relative difference {spread:.0e}", verdict)


def comparable_in_code(tables: Tables) -> Decision:
    """The perfect denoiser's published NELBO: is it the same for every target?"""
    floor = _nelbo(tables["floors"], "floor")
    ratio = floor.max(axis=1) / floor.min(axis=1)
    verdict = Verdict.HOLDS if ratio.max() < 1.01 else Verdict.FAILS
    return Decision(
        f"one perfect denoiser: largest value over smallest {ratio.min():.2f} to {ratio.max():.2f}",
        verdict,
    )


def weighted_differ(tables: Tables) -> Decision:
    """Weighted losses differ and rescaled losses agree, for one network."""
    table = tables["loss_equivalence"]
    spread = table["rescaled_spread"].astype(float).max()
    study_targets = table[table["target"].isin(study.TARGETS)]["weighted"]
    ratio = study_targets.max() / study_targets.min()
    holds = spread < 1e-9 and ratio > 1.1
    return Decision(
        f"rescaled: largest relative difference {spread:.0e}; weighted: largest over smallest {ratio:.2g}",
        Verdict.HOLDS if holds else Verdict.FAILS,
    )


def _gap(nelbo: pd.DataFrame) -> pd.Series:
    return nelbo[["eps", "v"]].mean(axis=1) - nelbo[["x", "score"]].mean(axis=1)


def _of_share(share: pd.Series) -> Verdict:
    """A difference of which a perfect denoiser shows this share: the guard's, learnt, or both."""
    if (share >= GUARD_SHARE).all():
        return Verdict.GUARD
    return Verdict.HOLDS if (share <= 1 - GUARD_SHARE).all() else Verdict.PARTLY


def two_groups(tables: Tables) -> Decision:
    """How much of the gap between {x, s} and {eps, v} does a perfect denoiser show?"""
    published = _gap(_nelbo(tables["floors"], "published"))
    if not (published > 0).all():
        return Decision("the published groups are not in this order", Verdict.FAILS)
    share = _gap(_nelbo(tables["floors"], "floor")) / published
    return Decision(
        f"share of the published gap that a perfect denoiser shows: {share.min():.0%} to {share.max():.0%}",
        _of_share(share),
    )


def best_likelihood(tables: Tables) -> Decision:
    """How much of the lead of x over each other target does a perfect denoiser show?"""
    floor = _nelbo(tables["floors"], "floor")
    published = _nelbo(tables["floors"], "published")
    if not (published.idxmin(axis=1) == "x").all():
        return Decision("x is not lowest on every data set", Verdict.FAILS)
    shares = {
        other: (floor[other] - floor["x"]) / (published[other] - published["x"])
        for other in ("eps", "v", "score")
    }
    words = ", ".join(f"over {k} {v.min():.0%} to {v.max():.0%}" for k, v in shares.items())
    return Decision(
        f"x is lowest on every data set; share of its lead that a perfect denoiser shows: {words}",
        _of_share(pd.concat(shares.values())),
    )


def best_likelihood_on_digits(tables: Tables) -> Decision:
    """Held-out bits/dim of networks trained on the NELBO, by target, paired over seeds."""
    table = tables["digits_nelbo"]
    trained = table[table["objective"] == "nelbo"]
    by_seed = trained.pivot(index="seed", columns="target", values="bits_per_dim")
    lead = by_seed.drop(columns="x").sub(by_seed["x"], axis=0)
    mean, error = lead.mean(), lead.std(ddof=1) / len(lead) ** 0.5
    best = by_seed.mean().idxmin()
    ahead = bool((mean > 2 * error).all())
    words = ", ".join(f"{k} {mean[k]:+.3f} ± {error[k]:.3f}" for k in mean.index)
    return Decision(
        f"bits/dim above x (mean ± standard error, {len(lead)} seeds): {words}; lowest: {best}",
        Verdict.HOLDS if ahead else Verdict.FAILS,
    )


def _count(moments: pd.DataFrame, target: str, place: int) -> tuple[int, int]:
    """In how many moment columns ``target`` is at ``place`` (0 closest to the data, -1 farthest)."""
    orders = [
        block.sort_values(column)["target"].tolist()
        for _, block in moments.groupby(["dataset", "objective"])
        for column in COLUMNS
    ]
    return sum(order[place] == target for order in orders), len(orders)


def x_best_in_samples(tables: Tables) -> Decision:
    """Sample quality of the NELBO in x: moments on the 2-D data, FID on CIFAR-10."""
    moments, images = tables["study_moments"], tables["study_images"]
    nelbo = moments[moments["objective"] == "nelbo"]
    (first, total), (last, _) = _count(nelbo, "x", 0), _count(nelbo, "x", -1)
    best = images.loc[images["fid"].idxmin()]
    on_images = (best["target"], best["objective"]) == ("x", "nelbo")
    verdict = {2: Verdict.HOLDS, 1: Verdict.PARTLY, 0: Verdict.FAILS}[on_images + (first == total)]
    return Decision(
        f"2-D: closest to the data in {first} and farthest in {last} of {total} moment columns of the NELBO; "
        f"CIFAR-10: the lowest of {len(images)} FIDs is {best['fid']:.2f}, {best['target']} "
        f"({best['objective']}), one run each",
        verdict,
    )


def v_best_in_samples(tables: Tables) -> Decision:
    """In how many of the study's moment columns is v the closest to the data?"""
    hits, total = _count(tables["study_moments"], "v", 0)
    verdict = (
        Verdict.HOLDS if hits == total else Verdict.PARTLY if hits > total / 2 else Verdict.FAILS
    )
    return Decision(f"v is closest to the data in {hits} of {total} moment columns", verdict)


def weighted_fid(tables: Tables) -> Decision:
    """Is the weighted FID lower than the NELBO's, for eps and for v?"""
    fid = tables["study_images"].pivot(index="target", columns="objective", values="fid")
    better = {t: bool(fid.loc[t, "weighted"] < fid.loc[t, "nelbo"]) for t in ("eps", "v")}
    words = "; ".join(
        f"{t}: {fid.loc[t, 'nelbo']:.2f} (NELBO), {fid.loc[t, 'weighted']:.2f} (weighted)"
        for t in better
    )
    count = sum(better.values())
    verdict = {2: Verdict.HOLDS, 1: Verdict.PARTLY, 0: Verdict.FAILS}[count]
    return Decision(f"published FID, one run each: {words}", verdict)


RULE = (
    f"an effect of the guard if the perfect denoiser shows at least {GUARD_SHARE:.0%} of every difference, "
    f"holds if at most {1 - GUARD_SHARE:.0%}, does not hold if the published order is another, else in part"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "nelbo-equal",
        r"On paper, the NELBO losses in $x$, $\epsilon$, $v$ and $s$ are equal.",
        "section 3.5 (summary); README",
        "One network's output read as every target; the loss of each example.",
        "holds if they differ by less than 1e-9, relatively",
        ("loss_equivalence",),
        equal_in_theory,
    ),
    Claim(
        "nelbo-comparable",
        "NELBO values, as the published code computes them, can be compared across targets.",
        "README, beside its table of losses",
        "The published code's losses of one perfect denoiser.",
        "holds if they differ by less than 1 %",
        ("floors",),
        comparable_in_code,
    ),
    Claim(
        "weighted-not-equal",
        "On paper, rescaled losses are equivalent across targets and weighted losses are not.",
        "section 3.5 (summary); README",
        "One network's output read as every target.",
        "holds if rescaled losses differ by less than 1e-9 and weighted ones by more than 10 %",
        ("loss_equivalence",),
        weighted_differ,
    ),
    Claim(
        "two-groups",
        r"Trained on the NELBO, $x$ and $s$ converge to much lower values than $\epsilon$ and $v$.",
        "section 4.2 (summary); loss curves in the README",
        "The gap between the two groups, for the perfect denoiser and as published.",
        RULE,
        ("floors",),
        two_groups,
    ),
    Claim(
        "x-best-likelihood",
        "The NELBO in $x$ gives the best likelihood on the 2-D data.",
        "section 4.2 (summary); 2-D table",
        "The lead of x over each other target, for the perfect denoiser and as published.",
        RULE,
        ("floors",),
        best_likelihood,
    ),
    Claim(
        "x-best-likelihood-digits",
        "The NELBO in $x$ gives the best likelihood on 8x8 digits (no guard, short training).",
        "section 4.2 (summary) says so of CIFAR-10",
        "Held-out bits/dim on one unguarded scale, equal training, paired by seed.",
        "holds if x is lower than every other target by more than two standard errors",
        ("digits_nelbo",),
        best_likelihood_on_digits,
    ),
    Claim(
        "x-best-samples",
        "The NELBO in $x$ is best in sample quality as well.",
        "section 4.3 (summary); which data it means is not known to us",
        "The study's own tables: distances of mean and covariance on the 2-D data (NELBO), FID on CIFAR-10.",
        "holds if x is first in every moment column and has the lowest FID, in part if one of the two",
        ("study_moments", "study_images"),
        x_best_in_samples,
    ),
    Claim(
        "v-best-samples",
        "On the 2-D data $v$ has the best moments under both objectives.",
        "2-D table",
        "The study's own 2-D table, each data set, objective and metric.",
        "holds if v is first in every column, in part if in more than half",
        ("study_moments",),
        v_best_in_samples,
    ),
    Claim(
        "weighted-fid",
        r"For $\epsilon$ and $v$ the weighted loss has a better FID than the NELBO on CIFAR-10.",
        "section 4.3 (summary)",
        "The study's own table of image results; one run each, so no error is known.",
        "holds if lower for both, in part if for one",
        ("study_images",),
        weighted_fid,
    ),
)
