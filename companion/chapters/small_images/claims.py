"""Claims on images: likelihood on our digits, and the study's published FIDs on CIFAR-10."""

from __future__ import annotations

import pandas as pd

from companion.evidence.claims import Claim, Decision, Tables, Verdict, exceeds
from companion.evidence.intervals import CONFIDENCE, students_t

FID_RESOLUTION = 1.0
"""FIDs of single runs that differ by less are not told apart. No error is known: a choice of ours."""


def best_likelihood_on_digits(tables: Tables) -> Decision:
    """Held-out bits/dim of networks trained on the NELBO, by target, paired over seeds."""
    table = tables["digits_nelbo"]
    trained = table[table["objective"] == "nelbo"]
    by_seed = trained.pivot(index="seed", columns="target", values="bits_per_dim")
    lead = by_seed.drop(columns="x").sub(by_seed["x"], axis=0)
    seeds = len(lead)
    mean, error = lead.mean(), lead.std(ddof=1) / seeds**0.5
    reach = students_t(seeds, CONFIDENCE)
    words = ", ".join(f"{k} {mean[k]:+.3f} ± {error[k]:.3f}" for k in mean.index)
    return Decision(
        f"bits per dimension above x (mean ± standard error, {seeds} seeds, so the interval is "
        f"{reach:.1f} standard errors "
        f"wide on each side): {words}",
        [exceeds(mean[k], reach * error[k]) for k in mean.index],
    )


def _fid(images: pd.DataFrame, target: str, objective: str) -> pd.Series:
    return images.set_index(["target", "objective"]).loc[(target, objective)]


def x_best_on_cifar(tables: Tables) -> Decision:
    """Is the FID of the NELBO in x lower than each other published FID?"""
    images = tables["images"]
    best = _fid(images, "x", "nelbo")
    others = images[(images["target"] != "x") | (images["objective"] != "nelbo")]
    cases = [
        exceeds(other.fid - best["fid"], FID_RESOLUTION)
        if other.sampler == best["sampler"]
        else Verdict.UNDECIDED
        for other in others.itertuples()
    ]
    lower = int((others["fid"] > best["fid"]).sum())
    alike = int((others["sampler"] == best["sampler"]).sum())
    return Decision(
        f"FID {best['fid']:.2f}, in the saved files lower than {lower} of the {len(others)} others; "
        f"{alike} of those had the same sampler",
        cases,
    )


def weighted_fid(tables: Tables) -> Decision:
    """Is the weighted FID lower than the NELBO's, for eps and for v? Each with its own sampler."""
    cases, words = [], []
    for target in ("eps", "v"):
        nelbo, weighted = (_fid(tables["images"], target, o)["fid"] for o in ("nelbo", "weighted"))
        cases.append(exceeds(nelbo - weighted, FID_RESOLUTION))
        words.append(f"{target}: {nelbo:.2f} (NELBO), {weighted:.2f} (weighted)")
    return Decision(f"FID in the saved files, one run each: {'; '.join(words)}", cases)


FID_RULE = (
    f"holds or does not hold if the two FIDs differ by more than {FID_RESOLUTION:g}, undecided if "
    "by less (one run each, so no "
    "error is known; the limit is our choice)"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="x-best-likelihood-digits",
        statement="The NELBO in $x$ gives the best likelihood on 8x8 digits (no guard, small network).",
        stated="nobody: the study, sections 4.2 and 4.3 (public summaries), says it of CIFAR-10, which "
        "is not tested here",
        measure="Held-out bits per dimension on one unguarded scale, equal training, the longest of the "
        "chapter's, paired by seed; x against each other target.",
        threshold=f"holds or does not hold if zero is outside the {CONFIDENCE:.0%} interval of the "
        "mean difference over seeds "
        "(Student's t), undecided if inside",
        tables=("digits_nelbo",),
        decide=best_likelihood_on_digits,
    ),
    Claim(
        name="x-best-samples-images",
        statement="The NELBO in $x$ is best in sample quality as well: on CIFAR-10.",
        stated="the study, section 4.3 (a public summary; whether it means these data is not known)",
        measure="The study's FIDs, the NELBO in x against each other target and objective.",
        threshold=f"each comparison {FID_RULE}; undecided too if the two were drawn by different "
        "samplers (that of $\\epsilon$ "
        "clamps the predicted image, the others do not)",
        published=("images",),
        decide=x_best_on_cifar,
    ),
    Claim(
        name="weighted-fid",
        statement=r"For $\epsilon$ and $v$ the weighted loss has a better FID than the NELBO on CIFAR-10.",
        stated="the study, section 4.3 (a public summary)",
        measure="The study's FIDs; each target with its own sampler, which is the same for both "
        "objectives. Which checkpoints and how many images each FID is of is not known.",
        threshold=FID_RULE,
        published=("images",),
        decide=weighted_fid,
    ),
)
