"""diffusers, called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

import diffcore as dc
from companion.peers.common import batch, gap
from companion.peers.rosetta import SINGLE, Row
from diffcore.losses import noised
from diffcore.schedules import Cosine, RectifiedFlow
from diffcore.targets import TARGETS

INDICES = torch.arange(20, 1000, 49)


def diffusers() -> Any:
    """The library, untyped: its annotations have holes."""
    return import_module("diffusers")


def at_indices(cumulative: Tensor) -> Tensor:
    """The time at which our Cosine has the noise level of ``alphas_cumprod``: any VP schedule will do."""
    kept = cumulative.double()
    return Cosine().time_of(kept.log() - (-kept).log1p())


def ddpm_log_snr(timestep: Tensor) -> Tensor:
    """The log-SNR of DDPM's timesteps, from the library's own table."""
    kept = diffusers().DDPMScheduler().alphas_cumprod[timestep.long()].double()
    return kept.log() - (-kept).log1p()


def diffusers_alphas_cumprod() -> float:
    """alphas_cumprod is alpha^2: add_noise is our forward process."""
    scheduler = diffusers().DDPMScheduler()
    t = at_indices(scheduler.alphas_cumprod[INDICES])
    x, eps, z = batch(Cosine(), t)
    return gap(scheduler.add_noise(x, eps, INDICES), z)


def diffusers_snr() -> float:
    """Its SNR is alpha^2 / sigma^2, as here (and unlike flow_matching's and azula's)."""
    compute_snr = import_module("diffusers.training_utils").compute_snr

    scheduler = diffusers().DDPMScheduler()
    t = at_indices(scheduler.alphas_cumprod[INDICES])
    return gap(compute_snr(scheduler, INDICES).double(), torch.exp(Cosine().log_snr(t)))


def diffusers_velocity() -> float:
    """get_velocity and v_prediction are v, not the flow's velocity."""
    scheduler = diffusers().DDPMScheduler()
    t = at_indices(scheduler.alphas_cumprod[INDICES])
    x, eps, _ = batch(Cosine(), t)
    return gap(scheduler.get_velocity(x, eps, INDICES), dc.V.of(x, eps, t, Cosine()))


def diffusers_predictions() -> float:
    """prediction_type sample, epsilon and v_prediction are x, eps and v."""
    worst = 0.0
    for name, target in [("sample", "x"), ("epsilon", "eps"), ("v_prediction", "v")]:
        scheduler = diffusers().DDIMScheduler(prediction_type=name, clip_sample=False)
        scheduler.set_timesteps(1000)
        t = at_indices(scheduler.alphas_cumprod[INDICES])
        x, eps, z = batch(Cosine(), t)
        y = TARGETS[target].of(x + 0.1, eps - 0.2, t, Cosine())
        ours = dc.convert(y, z, t, Cosine(), TARGETS[target], dc.X)
        theirs = [
            scheduler.step(y[k], int(i), z[k]).pred_original_sample for k, i in enumerate(INDICES)
        ]
        worst = max(worst, gap(torch.stack(theirs), ours))
    return worst


def diffusers_flow() -> float:
    """In its flow-matching schedulers sigma is our t, a timestep is 1000 t, the output is our u."""
    scheduler = diffusers().FlowMatchEulerDiscreteScheduler()
    t = scheduler.sigmas[INDICES].double()
    x, eps, z = batch(RectifiedFlow(), t)
    forward = gap(scheduler.scale_noise(x, scheduler.timesteps[INDICES], eps), z)
    velocity = dc.VELOCITY.of(x, eps, t, RectifiedFlow())
    steps = []
    for k, i in enumerate(INDICES):
        one = diffusers().FlowMatchEulerDiscreteScheduler()
        one.set_begin_index(int(i))
        steps.append(one.step(velocity[k], one.timesteps[i], z[k]).prev_sample)
    later = scheduler.sigmas[INDICES + 1].double()
    path = gap(torch.stack(steps), noised(x, eps, later, RectifiedFlow()))
    return max(forward, path, gap(scheduler.timesteps[INDICES].double(), 1000 * t))


def diffusers_direction() -> float:
    """timesteps decrease, so timesteps[u * 1000] is time 1 - u: u = 1 is data."""
    timesteps = diffusers().FlowMatchEulerDiscreteScheduler().timesteps.double()
    return gap(timesteps / 1000, 1 - torch.arange(1000, dtype=torch.float64) / 1000)


def diffusers_euler_sigmas() -> float:
    """In its Euler schedulers sigma is sigma / alpha: exp of minus half our log-SNR."""
    scheduler = diffusers().EulerDiscreteScheduler()
    t = at_indices(scheduler.alphas_cumprod[INDICES])
    theirs = scheduler.sigmas.flip(0)[1:][INDICES].double()
    return gap(theirs, torch.exp(-Cosine().log_snr(t) / 2))


ROWS = (
    Row(
        "diffusers",
        "`alphas_cumprod`",
        r"$\alpha^2$",
        "DDPMScheduler.add_noise",
        diffusers_alphas_cumprod,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`snr`",
        r"$\alpha^2/\sigma^2 = e^{\lambda}$",
        "training_utils.compute_snr",
        diffusers_snr,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`get_velocity`",
        "$v$, not $u$",
        "DDPMScheduler.get_velocity",
        diffusers_velocity,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`sample`, `epsilon`, `v_prediction`",
        r"$x$, $\epsilon$, $v$",
        "DDIMScheduler.step",
        diffusers_predictions,
        SINGLE,
    ),
    Row(
        "diffusers",
        "flow matching: `sigma`, output",
        "$t$, $u$",
        "FlowMatchEulerDiscreteScheduler",
        diffusers_flow,
        SINGLE,
    ),
    Row(
        "diffusers",
        "flow matching: `timesteps[1000 * u]`",
        "time $1 - u$; data at $u = 1$",
        "FlowMatchEulerDiscreteScheduler",
        diffusers_direction,
        SINGLE,
    ),
    Row(
        "diffusers",
        "Euler: `sigmas`",
        r"$\sigma/\alpha = e^{-\lambda/2}$",
        "EulerDiscreteScheduler",
        diffusers_euler_sigmas,
        SINGLE,
    ),
)
