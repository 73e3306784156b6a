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

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor

from diffcore import checks
from diffcore.choice import Choice, Scalar
from diffcore.memoized import memoized
from diffcore.schedules.base import Schedule


class Scales(Protocol):
    """What a row is made from: a :class:`Schedule`, or anything with the same four scales.

    With SymPy expressions for scales, a row is a pair of SymPy expressions.
    """

    def alpha(self, t: Scalar, /) -> Scalar:
        """Signal scale."""

    def sigma(self, t: Scalar, /) -> Scalar:
        """Noise scale."""

    def alpha_prime(self, t: Scalar, /) -> Scalar:
        """Time derivative of the signal scale."""

    def sigma_prime(self, t: Scalar, /) -> Scalar:
        """Time derivative of the noise scale."""


@dataclass(frozen=True)
class Target(Choice, ABC):
    r"""What a network predicts: :math:`y = a_t x + b_t \epsilon`.

    Attributes:
        name: its name in this package.
        symbol: its LaTeX symbol.
    """

    name: ClassVar[str]
    symbol: ClassVar[str]

    @abstractmethod
    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(a, b) at times ``t``: elementwise in ``t``, or plain numbers where they are constant.

        Only arithmetic operators are used, so that it serves tensors and symbols alike.
        """

    def of(self, x: Tensor, eps: Tensor, t: Tensor, schedule: Schedule) -> Tensor:
        """a x + b eps, for ``x`` and ``eps`` (batch, ...) and ``t`` (batch,).

        The true target of clean data and noise; the best prediction of it, if x and eps are their
        posterior means.

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if ``eps`` does not have the shape of ``x``, ``t`` is not one for each example, or a
                time lies outside [0, 1].
        """
        checks.alike("eps", eps, checks.batch("x", x))
        schedule.looked_at(checks.for_each("t", t, len(x)))
        a, b = self.row(schedule, t)
        if _plain(0, a):
            return eps if _plain(1, b) else like(b, eps) * eps
        return like(a, x) * x + like(b, eps) * eps


@dataclass(frozen=True)
class Row(Target):
    """A row of constant coefficients: any combination of x and eps that has no name.

    Attributes:
        a: of x.
        b: of eps.

    Raises:
        ValueError: if both are 0.
    """

    name = "row"
    symbol = "y"

    a: Scalar
    b: Scalar

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = isinstance(self.a, float) and isinstance(self.b, float)
        self._require(not numbers or self.a or self.b, "a and b not both 0")

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(a, b), whatever the schedule and the time."""
        return self.a, self.b


@dataclass(frozen=True)
class Data(Target):
    """The clean data x."""

    name = "x"
    symbol = r"x"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(1, 0)."""
        return 1, 0


@dataclass(frozen=True)
class Noise(Target):
    """The noise eps (Ho et al., 2020)."""

    name = "eps"
    symbol = r"\epsilon"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(0, 1)."""
        return 0, 1


@dataclass(frozen=True)
class AngularVelocity(Target):
    """v = alpha eps - sigma x (Salimans & Ho, 2022): dz / dphi where z = cos(phi) x + sin(phi) eps."""

    name = "v"
    symbol = r"v"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(-sigma, alpha)."""
        return -scales.sigma(t), scales.alpha(t)


@dataclass(frozen=True)
class Score(Target):
    r"""s = grad log q(z_t | x) = -eps / sigma (Vincent, 2011; Song et al., 2021)."""

    name = "score"
    symbol = r"s"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(0, -1 / sigma)."""
        return 0, -1 / scales.sigma(t)


