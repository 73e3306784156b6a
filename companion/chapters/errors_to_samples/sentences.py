"""The computed sentences of the chapter "From errors to samples"."""

from __future__ import annotations

import pandas as pd

from companion.chapters.errors_to_samples import fine
from companion.chapters.errors_to_samples.pushed import METRICS
from companion.chapters.errors_to_samples.scores import TARGET
from companion.evidence import perturbed, style

MODEL = ["dataset", "target", "objective", "seed"]


def population(networks: pd.DataFrame, steps: int, samples: int, walk: int) -> str:
    """Which networks there are, and how they are measured."""
    per_set = networks.drop_duplicates(MODEL).groupby("dataset", sort=False)["seed"]
    words = ", ".join(f"{name.replace('_', ' ')} {seeds.nunique()}" for name, seeds in per_set)
    count = len(networks.drop_duplicates(MODEL))
    return (
        f"There are {count} networks: eight objectives on each data set; seeds: {words}. Each is trained "
        f"for {steps:,} steps and draws {samples:,} samples in {walk} steps of one sampler, from the same "
        "noise as the exact denoiser."
    )


def answer(scores: pd.DataFrame) -> str:
    """What is predicted how well, the energy distance first."""
    r2 = scores.set_index(["metric", "predictor"])

    def said(metric: str, predictor: str) -> str:
        row = r2.loc[(metric, predictor)]
        return f"{row['all']:.2f} ({row['low']:.2f} to {row['high']:.2f})"

    first = r2.xs("first", level="predictor")["all"]
    reached = [METRICS[str(m)] for m in first.index[first >= TARGET]]
    missed = [f"{METRICS[str(m)]} ({first[m]:.2f})" for m in first.index[first < TARGET]]
    return (
        f"Of the energy distance the total excess predicts $R^2$ = {said('energy', 'total')} on the data "
        f"set that is left out, the excess by level with the kernel {said('energy', 'levels')}, and errors "
        f"along exact paths, to first order, {said('energy', 'first')}. To first order $R^2$ is at least "
        f"{TARGET:g}, as a point estimate, for: {', '.join(reached) or 'none'}; below: "
        f"{', '.join(missed) or 'none'}."
    )


def misled(networks: pd.DataFrame) -> str:
    """How far the total excess and the samples of two objectives for x go apart."""
    block = networks[(networks["metric"] == "energy") & (networks["target"] == "x")]
    block = block.assign(
        excess=block["total"] ** 2
    )  # the mean of squares, not the square of a mean
    mean = block.groupby("objective")[["excess", "value", "levels"]].mean()
    excess = mean["excess"]["own"] / mean["excess"]["bound"]
    samples = mean["value"]["own"] / mean["value"]["bound"]
    kernel = mean["levels"]["own"] / mean["levels"]["bound"]
    return (
        f"The clearest case is $x$. Trained on its own squared error it has {excess:,.0f} times the excess "
        f"that it has when trained on the bound, and samples whose energy distance is {samples:.2f} times "
        f"as large (ratios of means over networks). Weighed by the kernel, the same excess says {kernel:.2f}."
    )


def levels_add_up(networks: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Over how many nats errors add up before they are squared, by objective, and what that is worth."""
    block = networks[networks["metric"] == "median"]
    cells = block.groupby(["target", "objective"], sort=False)["coherence"].median()
    least, most = cells.idxmin(), cells.idxmax()

    def named(cell: tuple[str, str]) -> str:
        return (
            f"{style.SYMBOLS[cell[0]]} on {'the bound' if cell[1] == 'bound' else 'its own error'}"
        )

    r2 = scores.pivot(index="metric", columns="predictor", values="all")
    gains = ", ".join(
        f"{words} {r2['first'][m] - r2['levels'][m]:+.2f}" for m, words in METRICS.items()
    )
    return (
        f"The stretch over which a network's pushes add up before they are squared is {cells[least]:.1f} "
        f"nats for {named(least)}, and {cells[most]:.1f} for {named(most)} (medians over networks of the "
        "median over paths). A kernel that weighs levels one by one takes these for equal, and knows no "
        f"directions. From levels to paths $R^2$ changes by: {gains}."
    )


def left_over(parts: pd.DataFrame) -> str:
    """What the residual is made of."""
    table = parts.set_index(["metric", "part"])
    lines = []
    for metric in ("median", "energy"):
        off, bent = (table.loc[(metric, part)] for part in ("value/whole", "whole/first"))
        lines.append(
            f"of the {METRICS[metric]}, errors met off the exact path make a factor of {off['less']:.2f} "
            f"for the networks that are moved less and {off['more']:.2f} for those that are moved more, "
            f"the bend of the flow, with quadrature, {bent['less']:.2f} and {bent['more']:.2f}"
        )
    other = [table.loc[(metric, "whole/first")] for metric in ("rms", "sliced")]
    return (
        f"What is left over: {'; '.join(lines)}. For the r.m.s. distance and the sliced $W_2$ the latter is "
        f"a factor of {other[0]['less']:.2f} and {other[1]['less']:.2f} even for those moved less: they "
        "hang on the few samples near a ridge, where first order has no bound and the flow has."
    )


def fineness() -> str:
    """What kappa counts, and how large it is where it is measured."""
    return (
        "So $\\kappa$ says how fine the error is: the radians by which its phase turns over one standard "
        f"deviation of the noise. What is measured below has $\\kappa = {fine.WAVES:g}$."
    )


def at_every_level(costs: pd.DataFrame) -> str:
    """What a fine error costs the flow, over what it costs the bound, and what an even one does."""
    by_kind = {kind: part.set_index("level") for kind, part in costs.groupby("kind", sort=False)}
    own = by_kind[fine.FINE]["measured"] / perturbed.EXCESS
    even = by_kind[fine.EVEN]["measured"]
    high = own[own.index >= 6]
    return (
        f"Here $\\kappa = {fine.WAVES:g}$ and $W = {perturbed.WIDTH:g}$. A fine error costs the flow "
        f"{own.min():.2f} to {own.max():.2f} of what it costs the bound, whatever its level; from a "
        f"log-SNR of 6 on it is {high.mean():.2f} on average, where "
        f"{fine.EXPECTED:.2f} is derived. The cost of the even one falls by a factor of "
        f"{even.max() / even.min():,.0f}. Whether the flow feels an error near the data depends on how "
        "that error varies with $z$, which no number per level says."
    )
