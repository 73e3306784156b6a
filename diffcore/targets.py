r"""Prediction targets: rows of one 2x2 algebra.

With :math:`z = \alpha x + \sigma \epsilon`, everything that a network is ever asked to predict is a row
:math:`y = a x + b \epsilon`. Together with :math:`z` it is a linear system

.. math:: \begin{pmatrix} z \\ y \end{pmatrix} =
          \begin{pmatrix} \alpha & \sigma \\ a & b \end{pmatrix}
          \begin{pmatrix} x \\ \epsilon \end{pmatrix},
          \qquad D = \alpha b - \sigma a,

so any target gives every other by one 2x2 solve (:func:`convert`), and the errors of two predictions
differ by one factor, :math:`y - \hat y = (D/\alpha) (\epsilon - \hat\epsilon)` (:func:`error_scale`).
A new target is one row. The five rows are checked step by step in the book's chapter
"One algebra, four targets".
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffcore.schedules import Schedule

Row = Callable[[Schedule, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Target:
    r"""What a network predicts: :math:`y = a_t x + b_t \epsilon`.

    Attributes:
        name: its name in this package, also the key of :data:`TARGETS`.
        symbol: its LaTeX symbol.
        row: the function ``(schedule, t) -> (a, b)``, elementwise in ``t``.
    """

    name: str
    symbol: str
    row: Row = field(repr=False, compare=False)

    def of(self, x: Tensor, eps: Tensor, t: Tensor, schedule: Schedule) -> Tensor:
        """The true target of clean data and noise: ``x`` and ``eps`` (batch, ...), ``t`` (batch,)."""
        a, b = self.row(schedule, t)
        return like(a, x) * x + like(b, eps) * eps


def _x(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    return torch.ones_like(t), torch.zeros_like(t)


def _eps(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(t), torch.ones_like(t)


def _v(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    return -schedule.sigma(t), schedule.alpha(t)


def _score(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(t), -1 / schedule.sigma(t)


def _velocity(schedule: Schedule, t: Tensor) -> tuple[Tensor, Tensor]:
    return schedule.alpha_prime(t), schedule.sigma_prime(t)


X = Target("x", r"x", _x)
EPS = Target("eps", r"\epsilon", _eps)
V = Target("v", r"v", _v)
"""v = alpha eps - sigma x (Salimans & Ho, 2022)."""
SCORE = Target("score", r"s", _score)
r"""s = grad log q(z_t | x) = -eps / sigma (Vincent, 2011; Song et al., 2021)."""
VELOCITY = Target("velocity", r"u", _velocity)
"""u = alpha' x + sigma' eps, the flow's conditional velocity (Lipman et al., 2022)."""

TARGETS: dict[str, Target] = {target.name: target for target in (X, EPS, V, SCORE, VELOCITY)}
"""The five targets by name."""


def by_name(name: str) -> Target:
    """The target of that name.

    Raises:
        ValueError: if no target has that name; the message lists those that exist.
    """
    if name not in TARGETS:
        raise ValueError(f"unknown target {name!r}: expected one of {', '.join(TARGETS)}")
    return TARGETS[name]


def like(coefficient: Tensor, data: Tensor) -> Tensor:
    """A per-example coefficient (batch,) shaped to multiply ``data`` (batch, ...), in its dtype.

    Coefficients are computed in the precision of the times and cast last: schedules lose more to low
    precision than networks do.

    Raises:
        ValueError: if the coefficient has neither no axes nor one value for each example.
    """
    if coefficient.ndim == 0:
        return coefficient.to(data.dtype)
    if coefficient.ndim != 1 or coefficient.shape[0] != data.shape[0]:
        raise ValueError(
            f"one coefficient per example expected, shape ({data.shape[0]},) or (): "
            f"got {tuple(coefficient.shape)} for data of shape {tuple(data.shape)}"
        )
    return coefficient.reshape(-1, *[1] * (data.ndim - 1)).to(data.dtype)


def convert(
    prediction: Tensor, z: Tensor, t: Tensor, schedule: Schedule, source: Target, to: Target
) -> Tensor:
    r"""Turn a prediction of one target into the prediction of another, given the same ``z``.

    With source row (a, b) and wanted row (c, d), the 2x2 solve collapses to
    :math:`\hat y' = [(bc - ad) z + (\alpha d - \sigma c) \hat y] / D`, :math:`D = \alpha b - \sigma a`.

    Args:
        prediction: the predicted ``source``, shape (batch, ...).
        z: the noisy data, same shape.
        t: times, shape (batch,) or ().
        schedule: the forward process.
        source: what ``prediction`` is.
        to: what is wanted.

    Returns:
        The predicted ``to``, same shape. Equal to ``prediction`` when ``source`` is ``to``.
    """
    if source is to:
        return prediction
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    a, b = source.row(schedule, t)
    c, d = to.row(schedule, t)
    determinant = alpha * b - sigma * a
    on_z = (b * c - a * d) / determinant
    on_prediction = (alpha * d - sigma * c) / determinant
    return like(on_z, z) * z + like(on_prediction, prediction) * prediction


def error_scale(schedule: Schedule, t: Tensor, target: Target) -> Tensor:
    r"""The factor :math:`D/\alpha` in :math:`y - \hat y = (D/\alpha)(\epsilon - \hat\epsilon)`.

    Its square is the catalogue's :math:`c_T(t)`: for x :math:`e^{-\lambda}`, for the score
    :math:`1/\sigma^2`, for v :math:`(\alpha^2 + \sigma^2)^2 / \alpha^2`, for the flow velocity
    :math:`\sigma^2 \lambda'^2 / 4`. Elementwise in ``t``; the sign is kept.
    """
    a, b = target.row(schedule, t)
    return b - a * schedule.sigma(t) / schedule.alpha(t)
