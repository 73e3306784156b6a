r"""Solvers that draw noise, or may: the reverse process and its relatives.

With :math:`r = e^{\lambda_t - \lambda_s} < 1` for a step from t to s < t, and :math:`n \sim N(0, I)`.
"""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.choice import Count, NonNegative, Positive, Scalar
from diffcore.losses import noise_like
from diffcore.samplers.solver import Chain, Level, Predicted, Solver
from diffcore.targets import like


@dataclass(frozen=True)
class GaussianStep(Solver):
    """A step that draws from a Gaussian of one deviation for all dimensions."""

    @abstractmethod
    def law(self, here: Predicted, there: Level) -> tuple[Tensor, Scalar | None]:
        """Mean, like ``here.z``, and standard deviation, in the levels' precision; None if nothing is drawn.

        Arguments as for :meth:`Solver.step`.
        """

    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """See :meth:`Solver.step`."""
        mean, deviation = self.law(here, there)
        if deviation is None:
            return mean
        return mean + like(deviation, mean) * noise_like(mean, chain.generator)


@dataclass(frozen=True)
class DDIM(GaussianStep):
    r"""The family of Song et al. (2021), eq. 12.

    .. math:: z_s = \alpha_s \hat x + \sigma_s \left( \sqrt{1 - k}\, \hat\epsilon + \sqrt{k}\, n \right),
              \qquad k = \eta^2 (1 - r).

    With eta = 0 no noise is drawn, and a step is exact where the prediction does not change along it. With
    eta = 1 it is the ancestral sampler, which draws from :math:`q(z_s | z_t, x = \hat x)` (Ho et al., 2020).

    Attributes:
        eta: from 0 to 1.

    Raises:
        ValueError: if it is not.
    """

    eta: NonNegative = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.eta <= 1, "eta from 0 to 1")

    def law(self, here: Predicted, there: Level) -> tuple[Tensor, Scalar | None]:
        """See :meth:`GaussianStep.law`; no noise with eta = 0."""
        old, fresh = there.sigma, None
        if self.eta:
            log_ratio = here.level.log_snr - there.log_snr
            # 1 - k as a sum of what is not negative: nothing cancels where r is small and eta is 1
            old = there.sigma * torch.sqrt(1 - self.eta**2 + self.eta**2 * torch.exp(log_ratio))
            fresh = self.eta * there.sigma * torch.sqrt(-torch.expm1(log_ratio))
        return like(there.alpha, here.z) * here.x_hat + like(old, here.z) * here.eps_hat, fresh


@dataclass(frozen=True)
class EulerMaruyama(GaussianStep):
    r"""Euler's step of the reverse SDE (Anderson, 1982), of order 1 in the law of the samples.

    It is :math:`dz = (f z - g^2 \nabla \log q)\, dt + g\, d\bar w`, with :math:`f = \alpha'/\alpha` and
    :math:`g^2 = -\lambda' \sigma^2`.
    """

    def law(self, here: Predicted, there: Level) -> tuple[Tensor, Scalar | None]:
        """See :meth:`GaussianStep.law`."""
        at, length = here.level, here.level.t - there.t
        # f z - g^2 score, with z = alpha x_hat + sigma eps_hat and score = -eps_hat / sigma
        pull = at.alpha_prime * at.sigma / at.alpha
        on_eps = 2 * at.sigma_prime - pull
        squared_rate = 2 * at.sigma * (at.sigma_prime - pull)
        drift = like(at.alpha_prime, here.z) * here.x_hat + like(on_eps, here.z) * here.eps_hat
        return here.z - like(length, here.z) * drift, torch.sqrt(squared_rate * length)


@dataclass(frozen=True)
class ExponentialSDE(GaussianStep):
    r"""The reverse SDE, exact where the predicted noise does not change along the step.

    SDE-DPM-Solver-1 of Lu et al. (2022b):

    .. math:: z_s = \frac{\alpha_s}{\alpha_t} z_t - 2 \sigma_s (r^{-1/2} - 1) \hat\epsilon
              + \sigma_s \sqrt{r^{-1} - 1}\, n.

    With :math:`\hat x` held instead it would be the ancestral sampler, ``DDIM(eta=1)``.
    """

    def law(self, here: Predicted, there: Level) -> tuple[Tensor, Scalar | None]:
        """See :meth:`GaussianStep.law`."""
        length = (there.log_snr - here.level.log_snr) / 2
        stretch = like(there.alpha / here.level.alpha, here.z)
        on_eps = like(2 * there.sigma * torch.expm1(length), here.z)
        fresh = there.sigma * torch.sqrt(torch.expm1(2 * length))
        return stretch * here.z - on_eps * here.eps_hat, fresh


@dataclass(frozen=True)
class Langevin(Solver):
    r"""A predictor, then Langevin steps at the level that it reached (Song et al., 2021, algorithm 4).

    One is :math:`z \leftarrow z + \tau\, \nabla \log q(z) + \sqrt{2 \tau}\, n` with
    :math:`\tau = \delta \sigma^2`. The score has the size of :math:`1/\sigma`, so :math:`\delta` is free of
    units. Where q is :math:`N(0, \sigma^2 I)` the steps settle at the variance
    :math:`\sigma^2 / (1 - \delta/2)`.

    Attributes:
        predictor: makes the step to the next level.
        sweeps: Langevin steps at each level, one evaluation of the denoiser each.
        size: delta, below 2: from there on the steps overshoot, and their variance grows without end.

    Raises:
        ValueError: if it is not.
    """

    predictor: Solver = DDIM()
    sweeps: Count = 1
    size: Positive = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.size < 2, "size below 2")

    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """See :meth:`Solver.step`."""
        z = self.predictor.step(here, there, chain)
        pull, push = self.size * there.sigma, (2 * self.size) ** 0.5 * there.sigma
        for _ in range(self.sweeps):
            eps_hat = chain.predict(z, there).eps_hat
            z = z - like(pull, z) * eps_hat + like(push, z) * noise_like(z, chain.generator)
        return z
