"""What the chapter "What a likelihood costs" tabulates: the variance of one evaluation, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Generator

from companion.chapters.estimates.grid import NAME
from companion.chapters.estimates.spectrum import (
    LINEAR,
    NOISE,
    NONE,
    Model,
    Spectrum,
    exact,
    fourth_moment,
    law,
    mixture,
    spectrum,
    variance,
)
from companion.evidence.intervals import interval
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.estimates import (
    LatinHypercube,
    PiecewiseLinear,
    PointSet,
    Sobol,
    bound_integrand,
    excess_integrand,
    integral,
    pilot,
)
from diffcore.estimates import rows as rows_of
from diffcore.estimates.integrals import Integrand
from diffcore.estimates.pilots import EACH, KNOTS
from diffcore.exact.data2d import DATASETS
from diffcore.times import LogitNormal, LogNormalSigma, TimeSampler, Uniform, UniformLogSNR

NET = "rings, network"
"""The model that is no exact denoiser."""

NAIVE, PILOT, EVEN = "uniform $t$", "pilot", r"uniform $\lambda$"
FIXED: dict[str, TimeSampler] = {
    NAIVE: Uniform(),
    "logit-normal $t$": LogitNormal(),
    "EDM": LogNormalSigma(),
    EVEN: UniformLogSNR(*ENDS),
}
"""Time samplers that need no pilot."""

INDEPENDENT, STRATIFIED, LATIN, SOBOL = "independent", "stratified", "Latin hypercube", "Sobol"
MEASURED: dict[str, PointSet] = {LATIN: LatinHypercube(), SOBOL: Sobol()}
"""Point sets whose variance no quadrature over levels gives."""

ORACLE = "exact denoiser"
"""What is subtracted from a network's error: all that is not its excess."""

SCRAMBLES = 16
"""Replicates of an estimate that one pilot serves, the default of `diffcore.mean_nelbo`."""

ROWS = 10_000
"""Examples of the tensor whose rows are averaged over."""

WANTED = 300.0
"""How many times fewer evaluations issue 9 of this book asks for."""


@dataclass(frozen=True)
class Budget:
    """How finely variances are measured.

    Attributes:
        points: Sobol points behind each slice of the log-SNR, in each scramble.
        scrambles: of these.
        n: evaluations in a replicate of an estimate.
        pilots: independent ones, each with replicates of its own.
        replicates: of each pilot in the method that a claim judges; a quarter as many in the others.
    """

    points: int
    scrambles: int
    n: int
    pilots: int
    replicates: int


QUICK = Budget(points=16, scrambles=2, n=32, pilots=4, replicates=8)
STANDARD = Budget(points=64, scrambles=8, n=1_024, pilots=8, replicates=16)
PAPER = Budget(points=1_024, scrambles=16, n=4_096, pilots=16, replicates=32)


def models(network: Denoiser) -> dict[str, Model]:
    """The exact denoisers of the four data sets, and a network of the rings, by name."""
    found = {name: exact(name) for name in DATASETS}
    return found | {NET: Model(network, law(NAME, torch.float32))}


def spectra(of: Mapping[str, Model], budget: Budget, seed: int = 0) -> dict[str, Spectrum]:
    """The spectrum of every model, from the same points."""
    return {name: spectrum(one, budget.points, budget.scrambles, seed) for name, one in of.items()}


def naive(found: Mapping[str, Spectrum]) -> pd.DataFrame:
    """The naive estimator: uniform times, independent points, nothing subtracted; by quadrature.

    Returns:
        Columns: model; ``mean``, the diffusion term between the end points, nats; ``sd`` of one evaluation,
        nats, and its ``error``; ``needed``, evaluations after which a sample variance is within 10 % of the
        true one (one standard error).
    """
    rows = []
    for name, one in found.items():
        each = variance(one, FIXED[NAIVE], NONE, stratified=False)
        deviation = each.mean().sqrt()
        error = each.std() / len(each) ** 0.5 / (2 * deviation)
        kurtosis = fourth_moment(one, FIXED[NAIVE]).mean() / each.mean() ** 2
        row = {"mean": one.total.mean(), "sd": deviation, "error": error}
        row |= {"needed": (kurtosis - 1) / 0.1**2}
        rows.append({"model": name} | {key: float(value) for key, value in row.items()})
    return pd.DataFrame(rows)


def pilot_of(
    one: Model, subtracted: str, stratified: bool = True, seed: int = 1
) -> PiecewiseLinear:
    """The times of a pilot of the bound, for strata or for independent points."""
    integrand = bound_integrand(one.denoiser, subtracted == LINEAR)
    return _pilot(integrand, one, seed, stratified)


def _pilot(integrand: Integrand, one: Model, seed: int, stratified: bool = True) -> PiecewiseLinear:
    generator = Generator().manual_seed(seed)
    return pilot(integrand, one.law, SCHEDULE, generator, ENDS, stratified=stratified)


def by_quadrature(
    of: Mapping[str, Model], found: Mapping[str, Spectrum], seed: int = 1
) -> pd.DataFrame:
    """Variances of one evaluation by quadrature: every time sampler, independent points and strata.

    Args:
        of: the models.
        found: their spectra.
        seed: of the pilots.

    Returns:
        Columns: times, points, subtracted, model, ``variance`` (nats squared), ``low`` and ``high``, here the
        same. A pilot's own evaluations are not counted.
    """
    rows = []
    for name, one in found.items():
        for stratified, points in ((False, INDEPENDENT), (True, STRATIFIED)):
            for subtracted in (NONE, NOISE, LINEAR):
                samplers = dict(FIXED)
                if subtracted != NOISE:
                    samplers[PILOT] = pilot_of(of[name], subtracted, stratified, seed)
                elif stratified:
                    samplers = {EVEN: FIXED[EVEN]}  # what `diffcore.nelbo` does
                else:
                    continue
                for times, sampler in samplers.items():
                    value = float(variance(one, sampler, subtracted, stratified).mean())
                    rows.append((times, points, subtracted, name, value, value, value))
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = ["times", "points", "subtracted", "model", "variance", "low", "high"]


