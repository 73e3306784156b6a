"""Claims on the study's 2-D results, against exact floors and the sampling noise of its metrics."""

from __future__ import annotations

import math

import pandas as pd

from companion import study
from companion.chapters.published_numbers.tables import gap_between_groups, nelbo_by_target
from companion.evidence.claims import (
    MUCH_LOWER,
    SHARE_RULE,
    STANDARD_ERRORS,
    Claim,
    Decision,
    Tables,
    Verdict,
    below,
    exceeds,
    guards_share,
    much_lower,
    share_margin,
    shares,
    standard_error,
)

METRICS = {"mean_distance": "mean_95", "cov_distance": "cov_95"}
"""The study's two distances, and the columns of `moment_noise` with their 95 % points for exact samples."""

COMPARABLE = 1.01
"""Values are comparable if one denoiser's largest is less than this multiple of its smallest."""

COINCIDE = 0.1
"""Two values coincide if they differ by less than this share of the gap between the two groups."""


def _with_reach(floors: pd.DataFrame) -> pd.DataFrame:
    """With a column ``reach``: a standard error of the published mean for which `STANDARD_ERRORS` make 95 %.

    By the spread of its runs, or of the draws of one test loss, as in
    :func:`companion.evidence.claims.standard_error`.
    """
    draws = floors["draw_sd"] / math.sqrt(study.EXECUTIONS)
    return floors.assign(reach=standard_error(floors["published_sd"], draws, study.EXECUTIONS))


def comparable_in_code(tables: Tables) -> Decision:
    """The perfect denoiser in the code's NELBO and rescaled losses: has it one value for every target?"""
    ratios: dict[str, list[float]] = {}
    cases: list[Verdict] = []
    nelbo = tables["floors"][tables["floors"]["objective"] == "nelbo"]
    for name, table in (("NELBO", nelbo), ("rescaled", tables["rescaled_floors"])):
        for _, block in table.groupby("dataset"):
            high, low = (block.loc[block["floor"].agg(pick)] for pick in ("idxmax", "idxmin"))
            ratio = high["floor"] / low["floor"]
            relative = math.hypot(*(end["floor_error"] / end["floor"] for end in (high, low)))
            cases.append(below(ratio, COMPARABLE, ratio * relative))
            ratios.setdefault(name, []).append(ratio)
    words = ", ".join(f"{name} {min(r):.2f} to {max(r):.2f}" for name, r in ratios.items())
    return Decision(f"one perfect denoiser, largest value over smallest: {words}", cases)


def two_groups(tables: Tables) -> Decision:
    """Are x and s much lower than eps and v, and how much of the gap does a perfect denoiser show?"""
    floors = _with_reach(tables["floors"])
    columns = {"published": "value", "reach": "error"}
    nelbo = floors[floors["objective"] == "nelbo"].rename(columns=columns)
    blocks = [block.set_index("target") for _, block in nelbo.groupby("dataset")]
    found = pd.DataFrame(
        much_lower(*(block.loc[list(group)] for group in study.GROUPS)) for block in blocks
    )
    last20 = gap_between_groups(floors, "last20").to_numpy()
    return Decision(
        f"as published, the mean of x and s is {found['ratio'].min():.2f} to {found['ratio'].max():.2f} of "
        "that of eps and v; share of the gap that a perfect denoiser shows: "
        f"{shares(found['floor'] / found['gap'], found['margin'])}; "
        f"of the gap in the mean of the last 20 epochs: {shares(found['floor'] / last20)}",
        list(found["verdict"]),
    )


def eps_and_v_coincide(tables: Tables) -> Decision:
    """Do the published values of eps and v differ by less than `COINCIDE` of the gap to x and s?"""
    floors = _with_reach(tables["floors"])
    nelbo = nelbo_by_target(floors)
    apart, exact = ((nelbo[c]["eps"] - nelbo[c]["v"]).abs() for c in ("published", "floor"))
    gap = gap_between_groups(floors, "published")
    squares = nelbo["reach"].pow(2)
    error = (squares[["eps", "v"]].sum(axis=1) + COINCIDE**2 * squares.sum(axis=1) / 4) ** 0.5
    share, of_exact = apart / gap, exact / gap_between_groups(floors, "floor")
    return Decision(
        f"as published eps and v differ by {share.min():.1%} to {share.max():.1%} of the gap to x and "
        f"s, with a standard error of {(error / gap).min():.1%} to {(error / gap).max():.1%}; for the "
        f"perfect denoiser by {of_exact.min():.1%} to {of_exact.max():.1%}",
        [below(*each) for each in zip(apart, COINCIDE * gap, error, strict=True)],
    )


def best_likelihood(tables: Tables) -> Decision:
    """How much of the lead of x over each other target does a perfect denoiser show?"""
    nelbo = nelbo_by_target(_with_reach(tables["floors"]))
    floor, published, se, floor_se = (
        nelbo[column] for column in ("floor", "published", "reach", "floor_error")
    )
    cases, words = [], []
    for other in ("eps", "v", "score"):
        lead, exact = published[other] - published["x"], floor[other] - floor["x"]
        errors = [(e[other] ** 2 + e["x"] ** 2) ** 0.5 for e in (se, floor_se)]
        measured = list(zip(lead, exact, *errors, strict=True))
        cases += [guards_share(*each) for each in measured]
        margins = [share_margin(*each) for each in measured]
        words.append(f"over {other} {shares(exact / lead, margins)}")
    return Decision(
        f"share of the lead of x that a perfect denoiser shows: {'; '.join(words)}", cases
    )


