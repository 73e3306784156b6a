"""The one protocol that bounds, samplers and checks speak: a denoiser predicts any target.

A trained network and an exact posterior mean enter the rest of the package through the same method, so
wherever one fits the other does too.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor

from diffcore.schedules.base import Schedule
from diffcore.targets import EPS, Target, X, convert

Net = Callable[[Tensor, Tensor], Tensor]
"""A network: (z of shape (batch, ...), t of shape (batch,)) -> prediction of the shape of z."""


def predicted(net: Net, z: Tensor, t: Tensor) -> Tensor:
    """What a network predicts from ``z`` (batch, ...) at times ``t`` (batch,), which it sees in z's dtype.

    Raises:
        ValueError: if it does not have the shape of ``z``: some wrong ones would broadcast silently.
    """
    return checked(net(z, t.to(z.dtype)), z)


def checked(prediction: Tensor, like: Tensor) -> Tensor:
    """The prediction of a network, if it has the shape of ``like``.

    Raises:
        ValueError: if it has another.
    """
    if prediction.shape != like.shape:
        raise ValueError(
            f"the network must return the shape of its input, {tuple(like.shape)}: "
            f"got {tuple(prediction.shape)}"
        )
    return prediction


class Denoiser(ABC):
    """Something that predicts what was mixed into ``z``.

    Attributes:
        schedule: the forward process that made ``z``.
    """

    schedule: Schedule

    @abstractmethod
    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """The predicted ``target`` given ``z`` (batch, ...) at times ``t`` (batch,) or ()."""

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The predicted (x, eps), which satisfy z = alpha x + sigma eps."""
        return self.predict(z, t, X), self.predict(z, t, EPS)


class NetDenoiser(Denoiser):
    """A network that predicts one target, converted to any other on request.

    Args:
        net: called as ``net(z, t)`` with ``t`` of shape (batch,) in the dtype of ``z``.
        schedule: the forward process the network was trained on.
        target: what the network's output means.
    """

    def __init__(self, net: Net, schedule: Schedule, target: Target) -> None:
        self.net, self.schedule, self.target = net, schedule, target

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        t = t.expand(z.shape[0])
        return convert(predicted(self.net, z, t), z, t, self.schedule, self.target, target)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`; one call of the network."""
        t = t.expand(z.shape[0])
        prediction = predicted(self.net, z, t)
        x_hat = convert(prediction, z, t, self.schedule, self.target, X)
        return x_hat, convert(prediction, z, t, self.schedule, self.target, EPS)


Posterior = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(z (batch, ...), alpha (batch,), sigma (batch,)) -> (E[x | z], E[eps | z])."""


class ExactDenoiser(Denoiser):
    r"""The Bayes-optimal denoiser of a distribution whose posterior means are known.

    Because :math:`E[a x + b \epsilon | z] = a E[x|z] + b E[\epsilon|z]`, the pair of posterior means gives
    the optimal prediction of every target, with no division by a small scale.

    Args:
        posterior: ``(z, alpha, sigma) -> (E[x|z], E[eps|z])``.
        schedule: the forward process.
    """

    def __init__(self, posterior: Posterior, schedule: Schedule) -> None:
        self.posterior, self.schedule = posterior, schedule

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        t = t.expand(z.shape[0])
        x_hat, eps_hat = self.posterior(z, self.schedule.alpha(t), self.schedule.sigma(t))
        return target.of(x_hat, eps_hat, t, self.schedule)
