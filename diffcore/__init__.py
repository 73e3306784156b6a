"""diffcore: every Gaussian diffusion loss, from one 2x2 algebra and one integral over the log-SNR.

>>> import torch
>>> import diffcore as dc
>>> schedule = dc.schedules.Cosine()
>>> loss = dc.Loss(schedule, target=dc.V, weighting=dc.catalogue.MinSNR(5))
>>> net = lambda z, t: torch.zeros_like(z)
>>> terms = loss(net, torch.randn(8, 2), generator=torch.Generator().manual_seed(0))
>>> terms.shape                                            # one loss for each example, in nats
torch.Size([8])

The exact answer speaks the same protocol as a network, so it fits wherever one does:

>>> rings = dc.exact.rings()
>>> g = torch.Generator().manual_seed(0)
>>> floor = dc.nelbo(rings.denoiser(schedule), rings.sample(64, g), g)
>>> floor.total.shape                                      # no denoiser has a lower expectation
torch.Size([64])

Needs torch and numpy and nothing else.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from diffcore import bounds, estimates, likelihood, samplers, schedules, targets, times, weightings
from diffcore import first_calls as first_calls  # for what it does
from diffcore.bounds import Bound, nelbo
from diffcore.denoisers import Denoiser, ExactDenoiser, NetDenoiser
from diffcore.estimates import mean_excess, mean_nelbo
from diffcore.likelihood import log_likelihood
from diffcore.losses import Loss, excess
from diffcore.samplers import sample, trajectory
from diffcore.schedules import Schedule
from diffcore.targets import EPS, SCORE, VELOCITY, Row, Target, V, X, convert, error_scale

if TYPE_CHECKING:
    from diffcore import catalogue, exact, masked, published

__version__ = "0.1.0"

__all__ = [
    "EPS",
    "SCORE",
    "VELOCITY",
    "Bound",
    "Denoiser",
    "ExactDenoiser",
    "Loss",
    "NetDenoiser",
    "Row",
    "Schedule",
    "Target",
    "V",
    "X",
    "bounds",
    "catalogue",
    "convert",
    "error_scale",
    "estimates",
    "exact",
    "excess",
    "likelihood",
    "log_likelihood",
    "masked",
    "mean_excess",
    "mean_nelbo",
    "nelbo",
    "published",
    "sample",
    "samplers",
    "schedules",
    "targets",
    "times",
    "trajectory",
    "weightings",
]


def __getattr__(name: str) -> ModuleType:
    # Leaves are imported when first used: a training loop needs few of them, and the core none.
    if name in ("catalogue", "exact", "masked", "published"):
        return import_module(f"diffcore.{name}")
    raise AttributeError(f"module 'diffcore' has no attribute {name!r}")
