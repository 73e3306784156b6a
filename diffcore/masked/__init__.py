"""Masked (absorbing) diffusion: schedules, its bound, and everything by enumeration where that is possible.

>>> import torch
>>> import diffcore as dc
>>> law = torch.full((2, 2), 0.25, dtype=torch.float64)          # two tokens, two values, all alike
>>> by_count = dc.masked.cross_entropies(law, dc.masked.conditionals(law))
>>> round(float(dc.masked.bound(by_count)), 6)                   # the entropy, 2 log 2 nats
1.386294
"""

from diffcore.masked.bounds import bound, bound_in_steps, kept_cross_entropy
from diffcore.masked.enumeration import conditionals, cross_entropies
from diffcore.masked.schedules import (
    CosineMasking,
    LinearMasking,
    Masking,
    PowerMasking,
    cross_entropy_rate,
    unmask_share,
)

__all__ = [
    "CosineMasking",
    "LinearMasking",
    "Masking",
    "PowerMasking",
    "bound",
    "bound_in_steps",
    "conditionals",
    "cross_entropies",
    "cross_entropy_rate",
    "kept_cross_entropy",
    "unmask_share",
]
