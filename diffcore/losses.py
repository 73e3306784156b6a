r"""The loss: one formula for every target, weighting and time sampler.

.. math:: \ell(x, \epsilon, t) = \frac{w(\lambda_t)}{2\, p(\lambda_t)}
          \left(\frac{\alpha_t}{D_t}\right)^2 \|y - \hat y(z_t, t)\|^2 ,
          \qquad E\,\ell = \tfrac12 \int w(\lambda) E\|\epsilon - \hat\epsilon\|^2 d\lambda .

Losses are per example, in nats (a sum over dimensions, as the ELBO is); the caller reduces.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.choice import Choice
from diffcore.denoisers import Denoiser, Net, checked, predicted, seen
from diffcore.memoized import memoized
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS, Target, like, plain_error_scale
from diffcore.times import Times, TimeSampler, Uniform
from diffcore.weightings import Elbo, Weighting


class Terms(NamedTuple):
    """Per-example losses in nats and the times they were taken at: ``value`` (batch,), ``times``."""

    value: Tensor
    times: Times


def noise_like(x: Tensor, generator: Generator) -> Tensor:
    """Standard normal noise with the shape, dtype and device of ``x``."""
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def noised(x: Tensor, eps: Tensor, t: Tensor, schedule: Schedule) -> Tensor:
    """z = alpha x + sigma eps, for ``x``, ``eps`` (batch, ...) and ``t`` (batch,)."""
    return like(schedule.alpha(t), x) * x + like(schedule.sigma(t), eps) * eps


def per_example(values: Tensor) -> Tensor:
    """The sum over all axes but the first: (batch, ...) -> (batch,), (batch,) unchanged."""
    return values.flatten(1).sum(1) if values.ndim > 1 else values


def squared_norm(difference: Tensor) -> Tensor:
    """Squared norm of each example: (batch, ...) -> (batch,)."""
    return per_example(difference.square())


class Task(NamedTuple):
    """What a network is given, what it is asked, and what an error costs.

    Attributes:
        z: noisy data, (batch, ...).
        t: times, (batch,), as a network sees them (:func:`diffcore.denoisers.seen`).
        truth: the true target, (batch, ...), in at least float32.
        factor: on the squared error, (batch,), in at least float32.
    """

    z: Tensor
    t: Tensor
    truth: Tensor
    factor: Tensor

    def value(self, prediction: Tensor) -> Tensor:
        """Per-example loss (batch,) in nats of a prediction (batch, ...) from ``z`` and ``t``."""
        return self.factor * squared_norm(self.truth - prediction)


@dataclass(frozen=True)
class Loss(Choice):
    """A diffusion training loss.

    Attributes:
        schedule: the forward process.
        target: what the network predicts. It decides the parametrisation, not the objective:
            the same weighting is the same objective for every target.
        weighting: the weight of each log-SNR; 1 is the ELBO.
        times: where the noise levels are drawn; it decides the variance, not the mean.
    """

    schedule: Schedule
    target: Target = EPS
    weighting: Weighting = Elbo()
    times: TimeSampler = Uniform()

    def __call__(self, net: Net, x: Tensor, generator: Generator) -> Tensor:
        """Per-example loss, shape (batch,), in nats, in at least float32 whatever the dtype of ``x``.

        A sum of squares over dimensions, weighted, overflows float16 in a few examples in a hundred. The
        network alone works in the dtype of ``x``.

        Args:
            net: ``net(z, t)``, z (batch, ...), t (batch,) in the dtype of z -> prediction like z.
            x: clean data, (batch, ...).
            generator: the only source of randomness.

        Raises:
            TypeError: if ``x`` is no tensor of floating-point numbers, or ``generator`` no generator.
            ValueError: if ``x`` has no examples or, on the CPU, a number that is not finite, or if the
                prediction does not have the shape of ``x``.
        """
        return self.terms(net, x, generator).value

    def terms(self, net: Net, x: Tensor, generator: Generator) -> Terms:
        """Per-example losses with the times that they were taken at; arguments as for a call."""
        checks.generator(generator)
        checks.finite("x", checks.batch("x", x))
        once = self._remembering()
        times = self.times.sample(x.shape[0], once.schedule, generator)
        eps = noise_like(x, generator)
        task = once.task(x, eps, times)
        return Terms(task.value(predicted(net, task.z, task.t)), times)

    def _remembering(self) -> Self:
        """This loss with a schedule that keeps its values, for one batch."""
        kept = object.__new__(type(self))  # its fields have been looked at
        vars(kept).update(vars(self), schedule=memoized(self.schedule))
        return kept

    def at(self, share: float) -> Self:
        """This loss as it is once a share of the training is done (:meth:`Weighting.at`)."""
        weighting = self.weighting.at(share)
        return self if weighting is self.weighting else replace(self, weighting=weighting)

    def task(self, x: Tensor, eps: Tensor, times: Times) -> Task:
        """What a network is asked of data ``x`` and noise ``eps``, both (batch, ...), at ``times``."""
        accurate = torch.promote_types(x.dtype, torch.float32)
        t, seen_t = times.t, seen(times.t, x.dtype)
        x, eps, dtype = x.to(accurate), eps.to(accurate), x.dtype
        z = noised(x, eps, t, self.schedule).to(dtype)
        truth = self.target.of(x, eps, t, self.schedule)
        return Task(z, seen_t, truth, self.factor(times).to(accurate))

    def of_prediction(self, prediction: Tensor, x: Tensor, eps: Tensor, times: Times) -> Tensor:
        """Per-example loss (batch,) of a prediction made from ``noised(x, eps, times.t)``.

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if ``prediction`` or ``eps`` does not have the shape of ``x``, there is not one
                time for each example, or ``x`` is not finite.
        """
        checks.alike("eps", eps, checks.finite("x", checks.batch("x", x)))
        for name in ("t", "log_snr", "density"):
            values = checks.floating(f"times.{name}", getattr(times, name))
            if values.shape != x.shape[:1]:
                raise ValueError(
                    f"times.{name}: expected shape ({len(x)},), got {tuple(values.shape)}"
                )
        checks.times(times.t)
        once = self._remembering()
        return once.task(x, eps, times).value(checked(prediction, x))

    def factor(self, times: Times) -> Tensor:
        """The factor on the squared error of the target: w / (2 p) / (error scale)^2, (batch,)."""
        per_error = self.weighting.at_times(times, self.schedule) / (2 * times.density)
        scale = plain_error_scale(self.schedule, times.t, self.target)
        return per_error if isinstance(scale, int) and scale == 1 else per_error / scale**2


def excess(
    denoiser: Denoiser,
    oracle: Denoiser,
    x: Tensor,
    generator: Generator,
    weighting: Weighting = Elbo(),
    times: TimeSampler = Uniform(),
) -> Tensor:
    r"""How far a denoiser is above the Bayes floor: :math:`\frac{w}{2p}\|\hat\epsilon - \epsilon^*\|^2`.

    By the orthogonality of conditional means its expectation is exactly the loss of ``denoiser`` minus
    the loss of ``oracle``, but it is never negative, needs no noise to be averaged away, and is zero
    only where the two agree.

    Args:
        denoiser: what is judged.
        oracle: the exact posterior mean of the distribution of ``x``, under the same schedule.
        x: data, (batch, ...).
        generator: the only source of randomness.
        weighting: the weight of each log-SNR.
        times: where the noise levels are drawn.

    Returns:
        Shape (batch,), in nats.

    Raises:
        TypeError: if an argument is of another kind; ``x`` must be float32 or float64.
        ValueError: if the two are denoisers of different schedules, or ``x`` is not finite or has no
            examples.
    """
    checks.instance("denoiser", denoiser, Denoiser)
    checks.instance("oracle", oracle, Denoiser)
    checks.instance("weighting", weighting, Weighting)
    checks.instance("times", times, TimeSampler)
    checks.generator(generator)
    checks.precise("x", x)
    if denoiser.schedule != oracle.schedule:
        raise ValueError(
            f"denoisers of one schedule expected: got {denoiser.schedule} and {oracle.schedule}"
        )
    drawn = times.sample(x.shape[0], oracle.schedule, generator)
    z = noised(x, noise_like(x, generator), drawn.t, oracle.schedule)
    difference = denoiser.predict(z, drawn.t, EPS) - oracle.predict(z, drawn.t, EPS)
    w = weighting(drawn.log_snr, oracle.schedule)
    return (w / (2 * drawn.density)).to(x.dtype) * squared_norm(difference)