def over_pilots(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean over independent pilots, and its interval by Student's t: (value, low, high).

    Values are variances, so that an interval that reaches below 0 ends there.
    """
    found = interval(pd.Series(values, dtype=float))
    return found.mean, max(found.mean - found.reach, 0.0), found.mean + found.reach


def of_each_pilot(
    integrand: Integrand, one: Model, times: str, points: PointSet, budget: Budget, *at: int
) -> list[float]:
    """The variance of one evaluation, from each of the budget's pilots with replicates of its own.

    An estimate has one pilot and `SCRAMBLES` replicates, as that of `diffcore.mean_nelbo`: that is how a
    pilot's evaluations count, whatever the number of replicates that measure the variance.

    Args:
        integrand: of the estimate.
        one: the model.
        times: by name; of a sampler without a pilot, its replicates are in as many groups.
        points: how points are spread.
        budget: sizes.
        at: the number of the method, how many replicates each pilot has, and the seed of all.
    """
    number, replicates, seed = at
    asked = KNOTS * EACH / (SCRAMBLES * budget.n) if times == PILOT else 0.0
    found = []
    for turn in range(budget.pilots):
        tag = 1_000 * turn + number
        sampler = _pilot(integrand, one, 1_000_000 + tag) if asked else FIXED[times]
        generator = Generator().manual_seed(seed + tag)
        estimate = integral(
            integrand, one.law, SCHEDULE, sampler, generator, ENDS, points, budget.n, replicates
        )
        found.append(float(estimate.error) ** 2 * estimate.evaluations * (1 + asked))
    return found


def measured(of: Mapping[str, Model], budget: Budget, seed: int = 2) -> pd.DataFrame:
    """The same, measured from replicates, of Latin hypercubes and Sobol points; a pilot's evaluations count.

    Args:
        of: the models.
        budget: sizes.
        seed: of the points; pilots have others.
    """
    rows = []
    for name, one in of.items():
        plain, controlled = (bound_integrand(one.denoiser, flag) for flag in (False, True))
        cases: list[tuple[str, str, str, Integrand]] = [
            (EVEN, LATIN, LINEAR, controlled),
            (EVEN, SOBOL, LINEAR, controlled),
            (PILOT, LATIN, LINEAR, controlled),
            (PILOT, SOBOL, NONE, plain),
            (PILOT, SOBOL, LINEAR, controlled),
        ]
        if name == NET:
            oracle = mixture(NAME).denoiser(SCHEDULE)
            cases.append((PILOT, SOBOL, ORACLE, excess_integrand(one.denoiser, oracle)))
        for number, (times, points, subtracted, integrand) in enumerate(cases):
            judged = (times, points, subtracted) == (PILOT, SOBOL, LINEAR)
            replicates = budget.replicates if judged else budget.replicates // 4
            each = of_each_pilot(
                integrand, one, times, MEASURED[points], budget, number, replicates, seed
            )
            rows.append((times, points, subtracted, name, *over_pilots(each)))
    return pd.DataFrame(rows, columns=COLUMNS)


def over_rows(one: Model, budget: Budget, seed: int = 2) -> pd.DataFrame:
    """Pilots, Sobol points and the linear guess for the rows of a tensor in random order, of the rings.

    Args:
        one: the network.
        budget: sizes.
        seed: of the points.
    """
    x = DATASETS[NAME]().sample(ROWS, Generator().manual_seed(seed)).float()
    model, integrand = Model(one.denoiser, rows_of(x)), bound_integrand(one.denoiser, True)
    each = of_each_pilot(
        integrand, model, PILOT, MEASURED[SOBOL], budget, 0, budget.replicates, seed
    )
    row = (PILOT, SOBOL, LINEAR, NET, *over_pilots(each))
    return pd.DataFrame([row], columns=COLUMNS)


def factors(variances: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """How many times fewer evaluations each method needs than the naive one at equal standard error.

    Args:
        variances: of one evaluation.
        base: as `naive` returns it.

    Returns:
        ``variances`` with the columns ``factor``, ``least`` and ``most``.
    """
    of_naive = variances["model"].map(base.set_index("model")["sd"] ** 2)
    ends = {"factor": "variance", "least": "high", "most": "low"}
    return variances.assign(**{name: of_naive / variances[of] for name, of in ends.items()})


def side_by_side(found: pd.DataFrame) -> pd.DataFrame:
    """`factors` with a row a method and a column a model, in the order of the methods."""
    keys = ["times", "points", "subtracted"]
    names = list(dict.fromkeys(found["model"]))
    table = found.pivot_table(index=keys, columns="model", values="factor", sort=False)
    ranks = [
        [*FIXED, PILOT],
        [INDEPENDENT, STRATIFIED, LATIN, SOBOL],
        [NONE, NOISE, LINEAR, ORACLE],
    ]
    order = sorted(
        table.index, key=lambda key: [r.index(k) for r, k in zip(ranks, key, strict=True)]
    )
    return table.loc[order, names].rename_axis(columns=None).reset_index()
