"""A published loss as a row: a target, and the weighting that its guarded coefficient implies."""

import math
from dataclasses import dataclass, replace

from torch import Tensor

from diffcore.choice import Scalar
from diffcore.losses import Loss
from diffcore.published.coefficients import COEFFICIENTS
from diffcore.published.guarded_score import GuardedScore
from diffcore.schedules.base import Schedule
from diffcore.schedules.cosine import Cosine
from diffcore.targets import EPS, Target, V, X, error_scale
from diffcore.times import TimeSampler, Uniform
from diffcore.weightings import Weighting

GUARD = 1e-2
"""The published code's guard g, in every denominator."""

NATS_PER_CODE_UNIT = math.pi / 2
"""Nats per dimension in one code unit of a NELBO under the cosine schedule."""

COSINE = Cosine()
"""The study's schedule."""


@dataclass(frozen=True)
class Published(Weighting):
    r"""One loss of the published code, :math:`E_t\, c(t)\, \|y - \hat y\|^2 / D` with t uniform.

    As a weighting of the common integral it is :math:`w = 2\, p(\lambda)\, c\, c_T`, where :math:`c_T` is the
    squared error scale of its target. :meth:`loss` is the loss itself.

    Attributes:
        objective: nelbo, weighted or rescaled; nelbo_at_head for the score alone.
        predicts: x, eps, v or score.
        guard: g; 0 removes every guard.

    Raises:
        ValueError: if there is no such loss; the message lists those that exist.
    """

    source = "Kumar et al. (2025), published code"

    objective: str
    predicts: str
    guard: Scalar = GUARD

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(not isinstance(self.guard, float) or self.guard >= 0, "guard >= 0")
        if (self.objective, self.predicts) not in COEFFICIENTS:
            raise ValueError(
                "published loss: expected one of "
                + ", ".join(f"{objective} in {target}" for objective, target in COEFFICIENTS)
                + f", got {self.objective} in {self.predicts}"
            )

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"published {self.objective} in {self.predicts}, guard {self.guard}"

    @property
    def target(self) -> Target:
        """What the network is trained to predict: for the score, the guarded one."""
        if self.predicts == "score":
            return GuardedScore(self.guard)
        return {"x": X, "eps": EPS, "v": V}[self.predicts]

    def loss(self, schedule: Schedule = COSINE, times: TimeSampler = Uniform()) -> Loss:
        """The loss, in nats: its value over the number of dimensions is in code units.

        At uniform times, the default, one draw is what the published code computes.
        """
        return Loss(schedule, self.target, self, times)

    def unguarded(self) -> "Published":
        """The same loss with g = 0."""
        return replace(self, guard=0.0)

    def coefficient(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        """c, elementwise; an expression, if the scales and the guard are symbols."""
        return COEFFICIENTS[self.objective, self.predicts](alpha, sigma, self.guard)

    def coefficient_at(self, t: Tensor, schedule: Schedule = COSINE) -> Tensor:
        """c(t), elementwise."""
        c: Tensor = self.coefficient(schedule.alpha(t), schedule.sigma(t))
        return c

    def eps_factor(self, t: Tensor, schedule: Schedule = COSINE) -> Tensor:
        r"""What multiplies :math:`\|\epsilon - \hat\epsilon\|^2 / D`: c(t) times the squared error scale."""
        scale: Tensor = error_scale(schedule, t, self.target)
        return self.coefficient_at(t, schedule) * scale**2

    def effective_weight(self, log_snr: Tensor) -> Tensor:
        r"""The weighting :math:`\hat w(\lambda)` that this loss gives the ELBO: 1 for an unguarded NELBO.

        In code units, and for the cosine schedule, the loss is
        :math:`\frac1\pi \int \hat w(\lambda)\, E\|\epsilon - \hat\epsilon\|^2 / D\; d\lambda`.
        """
        t = COSINE.time_of(log_snr)
        return self.eps_factor(t) * math.pi / COSINE.log_snr_prime(t).abs()

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`; in nats, so that no constant of the code's units is in it."""
        t = schedule.time_of(log_snr)
        return 2 * self.eps_factor(t, schedule) / schedule.log_snr_prime(t).abs()
