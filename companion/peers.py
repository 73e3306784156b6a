"""Other libraries, called: each function compares one of their names with `diffcore`.

Each returns the largest difference between what the library computes and what this package computes
for the same thing. The libraries are those of the ``peers`` extra; they are called, never copied, and
imported only when a function runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

import diffcore as dc
from diffcore.losses import noised
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, VarianceExploding
from diffcore.targets import TARGETS


def times() -> Tensor:
    """Times that cover (0, 1) without its ends, where several libraries divide by zero."""
    return torch.linspace(0.02, 0.98, 49, dtype=torch.float64)


def batch(schedule: dc.Schedule, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(x, eps, z) in three dimensions at each time, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    shape = (len(t), 3)
    x, eps = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    return x, eps, noised(x, eps, t, schedule)


def gap(theirs: Tensor, ours: Tensor) -> float:
    """The largest difference, relative where ``ours`` is larger than 1."""
    return float(((theirs - ours).abs() / ours.abs().clamp(min=1)).max())


# azula ---------------------------------------------------------------------------------------------


def azula_time() -> float:
    """Its t runs as ours: VESchedule is our VarianceExploding at the same t."""
    from azula.noise import VESchedule

    ours, t = VarianceExploding(0.01, 50.0), times()
    alpha, sigma = VESchedule(0.01, 50.0)(t)
    return max(gap(alpha, ours.alpha(t)), gap(sigma, ours.sigma(t)))


def azula_vp() -> float:
    """VPSchedule is LinearBeta with beta_min = 0, but alpha^2 + sigma^2 = 1 + sigma_min^2."""
    from azula.noise import VPSchedule

    theirs, t = VPSchedule(alpha_min=1e-3, sigma_min=1e-3), times()
    ours = LinearBeta(0.0, float(-4 * torch.tensor(1e-3, dtype=torch.float64).log()))
    alpha, sigma = theirs(t)
    return max(gap(alpha, ours.alpha(t)), gap(sigma**2 - 1e-6, ours.sigma(t) ** 2))


def azula_network_time() -> float:
    """The time that a backbone sees is log(sigma / alpha): minus half our log-SNR."""
    from azula.denoise import SimpleDenoiser
    from azula.noise import VESchedule

    seen: list[Tensor] = []

    class Backbone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dtype_of = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))

        def forward(self, z: Tensor, t: Tensor) -> Tensor:
            seen.append(t)
            return z

    schedule, t = VarianceExploding(0.01, 50.0), times()
    SimpleDenoiser(Backbone(), VESchedule(0.01, 50.0))(batch(schedule, t)[2], t)
    return gap(seen[0], -schedule.log_snr(t) / 2)


# flow_matching -------------------------------------------------------------------------------------


def flow_matching_time() -> float:
    """Its t = 1 is data: each scheduler is one of ours at 1 - t."""
    from flow_matching.path.scheduler import CondOTScheduler, CosineScheduler, VPScheduler

    t, worst = times(), 0.0
    pairs = [
        (CondOTScheduler(), RectifiedFlow()),
        (CosineScheduler(), Cosine()),
        (VPScheduler(), LinearBeta()),
    ]
    for theirs, ours in pairs:
        at = theirs(1 - t)
        worst = max(worst, gap(at.alpha_t, ours.alpha(t)), gap(at.sigma_t, ours.sigma(t)))
    return worst


def flow_matching_points() -> float:
    """x_1 is data and x_0 is noise."""
    from flow_matching.path import CondOTProbPath

    t = times()
    x, eps, z = batch(RectifiedFlow(), t)
    return gap(CondOTProbPath().sample(x_0=eps, x_1=x, t=1 - t).x_t, z)


def flow_matching_velocity() -> float:
    """Its velocity dx_t is minus ours, because its time runs the other way."""
    from flow_matching.path import AffineProbPath
    from flow_matching.path.scheduler import CondOTScheduler, CosineScheduler

    t, worst = times(), 0.0
    for theirs, ours in [(CondOTScheduler(), RectifiedFlow()), (CosineScheduler(), Cosine())]:
        x, eps, _ = batch(ours, t)
        velocity = AffineProbPath(theirs).sample(x_0=eps, x_1=x, t=1 - t).dx_t
        worst = max(worst, gap(velocity, -dc.VELOCITY.of(x, eps, t, ours)))
    return worst


def flow_matching_snr() -> float:
    """Its "snr" is alpha / sigma, not its square: exp of half our log-SNR."""
    from flow_matching.path.scheduler import CondOTScheduler, CosineScheduler

    t, worst = times(), 0.0
    for theirs, ours in [(CondOTScheduler(), RectifiedFlow()), (CosineScheduler(), Cosine())]:
        found = theirs.snr_inverse(torch.exp(ours.log_snr(t) / 2))
        worst = max(worst, gap(found, 1 - t))
    return worst


def flow_matching_conversions() -> float:
    """Its six conversions are `convert` with the velocity's sign turned."""
    from flow_matching.path import AffineProbPath
    from flow_matching.path.scheduler import VPScheduler

    t, ours, path = times(), LinearBeta(), AffineProbPath(VPScheduler())
    x, eps, z = batch(ours, t)
    at = (1 - t)[:, None]
    names = {"target": dc.X, "epsilon": dc.EPS, "velocity": dc.VELOCITY}
    worst = 0.0
    for source, ours_source in names.items():
        truth = ours_source.of(x + 0.1, eps - 0.2, t, ours)  # a wrong prediction, on purpose
        given = -truth if source == "velocity" else truth
        for to in names.keys() - {source}:
            theirs = getattr(path, f"{source}_to_{to}")(given, z, at)
            theirs = -theirs if to == "velocity" else theirs
            converted = dc.convert(truth, z, t, ours, ours_source, names[to])
            worst = max(worst, gap(theirs, converted))
    return worst


# diffusers -----------------------------------------------------------------------------------------

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
