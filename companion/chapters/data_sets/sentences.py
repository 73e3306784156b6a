"""The computed words of the chapter, and how its tables are shown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from companion import study
from companion.chapters.data_sets import claims
from companion.chapters.data_sets.entropy import NEIGHBOUR
from companion.chapters.data_sets.figures import BAR_TITLES, LOOKS
from companion.chapters.data_sets.results import Budget
from companion.evidence.claims import Verdict

SEEDS = {"seeds": [0]}


def titled(names: list[str]) -> list[str]:
    """Data sets as they are written in a sentence."""
    return [study.TITLES[name].lower() for name in names]


def ordered(values: pd.Series, form: str = ".3g") -> str:
    """Data sets with their values, least first."""
    rising = values.sort_values()
    return ", ".join(
        f"{name} {value:{form}}"
        for name, value in zip(titled(list(rising.index)), rising, strict=True)
    )


def known_shown(budget: Budget) -> dict[str, Any]:
    """How the table of the data sets is shown."""
    return {
        "caption": "The four data sets: mean and standard deviation of both raw coordinates, in the units of "
        "the generating code, and the differential entropy of the standardised data, nats: exactly; by the "
        f"distances to neighbours number {NEIGHBOUR} of {budget.fitted:,} points; and how far the exact one "
        "is below that of $\\N(0, I)$. With standard errors.",
        "columns": {
            "dataset": "data set",
            "mean_1": "mean",
            "mean_2": "mean ",
            "sd_1": "sd",
            "sd_2": "sd ",
            "entropy": "entropy",
            "error": "±",
            "neighbours": "by neighbours",
            "neighbours_error": "± ",
            "below": "below $\\N(0, I)$",
        },
        "digits": dict.fromkeys(("mean_1", "mean_2", "sd_1", "sd_2"), 3) | {"error": ".0e"},
        "n": budget.fitted,
        **SEEDS,
    }


def entropies_agree(known: pd.DataFrame) -> str:
    """How far the two routes are apart, and the order."""
    apart = known["neighbours"] - known["entropy"]
    values = known.set_index("dataset")["entropy"]
    return (
        f"The two differ by {apart.abs().min():.3f} to {apart.abs().max():.3f} nats. From the least to the "
        f"largest: {ordered(values)}."
    )


def where_structure_goes(rates: pd.DataFrame) -> str:
    """At which noise levels each data set loses most."""
    parts = []
    for name, rows in rates.groupby("dataset", sort=False):
        top = rows.loc[rows["structure"].idxmax()]
        late = rows[rows["t"] > 0.5 - 1e-9]["structure"].max()
        parts.append(
            f"{study.TITLES[str(name)].lower()} {top['structure']:.2g} nats at a log-SNR of "
            f"{top['log_snr']:g} ($t = {top['t']:.2g}$; from $t = 0.5$ on at most {late:.2g})"
        )
    return f"The most that a unit of log-SNR takes, of the levels shown: {'; '.join(parts)}."


def shuffled_shown(budget: Budget) -> dict[str, Any]:
    """How the table of shuffled data is shown."""
    return {
        "caption": "What pooling does not see: distances from noise of each data set, and of the same "
        "coordinates shuffled, each for itself. Hellinger distances, of which the pooled one is the same for "
        "both; divergences from $\\N(0, I)$, nats, and their difference, what one coordinate tells of the "
        "other, with the standard error of that.",
        "columns": {
            "dataset": "data set",
            "t": "$t$",
            "hellinger": "$H$ pooled, both",
            "joint": "$H$ joint",
            "shuffled": "$H$ shuffled",
            "divergence": "divergence",
            "apart": "shuffled",
            "between": "unseen",
            "divergence_error": "±",
        },
        "digits": {"t": 2}
        | dict.fromkeys(("hellinger", "joint", "shuffled", "divergence", "apart", "between"), 3),
        "n": 2 * budget.sobol[0] * budget.sobol[1],
        **SEEDS,
    }


def unseen(distances: pd.DataFrame) -> str:
    """Which share of the divergence lies between the coordinates."""
    clean = distances[distances["number"] == 0].set_index("dataset")
    share = clean["between"] / clean["divergence"]
    return (
        "The share of the clean data's divergence from noise that lies between the coordinates, and that no "
        f"pooled measure sees: {ordered(share, '.1%')}."
    )


def histograms(distances: pd.DataFrame, samples: pd.DataFrame) -> str:
    """What the histograms do to the pooled distance: their edges, and their noise."""
    own = samples[samples["measure"] == "hellinger"]
    clean = own[own["number"] == 0].groupby("dataset")[["distance", "outside"]].mean()
    exactly = distances[distances["number"] == 0].set_index("dataset")["hellinger"]
    parts = ", ".join(
        f"{study.TITLES[name].lower()} {clean.loc[name, 'distance']:.3f} for {exactly[name]:.3f} "
        f"({clean.loc[name, 'outside']:.1%} of the Gaussian draws lie outside)"
        for name in LOOKS
    )
    floor = own["floor"].mean()
    below = distances.groupby("number")["hellinger"].max()
    first = distances.set_index("number")["t"].loc[below[below < floor].index.min()].iloc[0]
    return (
        "The edges of the histograms are those of the data, and what of the Gaussian lies outside is left "
        f"out. That makes clean data look nearer to noise than their pooled coordinates are: {parts}. Late, "
        f"the noise of the histograms takes over: two samples of noise are {floor:.3f} apart, and from "
        f"$t = {first:.2g}$ on every exact pooled distance is below that."
    )


def bars_table_shown(budget: Budget) -> dict[str, Any]:
    """How the table of bars is shown."""
    return {
        "caption": f"The study's bars, on {budget.draws} draws of each data set, and those of the "
        "distributions (draw -1).",
        "n": budget.points,
        "seeds": [1_000 * index + draw for index in range(4) for draw in range(budget.draws)],
    }


def _exact_first(bars: pd.DataFrame, measure: str) -> pd.Series:
    rows = bars[(bars["measure"] == measure) & (bars["draw"] < 0) & (bars["range"] == 0)]
    return rows.set_index("dataset")["bar"]


def first_range(bars: pd.DataFrame) -> str:
    """Which data set loses most in the first range: by the joint density, and by what is pooled."""
    joint, pooled = _exact_first(bars, "joint"), _exact_first(bars, "hellinger")
    slow, fast = titled([joint.idxmin(), joint.idxmax()])
    if (joint.idxmin(), joint.idxmax()) == (pooled.idxmax(), pooled.idxmin()):
        words = f"the {fast} change from the fastest to the slowest, the {slow} the other way"
    elif joint.idxmax() == pooled.idxmax():
        words = f"the {fast} are the fastest in both"
    else:
        words = f"the fastest are the {fast}, and the {titled([pooled.idxmax()])[0]}"
    return (
        f"In the first range, exactly: of the joint density, slowest first, {ordered(joint, '.4f')}; of the "
        f"pooled coordinates {ordered(pooled, '.4f')}: {words}."
    )


def _counted(cases: list[Verdict]) -> str:
    words = {
        Verdict.HOLDS: "told apart",
        Verdict.UNDECIDED: "undecided",
        Verdict.FAILS: "not apart",
    }
    return ", ".join(f"{cases.count(v)} {word}" for v, word in words.items() if v in cases)


def told_apart(bars: pd.DataFrame) -> str:
    """How many pairs of data sets each measure tells apart, by the rule of the claims."""
    of_samples = ("hellinger", "w1", "sliced")
    found = {"joint": claims.exact_pairs(bars)}
    found |= {measure: claims.published_pairs(bars, measure) for measure in of_samples}
    parts = []
    for measure, pairs in found.items():
        needed = claims.LEAST_BAR[measure] + pairs["typical"].median()
        parts.append(
            f"{BAR_TITLES[measure]}: {_counted(list(pairs['verdict']))} (a difference of {needed:.2g} is "
            "typically needed)"
        )
    return (
        "Do the bars tell two data sets apart, by the rule that [](99_verdicts) prints? Of "
        f"{len(claims.PAIRS)} pairs, {'; '.join(parts)}."
    )


def estimates_shown(budget: Budget) -> dict[str, Any]:
    """How the table of the study's estimates of the entropy is shown."""
    few = budget.fitted < 100_000
    return {
        "caption": f"The study's estimate of the entropy, nats, on draws of {budget.fitted:,} points"
        f"{' (the study: 100,000)' if few else ''}, {budget.grid:,} grid points along each side: its error, "
        "and what it is made of, the fit, the box and the spacing. Last: the divergence of the data from "
        "the fit, measured on other points.",
        "columns": {
            "dataset": "data set",
            "components": "Gaussians",
            "draw": "draw",
            "estimate": "estimate",
            "error": "error",
            "fit": "fit",
            "box": "box",
            "spacing": "spacing",
            "divergence": "divergence",
        },
        "digits": dict.fromkeys(("estimate", "error", "fit", "box", "spacing", "divergence"), 3),
        "n": budget.fitted,
        "seeds": list(range(99, 100 + max(budget.fits))),
        "tolerance": 1e-3,
        "negligible": 1e-3,
    }


