r"""The bound of masked diffusion on -log p, nats, from the mean cost of masked tokens by their number.

Every bound here is a function of :math:`C_1, \dots, C_L`. Where all can be counted out, they are those of
:func:`diffcore.masked.cross_entropies`; elsewhere they are estimated.
"""

import math

import torch
from torch import Tensor

from diffcore import checks
from diffcore.masked.schedules import Masking


def checked_by_count(by_count: Tensor) -> Tensor:
    """The costs, after a look: finite numbers, (L,), L >= 1.

    Raises:
        TypeError: if they are no tensor of floating-point numbers.
        ValueError: if they are of another shape, or not finite.
    """
    if checks.finite("by_count", by_count).ndim != 1 or len(by_count) == 0:
        raise ValueError(f"by_count: expected shape (L,), L >= 1, got {tuple(by_count.shape)}")
    return by_count


def bound(by_count: Tensor) -> Tensor:
    r"""The continuous bound :math:`\sum_k C_k/k`, (), whatever the schedule.

    It is the cost of an autoregressive model, averaged over all orders.

    Args:
        by_count: C_1, ..., C_L, (L,), nats.

    Raises:
        TypeError: if they are no tensor of floating-point numbers.
        ValueError: if they are of another shape, or not finite.
    """
    checked_by_count(by_count)
    return (by_count / torch.arange(1, len(by_count) + 1).to(by_count)).sum()


def kept_cross_entropy(by_count: Tensor, kept: Tensor) -> Tensor:
    r"""c(alpha) = C(alpha)/(1 - alpha), the cost of the masked per share that is masked; like ``kept``, nats.

    :math:`c(\alpha) = \sum_k \binom Lk \alpha^{L-k} (1 - \alpha)^{k-1} C_k`, a polynomial. Its integral over
    [0, 1] is the :func:`bound`.

    Args:
        by_count: C_1, ..., C_L, (L,), nats.
        kept: probabilities of being kept, any shape.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if ``by_count`` is of another shape or not finite, or ``kept`` no probability.
    """
    tokens = len(checked_by_count(by_count))
    checks.times(kept, "kept")
    terms = (
        math.comb(tokens, k) * kept ** (tokens - k) * (1 - kept) ** (k - 1) * by_count[k - 1]
        for k in range(1, tokens + 1)
    )
    return torch.stack(list(terms)).sum(0)


def bound_in_steps(by_count: Tensor, schedule: Masking, steps: int) -> Tensor:
    r"""The bound of T steps, uniform in time, :math:`\sum (\alpha_s - \alpha_t)\, c(\alpha_t)`, ().

    Args:
        by_count: C_1, ..., C_L, (L,), nats.
        schedule: the probability of being kept, which falls from 1 to 0.
        steps: their number, T.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``by_count`` is of another shape or not finite, or steps >= 1 does not hold.
    """
    checked_by_count(by_count)
    checks.instance("schedule", schedule, Masking)
    steps = checks.count("steps", steps)
    t = torch.linspace(0, 1, steps + 1, dtype=by_count.dtype, device=by_count.device)
    kept = schedule.kept(t)
    return ((kept[:-1] - kept[1:]) * kept_cross_entropy(by_count, kept[1:])).sum()
