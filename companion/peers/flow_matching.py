"""flow_matching, called."""

from __future__ import annotations

import torch

import diffcore as dc
from companion.peers.common import batch, gap, times
from companion.peers.rosetta import Row
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow


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


ROWS = (
    Row(
        "flow_matching",
        "`t`",
        "$1 - t$; data at 1",
        "path.scheduler",
        flow_matching_time,
    ),
    Row(
        "flow_matching",
        "`x_0`, `x_1`",
        r"$\epsilon$, $x$",
        "path.CondOTProbPath.sample",
        flow_matching_points,
    ),
    Row(
        "flow_matching",
        "velocity `dx_t`",
        "$-u$",
        "path.AffineProbPath.sample",
        flow_matching_velocity,
    ),
    Row(
        "flow_matching",
        "`snr`",
        r"$\alpha/\sigma = e^{\lambda/2}$",
        "path.scheduler.snr_inverse",
        flow_matching_snr,
    ),
    Row(
        "flow_matching",
        "`target`, `epsilon`, `velocity`",
        r"$x$, $\epsilon$, $-u$: six conversions",
        "path.AffineProbPath",
        flow_matching_conversions,
    ),
)
