r"""The study's losses as its published code computes them, guards included.

Kumar et al. (2025), published code at one commit. It differs from the mathematics
in four ways, all kept here:

- a *guard* g = 1e-2 is added to denominators, so that nothing is divided by zero;
- the target of the score loss is itself guarded: :math:`-\sigma\epsilon / (\sigma^2 + g)` takes the place of
  the score :math:`-\epsilon / \sigma`;
- constants are dropped: a NELBO coefficient is :math:`2/\pi` of the true one under the cosine schedule
  (:math:`\tfrac12\,|\mathrm{dSNR}/dt| = \tfrac\pi2\,\alpha/\sigma^3`);
- squared errors are averaged over dimensions, where the ELBO sums them.

A value so defined is in *code units*. Prior and reconstruction terms are left out. At the commit read, the
code of the score's NELBO coefficient says :math:`\sigma^2` (:func:`score_nelbo_at_head`), which the published
numbers rule out: they were made with :math:`\sigma / (\alpha + g)`, which is what :data:`LOSSES` holds.

This is the one module of diffcore in which a small number is added to a denominator.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Generator, Tensor

from diffcore.denoisers import Net
from diffcore.losses import noise_like, noised
from diffcore.schedules import Cosine, Schedule
from diffcore.targets import EPS, Target, V, X, error_scale

GUARD = 1e-2
"""The published code's guard g, in every denominator."""

NATS_PER_CODE_UNIT = math.pi / 2
"""Nats per dimension in one code unit of a NELBO under the cosine schedule."""

OBJECTIVES = ("nelbo", "weighted", "rescaled")

Coefficient = Callable[[Tensor, Tensor, float], Tensor]
"""(alpha, sigma, guard) -> what the squared error of the target is multiplied by."""

COEFFICIENTS: dict[tuple[str, str], Coefficient] = {
    ("nelbo", "x"): lambda a, s, g: a / (s**3 + g),
    ("nelbo", "eps"): lambda a, s, g: 1 / (s * a + g),
    ("nelbo", "v"): lambda a, s, g: a / (s * (a**2 + s**2) + g),
    ("nelbo", "score"): lambda a, s, g: s / (a + g),
    ("weighted", "x"): lambda a, s, g: torch.ones_like(a),
    ("weighted", "eps"): lambda a, s, g: torch.ones_like(a),
    ("weighted", "v"): lambda a, s, g: torch.ones_like(a),
    ("weighted", "score"): lambda a, s, g: torch.ones_like(a),
    ("rescaled", "x"): lambda a, s, g: torch.ones_like(a),
    ("rescaled", "eps"): lambda a, s, g: s**2 / (a**2 + g),
    ("rescaled", "v"): lambda a, s, g: s**2 / ((a**2 + s**2) + g),
    ("rescaled", "score"): lambda a, s, g: s**4 / (a**2 + g),
}
"""The published coefficients, by objective and target."""


def score_nelbo_at_head(alpha: Tensor, sigma: Tensor, guard: float) -> Tensor:
    """The score's NELBO coefficient in the code at the commit read: sigma^2, not an ELBO coefficient."""
    return sigma**2


def guarded_score(guard: float = GUARD) -> Target:
    r"""The published score target :math:`-(z-\alpha x)/(\sigma^2+g) = -\sigma\epsilon/(\sigma^2+g)`."""

    def row(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
        sigma = schedule.sigma(t)
        return torch.zeros_like(t), -sigma / (sigma**2 + guard)

    return Target("guarded_score", "s_g", row)


@dataclass(frozen=True)
class PublishedLoss:
    r"""One loss of the published code: :math:`E_t\, c(t)\, \|y - \hat y\|^2 / D`, t uniform, in code units.

    Attributes:
        objective: one of :data:`OBJECTIVES`.
        name: of what is predicted: x, eps, v or score.
        guard: g; 0 removes every guard.
        coefficient: c(t).
        schedule: the forward process, the study's cosine.
    """

    objective: str
    name: str
    coefficient: Coefficient
    guard: float = GUARD
    schedule: Schedule = field(default_factory=Cosine)

    @property
    def target(self) -> Target:
        """What the network is trained to predict: for the score, the guarded one."""
        if self.name == "score":
            return guarded_score(self.guard)
        return {"x": X, "eps": EPS, "v": V}[self.name]

    def unguarded(self) -> "PublishedLoss":
        """The same loss with g = 0."""
        return replace(self, guard=0.0)

    def coefficient_at(self, t: Tensor) -> Tensor:
        """c(t), elementwise."""
        return self.coefficient(self.schedule.alpha(t), self.schedule.sigma(t), self.guard)

    def eps_factor(self, t: Tensor) -> Tensor:
        r"""What multiplies :math:`\|\epsilon - \hat\epsilon\|^2 / D`: c(t) times the squared error scale."""
        return self.coefficient_at(t) * error_scale(self.schedule, t, self.target) ** 2

    def effective_weight(self, log_snr: Tensor) -> Tensor:
        r"""The weighting :math:`\hat w(\lambda)` that this loss gives the ELBO: 1 for an unguarded NELBO.

        In code units, and for the cosine schedule, the loss is
        :math:`\frac1\pi \int \hat w(\lambda)\, E\|\epsilon - \hat\epsilon\|^2 / D\; d\lambda`.
        """
        t = self.schedule.time_of(log_snr)
        return self.eps_factor(t) * math.pi / self.schedule.log_snr_prime(t).abs()

    def __call__(self, net: Net, x: Tensor, generator: Generator) -> Tensor:
        """Per-example losses (batch,) in code units, estimated as the published code does.

        One uniform time and one noise for each example of ``x`` (batch, ...).
        """
        t = torch.rand(x.shape[0], generator=generator, dtype=torch.float64, device=x.device)
        eps = noise_like(x, generator)
        prediction = net(noised(x, eps, t, self.schedule), t.to(x.dtype))
        return self.of_prediction(prediction, x, eps, t)

    def of_prediction(self, prediction: Tensor, x: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        """Per-example losses (batch,) of a prediction made from ``x``, ``eps`` at times ``t`` (batch,)."""
        error = self.target.of(x, eps, t, self.schedule) - prediction
        return self.coefficient_at(t).to(x.dtype) * error.flatten(1).square().mean(1)


LOSSES: dict[tuple[str, str], PublishedLoss] = {
    key: PublishedLoss(*key, coefficient) for key, coefficient in COEFFICIENTS.items()
}
"""The published losses, by objective and target."""


def by_name(objective: str, target: str) -> PublishedLoss:
    """The published loss of that objective and target.

    Raises:
        ValueError: if there is none; the message lists those that exist.
    """
    if (objective, target) not in LOSSES:
        raise ValueError(
            f"unknown published loss {objective!r} in {target!r}: expected one of "
            f"{', '.join(OBJECTIVES)} in one of x, eps, v, score"
        )
    return LOSSES[objective, target]