@dataclass(frozen=True)
class FlowVelocity(Target):
    """u = alpha' x + sigma' eps, the flow's conditional velocity (Lipman et al., 2022)."""

    name = "velocity"
    symbol = r"u"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(alpha', sigma')."""
        return scales.alpha_prime(t), scales.sigma_prime(t)


X, EPS, V, SCORE, VELOCITY = Data(), Noise(), AngularVelocity(), Score(), FlowVelocity()

TARGETS: dict[str, Target] = {target.name: target for target in (X, EPS, V, SCORE, VELOCITY)}
"""The five named targets, by name."""


def like(coefficient: Tensor | float, data: Tensor) -> Tensor | float:
    """A per-example coefficient (batch,) shaped to multiply ``data`` (batch, ...), in its dtype.

    A plain number stays one.

    Coefficients are computed in the precision of the times and cast last: schedules lose more to low
    precision than networks do.

    Raises:
        ValueError: if the coefficient has neither no axes nor one value for each example.
    """
    if isinstance(coefficient, int | float):
        return coefficient
    if checks.floating("coefficient", coefficient).ndim == 0:
        return coefficient.to(data.dtype)
    if coefficient.ndim != 1 or coefficient.shape[0] != data.shape[0]:
        raise ValueError(
            f"coefficient: expected one per example, shape ({data.shape[0]},) or (), "
            f"got {tuple(coefficient.shape)} for data of shape {tuple(data.shape)}"
        )
    return coefficient.reshape(-1, *[1] * (data.ndim - 1)).to(data.dtype)


def _plain(number: int, coefficient: Scalar) -> bool:
    """Whether a coefficient is this number and no tensor, so that no product with it need be computed."""
    return isinstance(coefficient, int) and coefficient == number


def _difference(a: Scalar, b: Scalar, c: Scalar, d: Scalar) -> Scalar:
    """a b - c d, without what is plainly 0 or 1."""
    if _plain(0, c) or _plain(0, d):
        return _product(a, b)
    return -_product(c, d) if _plain(0, a) or _plain(0, b) else a * b - c * d


def _product(a: Scalar, b: Scalar) -> Scalar:
    """a b, without what is plainly 1."""
    if _plain(1, a):
        return b
    return a if _plain(1, b) else a * b


def convert(
    prediction: Tensor, z: Tensor, t: Tensor, schedule: Schedule, source: Target, to: Target
) -> Tensor:
    r"""Turn a prediction of one target into the prediction of another, given the same ``z``.

    With source row (a, b) and wanted row (c, d), the 2x2 solve collapses to
    :math:`\hat y' = [(bc - ad) z + (\alpha d - \sigma c) \hat y] / D`, :math:`D = \alpha b - \sigma a`.

    Args:
        prediction: the predicted ``source``, shape (batch, ...), or () for one number.
        z: the noisy data, same shape.
        t: times, shape (batch,) or ().
        schedule: the forward process.
        source: what ``prediction`` is.
        to: what is wanted.

    Returns:
        The predicted ``to``, same shape. Equal to ``prediction`` when ``source`` is ``to``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``prediction`` does not have the shape of ``z``, ``t`` is not one for each example, or
            a time lies outside [0, 1].
    """
    if checks.floating("z", z).ndim:
        checks.batch("z", z)
    checks.alike("prediction", prediction, z)
    checks.for_each("t", t, len(z) if z.ndim else 1)
    for name, value in (("source", source), ("to", to)):
        checks.instance(name, value, Target)
    checks.instance("schedule", schedule, Schedule)
    schedule.looked_at(t)
    return _solved(prediction, z, t, schedule, source, to)


def _solved(
    prediction: Tensor, z: Tensor, t: Tensor, schedule: Schedule, source: Target, to: Target
) -> Tensor:
    """:func:`convert`, of arguments that have been looked at."""
    if source is to or (not isinstance(source, Row) and source == to):  # a Row may hold tensors
        return prediction
    schedule = memoized(schedule)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    a, b = source.row(schedule, t)
    c, d = to.row(schedule, t)
    determinant = _difference(alpha, b, sigma, a)
    on_z = _difference(b, c, a, d) / determinant
    on_prediction = _difference(alpha, d, sigma, c) / determinant
    return like(on_z, z) * z + like(on_prediction, prediction) * prediction


def error_scale(schedule: Scales, t: Scalar, target: Target) -> Scalar:
    r"""The factor :math:`D/\alpha` in :math:`y - \hat y = (D/\alpha)(\epsilon - \hat\epsilon)`.

    Its square is the catalogue's :math:`c_T(t)`: for x :math:`e^{-\lambda}`, for the score
    :math:`1/\sigma^2`, for v :math:`(\alpha^2 + \sigma^2)^2 / \alpha^2`, for the flow velocity
    :math:`\sigma^2 \lambda'^2 / 4`. Elementwise in ``t``; the sign is kept. Symbols in, symbol out.
    """
    scale = plain_error_scale(schedule, t, target)
    return scale + 0 * schedule.sigma(t) if isinstance(scale, int) else scale


def plain_error_scale(schedule: Scales, t: Scalar, target: Target) -> Scalar:
    """The :func:`error_scale`, as a plain number where it does not depend on the time."""
    a, b = target.row(schedule, t)
    return b if _plain(0, a) else b - a * schedule.sigma(t) / schedule.alpha(t)
