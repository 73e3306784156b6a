"""The one protocol that bounds, samplers and checks speak: a denoiser predicts any target.

A trained network and an exact posterior mean enter the rest of the package through the same method, so
wherever one fits the other does too.
"""

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Self

import torch
from torch import Tensor

from diffcore import checks
from diffcore.memoized import memoized
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS, Target, X, _solved

Net = Callable[[Tensor, Tensor], Tensor]
"""A network: (z of shape (batch, ...), t of shape (batch,)) -> prediction of the shape of z."""


def predicted(net: Net, z: Tensor, t: Tensor) -> Tensor:
    """What a network predicts from ``z`` (batch, ...) at times ``t`` (batch,), which it sees as :func:`seen`.

    Raises:
        TypeError: if it is no tensor of floating-point numbers, or the network cannot be called with both, or
            not with the dtype of ``z``.
        ValueError: if it does not have the shape of ``z``: some wrong ones would broadcast silently. If the
            network is made for another shape, changes ``z`` itself (looked for on the CPU alone), or keeps
            autograd from a ``z`` whose gradient is asked for.
    """
    watched = checks.readable(z) and not z.is_inference()
    before = z._version if watched else 0
    try:
        returned = net(z, seen(t, z.dtype))
    except (TypeError, RuntimeError) as error:
        reason = misfit(net, z, error)
        if reason is None:
            raise
        raise reason from error
    prediction = checked(returned, z)
    if watched and z._version != before:
        raise ValueError(
            "network: expected it to leave its input as it is, got one that works in place: "
            "have it work on a copy"
        )
    if z.requires_grad and torch.is_grad_enabled() and not prediction.requires_grad:
        raise ValueError(
            "network: expected predictions that autograd can differentiate in z, got others: call it "
            "without no_grad or detach (a constant is 0 * z and the constant)"
        )
    return prediction


_OF_DTYPES = re.compile(r"same dtype|should be the same|expected scalar type|not implemented for")
_OF_SHAPES = re.compile(
    r"shapes? .*(cannot be multiplied|invalid)|[Ss]izes? of tensors? |must match the size|expected input"
    r"|same number of dimensions"
    r"|size mismatch|not broadcastable"
)
"""What torch says of tensors that do not fit together."""


def misfit(net: Net, z: Tensor, error: Exception) -> Exception | None:
    """What is wrong between a network and its input, in one line; None if the error is another.

    Args:
        net: the network.
        z: what it was called with, beside the times.
        error: what it raised.
    """
    shape, dtype = tuple(z.shape), str(z.dtype).removeprefix("torch.")
    if isinstance(error, TypeError):
        if _takes_two(net):
            return None
        return TypeError(
            f"network: expected one that is called as net(z, t), got {checks.described(net)}, which takes "
            "another number of arguments: wrap it, as in lambda z, t: net(z)"
        )
    words = " ".join(str(error).split())
    if _OF_DTYPES.search(words):
        return TypeError(
            f"network: expected one that computes in {dtype}, as its input is, got another dtype inside "
            f"({words}): convert the network or the data"
        )
    if _OF_SHAPES.search(words):
        return ValueError(
            f"network: expected one that takes its input, of shape {shape}, got one made for another shape "
            f"({words}): mend its width or the data's"
        )
    return None


def _takes_two(net: Net) -> bool:
    """Whether a network can be called with two arguments, as far as its signature says."""
    call = net.forward if isinstance(net, torch.nn.Module) else net
    try:
        inspect.signature(call).bind(None, None)
    except ValueError:  # nothing is known of it
        return True
    except TypeError:
        return False
    return True


def seen(t: Tensor, dtype: torch.dtype) -> Tensor:
    """Times as a network sees them: in its own dtype, and not rounded to 0 or 1.

    There the log-SNR of most schedules is infinite. float32 would round one uniform time in 2^25 to 1,
    float16 and bfloat16 one in a few hundred; the last time below 1, or the first above 0, takes its place.
    """
    if t.dtype == dtype:
        return t
    limits = torch.finfo(dtype)
    return t.to(dtype).clamp(limits.smallest_normal, 1 - limits.eps / 2)


