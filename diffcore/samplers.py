r"""Samplers: from noise to data, with a denoiser of any target.

Every sampler has one signature, so they are interchangeable. Both steps here are, with
:math:`r = e^{\lambda_t - \lambda_s} < 1`,

.. math:: z_s = \alpha_s \hat x + \sigma_s \left( \sqrt{1 - k}\, \hat\epsilon + \sqrt{k}\, n \right),
          \qquad n \sim N(0, I),

with :math:`k = 1 - r` for the ancestral sampler (the posterior :math:`q(z_s | z_t, x = \hat x)`;
Ho et al., 2020) and :math:`k = 0` for DDIM (Song et al., 2021).
"""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.denoisers import Denoiser
from diffcore.losses import noise_like
from diffcore.targets import X


def ancestral(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Samples by the reverse chain with the posterior's own variance.

    Args:
        denoiser: a network or an exact posterior mean; it carries the schedule.
        shape: (batch, ...) of the samples.
        steps: number of steps >= 1, uniform in time between the times of the two log-SNRs.
        generator: the only source of randomness; samples live on its device.
        log_snr: (low, high): where the chain starts and ends, in nats; None for (-12, 12), or the
            part of it that the schedule reaches.
        dtype: of the samples.

    Returns:
        The predicted x at the last noise level, shape ``shape``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if an axis of ``shape`` is less than 1, steps >= 1 or low < high does not hold, or the
            schedule does not reach that far.
    """
    walk = _walk(denoiser, shape, steps, generator, log_snr, dtype, stochastic=True)
    return _end(denoiser, walk)


def ddim(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Samples by the deterministic chain; arguments, result and errors as for :func:`ancestral`."""
    walk = _walk(denoiser, shape, steps, generator, log_snr, dtype, stochastic=False)
    return _end(denoiser, walk)


@torch.no_grad()
def trajectory(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    dtype: torch.dtype = torch.float32,
    *,
    stochastic: bool,
) -> tuple[Tensor, Tensor]:
    r"""The chain that :func:`ancestral` (``stochastic``) or :func:`ddim` walks.

    Arguments and errors as for these.

    Returns:
        The times, (steps + 1,) in float64, falling, and z at each of them, (steps + 1, \*shape).
    """
    walked = list(_walk(denoiser, shape, steps, generator, log_snr, dtype, stochastic=stochastic))
    times, latents = zip(*walked, strict=True)
    return torch.stack(times), torch.stack(latents)


@torch.no_grad()
def _end(denoiser: Denoiser, walk: Iterator[tuple[Tensor, Tensor]]) -> Tensor:
    """The predicted x at the end of a walk, of which no other latent is kept."""
    ((t, z),) = deque(walk, maxlen=1)
    return denoiser.predict(z, t, X)


def _walk(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    log_snr: tuple[float, float] | None,
    dtype: torch.dtype,
    *,
    stochastic: bool,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Time and latent at each of the ``steps`` + 1 noise levels."""
    checks.instance("denoiser", denoiser, Denoiser)
    shape, steps = checks.sample_shape(shape), checks.count("steps", steps)
    checks.float_dtype(dtype)
    schedule, device = denoiser.schedule, checks.generator(generator).device
    window = schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    ends = schedule.time_of(torch.tensor(window, dtype=torch.float64, device=device))
    times = torch.linspace(
        float(ends[0]), float(ends[1]), steps + 1, dtype=torch.float64, device=device
    )
    z = torch.randn(shape, generator=generator, dtype=dtype, device=device)
    z = z * torch.hypot(schedule.alpha(times[0]), schedule.sigma(times[0])).to(dtype)
    yield times[0], z
    for t, s in pairwise(times):
        x_hat, eps_hat = denoiser.predict_pair(z, t)
        if stochastic:
            log_ratio = schedule.log_snr(t) - schedule.log_snr(s)
            kept, fresh = torch.exp(log_ratio / 2), torch.sqrt(-torch.expm1(log_ratio))
            eps_hat = kept.to(dtype) * eps_hat + fresh.to(dtype) * noise_like(z, generator)
        z = schedule.alpha(s).to(dtype) * x_hat + schedule.sigma(s).to(dtype) * eps_hat
        yield s, z
