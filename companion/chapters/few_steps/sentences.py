"""What the tables of the chapter "Few steps, by target" say, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from scipy.stats import gmean

from companion import study
from companion.chapters.few_steps import comparisons
from companion.chapters.few_steps.results import (
    FEW,
    KARRAS,
    ON_KARRAS,
    PLAIN,
    SOLVERS,
    TIME,
    levels,
)
from companion.evidence import paired, style
from companion.evidence.claims import Verdict
from companion.evidence.distances import BROKEN
from companion.evidence.intervals import CONFIDENCE
from companion.runs.plane import BOUND, ENDS, OWN, TARGETS
from diffcore.samplers import GaussianStep, Predicted


def networks(count: int, seeds: int, samples: int, steps: int) -> str:
    """What is sampled."""
    return (
        f"{count} networks: four targets, under the bound and under their own squared error, {seeds} seeds "
        f"each. {samples:,} samples of each by each chain, all from the same noise. They are held against "
        f"the exact denoiser's after {steps} steps from there. Evaluations are counted, not steps: Heun asks "
        "twice a step, and every chain ends with a prediction of $x$, which counts."
    )


def parts(cells: pd.DataFrame) -> str:
    """What steps do, and what networks do, by DDIM with `FEW` evaluations, steps equal in time."""
    at = cells[
        (cells["solver"] == "DDIM")
        & (cells["grid"] == TIME)
        & (cells["evaluations"] == FEW)
        & (cells["start"] == PLAIN)
        & (cells["objective"] == BOUND)
    ]
    words = []
    for name, block in at.groupby("dataset", sort=False):
        listed = ", ".join(
            f"{style.SYMBOLS[t]} {gmean(block[block['target'] == t]['network']):.2g}"
            for t in TARGETS
        )
        words.append(
            f"{study.TITLES[str(name)]}: the exact denoiser ends {block['steps'].iloc[0]:.2g} from its own "
            f"samples in many steps; networks end farther from it, by the same chain: {listed}"
        )
    return (
        f"By DDIM with {FEW} evaluations, steps equal in time. {'. '.join(words)}. The first number is what "
        "the step count does without any error, the others what so few steps make of the networks' "
        "errors. They "
        "do not add up."
    )


def left_out() -> str:
    """Which samplers and grids are compared, and why others are not."""
    return (
        f"Asked of {', '.join(comparisons.OTHER_SOLVERS)}, each with steps equal in "
        f"{' and in '.join(comparisons.TWO_GRIDS)}. DDIM is left out, since [](18_as_published) and "
        f"[](19_equal_footing) judge $\\epsilon$ against $v$ by it; its distances are in the table above. "
        f"So are those of {KARRAS}'s steps, on which only {' and '.join(ON_KARRAS)} walk here."
    )


def told(tests: pd.DataFrame, question: str, above: str, below: str) -> str:
    """The cases of a question by what they told, data set by data set, with factors."""
    words = []
    for name, block in tests[tests["question"] == question].groupby("dataset", sort=False):
        words.append(f"{study.TITLES[str(name)]}. {paired.told(block, above, below)}")
    return " ".join(words)


def best(table: pd.DataFrame) -> str:
    """Of networks of v, which chains come nearest with `FEW` evaluations, and which keep the width.

    Args:
        table: as :func:`companion.chapters.few_steps.tables.at_few` returns it.
    """
    words = []
    for name, block in table.groupby("dataset", sort=False):
        near = block.sort_values("v").head(3)
        wide = block.iloc[int((block["v_width"] - 1).abs().argmin())]
        listed = ", ".join(f"{r.solver} in {r.grid} {r.v:.2g}" for r in near.itertuples())
        words.append(
            f"{study.TITLES[str(name)]} {listed}; the width is nearest to the exact one by "
            f"{wide['solver']} in {wide['grid']}, {wide['v_width']:.2g} of it"
        )
    return (
        f"The chains by which networks of $v$ come nearest with {FEW} evaluations, by their means and "
        f"without a test: {'. '.join(words)}. Ancestral sampling and the reverse SDE draw fresh "
        f"noise: even exact, "
        "they end about as far off as independent samples, and are not to be ranked against the others."
    )


def broken(exact: pd.DataFrame) -> str:
    """Which chains break for the exact denoiser itself, with `FEW` evaluations."""
    at = exact[exact["evaluations"] == FEW]
    words = []
    for name, block in at.groupby("dataset", sort=False):
        lost = block[block["steps"] > BROKEN]
        listed = ", ".join(f"{r.solver} in {r.grid} {r.steps:.2g}" for r in lost.itertuples())
        words.append(f"{study.TITLES[str(name)]} {listed or 'none'}")
    return (
        f"Chains that end farther than {BROKEN:g} from where they should even with the exact denoiser: "
        f"{'; '.join(words)}. There the sampler breaks, not the target: its fresh noise is not bounded "
        "([](15_sampling_steps)), and which network comes off better tells nothing of few steps."
    )


def thrown() -> str:
    """How large the noise is that the reverse SDE draws in its first of few steps, equal in time."""
    first, second = levels(TIME, FEW - 1)[:2]
    z = torch.zeros(1, 2)
    solver = SOLVERS["reverse SDE"]
    assert isinstance(solver, GaussianStep)
    _, deviation = solver.law(Predicted(first, z, z, z), second)
    return (
        f"The first of the {FEW - 1} steps of the reverse SDE, equal in time, draws noise of deviation "
        f"{float(deviation or 0.0):.2g}, whatever is predicted, where noisy data have one of at most 1. So "
        "latents leave the region where networks were trained. It is $\\alpha_s "
        "\\sigma_t/\\alpha_t$, a division by "
        "$\\alpha$ too, but the sampler's own."
    )


def first_steps(table: pd.DataFrame) -> str:
    """The first step from the end that networks were trained to: error, factor, displacement."""
    words = []
    for name, block in table[table["first"] == ENDS[0]].groupby("dataset", sort=False):
        listed = "; ".join(
            f"{style.SYMBOLS[t]} {gmean(of['error']):.2g} times {of['factor'].iloc[0]:.2g} makes "
            f"{gmean(of['moved']):.2g}"
            for t in TARGETS
            for of in [block[block["target"] == t]]
        )
        words.append(f"{study.TITLES[str(name)]}: {listed}")
    return (
        f"The first step of the eight from the log-SNR {ENDS[0]:g}, root mean square error of the prediction "
        f"times the factor of {{eq}}`eq-few-one-step`: {'. '.join(words)}. Noisy data have a size of "
        f"{2**0.5:.2g}."
    )


def at_one(table: pd.DataFrame) -> str:
    """What happens at t = 1, as it comes and mended."""
    words = []
    for name, block in table[np.isneginf(table["first"])].groupby("dataset", sort=False):
        of = {t: block[block["target"] == t] for t in TARGETS}
        lost = [style.SYMBOLS[t] for t in TARGETS if np.isinf(of[t]["total"]).all()]
        kept = [
            f"{style.SYMBOLS[t]} {gmean(of[t]['total']):.2g}"
            for t in TARGETS
            if np.isfinite(of[t]["total"]).all()
        ]
        mended = [
            f"{style.SYMBOLS[t]} {gmean(of[t]['mean']):.2g} and {gmean(of[t]['v']):.2g}"
            for t in TARGETS
        ]
        words.append(
            f"{study.TITLES[str(name)]}: not finite {', '.join(lost) or 'none'}; {', '.join(kept)}; with the "
            f"mean, and with a network of $v$, for the first prediction: {', '.join(mended)}"
        )
    return f"From $t = 1$, where $\\alpha_t = 0$. {'. '.join(words)}."


def of_x(cells: pd.DataFrame) -> str:
    """How networks of x fare when there are more evaluations."""
    at = cells[(cells["target"] == "x") & (cells["objective"] == BOUND) & (cells["grid"] == TIME)]
    at = at[(at["solver"] == "DDIM") & (at["start"] == PLAIN)]
    words = []
    for name, block in at.groupby("dataset", sort=False):
        by = block.groupby("evaluations")["total"].agg(gmean)
        listed = ", ".join(f"{value:.2g} with {n}" for n, value in by.items())
        words.append(f"{study.TITLES[str(name)]} {listed}")
    return (
        f"Networks of $x$ by DDIM: {'; '.join(words)} evaluations. More steps do not help: what $x$ "
        f"gets wrong is "
        "at noisy levels, which the bound weighs by the SNR, and no step mends that. So $x$ is poor "
        "after few steps because it is "
        "poor after many ([](19_equal_footing)), and by Heun's steps in time worse than that."
    )


def by_heun(cells: pd.DataFrame) -> str:
    """What the division at the clean end adds to networks of x: Heun over Euler, beside that of v."""
    at = cells[(cells["objective"] == BOUND) & (cells["grid"] == TIME) & (cells["start"] == PLAIN)]
    mean = at[at["evaluations"] == FEW].groupby(["dataset", "solver", "target"])["total"].agg(gmean)
    parts = [
        f"{study.TITLES[name]} {mean[name, 'Heun', 'x'] / mean[name, 'Euler', 'x']:.2g} for $x$, "
        f"{mean[name, 'Heun', 'v'] / mean[name, 'Euler', 'v']:.2g} for $v$"
        for name in dict.fromkeys(at["dataset"])
    ]
    return (
        "Networks of $x$ are farther by Euler too. What the division adds is Heun over Euler, "
        f"{FEW} evaluations: {'; '.join(parts)} (no test; looked for when the results were known)."
    )


def from_broken(tests: pd.DataFrame, exact: pd.DataFrame) -> str:
    """Which verdicts are of chains that break for the exact denoiser itself."""
    lost = exact[(exact["evaluations"] == FEW) & (exact["steps"] > BROKEN)]
    chains = {(r.dataset, f"{r.solver}, {r.grid}") for r in lost.itertuples()}
    parts = []
    for question in (comparisons.AGAINST_V, comparisons.AGAINST_X):
        rows = tests[tests["question"] == question]
        of = [r.verdict for r in rows.itertuples() if (r.dataset, r.case) in chains]
        parts.append(
            f"{question}, {of.count(Verdict.FAILS)} of "
            f"{(rows['verdict'] == Verdict.FAILS).sum()} that do not hold"
        )
    return (
        "Some verdicts are of chains that break for the exact denoiser too, and tell nothing of few steps: "
        f"{'; '.join(parts)}."
    )


def own(cells: pd.DataFrame) -> str:
    """The same comparison of networks that were trained on their own squared error."""
    at = cells[
        (cells["objective"] == OWN) & (cells["evaluations"] == FEW) & (cells["grid"] == TIME)
    ]
    words = []
    for name, block in at.groupby("dataset", sort=False):
        mean = block.groupby(["solver", "target"])["total"].agg(gmean)
        listed = ", ".join(f"{s} {mean[s, 'eps'] / mean[s, 'v']:.2g}" for s in SOLVERS)
        words.append(f"{study.TITLES[str(name)]} {listed}")
    return (
        f"Trained each on its own squared error, $\\epsilon$ over $v$, steps equal in time, {FEW} "
        f"evaluations: {'; '.join(words)} (geometric means, no test)."
    )


def resolution(cells: pd.DataFrame) -> str:
    """What these seeds could see."""
    questions = {
        "$\\epsilon$ over $v$": comparisons.AGAINST_V,
        "$\\epsilon$ over $x$": comparisons.AGAINST_X,
        "$x$ over $v$ by Heun": comparisons.BY_HEUN,
        "the start": comparisons.MENDED,
    }
    listed = ", ".join(f"{name} {comparisons.power(cells, q):.2g}" for name, q in questions.items())
    return (
        "The smallest factor that a test would see in 80 % of all trials, at the strictest of Holm's levels, "
        f"in half of the cases at least: {listed} ({CONFIDENCE:.0%}; {cells['seed'].nunique()} seeds, and "
        "the spread over them is wide where a target breaks)."
    )
