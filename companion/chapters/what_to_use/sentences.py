"""Computed sentences of the chapter "What to use"."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.what_to_use import families, few, results, rules
from companion.chapters.what_to_use.families import (
    BOTH,
    FEW,
    LEVELS,
    LIKELIHOOD,
    OBJECTIVES,
    SAMPLER,
    SAMPLES,
    STEPS,
    TARGET,
    WEIGHTING,
    WITHIN,
    Tables,
)
from companion.chapters.what_to_use.results import advised, in_words, told, written
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style
from companion.evidence.distances import BROKEN
from companion.evidence.intervals import CONFIDENCE, POWER


def counted(found: pd.DataFrame) -> str:
    """How much was judged, and how much was told; what is shown without a judgement is counted apart."""
    known = found[found["status"] != Status.UNKNOWN]
    groups = known.groupby(["goal", "choice", "seen"], sort=False).ngroups
    worse, rest = int((known["status"] == Status.WORSE).sum()), len(found) - len(known)
    words = (
        f"{len(known)} candidates in {groups} families were judged; {worse} are told to be worse than "
        "another of their family."
    )
    return words if not rest else f"{words} Of {rest} more the rule says nothing."


def seen_at_all(tables: Tables) -> str:
    """Which factors the seeds could tell."""
    least = []
    for choice, column in product((TARGET, WEIGHTING), ("excess", "sliced")):
        for _, of in tables["equal_totals"].groupby("dataset", sort=False):
            least.append(np.exp(rules.resolution(families.networks(of, column, choice))))
    return (
        f"With the spreads that were found, a family of 2-D networks tells a factor of {min(least):.2g} to "
        f"{max(least):.2g} in {POWER:.0%} of all trials, or a little less. *Not told apart* means no more "
        "than that."
    )


def bullet(found: pd.DataFrame, goal: str, choice: str) -> str:
    """A choice: what is advised, what each data set leaves, and the closest that is told to be worse."""
    rows = found[(found["goal"] == goal) & (found["choice"] == choice)]
    if rows.empty:
        return f"- *{choice.capitalize()}*: {results.GIVEN[goal, choice]}."
    line = f"- *{choice.capitalize()}*: **{in_words(found, goal, choice)}**."
    if (rows["status"] == Status.UNKNOWN).all():
        return line
    if choice in (TARGET, WEIGHTING) and goal != FEW:
        each = []
        for at, of in rows.groupby("seen", sort=False):
            left = of.loc[of["status"] == Status.USE, "candidate"]
            each.append(
                f"on the {str(at).lower()}, {'; '.join(written(choice, name) for name in left)}"
            )
        line += f" Not told apart, least first: {'. '.join(each).replace('. on the', '. On the')}."
    closest = told(found, goal, choice)
    if closest.empty:
        return f"{line} Nothing is told to be worse."
    link = "for" if choice == LEVELS else "on"
    names = [
        f"{written(choice, row['candidate'])} {link} {row['seen']}, {size(row)}"
        for _, row in closest.iterrows()
    ]
    which = " of each unit" if len(names) > 1 else ""
    return f"{line} The closest{which} that is told to be worse: {'; '.join(names)}."


def size(row: pd.Series) -> str:
    """By how much a candidate is above the least, with its interval where chance is in it."""
    value, least, most = row["over"], row["over_least"], row["over_most"]
    ends = "" if least == most else f" ({least:.3g} to {most:.3g})"
    words = f"{value:.3g}{ends} {row['unit']}"
    return words if row["unit"] in families.UNITS.values() else f"by {words}"


def goal(found: pd.DataFrame, name: str) -> str:
    """All choices of one goal."""
    return "\n".join(bullet(found, name, choice) for choice in results.CHOICES)


NOISY = ("ancestral", "reverse SDE")
"""Solvers of chapter 26 that draw noise."""


def compared(tables: Tables) -> str:
    """With which samplers targets were compared after few steps, and what leaving some out decides."""
    counts = families.compared_at(tables["equal_tests"])
    listed = " and ".join([*[", ".join(map(str, counts[:-1]))][: len(counts) - 1], str(counts[-1])])
    solver, grid = families.COMPARED_WITH.split(", ")
    tests, by_solver = tables["equal_tests"], tables["few_tests"]
    chains, none = tables["few_at_nine"], tables["few_at_nine"].iloc[:0]
    read, whole = (few.compared(tests, by_solver, out) for out in (chains, none))
    later = read[read["chapter"] == "26_few_steps"]
    noisy = later["how"].str.startswith(NOISY).sum()
    other = pd.concat(few.of_few(tests, by_solver, none), ignore_index=True)
    names = "; ".join(written(TARGET, n) for n in advised(other, FEW, TARGET)) or results.NO_ONE
    return (
        "The rule reads how $v$ and $\\epsilon$ compare with trained networks after few steps, both under "
        f"the bound, by {solver} with steps equal in {grid}, after {listed} steps. It also reads "
        f"{len(later)} tests of two of $x$, $\\epsilon$ and $v$ in [](26_few_steps), {noisy} of them by "
        "solvers that draw noise: with nine evaluations, or as many as are said. It leaves out "
        f"{len(whole) - len(read)} tests, by chains that end farther than {BROKEN:g}, a deviation of the "
        "data, from where they should even with the exact denoiser. That limit was set when the results "
        f"were known. With those tests, too, the advice would be: {names}. Which sampler makes least of an "
        "error of its own is asked of an exact denoiser, which has no other; here after no more than "
        f"{counts[-1]} steps."
    )


def measured(found: pd.DataFrame) -> str:
    """What was measured of samplers at few steps, by the width of exact clusters."""
    rows = found[(found["goal"] == FEW) & (found["choice"] == SAMPLER)]
    if rows.empty:
        return "Of samplers nothing was measured at so few steps."
    best = rows.iloc[0]
    first = f"least is {best['candidate']}, {best['value']:.1%}"
    theirs = rows[rows["candidate"] == families.COMPARED_WITH]
    if theirs.empty:
        second = f"{families.COMPARED_WITH} was not measured"
    elif best["candidate"] == families.COMPARED_WITH:
        second = "the one that targets were compared with"
    else:
        ours = theirs.iloc[0]
        apart = "told to be worse" if ours["p"] < 1 - CONFIDENCE else "not told to be worse"
        second = (
            f"{ours['candidate']}, with which targets were compared, has {ours['value']:.1%}, {apart} by "
            "the rule"
        )
    return (
        "What was measured: how far the width of the samples is off "
        f"({best['seen'].lower()}, exact denoiser, "
        f"{len(rows)} samplers and grids): {first}; {second}. A width can be right because errors cancel, so "
        "the page advises by it neither a sampler nor a number of steps."
    )


def both(found: pd.DataFrame) -> str:
    """What is left by likelihood and samples together."""
    lines = []
    for choice in (TARGET, WEIGHTING, LEVELS):
        line = f"- *{choice.capitalize()}*: **{in_words(found, BOTH, choice)}**."
        if choice != LEVELS:
            lists = [in_words(found, goal, choice) for goal in (LIKELIHOOD, SAMPLES)]
            line += f" For likelihood alone: {lists[0]}. For samples alone: {lists[1]}."
        lines.append(line)
    return "\n".join(lines)


def longer(tables: Tables) -> str:
    """Whether the order of targets under the bound stays with longer training, and where it does not."""
    whole = tables["equal_variants"].set_index("variant")
    variants, parts = whole["order"], []
    if {"plain", "fourfold"} <= set(variants.index):
        seeds = whole.loc["plain", "seeds"]
        parts.append(
            f"on the clusters ({seeds} seeds) the means are ordered {variants['plain']}, and after four "
            f"times the steps {variants['fourfold']}"
        )
    budgets = tables["digits_by_budget"]
    bound = budgets[budgets["objective"] == "nelbo"]
    for steps in sorted(set(bound["steps"]))[-2:]:
        ordered = bound[bound["steps"] == steps].sort_values("bits_per_dim")["target"]
        order = " < ".join(written(TARGET, name) for name in ordered)
        parts.append(f"on digits after {steps:,} steps {order}")
    return f"Means alone, without a test: {'; '.join(parts)}. So the order among neighbours is not settled."


def in_time(tables: Tables) -> str:
    """What drawing levels evenly in time does to networks under the bound."""
    of = tables["equal_variants"].set_index("variant")
    if "even-in-time" not in of.index:
        return "Networks trained with levels even in time are measured in other profiles alone."
    ratio = {t: of.loc["even-in-time", t] / of.loc["plain", t] for t in ("x", "eps", "v", "score")}
    words = ", ".join(f"{written(TARGET, t)} {value:.2g}" for t, value in ratio.items())
    return (
        f"Under the bound, levels even in time multiplied the excess of networks by: {words} (clusters, "
        f"{of.loc['even-in-time', 'seeds']} seeds, means, no test)."
    )


def pilot(tables: Tables) -> str:
    """What is left to gain by a density of levels that knows the errors."""
    rows = tables["sampling_densities"].set_index("objective")
    better = rows[["uniform_time", "uniform_log_snr"]].min(axis=1)
    saved = (better / rows["best"]) ** 2
    parts = [f"{style.WEIGHTINGS[w]} {saved[name]:.2f}" for w, name in OBJECTIVES.items()]
    return (
        "The best density of levels, which needs a pilot, would save another factor of examples over the "
        f"better of the two: {'; '.join(parts)}."
    )


def floors(tables: Tables) -> str:
    """How many objectives differ from exact samples by less than independent samples would show."""
    limits = tables["equal_floors"].set_index("dataset")["sliced"]
    totals = tables["equal_totals"]
    parts = [
        f"{study.TITLES[str(name)]} {int((of['sliced'] < limits[name]).sum())} of {len(of)}"
        for name, of in totals.groupby("dataset", sort=False)
    ]
    return (
        "A warning on size. So near to exact samples that as many independent draws could not show the "
        f"distance: {'; '.join(parts)} objectives of [](19_equal_footing). Only common noise makes these "
        "differences visible."
    )


def by_energy(tables: Tables, found: pd.DataFrame) -> str:
    """What the same rule leaves where samples are judged by the energy distance."""
    blocks = families.of_networks(tables["equal_totals"], SAMPLES, "energy")
    energy = pd.concat(blocks, ignore_index=True)
    parts = []
    for choice in (TARGET, WEIGHTING):
        first, second = advised(found, SAMPLES, choice), advised(energy, SAMPLES, choice)
        names = "; ".join(written(choice, n) for n in second) or results.NO_ONE
        same = "the same" if set(first) == set(second) else "not the same"
        parts.append(f"{choice}: {names} ({same} as by sliced $W_2$)")
    return f"By the energy distance the rule leaves, {', and '.join(parts)}."


def single(tables: Tables) -> str:
    """How near the likelihood of the flow is to the exact one."""
    of = tables["flow_likelihoods"]
    return (
        "For one example's likelihood, not a bound: with the exact denoiser, the flow of "
        f"[](16_likelihood_and_samples) was off by "
        f"{of['size'].min():.1g} to {of['size'].max():.1g} nats in the mean size of an error, "
        f"over {len(of)} data sets (points of one seed), and by {of['largest'].max():.2g} nats for "
        f"the worst of {of['points'].sum():,} points; {of['apart'].sum()} near the ends of the waves, where "
        "the density jumps, are not among them."
    )


def within() -> str:
    """What *enough steps* means."""
    return (
        "*Enough* steps, counted in evaluations of the network for samples, without the prediction at the "
        "end (corrected after a review: they were called steps, and a step may need two): from there on the "
        f"width of the samples is off by at most {WITHIN:.0%}, or by at most two of its standard errors "
        "where it is sampled. On the Gaussian a sampler with a grid is judged by the evaluations of the "
        "network until then. Where the order that its errors show is more than "
        f"{families.ORDER_OFF:g} off a whole number they cancel by chance, and the rule says nothing of it. "
        "Corrected after a review, when the results were known: steps equal in time alone had been read, and "
        "Heun's method advised. Samplers and steps are seen with exact denoisers alone."
    )


def chosen(
    found: pd.DataFrame, target: str, weighting: str, levels: str, sampler: str, evaluations: int
) -> str:
    """Whether the code on the page does what the rules advise: for likelihood, and with what it samples."""
    steps = found[found["choice"].isin([LEVELS, STEPS]) & (found["status"] == Status.USE)]
    used = {(row.goal, row.seen, row.candidate) for row in steps.itertuples()}
    enough = (SAMPLES, f"Gaussian, {sampler}", f"{evaluations} evaluations")
    for_likelihood = {
        written(TARGET, target): target in advised(found, LIKELIHOOD, TARGET),
        style.WEIGHTINGS[weighting]: weighting in advised(found, LIKELIHOOD, WEIGHTING),
        levels: (LIKELIHOOD, style.WEIGHTINGS[weighting], levels) in used,
    }
    for_samples = {
        written(TARGET, target): target in advised(found, SAMPLES, TARGET),
        style.WEIGHTINGS[weighting]: weighting in advised(found, SAMPLES, WEIGHTING),
        sampler: sampler in advised(found, SAMPLES, SAMPLER),
        f"{evaluations} evaluations, or fewer,": enough in used,
    }
    words = [
        ", ".join(f"{name} {'is' if good else 'is *not*'}" for name, good in of.items())
        for of in (for_likelihood, for_samples)
    ]
    return (
        "Are the choices in this code among those that the rules advise? For likelihood, "
        f"{words[0]}; for samples, {words[1]}."
    )
