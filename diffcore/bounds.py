r"""The bound: prior + reconstruction + diffusion, in nats.

.. math:: -\log p(x) \le \underbrace{KL(q(z_1|x) \| p(z_1))}_{\text{prior}}
          + \underbrace{E[-\log p(x|z_0)]}_{\text{reconstruction}}
          + \underbrace{\tfrac12 \int E\|\epsilon - \hat\epsilon\|^2 d\lambda}_{\text{diffusion}}

Given the end points of the log-SNR, none of the three terms depends on the path between them
(Kingma et al., 2021, section 5.1), so everything here is written in the log-SNR. With ``steps`` the
diffusion term is the sum over a chain of that many steps, which approaches the integral at rate
1/steps. For the exact denoiser it is an upper bound of the integral, because the error of x then never
rises with the SNR, and each step takes it at its noisy end. For a network it need not be.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import logsigmoid

from diffcore import checks
from diffcore.denoisers import Denoiser
from diffcore.losses import noise_like, noised, per_example, squared_norm
from diffcore.targets import EPS
from diffcore.times import Stratified


@dataclass(frozen=True)
class Bound:
    """A negative evidence lower bound, each term (batch,) in nats, of data with ``dims`` dimensions."""

    prior: Tensor
    reconstruction: Tensor
    diffusion: Tensor
    dims: int

    @property
    def total(self) -> Tensor:
        """The bound on -log p(x), (batch,), in nats."""
        return self.prior + self.reconstruction + self.diffusion

    def bits_per_dim(self) -> Tensor:
        """The bound in bits per dimension, (batch,)."""
        return self.total / (self.dims * math.log(2))


def step_weight(log_snr_s: Tensor, log_snr_t: Tensor) -> Tensor:
    r"""The weight of one step from t down to s < t, :math:`\frac12 (e^{\lambda_s - \lambda_t} - 1)`.

    It multiplies :math:`\|\epsilon - \hat\epsilon\|^2`; in x-space the same term is
    :math:`\frac12 (SNR_s - SNR_t) \|x - \hat x\|^2` (Kingma et al., 2021).

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if the shapes differ, or s has more noise than t.
    """
    checks.alike("log_snr_t", log_snr_t, checks.floating("log_snr_s", log_snr_s))
    checks.positive("log_snr_s - log_snr_t", log_snr_s - log_snr_t, or_zero=True)
    return torch.expm1(log_snr_s - log_snr_t) / 2


def prior_kl(x: Tensor, log_snr: float) -> Tensor:
    r"""KL of :math:`q(z_1|x)` from :math:`N(0, (\alpha_1^2 + \sigma_1^2) I)`, (batch,), in nats.

    The prior has the variance that unit-variance data would give ``z_1``: N(0, I) for a
    variance-preserving schedule.

    Raises:
        TypeError: if ``x`` is no tensor of float32 or float64, or ``log_snr`` no number.
        ValueError: if ``x`` is not finite or has no examples, or float64 does not resolve ``log_snr``.
    """
    checks.precise("x", x)
    checks.log_snr("log_snr", log_snr)
    end = torch.tensor(log_snr, dtype=torch.float64, device=x.device)
    per_dim = torch.sigmoid(end).to(x.dtype) * (x.square() - 1) - logsigmoid(-end).to(x.dtype)
    return per_example(per_dim) / 2


def reconstruction_gaussian(x: Tensor, log_snr: float) -> Tensor:
    r"""E[-log N(x; z_0 / alpha_0, (sigma_0 / alpha_0)^2 I)], (batch,), in nats: for continuous data.

    The expectation over the noise is exact: :math:`\frac d2 (\log 2\pi e - \lambda_0)`, the same for
    every x.

    Raises:
        TypeError: if ``x`` is no tensor of float32 or float64, or ``log_snr`` no number.
        ValueError: if ``x`` is not finite or has no examples, or float64 does not resolve ``log_snr``.
    """
    checks.precise("x", x)
    log_snr = checks.log_snr("log_snr", log_snr)
    dims = x[0].numel()
    return x.new_full(x.shape[:1], dims / 2 * (math.log(2 * math.pi * math.e) - log_snr))


def level_index(x: Tensor, levels: Tensor) -> Tensor:
    """Which of ``levels`` (n,) each value of ``x`` is: integers of the shape of ``x``.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if a value of ``x`` is not one of ``levels``, or these are not (n,), n >= 1, and finite.
    """
    checks.floating("x", x)
    if checks.finite("levels", levels).ndim != 1 or len(levels) == 0:
        raise ValueError(f"levels: expected shape (n,), n >= 1, got {tuple(levels.shape)}")
    nearest, index = (x.unsqueeze(-1) - levels.to(x)).abs().min(-1)
    if not torch.all(nearest <= 1e-6 * levels.abs().max().to(x)):
        raise ValueError("every value of x must be one of the levels: rescale x as levels was")
    return index


def reconstruction_levels(
    x: Tensor, levels: Tensor, log_snr: float, generator: Generator
) -> Tensor:
    r"""-log p(x | z_0) for data on ``levels``, one noise draw per example; (batch,), in nats.

    Each dimension is decoded on its own with :math:`p(x = v | z_0) \propto N(z_0; \alpha_0 v, \sigma_0^2)`
    (Kingma et al., 2021).

    Raises:
        TypeError: if ``x`` is no tensor of float32 or float64, or another argument is of another kind.
        ValueError: if a value of ``x`` is not one of ``levels``, or float64 does not resolve ``log_snr``.
    """
    index = level_index(checks.precise("x", x), levels)
    log_snr = checks.log_snr("log_snr", log_snr)
    checks.generator(generator)
    noise_scale = math.exp(-log_snr / 2)
    y = x + noise_scale * noise_like(x, generator)  # z_0 / alpha_0
    logits = -(((y.unsqueeze(-1) - levels.to(x)) / noise_scale) ** 2) / 2
    chosen = logits.log_softmax(-1).gather(-1, index.unsqueeze(-1)).squeeze(-1)
    return -per_example(chosen)


def nelbo(
    denoiser: Denoiser,
    x: Tensor,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    steps: int | None = None,
    draws: int = 1,
    levels: Tensor | None = None,
) -> Bound:
    r"""The negative evidence lower bound of each example.

    Args:
        denoiser: a network or an exact posterior mean.
        x: data, (batch, ...).
        generator: the only source of randomness.
        log_snr: the end points (low, high) of the log-SNR, in nats; None for (-12, 12), or the part
            of it that the schedule reaches.
        steps: the number of steps of the chain, uniform in log-SNR; None for the continuous limit.
        draws: noise levels per example. They are stratified over the batch and over the draws; with
            ``draws`` = ``steps`` every example visits every step once.
        levels: the values that data can take; None for continuous data.

    Raises:
        TypeError: if an argument is of another kind; ``x`` must be float32 or float64.
        ValueError: if low < high, draws >= 1 or steps >= 1 does not hold, the schedule does not reach that
            far, or ``x`` is not finite or has no examples.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.generator(generator)
    checks.precise("x", x)
    draws = checks.count("draws", draws)
    steps = None if steps is None else checks.count("steps", steps)
    low, high = denoiser.schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    diffusion = x.new_zeros(x.shape[0])
    for k in range(draws):
        strata = torch.randperm(x.shape[0], generator=generator, device=generator.device)
        u = (k + Stratified().draw(x.shape[0], generator)[strata]) / draws
        diffusion = diffusion + _diffusion(denoiser, x, generator, u, low, high, steps) / draws
    if levels is None:
        reconstruction = reconstruction_gaussian(x, high)
    else:
        reconstruction = reconstruction_levels(x, levels, high, generator)
    return Bound(prior_kl(x, low), reconstruction, diffusion, x[0].numel())


def _diffusion(
    denoiser: Denoiser,
    x: Tensor,
    generator: Generator,
    u: Tensor,
    low: float,
    high: float,
    steps: int | None,
) -> Tensor:
    width = high - low
    if steps is None:
        lam, weight = low + width * u, torch.full_like(u, width / 2)
    else:
        lam = low + width * torch.floor(u * steps) / steps
        weight = steps * step_weight(lam + width / steps, lam)
    t = denoiser.schedule.time_of(lam)
    eps = noise_like(x, generator)
    error = squared_norm(eps - denoiser.predict(noised(x, eps, t, denoiser.schedule), t, EPS))
    # ||eps||^2 has the known mean d and, at high SNR, nearly all the variance of the error. Any
    # multiple of (||eps||^2 - d) that depends on the noise level alone leaves the mean as it is.
    control = torch.sigmoid(lam).to(x.dtype) * (squared_norm(eps) - x[0].numel())
    return weight.to(x.dtype) * (error - control)
