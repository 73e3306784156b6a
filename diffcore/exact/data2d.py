r"""The study's four 2-D data sets as exact mixtures of Gaussians, standardised.

The raw constants are those of the study's published code (Kumar et al., 2025). Coordinates are
standardised by the exact mean and standard deviation of the *population*; the study used those of its
100,000 points. The study's waves sit on one fixed grid of x, which is taken here as x ~ U(0, 1), and its
components hold equal numbers of points, taken here as equally likely.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from diffcore import checks
from diffcore.choice import Positive
from diffcore.exact.components import Components
from diffcore.exact.curves import CurveMixture
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import gauss_legendre

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Standardised(CurveMixture):
    """A curve given in raw coordinates and standardised by its population moments."""

    @abstractmethod
    def raw_curve(self, branch: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """Raw means (2, n), and raw root covariances R (2, 2, n), with covariance R R^T."""

    @cached_property
    def standardisation(self) -> tuple[Tensor, Tensor]:
        """Exact mean and standard deviation of the raw data, each (2, 1): Gauss-Legendre on every panel."""
        points, weights = gauss_legendre(24)
        starts = torch.arange(self.panels, dtype=torch.float64)[:, None]
        u = ((starts + points) / self.panels).reshape(-1).repeat(self.branches)
        w = (weights / (self.panels * self.branches)).repeat(self.panels * self.branches)
        branch = torch.arange(self.branches).repeat_interleave(len(u) // self.branches)
        mean, root = self.raw_curve(branch, u)
        centre = (w * mean).sum(1)
        spread = (mean - centre[:, None]).square() + root.square().sum(1)
        return centre[:, None], (w * spread).sum(1).sqrt()[:, None]

    def standardise(self, raw: Tensor) -> Tensor:
        """Raw coordinates (2, n) -> standardised."""
        centre, scale = (part.to(raw.device) for part in self.standardisation)
        return (raw - centre) / scale

    def unstandardise(self, x: Tensor) -> Tensor:
        """Standardised coordinates (2, n) -> raw."""
        centre, scale = (part.to(x.device) for part in self.standardisation)
        return centre + scale * x

    def curve(self, branch: Tensor, u: Tensor) -> Components:
        """See :meth:`CurveMixture.curve`."""
        mean, root = self.raw_curve(branch, u)
        scale = self.standardisation[1].to(u.device)
        return Components(self.standardise(mean), *_eigen(root / scale[:, None]))


def _eigen(root: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvectors and eigenvalues of R R^T for R of orthogonal columns, the first not zero."""
    (ax, bx), (ay, by) = root
    major, minor = ax.square() + ay.square(), bx.square() + by.square()
    length = major.sqrt()
    ax, ay = ax / length, ay / length
    return torch.stack([torch.stack([ax, -ay]), torch.stack([ay, ax])]), torch.stack([major, minor])


@dataclass(frozen=True)
class Rings(Standardised):
    """Two rings: angle uniform, radius normal; noise along the radius only."""

    radius: Positive = 4.0
    width: Positive = 0.2
    distance: float = 5.0

    branches = 2
    panels = 12

    def raw_curve(self, branch: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Standardised.raw_curve`."""
        angle = 2 * math.pi * u
        out = torch.stack([angle.cos(), angle.sin()])
        centre = torch.stack([self.distance * branch.to(u.dtype), torch.zeros_like(u)])
        return centre + self.radius * out, torch.stack([self.width * out, 0 * out], 1)

    def data_log_prob(self, x: Tensor) -> Tensor:
        """Closed form: the density of the radius over the circumference, on both rings.

        A normal radius may be negative (20 standard deviations away); that part is kept.
        """
        raw = self.unstandardise(x)
        terms = []
        for branch in range(self.branches):
            r = torch.hypot(raw[0] - self.distance * branch, raw[1])
            for sign in (1, -1):
                score = (sign * r - self.radius) / self.width
                terms.append(-score.square() / 2 - r.log())
        constant = math.log(2 * math.pi * self.branches * self.width) + LOG_2PI / 2
        return (
            torch.logsumexp(torch.stack(terms), 0) - constant + self.standardisation[1].log().sum()
        )


@dataclass(frozen=True)
class SwissRoll(Standardised):
    """A spiral (tau cos tau, tau sin tau), tau uniform on [1.5 pi, 4.5 pi], with isotropic noise."""

    noise: Positive = 0.5

    panels = 24

    def raw_curve(self, branch: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Standardised.raw_curve`."""
        tau = 1.5 * math.pi * (1 + 2 * u)
        mean = torch.stack([tau * tau.cos(), tau * tau.sin()])
        root = self.noise * torch.eye(2, dtype=u.dtype, device=u.device)
        return mean, root[:, :, None].expand(2, 2, len(u))


@dataclass(frozen=True)
class Waves(Standardised):
    """Two sine waves over x ~ U(0, 1), with noise in y only."""

    amplitude: float = 0.3
    turns: float = 3.0
    levels: tuple[float, float] = (0.6, 0.3)
    noise: Positive = 0.03

    branches = 2
    panels = 32

    def _height(self, branch: Tensor, u: Tensor) -> Tensor:
        level = torch.tensor(self.levels, dtype=u.dtype, device=u.device)[branch]
        return level + self.amplitude * torch.sin(2 * math.pi * self.turns * u)

    def raw_curve(self, branch: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Standardised.raw_curve`."""
        mean = torch.stack([u, self._height(branch, u)])
        root = torch.tensor([[0.0, 0.0], [self.noise, 0.0]], dtype=u.dtype, device=u.device)
        return mean, root[:, :, None].expand(2, 2, len(u))

    def data_log_prob(self, x: Tensor) -> Tensor:
        """Closed form: uniform in x, two normals in y; minus infinity outside the range of x."""
        u, y = self.unstandardise(x)
        heights = [self._height(torch.full_like(u, b).long(), u) for b in range(self.branches)]
        terms = torch.stack([-((y - height) / self.noise).square() / 2 for height in heights])
        constant = math.log(self.branches * self.noise) + LOG_2PI / 2
        inside = torch.logsumexp(terms, 0) - constant + self.standardisation[1].log().sum()
        return torch.where((u >= 0) & (u <= 1), inside, -torch.inf)


def clusters(centre: float = 5.0, std: float = 1.0) -> GaussianMixture:
    """Four isotropic Gaussians at (+-centre, +-centre), standardised by the exact sqrt(centre^2 + std^2).

    Raises:
        TypeError: if one is no number.
        ValueError: if one is not finite, or std > 0 does not hold.
    """
    centre, std = checks.number("centre", centre), checks.number("std", std)
    if std <= 0:
        raise ValueError(f"std: expected a positive number, got {std:g}")
    scale = math.hypot(centre, std)
    means = (
        centre / scale * torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 2)
    )
    covariances = (std / scale) ** 2 * torch.eye(2, dtype=torch.float64).expand(4, 2, 2)
    return GaussianMixture(torch.full((4,), 0.25, dtype=torch.float64), means, covariances)


def rings() -> Rings:
    """The study's Ring_data."""
    return Rings()


def swiss_roll() -> SwissRoll:
    """The study's Swiss_roll_data."""
    return SwissRoll()


def waves() -> Waves:
    """The study's Waves_data."""
    return Waves()


DATASETS: dict[str, Callable[[], Mixture]] = {
    "clusters": clusters,
    "rings": rings,
    "swiss_roll": swiss_roll,
    "waves": waves,
}
"""The four data sets by name, in the study's order."""
