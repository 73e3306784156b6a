"""Independent answers for the tests of the core: 50-digit schedules and a Gaussian in closed form.

Nothing here shares a formula with `diffcore` beyond the definitions of alpha and sigma: derivatives
are numerical, and the Gaussian's losses, bounds and samples are textbook closed forms in NumPy.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from dataclasses import dataclass

import mpmath
import torch
from mpmath import mpf
from torch import Tensor

import diffcore as dc

DIGITS = 50
EPS64, EPS32 = 2.0**-53, 2.0**-24
"""Unit roundoffs."""


def _b(t: mpf) -> mpf:
    low, high = mpf(0.1), mpf(20)  # mpf(0.1) is the double that the schedule holds
    return low * t + (high - low) * t**2 / 2


def _offset_cosine(t: mpf) -> mpf:
    s = mpf(0.008)
    return mpmath.cospi((t + s) / (1 + s) / 2) / mpmath.cospi(s / (1 + s) / 2)


SCALES = {
    "cosine": (lambda t: mpmath.cospi(t / 2), lambda t: mpmath.sinpi(t / 2)),
    "linear_beta": (
        lambda t: mpmath.exp(-_b(t) / 2),
        lambda t: mpmath.sqrt(-mpmath.expm1(-_b(t))),
    ),
    "offset_cosine": (_offset_cosine, lambda t: mpmath.sqrt(1 - _offset_cosine(t) ** 2)),
    "sub_vp": (lambda t: mpmath.exp(-_b(t) / 2), lambda t: -mpmath.expm1(-_b(t))),
    "variance_exploding": (lambda t: mpf(1), lambda t: mpf(0.01) * (mpf(50) / mpf(0.01)) ** t),
    "rectified_flow": (lambda t: 1 - t, lambda t: t),
}
"""(alpha, sigma) of each named schedule, as functions of an mpmath number."""

NAMES = tuple(SCALES)


def every_schedule() -> dict[str, dc.Schedule]:
    """The schedules of the package with their published constants, by the name of their module."""
    found = {}
    for module in pkgutil.iter_modules(dc.schedules.__path__, "diffcore.schedules."):
        for thing in vars(importlib.import_module(module.name)).values():
            own = inspect.isclass(thing) and thing.__module__ == module.name
            if own and not inspect.isabstract(thing) and thing is not dc.schedules.Pointwise:
                found[module.name.rpartition(".")[2]] = thing()
    return found


SCHEDULES = every_schedule()
assert set(SCHEDULES) == set(NAMES), (
    "a schedule needs its 50 digits here, and its digits a schedule"
)
ENDS = (1e-6, 1e-4, 0.003, 0.05, 0.21, 0.5, 0.77, 0.95, 0.997, 1 - 1e-4, 1 - 1e-6)
"""Times from one end to the other."""


@dataclass(frozen=True)
class Point:
    """A schedule at one time, to 50 digits."""

    alpha: mpf
    sigma: mpf
    alpha_prime: mpf
    sigma_prime: mpf

    @property
    def log_snr(self) -> mpf:
        return 2 * mpmath.log(self.alpha / self.sigma)

    @property
    def log_snr_prime(self) -> mpf:
        return 2 * (self.alpha_prime / self.alpha - self.sigma_prime / self.sigma)

    def row(self, target: str) -> tuple[mpf, mpf]:
        return {
            "x": (mpf(1), mpf(0)),
            "eps": (mpf(0), mpf(1)),
            "v": (-self.sigma, self.alpha),
            "score": (mpf(0), -1 / self.sigma),
            "velocity": (self.alpha_prime, self.sigma_prime),
        }[target]


def point(name: str, t: float) -> Point:
    """The schedule ``name`` at the exact value of the float ``t``; derivatives by differences."""
    with mpmath.workdps(DIGITS):
        alpha, sigma = SCALES[name]
        at = mpf(t)
        with mpmath.workdps(2 * DIGITS):
            h = mpf(10) ** -30
            prime = [(f(at + h) - f(at - h)) / (2 * h) for f in (alpha, sigma)]
        return Point(alpha(at), sigma(at), *prime)


@dataclass(frozen=True)
class Gaussian:
    """x ~ N(mean, variance I) in ``dims`` dimensions: everything in closed form."""

    mean: float = 0.7
    variance: float = 0.3
    dims: int = 3

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        noise = torch.randn(n, self.dims, generator=generator, dtype=torch.float64)
        return self.mean + math.sqrt(self.variance) * noise

    def posterior(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Regression of x and of eps on z."""
        shape = (-1, *[1] * (z.ndim - 1))
        alpha, sigma = alpha.reshape(shape).to(z), sigma.reshape(shape).to(z)
        total = alpha**2 * self.variance + sigma**2
        residual = (z - alpha * self.mean) / total
        return self.mean + alpha * self.variance * residual, sigma * residual

    def denoiser(self, schedule: dc.Schedule) -> dc.Denoiser:
        return dc.ExactDenoiser(self.posterior, schedule)

    def net(self, schedule: dc.Schedule, target: dc.Target) -> dc.denoisers.Net:
        """The exact denoiser as a network of one target."""
        return lambda z, t: self.denoiser(schedule).predict(z, t, target)

    def eps_mmse(self, log_snr: float) -> float:
        """E ||eps - E[eps|z]||^2."""
        snr = self.variance * math.exp(log_snr)
        return self.dims * snr / (1 + snr)

    @property
    def entropy(self) -> float:
        return self.dims / 2 * math.log(2 * math.pi * math.e * self.variance)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tensor(value: object) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)
