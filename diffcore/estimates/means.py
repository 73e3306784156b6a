r"""The mean bound and the mean excess of a denoiser over data, with their standard errors."""

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.bounds import prior_kl, reconstruction_gaussian
from diffcore.denoisers import Denoiser
from diffcore.estimates.data import Data, rows
from diffcore.estimates.integrals import SOBOL, Integral, Integrand, integral
from diffcore.estimates.pilots import EACH, KNOTS, pilot
from diffcore.estimates.points import Independent, PointSet
from diffcore.losses import noised, squared_norm
from diffcore.targets import EPS, like
from diffcore.times import TimeSampler


def best_linear_excess(x: Tensor, eps: Tensor, log_snr: Tensor) -> Tensor:
    r"""How far the error of the best linear guess of the noise is above its mean over the noise, (n,).

    For data of mean 0 and variance 1 in each dimension that guess is :math:`\sigma z`, on a
    variance-preserving schedule, with the error
    :math:`\|\epsilon - \sigma z\|^2 = \alpha^2 \|\alpha\epsilon - \sigma x\|^2`, whose mean over the noise
    is :math:`\alpha^2 (\alpha^2 D + \sigma^2 \|x\|^2)`. The difference has mean zero for every x, whatever
    the law of x and whatever the schedule: a multiple of it can be subtracted from anything.

    Args:
        x: data, (n, ...).
        eps: noise, like ``x``.
        log_snr: (n,), nats.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if a shape is another.
    """
    checks.alike("eps", eps, checks.batch("x", x))
    checks.alike("log_snr", log_snr, x.new_empty(len(x)))
    signal = torch.sigmoid(log_snr).to(x.dtype)
    cross = signal * torch.sigmoid(-log_snr).to(x.dtype)
    twice = 2 * (like(cross.sqrt(), x) * x * eps).flatten(1).sum(1)
    return signal * (signal * (squared_norm(eps) - x[0].numel()) - twice)


def bound_integrand(denoiser: Denoiser, controlled: bool = True) -> Integrand:
    r"""The integrand :math:`\frac12 \|\epsilon - \hat\epsilon\|^2` of the bound's diffusion term.

    Args:
        denoiser: a network or an exact posterior mean.
        controlled: less :func:`best_linear_excess`, which leaves the mean as it is.

    Raises:
        TypeError: if an argument is of another kind.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.instance("controlled", controlled, bool)

    def integrand(x: Tensor, eps: Tensor, t: Tensor, log_snr: Tensor) -> Tensor:
        z = noised(x, eps, t, denoiser.schedule)
        error = squared_norm(eps - denoiser.predict(z, t, EPS))
        return (error - best_linear_excess(x, eps, log_snr) if controlled else error) / 2

    return integrand


def excess_integrand(denoiser: Denoiser, oracle: Denoiser) -> Integrand:
    r"""The integrand :math:`\frac12 \|\hat\epsilon - \epsilon^*\|^2` of a denoiser's excess over the floor.

    Args:
        denoiser: what is judged.
        oracle: the exact posterior mean of the data, under the same schedule.

    Raises:
        TypeError: if one is no denoiser.
        ValueError: if their schedules differ.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.instance("oracle", oracle, Denoiser)
    if denoiser.schedule != oracle.schedule:
        raise ValueError(
            f"oracle: expected a denoiser under {denoiser.schedule}, got one under {oracle.schedule}"
        )

    def integrand(x: Tensor, eps: Tensor, t: Tensor, log_snr: Tensor) -> Tensor:
        z = noised(x, eps, t, oracle.schedule)
        return squared_norm(denoiser.predict(z, t, EPS) - oracle.predict(z, t, EPS)) / 2

    return integrand


def mean_nelbo(
    denoiser: Denoiser,
    data: Tensor | Data,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    times: TimeSampler | None = None,
    points: PointSet = SOBOL,
    n: int = 1024,
    scrambles: int = 16,
) -> Integral:
    r"""The mean over data of the bound on :math:`-\log p(x)`, in nats, for continuous data.

    The same number as the mean of :attr:`diffcore.bounds.Bound.total`, which has a bound for every example.

    Args:
        denoiser: a network or an exact posterior mean.
        data: examples (batch, ...), or a distribution.
        generator: the only source of randomness.
        log_snr: the end points (low, high), in nats; None for (-12, 12), or the part that the schedule
            reaches.
        times: how the noise levels are spread; None for a :func:`~diffcore.estimates.pilot`'s, whose
            evaluations count.
        points: how points are spread in the unit cube.
        n: points in each replicate; for Sobol points best a power of 2.
        scrambles: independent replicates, at least 2; 16 or more for an error that can be relied upon.

    Raises:
        TypeError: if an argument is of another kind; data must be float32 or float64.
        ValueError: if low < high, n >= 1 or scrambles >= 2 does not hold, the schedule or the times do not
            reach that far, or data are not finite or have no examples.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    low, high = denoiser.schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    diffusion = bound_integrand(denoiser)

    def integrand(x: Tensor, eps: Tensor, t: Tensor, log_snr: Tensor) -> Tensor:
        # The same at all levels, so that its integral is the prior's term.
        return diffusion(x, eps, t, log_snr) + prior_kl(x, low) / (high - low)

    found = _mean(integrand, denoiser, data, generator, (low, high), times, points, n, scrambles)
    shape = data.shape if isinstance(data, Data) else data.shape[1:]
    one = torch.zeros(1, *shape, dtype=torch.float64)
    return found._replace(value=found.value + reconstruction_gaussian(one, high)[0])


def mean_excess(
    denoiser: Denoiser,
    oracle: Denoiser,
    data: Tensor | Data,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    times: TimeSampler | None = None,
    points: PointSet = SOBOL,
    n: int = 1024,
    scrambles: int = 16,
) -> Integral:
    r"""How far a denoiser's mean bound is above that of the oracle, in nats, never negative.

    A point takes one evaluation of each of the two. Arguments and errors as for :func:`mean_nelbo`, and

    Args:
        denoiser: what is judged.
        oracle: the exact posterior mean of the data, under the same schedule.
        data: see there, as all that follow.
        generator: see there.
        log_snr: see there.
        times: see there.
        points: see there.
        n: see there.
        scrambles: see there.

    Raises:
        ValueError: if the schedules differ.
    """
    integrand = excess_integrand(denoiser, oracle)
    return _mean(integrand, denoiser, data, generator, log_snr, times, points, n, scrambles)


def _mean(
    integrand: Integrand,
    denoiser: Denoiser,
    data: Tensor | Data,
    generator: Generator,
    log_snr: tuple[float, float] | None,
    times: TimeSampler | None,
    points: PointSet,
    n: int,
    scrambles: int,
) -> Integral:
    """The integral, after a pilot if there are no times."""
    checks.instance("points", points, PointSet)
    checks.generator(generator)
    law, schedule, asked = data if isinstance(data, Data) else rows(data), denoiser.schedule, 0
    if times is None:
        spread_out = not isinstance(points, Independent)
        times = pilot(integrand, law, schedule, generator, log_snr, stratified=spread_out)
        asked = KNOTS * EACH
    found = integral(integrand, law, schedule, times, generator, log_snr, points, n, scrambles)
    return found._replace(evaluations=found.evaluations + asked)
