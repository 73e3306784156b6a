"""The computed sentences of the chapter on the cost of a likelihood."""

from __future__ import annotations

import math

import pandas as pd
import torch

from companion.chapters.estimates.results import (
    EVEN,
    INDEPENDENT,
    NAIVE,
    NET,
    ORACLE,
    PILOT,
    SOBOL,
    STRATIFIED,
)
from companion.chapters.estimates.spectrum import LINEAR, NOISE, NONE
from companion.runs.plane import ENDS
from diffcore.bounds import prior_kl, reconstruction_gaussian


def _method(found: pd.DataFrame, times: str, points: str, subtracted: str) -> pd.DataFrame:
    """The rows of one method, by model."""
    keys = {"times": times, "points": points, "subtracted": subtracted}
    chosen = (found[list(keys)] == pd.Series(keys)).all(axis=1)
    return found[chosen].set_index("model")


def settles(base: pd.DataFrame) -> str:
    """How many evaluations the naive estimator needs, and its sample variance.

    Args:
        base: as :func:`companion.chapters.estimates.results.naive` returns it.
    """
    wanted = (base["sd"] / 0.01) ** 2
    return (
        f"A standard error of 0.01 nats takes the naive estimator {wanted.min() / 1e6:.0f} to "
        f"{wanted.max() / 1e6:.0f} million evaluations. Its own sample variance is known to 10 % after "
        f"{base['needed'].min():,.0f} to {base['needed'].max():,.0f}: with fewer, most samples miss the few "
        "large values and show a variance that is too small. So its variance is taken by quadrature here."
    )


def gains(found: pd.DataFrame) -> str:
    """What each choice brings, and all together.

    Args:
        found: as :func:`companion.chapters.estimates.results.factors` returns it.
    """
    pairs = {
        r"even $\lambda$ for uniform $t$, independent points": (
            (NAIVE, INDEPENDENT, NONE),
            (EVEN, INDEPENDENT, NONE),
        ),
        "strata": ((EVEN, INDEPENDENT, NONE), (EVEN, STRATIFIED, NONE)),
        "to subtract the noise's square, as `nelbo` does": (
            (EVEN, STRATIFIED, NONE),
            (EVEN, STRATIFIED, NOISE),
        ),
        "to subtract the linear guess's error instead": (
            (EVEN, STRATIFIED, NOISE),
            (EVEN, STRATIFIED, LINEAR),
        ),
        "a pilot's times": ((EVEN, STRATIFIED, LINEAR), (PILOT, STRATIFIED, LINEAR)),
        "Sobol points": ((PILOT, STRATIFIED, LINEAR), (PILOT, SOBOL, LINEAR)),
    }
    words = []
    for name, (before, after) in pairs.items():
        ratio = _method(found, *after)["factor"] / _method(found, *before)["factor"]
        words.append(f"{name} {ratio.min():.2g} to {ratio.max():.2g}")
    every = _method(found, PILOT, SOBOL, LINEAR)
    told = [
        f"{str(name).replace('_', ' ')} {row['factor']:.0f} ({row['least']:.0f} to {row['most']:.0f})"
        for name, row in every.iterrows()
    ]
    return (
        f"Times fewer evaluations, step by step, least and most of the five: {'; '.join(words)}. All "
        f"together: {'; '.join(told)}, with 95 % intervals."
    )


def sobol_alone(found: pd.DataFrame) -> str:
    """What Sobol points bring without a pilot, and without subtraction; argument as above."""
    strata, alone = _method(found, EVEN, STRATIFIED, LINEAR), _method(found, EVEN, SOBOL, LINEAR)
    over = alone[["factor", "least", "most"]].div(strata["factor"], axis=0)
    told = [
        f"{str(name).replace('_', ' ')} {row['factor']:.2g} ({row['least']:.2g} to {row['most']:.2g})"
        for name, row in over.iterrows()
    ]
    bare = _method(found, PILOT, SOBOL, NONE)["factor"]
    bare = bare / _method(found, PILOT, STRATIFIED, LINEAR)["factor"]
    return (
        "Sobol points alone are no sure gain. Without a pilot, at even $\\lambda$ and with the linear guess "
        f"subtracted, they need so many times fewer evaluations than strata: {'; '.join(told)}. Below 1 "
        f"they lose: {_below(over['factor'])}; for certain, by the 95 % interval: {_below(over['most'])}. "
        "With a pilot but nothing subtracted they lose to strata with the linear guess by their point "
        f"estimates: {_below(bare)}."
    )


