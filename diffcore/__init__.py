"""diffcore: every Gaussian diffusion loss, from one 2x2 algebra and one integral over the log-SNR.

>>> import torch
>>> import diffcore as dc
>>> schedule = dc.schedules.Cosine()
>>> loss = dc.Loss(schedule, target=dc.V, weighting=dc.weightings.min_snr(5))
>>> net = lambda z, t: torch.zeros_like(z)
>>> terms = loss(net, torch.randn(8, 2), generator=torch.Generator().manual_seed(0))
>>> terms.shape                                            # one loss for each example, in nats
torch.Size([8])

Needs torch and numpy and nothing else.
"""

from diffcore import bounds, schedules, targets, times, weightings
from diffcore.bounds import Bound, nelbo
from diffcore.denoisers import Denoiser, ExactDenoiser, NetDenoiser
from diffcore.losses import Loss, excess
from diffcore.samplers import ancestral, ddim
from diffcore.schedules import Schedule
from diffcore.targets import EPS, SCORE, VELOCITY, Target, V, X, convert, error_scale

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
    "Schedule",
    "Target",
    "V",
    "X",
    "ancestral",
    "bounds",
    "convert",
    "ddim",
    "error_scale",
    "excess",
    "nelbo",
    "schedules",
    "targets",
    "times",
    "weightings",
]