def checked(prediction: Tensor, like: Tensor) -> Tensor:
    """The prediction of a network, if it has the shape of ``like``.

    Raises:
        TypeError: if it is no tensor of floating-point numbers.
        ValueError: if it has another.
    """
    if checks.floating("what the network returns", prediction).shape != like.shape:
        raise ValueError(
            f"what the network returns: expected the shape of its input, {tuple(like.shape)}, "
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
        """The predicted ``target`` given ``z`` (batch, ...) at times ``t`` (batch,) or ().

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if a shape is another, or a time lies outside [0, 1].
        """

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The predicted (x, eps), which satisfy z = alpha x + sigma eps."""
        return self.predict(z, t, X), self.predict(z, t, EPS)

    def keeping(self) -> Self:
        """The same with a schedule that keeps its values (:func:`memoized`): for one chain of samples."""
        return self


def _asked(schedule: Schedule, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
    """The times, (batch,) or (), after a look at what a denoiser is asked."""
    checks.instance("target", target, Target)
    return schedule.looked_at(checks.for_each("t", t, len(checks.batch("z", z))))


class _WithSchedule(Denoiser):
    """A denoiser whose schedule is an attribute of its own, and not that of another denoiser."""

    def keeping(self) -> Self:
        """See :meth:`Denoiser.keeping`."""
        kept = copy(self)
        kept.schedule = memoized(self.schedule)
        return kept


class NetDenoiser(_WithSchedule):
    """A network that predicts one target, converted to any other on request.

    Args:
        net: called as ``net(z, t)`` with ``t`` of shape (batch,) in the dtype of ``z``.
        schedule: the forward process the network was trained on.
        target: what the network's output means.
    """

    def __init__(self, net: Net, schedule: Schedule, target: Target) -> None:
        checks.function("net", net, "net(z, t) -> prediction")
        checks.instance("schedule", schedule, Schedule)
        checks.instance("target", target, Target)
        self.net, self.schedule, self.target = net, schedule, target

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        t, schedule = _asked(self.schedule, z, t, target), memoized(self.schedule)
        prediction = predicted(self.net, z, seen(t, z.dtype).expand(len(z)))
        return _solved(prediction, z, t, schedule, self.target, target)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`; one call of the network."""
        t, schedule = _asked(self.schedule, z, t), memoized(self.schedule)
        prediction = predicted(self.net, z, seen(t, z.dtype).expand(len(z)))
        x_hat = _solved(prediction, z, t, schedule, self.target, X)
        return x_hat, _solved(prediction, z, t, schedule, self.target, EPS)


Posterior = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(z (batch, ...), alpha, sigma) -> (E[x | z], E[eps | z]); scales (batch,), or () for one noise level."""


class ExactDenoiser(_WithSchedule):
    r"""The Bayes-optimal denoiser of a distribution whose posterior means are known.

    Because :math:`E[a x + b \epsilon | z] = a E[x|z] + b E[\epsilon|z]`, the pair of posterior means gives
    the optimal prediction of every target, with no division by a small scale.

    Args:
        posterior: ``(z, alpha, sigma) -> (E[x|z], E[eps|z])``.
        schedule: the forward process.
    """

    def __init__(self, posterior: Posterior, schedule: Schedule) -> None:
        checks.function("posterior", posterior, "(z, alpha, sigma) -> (E[x|z], E[eps|z])")
        checks.instance("schedule", schedule, Schedule)
        self.posterior, self.schedule = posterior, schedule

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        t, schedule = _asked(self.schedule, z, t, target), memoized(self.schedule)
        x_hat, eps_hat = self.posterior(z, schedule.alpha(t), schedule.sigma(t))
        return target.of(x_hat, eps_hat, t, schedule)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`; one evaluation of the posterior."""
        t, schedule = _asked(self.schedule, z, t), memoized(self.schedule)
        return self.posterior(z, schedule.alpha(t), schedule.sigma(t))
