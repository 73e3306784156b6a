"""What varies at each noise level, by quadrature: means, mean squares and variances of the integrand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.estimates import Data, Sobol, best_linear_excess, bound_integrand
from diffcore.estimates.integrals import dims_of, spread
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.exact.mixtures import Mixture
from diffcore.losses import squared_norm
from diffcore.times import TimeSampler

NONE, NOISE, LINEAR = "nothing", "noise", "linear guess"
"""What is subtracted: nothing; the noise's square, as in `diffcore.nelbo`; the linear guess's error."""

WIDTH = 0.5
"""Of a slice of the log-SNR, nats; the integrand is taken at its middle."""


@dataclass(frozen=True, eq=False)
class Model:
    """A denoiser and the law of the data that it is judged on."""

    denoiser: Denoiser
    law: Data


def mixture(name: str) -> Mixture:
    """A data set, with as many nodes as an average needs."""
    return lean(DATASETS[name]())


def law(name: str, dtype: torch.dtype = torch.float64) -> Data:
    """A data set by its quantiles."""
    of = mixture(name)
    one, zero = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    return Data(lambda u: of.noised(u, one, zero).to(dtype), 1 + of.dim, (of.dim,))


def exact(name: str) -> Model:
    """The exact denoiser of a data set."""
    return Model(mixture(name).denoiser(SCHEDULE), law(name))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The integrand in the middle of each slice, by scramble and by what is subtracted.

    Attributes:
        log_snr: (slices,).
        mean: (scrambles, slices), with nothing subtracted; all that is subtracted has mean zero.
        square: mean squares, each (scrambles, slices).
        deviation: mean squares less the mean of all scrambles, each (scrambles, slices).
        fourth: mean fourth powers with nothing subtracted, (scrambles, slices).
    """

    log_snr: Tensor
    mean: Tensor
    square: dict[str, Tensor]
    deviation: dict[str, Tensor]
    fourth: Tensor

    @property
    def total(self) -> Tensor:
        """The integral, one for each scramble, (scrambles,), nats."""
        return WIDTH * self.mean.sum(1)


def spectrum(model: Model, points: int, scrambles: int, seed: int = 0) -> Spectrum:
    """Measure a model.

    Args:
        model: what is judged.
        points: Sobol points in each slice and scramble.
        scrambles: independent ones, at least 2.
        seed: of all points.
    """
    generator, integrand = Generator().manual_seed(seed), bound_integrand(model.denoiser, False)
    slices = round((ENDS[1] - ENDS[0]) / WIDTH)
    levels = ENDS[0] + WIDTH * (torch.arange(slices, dtype=torch.float64) + 0.5)
    rows: list[Tensor] = []
    for level in levels:
        cube = [Sobol().draw(points, dims_of(model.law), generator) for _ in range(scrambles)]
        x, eps = spread(model.law, torch.cat(cube))
        at = level.expand(len(x))
        plain = integrand(x, eps, SCHEDULE.time_of(at), at).double()
        x, eps = x.double(), eps.double()
        noise = torch.sigmoid(at) * (squared_norm(eps) - x[0].numel()) / 2
        linear = best_linear_excess(x, eps, at) / 2
        left = torch.stack([plain, plain - noise, plain - linear])
        around = left - left.mean(1, keepdim=True)
        kinds = torch.cat([plain[None], left**2, around**2, plain[None] ** 4])
        rows.append(kinds.reshape(len(kinds), scrambles, points).mean(2))
    mean, *squares, fourth = torch.stack(rows, 2)
    names = (NONE, NOISE, LINEAR)
    square, deviation = (dict(zip(names, part, strict=True)) for part in (squares[:3], squares[3:]))
    return Spectrum(levels, mean, square, deviation, fourth)


def density(times: TimeSampler, log_snr: Tensor) -> Tensor:
    """The density of a sampler at log-SNRs, from a table of its quantile function."""
    u = torch.special.ndtr(torch.linspace(-8.2, 8.2, 40_001, dtype=torch.float64))
    drawn = times.quantile(u, SCHEDULE)
    rising = drawn.log_snr.flip(0), drawn.density.log().flip(0)
    return torch.from_numpy(np.exp(np.interp(log_snr, *rising)))


def variance(found: Spectrum, times: TimeSampler, subtracted: str, stratified: bool) -> Tensor:
    r"""The variance of one evaluation, one value for each scramble, (scrambles,), nats squared.

    Of many that are stratified, :math:`\int \mathrm{Var}(f|\lambda)/p\, d\lambda`; else
    :math:`\int E f^2/p\, d\lambda` less the square of the integral.
    """
    p = density(times, found.log_snr)
    if stratified:
        return WIDTH * (found.deviation[subtracted] / p).sum(1)
    return WIDTH * (found.square[subtracted] / p).sum(1) - found.total.mean() ** 2


def fourth_moment(found: Spectrum, times: TimeSampler) -> Tensor:
    """The mean fourth power of one evaluation with nothing subtracted, (scrambles,)."""
    return WIDTH * (found.fourth / density(times, found.log_snr) ** 3).sum(1)
