"""The computed words of the chapter: each takes what was measured, and returns Markdown or a table."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from scipy import stats

from companion import study
from companion.chapters.one_scale.claims import between, with_reach, x_networks_best
from companion.chapters.one_scale.results import RANGES
from companion.evidence import style
from companion.evidence.claims import STANDARD_ERRORS, Verdict

HIGH_NOISE = -4.0
"""Log-SNR below which there is almost no signal."""


def control(perfect: pd.DataFrame, by_bin: pd.DataFrame) -> str:
    """Whether the reading finds nothing where there is nothing, and whether its noise is understood."""
    inside = perfect[perfect["bin"].between(*RANGES["all"])]
    squares = inside["noise_middle"] ** 2 + inside["floor_middle"] ** 2
    sums = inside.assign(square=squares).groupby(["dataset", "objective", "target"])
    total, error = sums["middle"].sum(), sums["square"].sum() ** 0.5
    score = total / error
    saved = study.bins().merge(perfect, on=["dataset", "objective", "target", "bin"])
    ratio = (saved["sd"] / saved["epoch_sd"]).groupby([saved["objective"], saved["target"]])
    medians = ratio.median()
    networks = by_bin[by_bin["bin"].between(*RANGES["all"])]
    error_of_bin = (networks["error"] ** 2 + networks["floor_error"] ** 2) ** 0.5
    below = (networks["excess"] < -STANDARD_ERRORS * error_of_bin).mean()
    return (
        f"A perfect denoiser, measured and read in the same way, adds {total.min():+.2f} to "
        f"{total.max():+.2f} nats to the bound, {score.min():+.1f} to {score.max():+.1f} standard "
        f"errors, over {len(total)} losses and data sets, of which those of one data set share their "
        "draws. From epoch to epoch the study's bins vary as chance alone makes them: the median of "
        f"their spread over that of a perfect denoiser is {medians.min():.2f} to {medians.max():.2f} for "
        f"the eight losses. And {below:.1%} of the networks' bins lie more than {STANDARD_ERRORS:g} "
        "standard errors *below* the floor, where chance alone would put "
        f"{stats.norm.sf(STANDARD_ERRORS):.1%} of perfect networks' bins."
    )


def where_x_loses(by_bin: pd.DataFrame) -> str:
    """At which noise levels the NELBO networks of x have their excess."""
    x = by_bin[(by_bin["target"] == "x") & (by_bin["objective"] == "nelbo")]
    x = x[x["bin"].between(*RANGES["all"])]
    early, networks = x[x["bin"] < 10], x.groupby("dataset")["execution"].nunique()
    least = early.groupby("dataset")["low"].sum() / networks
    rest = x[x["bin"] >= 10].groupby("dataset")["high"].sum() / networks
    return (
        f"The NELBO networks of $x$ have at least {least.min():.2f} to {least.max():.2f} nats of their "
        f"excess at $t < 0.1$, where the guard of $x$ takes the weight off, and at most {rest.min():.3f} "
        f"to {rest.max():.3f} at all later times."
    )


def turned_round(table: pd.DataFrame) -> str:
    """Which target prints the lowest NELBO, and how often its networks are proved farther from the floor.

    Args:
        table: as :func:`companion.chapters.one_scale.results.side_by_side` returns it.
    """
    nelbo = study.losses().query("objective == 'nelbo'").set_index(["dataset", "target"])["printed"]
    lowest = sum(nelbo[name].idxmin() == "x" for name in study.DATASETS)
    cases = x_networks_best({"excess_per_loss": table}).cases
    return (
        f"The NELBO in $x$ prints the lowest value in {lowest} of {len(study.DATASETS)} data sets. Its "
        "networks are farther from the best denoiser than another target's in "
        f"{cases.count(Verdict.FAILS)} of {len(cases)} comparisons, nearer in "
        f"{cases.count(Verdict.HOLDS)}, and {cases.count(Verdict.UNDECIDED)} are undecided, by the rule "
        "given below."
    )


def at_high_noise(levels: pd.DataFrame) -> str:
    """What the networks of eps and of the score keep where there is almost no signal.

    Args:
        levels: as :func:`companion.chapters.one_scale.figures.by_level` returns it.
    """
    noisy = levels[levels["log_snr"] < HIGH_NOISE]
    medians = noisy.groupby(["objective", "target"])[["middle", "noise"]].median()

    def value(objective: str, target: str) -> str:
        middle, chance = medians.loc[(objective, target)] * (1, STANDARD_ERRORS)
        size = f"{middle:.1g}" if middle > chance else f"less than {chance:.1g}"
        return f"{style.SYMBOLS[target]} {size}"

    values = "; ".join(
        f"{name}: " + ", ".join(value(objective, target) for target in study.TARGETS)
        for objective, name in study.OBJECTIVE_TITLES.items()
    )
    return (
        f"At log-SNR below {HIGH_NOISE:g} the medians, in nats per unit, are: {values}. There "
        r"$\epsilon$ is nearly $z_t$: a network of $\epsilon$ or $s$ must copy its input, with an error "
        "of its own. The noise that follows from a prediction of $x$ has the error of $x$ times "
        r"$\alpha_t/\sigma_t$, which is small."
    )


def one_execution_apart(networks: pd.DataFrame) -> str:
    """Of which loss the three networks differ most, and what they are."""
    networks = networks[(networks["range"] == "all") & (networks["target"] != "x")]
    keys = ["dataset", "objective", "target"]
    spread = networks.groupby(keys)["middle"].agg(lambda each: each.max() - each.min())
    dataset, objective, target = spread.idxmax()
    rows = networks.set_index(keys).loc[(dataset, objective, target)]
    values = ", ".join(f"{value:.2f}" for value in rows["middle"])
    which = f"{study.OBJECTIVE_TITLES[objective]} in {style.SYMBOLS[target]}"
    return (
        "Apart from networks of $x$, the three of one loss differ most on the "
        f"{study.TITLES[dataset].lower()}, {which}: {values} nats. "
        "Three networks say little about such a loss."
    )


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Which of two losses' networks are nearer to the floor, in how many data sets.

    Args:
        table: as :func:`companion.chapters.one_scale.results.per_loss` returns it.

    Returns:
        A row for each pair of targets under one objective, and for each target under both: ``first``,
        ``second``; and of each range the number of data sets in which the first is nearer, the second
        is, or it is undecided, by the rule of :mod:`companion.chapters.one_scale.claims`.
    """
    indexed = with_reach(table).set_index(["dataset", "range", "objective", "target"]).sort_index()
    losses = [(o, t) for o in study.OBJECTIVES for t in study.TARGETS]
    rows = []
    for one, other in combinations(losses, 2):
        if (one[0] == other[0]) == (one[1] == other[1]):
            continue
        row: dict[str, str | int] = {
            "first": f"{study.OBJECTIVE_TITLES[one[0]]} {one[1]}",
            "second": f"{study.OBJECTIVE_TITLES[other[0]]} {other[1]}",
        }
        for name in RANGES:
            found = [
                between(indexed.loc[(data, name, *one)], indexed.loc[(data, name, *other)])
                for data in study.DATASETS
            ]
            for column, verdict in (
                ("first", Verdict.HOLDS),
                ("second", Verdict.FAILS),
                ("undecided", Verdict.UNDECIDED),
            ):
                row[f"{column}_{name}"] = found.count(verdict)
        rows.append(row)
    return pd.DataFrame(rows)