def entropy_errors(known: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """How large the errors are, what makes them, and what they do to the order."""
    exactly = known.set_index("dataset")["entropy"]
    parts = []
    for components, rows in estimates.groupby("components"):
        mean = rows.groupby("dataset")[["estimate", "error", "fit", "box", "spacing"]].mean()
        worst = mean["error"].abs().idxmax()
        row = mean.loc[worst]
        parts.append(
            f"With {components} Gaussians the mean error is {mean['error'].min():+.3f} to "
            f"{mean['error'].max():+.3f} nats, largest for the {study.TITLES[str(worst)].lower()} (fit "
            f"{row['fit']:+.3f}, box {row['box']:+.3f}, spacing {row['spacing']:+.3f}), and the order is "
            f"{ordered(mean['estimate'])}"
        )
    return f"{'. '.join(parts)}. Exactly it is {ordered(exactly)}."


def schedules(summed: pd.DataFrame) -> str:
    """What the running sum does to the linear schedule."""
    inside = summed[summed["t"] > 0]
    gap = (inside["summed"] - inside["exact"]).abs()
    late = gap[inside["t"] > 0.1].max()
    return (
        "The study's figure adds up $\\beta$ at a thousand times, where the integral is known. Its log-SNR "
        f"is {summed['summed'].iloc[0]:.2f} at $t = 0$, where there is no noise and it is infinite, and off "
        f"by {gap.iloc[0]:.2f} at the next time, by at most {late:.2g} from $t = 0.1$ on."
    )