def _below(ratios: pd.Series) -> str:
    """Those models whose ratio is below 1."""
    lost = [str(name).replace("_", " ") for name, ratio in ratios.items() if ratio < 1]
    return ", ".join(lost) or "none"


def whole_bound(base: pd.DataFrame, value: float) -> str:
    """Why the whole bound is less than its diffusion term.

    Args:
        base: as :func:`companion.chapters.estimates.results.naive` returns it.
        value: of the network's whole bound, nats.
    """
    low, high = ENDS
    decoder = float(reconstruction_gaussian(torch.zeros(1, 2, dtype=torch.float64), high))
    prior = float(prior_kl(torch.ones(1, 2, dtype=torch.float64), low))  # the mean over variance 1
    term = base.set_index("model")["mean"][NET]
    return (
        f"That is not the {term:.2f} nats of the table of the naive estimator, though network, range and "
        "unit are the same. The table has the diffusion term alone, `mean_nelbo` the whole bound: with the "
        f"prior's term, {prior:.1e} nats, and the decoder's, {decoder:.2f} nats. The latter is negative, "
        "as a "
        "density may be above 1: that of a point, known up to the noise of the cleanest level. Without both "
        f"{value - decoder - prior:.2f} nats are left."
    )


def trained_density(found: pd.DataFrame) -> str:
    """What times that are made for training do to an estimate; argument as above."""
    edm = _method(found, "EDM", INDEPENDENT, NONE)["factor"]
    logit = _method(found, "logit-normal $t$", INDEPENDENT, NONE)["factor"]
    power = round(math.log10(1 / logit.max()))
    return (
        "Times that are made for training spare the ends, and the bound does not. With independent "
        "points and nothing subtracted, EDM's cost "
        f"{1 / edm.max():.1f} to {1 / edm.min():.1f} times the naive estimator's evaluations, logit-normal "
        f"ones about $10^{{{power}}}$ times: their few points near clean data have enormous weights."
    )


def oracle(found: pd.DataFrame) -> str:
    """What it brings to estimate the excess alone; argument as above."""
    above = _method(found, PILOT, SOBOL, ORACLE).loc[NET]
    ours = _method(found, PILOT, SOBOL, LINEAR).loc[NET]
    return (
        "Where the exact denoiser is known, the excess of a network is cheaper still: another "
        f"{above['factor'] / ours['factor']:.1f} times fewer evaluations than of its bound, each now one of "
        "both denoisers. The chapters that compare networks on the study's data estimate the excess."
    )


def of_rows(found: pd.DataFrame, rows: pd.DataFrame, count: int) -> str:
    """What it brings where data are the rows of a tensor.

    Args:
        found: as :func:`companion.chapters.estimates.results.factors` returns it.
        rows: the same for rows of a tensor.
        count: how many rows.
    """
    by_quantiles = _method(found, PILOT, SOBOL, LINEAR).loc[NET]
    row = _method(rows, PILOT, SOBOL, LINEAR).loc[NET]
    return (
        "A tensor can take the place of the law, and its rows bring less: one number picks a row, and in "
        "random order neighbours are not alike, so that points are not spread evenly over the data. Of "
        f"{count:,} rows of the rings and the network the factor is {row['factor']:.0f} "
        f"({row['least']:.0f} to {row['most']:.0f}), by quantiles {by_quantiles['factor']:.0f} "
        f"({by_quantiles['least']:.0f} to {by_quantiles['most']:.0f})."
    )
