r"""The exact likelihood of a denoiser: the density of what its probability flow makes of noise.

Along the log-SNR :math:`\lambda` the flow is the same on every schedule. With
:math:`a^2 = \mathrm{sigmoid}(\lambda)`, :math:`s^2 = \mathrm{sigmoid}(-\lambda)` and the latent
:math:`u = z / \sqrt{\alpha^2 + \sigma^2}`

.. math:: \frac{du}{d\lambda} = -\frac{a s}{2} \left( a \hat\epsilon - s \hat x \right), \qquad
          \frac{d \log p(u)}{d\lambda} = -\nabla_u \cdot \frac{du}{d\lambda}.

The latent starts from N(0, I), where :func:`diffcore.samplers.sample` does. No coefficient exceeds 1/4, so
neither end of the range is special. The book derives both lines in "Likelihood and samples".
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.choice import Choice, Count
from diffcore.denoisers import Denoiser
from diffcore.losses import noise_like
from diffcore.targets import like

Slope = Callable[[float, Tensor], Tensor]
"""(log-SNR, state) -> the derivative of the state by the log-SNR, like the state (batch, n)."""


@dataclass(frozen=True)
class Method(Choice, ABC):
    """How an ordinary differential equation is integrated."""

    @abstractmethod
    def integrate(self, slope: Slope, state: Tensor, start: float, end: float) -> Tensor:
        """The state at ``end``, (batch, n), from that at ``start``, which may be the larger.

        Args:
            slope: the derivative of the state.
            state: where it starts, (batch, n).
            start: log-SNR there, nats.
            end: log-SNR where it ends, nats.
        """


@dataclass(frozen=True)
class RungeKutta(Method):
    """The classical method of order 4, in equal steps of the log-SNR: four evaluations a step.

    Attributes:
        steps: how many. Twice as many leave a sixteenth of the error.
    """

    steps: Count = 64

    def integrate(self, slope: Slope, state: Tensor, start: float, end: float) -> Tensor:
        """See :meth:`Method.integrate`."""
        h = (end - start) / self.steps
        for k in range(self.steps):
            at = start + k * h
            first = slope(at, state)
            second = slope(at + h / 2, state + h / 2 * first)
            third = slope(at + h / 2, state + h / 2 * second)
            last = slope(at + h, state + h * third)
            state = state + h / 6 * (first + 2 * (second + third) + last)
        return state


@dataclass(frozen=True)
class Divergence(Choice, ABC):
    r"""How the divergence of a velocity is found: :math:`\sum_k d_k^\top J d_k` over directions.

    Each costs one backward pass through the denoiser.
    """

    @abstractmethod
    def directions(self, x: Tensor, generator: Generator | None) -> Tensor:
        r"""The :math:`d_k`, (k, batch, D) or (k, 1, D), for ``x`` (batch, D), in its dtype.

        Their outer products add up to the identity: always, or on average.

        Raises:
            TypeError: if randomness is needed and ``generator`` is none.
        """


@dataclass(frozen=True)
class ExactDivergence(Divergence):
    """One direction for each dimension: exact, and nothing is drawn."""

    def directions(self, x: Tensor, generator: Generator | None) -> Tensor:
        """See :meth:`Divergence.directions`."""
        return torch.eye(x.shape[1], dtype=x.dtype, device=x.device).unsqueeze(1)


@dataclass(frozen=True)
class Hutchinson(Divergence):
    r"""Random directions (Hutchinson, 1989), the same along the whole path of an example.

    So the integrand is as smooth as the exact one, and the estimate of the *logarithm* of the likelihood is
    unbiased, as far as the integration is exact. An exponential of it is not.

    Attributes:
        probes: directions for each example.
        signs: each coordinate is 1 or -1, which has the least variance of independent coordinates; else they
            are Gaussian.
    """

    probes: Count = 1
    signs: bool = True

    def directions(self, x: Tensor, generator: Generator | None) -> Tensor:
        """See :meth:`Divergence.directions`."""
        noise = noise_like(x.expand(self.probes, *x.shape), checks.generator(generator))
        if self.signs:
            noise = torch.where(noise < 0, -1.0, 1.0).to(x.dtype)
        return noise / math.sqrt(self.probes)


EXACT, FOURTH_ORDER = ExactDivergence(), RungeKutta()


def log_likelihood(
    denoiser: Denoiser,
    x: Tensor,
    generator: Generator | None = None,
    divergence: Divergence = EXACT,
    method: Method = FOURTH_ORDER,
    log_snr: tuple[float, float] | None = None,
) -> Tensor:
    r"""log p(x) in nats, (batch,), of the data that the probability flow of a denoiser makes from noise.

    It is the density of :math:`z/\alpha` at the largest log-SNR, which for the exact denoiser is that of the
    data with noise of variance :math:`e^{-\lambda}`. For continuous data; no gradients are kept.

    Args:
        denoiser: a network or an exact posterior mean, which autograd can differentiate in z.
        x: data, (batch, ...).
        generator: the source of randomness, for a divergence that needs one.
        divergence: how it is found.
        method: how the flow is followed.
        log_snr: (low, high): where the flow starts and ends, in nats; None for (-12, 12), or the part of it
            that the schedule reaches.

    Raises:
        TypeError: if an argument is of another kind; ``x`` must be float32 or float64.
        ValueError: if low < high does not hold, the schedule does not reach that far, ``x`` is not finite or
            has no examples, or what the denoiser predicts cannot be differentiated, or, on the CPU, is not
            finite.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.precise("x", x)
    checks.instance("divergence", divergence, Divergence)
    checks.instance("method", method, Method)
    low, high = denoiser.schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    if generator is not None:
        checks.generator(generator)
    flat = x.detach().unsqueeze(1).flatten(1)
    directions = divergence.directions(flat, generator)

    def slope(at: float, state: Tensor) -> Tensor:
        with torch.enable_grad():
            u = state[:, :-1].detach().requires_grad_()
            level = torch.tensor(at, dtype=torch.float64, device=u.device)
            moved = velocity(denoiser, u.reshape(x.shape), level).reshape(u.shape)
            checks.predictions(f"at log-SNR {at:.4g}", moved)
            if not moved.requires_grad:
                raise ValueError(
                    "denoiser: expected predictions that autograd can differentiate in z, got others"
                )
            pulled = [
                torch.autograd.grad(moved, u, d.expand_as(u), retain_graph=True)[0] * d
                for d in directions
            ]
        return torch.cat([moved.detach(), -torch.stack(pulled).sum((0, 2)).unsqueeze(1)], 1)

    shrink = torch.sigmoid(torch.tensor(high, dtype=torch.float64)).sqrt().item()
    start = torch.cat([shrink * flat, torch.zeros_like(flat[:, :1])], 1)
    end = method.integrate(slope, start, high, low)
    dims, change = flat.shape[1], end[:, -1]  # of log p(u), from data to noise
    prior = -(end[:, :-1].square().sum(1) + dims * math.log(2 * math.pi)) / 2
    return prior - change + dims * math.log(shrink)


def velocity(denoiser: Denoiser, u: Tensor, log_snr: Tensor) -> Tensor:
    r"""The velocity :math:`du/d\lambda` of the probability flow, like ``u``.

    Args:
        denoiser: a network or an exact posterior mean.
        u: latents :math:`z / \sqrt{\alpha^2 + \sigma^2}`, (batch, ...).
        log_snr: where they are, () or (batch,), nats.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if a shape is another, or the schedule does not reach that log-SNR.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.for_each("log_snr", log_snr, len(checks.batch("u", u)))
    a, s = torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()
    schedule = denoiser.schedule
    t = schedule.time_of(log_snr)
    z = like(torch.hypot(schedule.alpha(t), schedule.sigma(t)), u) * u
    x_hat, eps_hat = denoiser.predict_pair(z, t)
    return like(a * s**2 / 2, u) * x_hat - like(a**2 * s / 2, u) * eps_hat