def _closer(tables: Tables, target: str, objectives: tuple[str, ...]) -> Decision:
    """Is ``target`` closer to the data than each other target, in each data set, objective and metric?"""
    moments = tables["moments"][tables["moments"]["objective"].isin(objectives)]
    noise = tables["moment_noise"].set_index("dataset")
    cases: list[Verdict] = []
    first = inside = columns = confounded = 0
    for (dataset, _), block in moments.groupby(["dataset", "objective"]):
        rows = block.set_index("target")
        for metric, column in METRICS.items():
            floor = float(noise.loc[dataset, column])
            first += rows[metric].idxmin() == target
            inside += rows.loc[target, metric] <= floor
            columns += 1
            for other in rows.index.drop(target):
                same = rows.loc[other, "sampler"] == rows.loc[target, "sampler"]
                gap = rows.loc[other, metric] - rows.loc[target, metric]
                confounded += not same
                cases.append(exceeds(gap, 2 * floor) if same else Verdict.UNDECIDED)
    return Decision(
        f"as printed, {target} is closest to the data in {first} of {columns} columns, and in "
        f"{inside} of them within what "
        f"{tables['moment_noise']['points'].iloc[0]:,} exact samples would show; {confounded} of "
        f"{len(cases)} comparisons are "
        "between different samplers",
        cases,
    )


def x_best_in_samples(tables: Tables) -> Decision:
    """Moments of samples of the NELBO in x, against the other targets' NELBO."""
    return _closer(tables, "x", ("nelbo",))


def v_best_in_samples(tables: Tables) -> Decision:
    """Moments of samples of v, against the other targets, under both objectives."""
    return _closer(tables, "v", study.OBJECTIVES)


MOMENTS_RULE = (
    "each comparison of two targets, in one data set and metric: holds or does not hold if the "
    "two distances differ by more "
    "than both 95 % points of exact samples together; undecided if by less, or if the study drew "
    "the two targets' samples by "
    "different samplers, since then the sampler may be what differs"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="comparable-in-code",
        statement="Values of the NELBO, and of the rescaled loss, as the published code computes "
        "them, are comparable "
        "across targets.",
        stated="nobody: the README says it of the formulations; whoever compares the columns "
        "of its tables needs it of the code",
        measure="The published code's losses of one perfect denoiser; each objective, each data set.",
        threshold="comparable, to us, is within one percent: holds if the largest is less than "
        f"{COMPARABLE:g} times the smallest, does not hold if more, undecided if within "
        f"{STANDARD_ERRORS:g} standard errors of that",
        tables=("floors", "rescaled_floors"),
        decide=comparable_in_code,
    ),
    Claim(
        name="two-groups",
        statement=r"The NELBO losses of $x$ and $s$ converge to much lower values than those of "
        r"$\epsilon$ and $v$.",
        stated="the study, section 4.2 (a public summary), and its curves of loss against epoch",
        measure="The means of the two groups after the last epoch, as published, and the gap between "
        "them, as published and for the perfect denoiser; each data set.",
        threshold=f"does not hold if the lower mean is more than {MUCH_LOWER:g} of the higher; if less: "
        f"{SHARE_RULE}",
        tables=("floors",),
        decide=two_groups,
    ),
    Claim(
        name="eps-and-v-coincide",
        statement=r"The NELBO losses of $\epsilon$ and $v$ coincide.",
        stated="the study, section 4.2 (a public summary), and its curves of loss against epoch",
        measure="The difference of the two means after the last epoch, as published; each data set.",
        threshold=f"coincide, to us, is to differ by less than {COINCIDE:g} of the gap between the two "
        "groups: holds if less, does not hold if more, undecided if within "
        f"{STANDARD_ERRORS:g} standard errors of that",
        tables=("floors",),
        decide=eps_and_v_coincide,
    ),
    Claim(
        name="x-best-likelihood",
        statement="The NELBO in $x$ is the lowest on the 2-D data, which is read as the best likelihood.",
        stated="the study, sections 4.2 and 4.3 (public summaries: best likelihood)",
        measure="The lead of x over each other target, as published and for the perfect denoiser; "
        "each data set.",
        threshold=SHARE_RULE,
        tables=("floors",),
        decide=best_likelihood,
    ),
    Claim(
        name="x-best-samples-2d",
        statement="The NELBO in $x$ is best in sample quality as well: on the 2-D data.",
        stated="the study, section 4.3 (a public summary; whether it means these data is not known)",
        measure="The study's distances of mean and covariance, NELBO, x against each other target.",
        threshold=MOMENTS_RULE,
        tables=("moment_noise",),
        published=("moments",),
        decide=x_best_in_samples,
    ),
    Claim(
        name="v-best-samples-2d",
        statement="On the 2-D data, predicting $v$ gives the samples closest to the data, under "
        "both objectives.",
        stated="nobody: it is what a reader takes from the study's table of 2-D results",
        measure="The study's distances of mean and covariance, v against each other target.",
        threshold=MOMENTS_RULE,
        tables=("moment_noise",),
        published=("moments",),
        decide=v_best_in_samples,
    ),
)
