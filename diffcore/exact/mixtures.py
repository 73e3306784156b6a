r"""Mixtures of Gaussians, discrete or along a curve: distributions with an exact denoiser.

Let :math:`x | k \sim N(\mu_k, C_k)`, where the label k is a number or a point on a curve. Then
:math:`z = \alpha x + \sigma \epsilon` is again a mixture, with
:math:`z | k \sim N(\alpha\mu_k, S_k)`, :math:`S_k = \alpha^2 C_k + \sigma^2 I`, and with the residual
:math:`p_k = S_k^{-1} (z - \alpha \mu_k)`

.. math:: E[x|z,k] = \mu_k + \alpha C_k p_k, \quad E[\epsilon|z,k] = \sigma p_k, \quad
          \nabla_z \log q(z|k) = -p_k .

Averaging over the posterior :math:`q(k|z) \propto \pi_k N(z; \alpha\mu_k, S_k)` gives the exact posterior
means, score and density. No formula divides by :math:`\alpha` or :math:`\sigma`. Everything is computed in
float64 and returned in the dtype of ``z``.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from diffcore import checks
from diffcore.denoisers import ExactDenoiser
from diffcore.exact.components import Components, rotate
from diffcore.exact.posterior import Moments
from diffcore.exact.quadrature import Estimate, mean_of, sobol
from diffcore.schedules.base import Schedule

CHUNK = 1024
"""Rows evaluated at once: at most 300 MB (measured) for the curves of :mod:`diffcore.exact.data2d`."""


class Mixture(ABC):
    """A distribution of D-dimensional data with exact density, score and denoiser at every noise level.

    Attributes:
        dim: D.
        rows_at_one_level: rows evaluated at once where they share a noise level.
    """

    dim: int
    rows_at_one_level = CHUNK

    @abstractmethod
    def component_at(self, quantile: Tensor) -> Components:
        """The n components at quantiles (n,) of the label: uniform numbers draw from the prior."""

    @abstractmethod
    def _moments(self, z: Tensor, alpha: Tensor, sigma: Tensor, spread: bool) -> Moments:
        """`moments` with the coordinates first: z (D, batch), scales (batch,) or (1,), in float64.

        Without ``spread`` nobody looks at the variance, which then may be nan.
        """

    def sample(
        self, n: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Tensor:
        """Independent draws, (n, D), in ``dtype`` (default: torch's), on the generator's device.

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if n >= 1 does not hold.
        """
        checks.generator(generator)
        dtype = checks.float_dtype(dtype or torch.get_default_dtype())
        n = checks.count("n", n)
        device = generator.device
        label = torch.rand(n, generator=generator, dtype=torch.float64, device=device)
        noise = torch.randn(self.dim, n, generator=generator, dtype=torch.float64, device=device)
        mean, basis, variance = self.component_at(label)
        x = mean + rotate(basis, variance.sqrt() * noise)
        return x.T.contiguous().to(dtype)

    def moments(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Moments:
        """Everything about the posterior at ``z``; the other methods return parts of it.

        Args:
            z: (batch, D).
            alpha: signal scale, () or (batch,).
            sigma: noise scale, () or (batch,); zero means clean data (where each covariance has an
                inverse, or the distribution knows its own density).

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is not one of these, a value is not finite, a scale is negative, both are
                zero, or float64 does not resolve the noise.
        """
        return Moments(*self._asked(z, alpha, sigma, *Moments._fields))

    def _asked(self, z: Tensor, alpha: Tensor, sigma: Tensor, *names: str) -> list[Tensor]:
        """Those of the moments that are named."""
        checks.finite("z", checks.matrix("z", z, self.dim))
        checks.scales(alpha, sigma, len(z))
        # Where one noise level is that of all rows, what follows from it alone is computed once.
        each = len(z) if alpha.ndim or sigma.ndim else 1
        a, s = (scale.to(z.device, torch.float64).expand(each) for scale in (alpha, sigma))
        _resolved(a, s)
        wide = z.to(torch.float64).T.contiguous()
        size = CHUNK if each == len(z) else self.rows_at_one_level
        cut = range(0, len(z), size)
        own = [slice(i, i + size) if each == len(z) else slice(None) for i in cut]
        columns, spread = zip(wide.split(size, 1), own, strict=True), "eps_variance" in names
        parts = [self._moments(column, a[of], s[of], spread) for column, of in columns]
        named = ([getattr(part, name) for part in parts] for name in names)
        whole = (each[0] if len(each) == 1 else torch.cat(each, -1) for each in named)
        return [value.movedim(-1, 0).to(z.dtype) for value in whole]

    def log_prob(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        r"""Log density of the noised data, :math:`\log q(z)` in nats, (batch,); see :meth:`moments`.

        With alpha = 1 and sigma = 0 it is the density of the data. Differentiable in ``z``.
        """
        return self._asked(z, alpha, sigma, "log_prob")[0]

    def posterior(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        r"""Posterior means :math:`(E[x|z], E[\epsilon|z])`, each (batch, D); see :meth:`moments`."""
        x_hat, eps_hat = self._asked(z, alpha, sigma, "x_hat", "eps_hat")
        return x_hat, eps_hat

    def denoise(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        r"""The denoiser of least squared error, :math:`E[x|z]`, (batch, D); see :meth:`moments`."""
        return self._asked(z, alpha, sigma, "x_hat")[0]

    def score(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        r"""The score :math:`\nabla_z \log q(z)`, (batch, D); see :meth:`moments`."""
        return self._asked(z, alpha, sigma, "score")[0]

    def denoiser(self, schedule: Schedule) -> ExactDenoiser:
        """This distribution's exact denoiser, for every place where a network does."""
        return ExactDenoiser(self.posterior, schedule)

    def noised(self, uniforms: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Noised data at quantiles (n, 1 + D): label, then normals along the component's axes.

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is another, a quantile is not in (0, 1), or a scale is negative.
        """
        checks.quantiles(checks.matrix("u", uniforms, 1 + self.dim))
        checks.scales(alpha, sigma, len(uniforms))
        mean, basis, variance = self.component_at(uniforms[:, 0])
        deviation = (alpha**2 * variance + sigma**2).sqrt()
        return (alpha * mean + rotate(basis, deviation * torch.special.ndtri(uniforms[:, 1:].T))).T

    def eps_mmse(
        self, alpha: Tensor, sigma: Tensor, points: int = 1024, scrambles: int = 8, seed: int = 0
    ) -> Tensor:
        r"""Minimum mean squared error of the noise, :math:`E\|\epsilon - E[\epsilon|z]\|^2`, summed over D.

        By randomised quasi-Monte Carlo over z of the posterior variance, which is exact for each z.

        Args:
            alpha: signal scales, (n,).
            sigma: noise scales, (n,).
            points: Sobol points for each noise level and scramble, best a power of 2.
            scrambles: independent scrambles for each noise level.
            seed: of the scrambles.

        Returns:
            One estimate for each scramble, (scrambles, n), float64: all independent and unbiased.

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if the scales are not (n,), n >= 1, one of them is negative, or points >= 1 or
                scrambles >= 1 does not hold.
        """
        points, scrambles = checks.count("points", points), checks.count("scrambles", scrambles)
        seed = checks.count("seed", seed, least=0)
        for name, scale in (("alpha", alpha), ("sigma", sigma)):
            if checks.floating(name, scale).ndim != 1 or len(scale) == 0:
                raise ValueError(f"{name}: expected shape (n,), n >= 1, got {tuple(scale.shape)}")
        checks.alike("sigma", sigma, alpha)
        alpha, sigma = alpha.double(), sigma.double()
        rows = []
        for first in range(seed, seed + scrambles * len(alpha), len(alpha)):
            row = []
            for number, level in enumerate(zip(alpha, sigma, strict=True), first):
                z = self.noised(sobol(points, 1 + self.dim, number), *level)
                row.append(self.moments(z, *level).eps_variance.mean())
            rows.append(torch.stack(row))
        return torch.stack(rows)

    def mmse(
        self, log_snr: Tensor, points: int = 1024, scrambles: int = 8, seed: int = 0
    ) -> Estimate:
        r"""Minimum mean squared error :math:`E\|x - E[x|z]\|^2`, summed over the D dimensions.

        It depends on the scales only through ``log_snr``, and is :math:`e^{-\lambda}` times that of the
        noise; arguments as for :meth:`eps_mmse`.

        Args:
            log_snr: any shape.
            points: Sobol points for each log-SNR and scramble.
            scrambles: independent scrambles, at least 2.
            seed: of the scrambles.

        Returns:
            The value and its standard error, each of the shape of ``log_snr``, float64.

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if there is no log-SNR, float64 does not resolve one, or points >= 1 or scrambles >= 2
                does not hold.
        """
        checks.resolved("log_snr", log_snr)
        checks.count("scrambles", scrambles, least=2)
        flat = log_snr.double().reshape(-1)
        each = torch.exp(-flat) * self.eps_mmse(*scales(flat), points, scrambles, seed)
        mean = mean_of(each)
        return Estimate(mean.value.reshape(log_snr.shape), mean.error.reshape(log_snr.shape))

    def entropy(self, points: int = 4096, scrambles: int = 8, seed: int = 0) -> Estimate:
        """Differential entropy of the clean data in nats: value and standard error, each ().

        Raises:
            TypeError: if an argument is no integer.
            ValueError: if points >= 1 or scrambles >= 2 does not hold.
        """
        points = checks.count("points", points)
        scrambles = checks.count("scrambles", scrambles, least=2)
        seed = checks.count("seed", seed, least=0)
        one, zero = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)

        def surprise(uniforms: Tensor) -> Tensor:
            return -self.log_prob(self.noised(uniforms, one, zero), one, zero)

        seeds = range(seed, seed + scrambles)
        return mean_of(
            torch.stack([surprise(sobol(points, 1 + self.dim, i)).mean() for i in seeds])
        )


def scales(log_snr: Tensor) -> tuple[Tensor, Tensor]:
    """(alpha, sigma) of variance-preserving noise, each like ``log_snr``."""
    return torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()


def _resolved(alpha: Tensor, sigma: Tensor) -> None:
    """Refuse noise that float64 cannot tell from none."""
    if checks.readable(alpha) and checks.readable(sigma):
        small = math.exp(-checks.LARGEST_LOG_SNR / 2)
        if len(alpha) == 1 and not 0 < sigma.item() < small * alpha.item():
            return  # told without a tensor, which chains of one level a step would feel
        if ((sigma > 0) & (sigma < small * alpha)).any():
            least = float((sigma / alpha)[sigma > 0].min())
            raise ValueError(f"sigma / alpha: expected 0 or at least {small:.2g}, got {least:.3g}")
