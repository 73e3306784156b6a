r"""A time sampler from a pilot: dense where the integrand varies.

With one point in each stratum what is left of the variance of :math:`f/p` is
:math:`\int \mathrm{Var}(f|\lambda)/p\, d\lambda`, and the density that makes it least is in proportion to the
standard deviation of f at a level (Neyman, 1934). Of independent points it is in proportion to the root of
the mean square. The book derives both in "What a likelihood costs".
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.estimates.data import Data
from diffcore.estimates.integrals import SOBOL, Integrand, dims_of, spread
from diffcore.estimates.points import PointSet
from diffcore.schedules.base import Schedule
from diffcore.times import Times, TimeSampler


@dataclass(frozen=True)
class PiecewiseLinear(TimeSampler):
    """log-SNR with a density that is linear between equally spaced knots from ``low`` to ``high``, in nats.

    The quantile function and the density are exact.

    Attributes:
        low: the first knot.
        high: the last.
        heights: of the density at the knots, in any unit: at least two positive numbers.

    Raises:
        TypeError: if a height is no number.
        ValueError: if low < high does not hold, a height is not positive, there are fewer than two, or, when
            asked for times, the schedule does not reach that far.
    """

    low: float
    high: float
    heights: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.log_snr_range((self.low, self.high))
        if not isinstance(self.heights, tuple):
            raise TypeError(f"heights: expected a tuple, got {checks.described(self.heights)}")
        heights = tuple(checks.number("heights", height) for height in self.heights)
        self._require(len(heights) >= 2 and min(heights) > 0, "two or more positive heights")
        object.__setattr__(self, "heights", heights)

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        low, high = schedule.log_snr_window((self.low, self.high))
        # From the highest log-SNR down, so that u runs the way t does.
        falling = torch.tensor(self.heights[::-1], dtype=torch.float64, device=u.device)
        width = (high - low) / (len(falling) - 1)
        mass = width * (falling[1:] + falling[:-1]) / 2
        ends = mass.cumsum(0)
        wanted = u.double() * ends[-1]
        cell = torch.searchsorted(ends[:-1], wanted.detach())
        inside = wanted - torch.cat([ends.new_zeros(1), ends[:-1]])[cell]
        # A root of first * d + slope * d^2 / 2 = inside, in the form that does not cancel.
        first, slope = falling[cell], (falling.diff() / width)[cell]
        height = (first.square() + 2 * slope * inside).sqrt()
        log_snr = high - (cell * width + 2 * inside / (first + height))
        return Times(schedule.time_of(log_snr), log_snr, height / ends[-1])


KNOTS, EACH = 25, 32
"""Levels at which a pilot looks, and its points at each, unless others are asked for."""

ROUNDING = 1e-6
"""A deviation below this share of a root mean square is that of rounded numbers, and counts as none."""


@torch.no_grad()
def pilot(
    integrand: Integrand,
    data: Data,
    schedule: Schedule,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    knots: int = KNOTS,
    n: int = EACH,
    stratified: bool = True,
    share: float = 0.1,
    points: PointSet = SOBOL,
) -> PiecewiseLinear:
    r"""The time sampler that suits an integrand, from ``knots`` times ``n`` evaluations, without gradients.

    Its density is ``share`` of the uniform one and the rest in proportion to what the pilot found, so that a
    level at which few points showed no variation is visited all the same: no weight exceeds 1 / ``share``
    times that of uniform log-SNRs (Hesterberg, 1995). Estimates with it are unbiased as long as their points
    are not those of the pilot.

    Args:
        integrand: what is to be integrated.
        data: what the expectation is over, beside the noise.
        schedule: the forward process.
        generator: the only source of randomness.
        log_snr: the range (low, high) in nats; None for (-12, 12), or the part that the schedule reaches.
        knots: equally spaced log-SNRs, at least 2, at which the integrand is looked at.
        n: points at each of them, at least 2.
        stratified: whether the noise levels will be spread evenly over the strata of the sampler, as by all
            point sets but independent ones: then standard deviations count, else root mean squares.
        share: of the uniform density, in (0, 1].
        points: how points are spread at each knot.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if low < high, knots >= 2, n >= 2 or 0 < share <= 1 does not hold, the schedule does not
            reach that far, or a value is not finite.
    """
    checks.function("integrand", integrand, "(x, eps, t, log_snr) -> values")
    checks.instance("data", data, Data)
    checks.instance("schedule", schedule, Schedule)
    checks.instance("points", points, PointSet)
    checks.instance("stratified", stratified, bool)
    checks.generator(generator)
    knots, n = checks.count("knots", knots, least=2), checks.count("n", n, least=2)
    if not 0 < checks.number("share", share) <= 1:
        raise ValueError(f"share: expected a number in (0, 1], got {share:g}")
    low, high = schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    found = []
    for level in torch.linspace(low, high, knots, dtype=torch.float64):
        x, eps = spread(data, points.draw(n, dims_of(data), generator))
        at = level.to(x.device).expand(n)
        values = integrand(x, eps, schedule.time_of(at), at).double()
        size = values.square().mean().sqrt()
        deviation = values.std()
        found.append(
            torch.where(deviation > ROUNDING * size, deviation, 0.0) if stratified else size
        )
    heights = checks.finite("integrand", torch.stack(found))
    if not heights.any():  # nothing varies: levels are as good as each other
        heights = torch.ones_like(heights)
    # By the polygon's integral, not the mean of its knots: only then is the mixture's share the uniform's.
    level = torch.trapezoid(heights) / (knots - 1)
    mixed = (1 - share) * heights / level + share
    return PiecewiseLinear(low, high, tuple(mixed.tolist()))
