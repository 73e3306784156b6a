"""What a small error at one noise level does: kernels, derived along exact paths, and measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.chapters.likelihood_and_samples.results import SCHEDULE, STEPS, WINDOW
from companion.evidence.perturbed import LEVELS, WIDTH, Perturbed, bump
from diffcore import exact
from diffcore.denoisers import Denoiser
from diffcore.exact.floors import lean
from diffcore.likelihood import RungeKutta, log_likelihood, velocity
from diffcore.losses import excess
from diffcore.samplers import DDIM, UniformLogSNR, sample
from diffcore.targets import like
from diffcore.times import Stratified
from diffcore.times import UniformLogSNR as UniformTimes
from diffcore.weightings import Elbo

LAST = 1 / math.sqrt(1 + math.exp(-WINDOW[1]))
"""Signal scale at the last level: what turns a latent u into z / alpha."""


@dataclass(frozen=True, eq=False)
class Wrong(Perturbed):
    """A denoiser whose predicted noise is wrong around one log-SNR, by as much everywhere in z.

    Attributes:
        level: where, nats, for all rows or for each (batch,).
        generator: given, the error is drawn anew at every call, as large on average; else it is the same
            along all axes.
        sign: of the error, for all rows or for each (batch,).
    """

    level: float | Tensor
    generator: Generator | None = None
    sign: float | Tensor = 1.0

    def errors(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Perturbed.errors`."""
        direction = torch.ones_like(z)
        if self.generator is not None:
            direction = torch.randn(z.shape, generator=self.generator, dtype=z.dtype)
        size = bump(self.schedule.log_snr(t), self.level) / math.sqrt(z.shape[1])
        error = like(self.sign * size, z) * direction
        rho = self.schedule.sigma(t) / self.schedule.alpha(t)
        return -like(rho, z) * error, error


@dataclass(frozen=True)
class Paths:
    """Exact paths from noise to data, and how they spread.

    Attributes:
        levels: log-SNRs, rising, (levels,).
        u: latents at each, (levels, n, 2).
        spread: derivative of each by the first, (levels, n, 2, 2).
    """

    levels: Tensor
    u: Tensor
    spread: Tensor

    def carried(self, k: int) -> Tensor:
        """By how much an error in z / alpha at level ``k`` has grown at the end, (n, 2, 2)."""
        scale = torch.sigmoid(self.levels).sqrt()
        rest = self.spread[-1] @ torch.linalg.inv(self.spread[k])
        return rest * scale[k] / scale[-1]


def paths(oracle: Denoiser, n: int, steps: int, seed: int = 0) -> Paths:
    """``n`` paths from N(0, I) over `WINDOW`, in as many steps."""
    u = torch.randn(n, 2, generator=Generator().manual_seed(seed), dtype=torch.float64)
    identity = torch.eye(2, dtype=torch.float64).reshape(1, 4).expand(n, 4)
    state = torch.cat([u, identity], 1)
    levels = torch.linspace(*WINDOW, steps + 1, dtype=torch.float64)
    states = [state]

    def slope(at: float, now: Tensor) -> Tensor:
        with torch.enable_grad():
            u = now[:, :2].detach().requires_grad_()
            moved = velocity(oracle, u, torch.tensor(at, dtype=torch.float64))
            rows = [
                torch.autograd.grad(moved[:, i].sum(), u, retain_graph=True)[0] for i in range(2)
            ]
        turned = torch.stack(rows, 1) @ now[:, 2:].reshape(-1, 2, 2)
        return torch.cat([moved.detach(), turned.flatten(1)], 1)

    for low, high in zip(levels[:-1].tolist(), levels[1:].tolist(), strict=True):
        state = RungeKutta(1).integrate(slope, state, low, high)
        states.append(state)
    walked = torch.stack(states)
    return Paths(levels, walked[..., :2], walked[..., 2:].unflatten(-1, (2, 2)))


def derived(walked: Paths, level: float) -> Tensor:
    """First-order displacement of each sample by a bump along all axes, (n, 2): the kernel, integrated."""
    direction = torch.full((2,), 1 / math.sqrt(2), dtype=torch.float64)
    rho = torch.exp(-walked.levels / 2)
    sizes = bump(walked.levels, level)
    each = torch.stack(
        [-rho[k] / 2 * sizes[k] * walked.carried(k) @ direction for k in range(len(walked.levels))]
    )
    return torch.trapezoid(each, walked.levels, dim=0)


def measured(oracle: Denoiser, walked: Paths, level: float) -> Tensor:
    """The displacement of each sample by the same bump, (n, 2): the flow, followed again with it."""
    wrong = Wrong(oracle, level)
    first = int((walked.levels < level - 4 * WIDTH).sum().clamp(min=1)) - 1

    def slope(at: float, now: Tensor) -> Tensor:
        with torch.no_grad():
            return velocity(wrong, now, torch.tensor(at, dtype=torch.float64))

    start, end = float(walked.levels[first]), float(walked.levels[-1])
    steps = len(walked.levels) - 1 - first
    moved = RungeKutta(steps).integrate(slope, walked.u[first], start, end)
    return (moved - walked.u[-1]) / LAST


def oracle(name: str) -> Denoiser:
    """The exact denoiser of a data set."""
    return lean(exact.DATASETS[name]()).denoiser(SCHEDULE)


def _rms(moved: Tensor) -> float:
    return float(moved.square().sum(1).mean().sqrt())


def displacements(name: str, n: int) -> tuple[pd.DataFrame, dict[float, Tensor]]:
    """How far ``n`` samples move, for a bump at each of `LEVELS`, to first order and in fact.

    Returns:
        A row for each level: ``derived`` and ``measured``, the medians of the distances; ``derived_rms`` and
        ``measured_rms``, their root mean squares. And the samples themselves (n, 2), by level; without an
        error at the level infinity.
    """
    denoiser = oracle(name)
    walked = paths(denoiser, n, STEPS)
    right = walked.u[-1] / LAST
    rows, samples = [], {math.inf: right}
    for level in LEVELS:
        line, found = derived(walked, level), measured(denoiser, walked, level)
        row = {"dataset": name, "level": level}
        for kind, moved in (("derived", line), ("measured", found)):
            row |= {kind: float(moved.norm(dim=1).median()), f"{kind}_rms": _rms(moved)}
        rows.append(row)
        samples[level] = right + found
    return pd.DataFrame(rows), samples


REPEATS = 40
"""Noise levels at which the bound's excess is taken, for each point of data."""


def nats(n: int, seed: int = 0) -> pd.DataFrame:
    """What the same bumps cost in nats, with the clusters as data.

    Returns:
        A row for each level: the ``bound``'s excess; the increase of the exact negative log-likelihood of the
        ``flow``, the mean over ``n`` points of data and over both signs of the error, and its standard
        ``error``.
    """
    right = oracle("clusters")
    x = exact.clusters().sample(n, Generator().manual_seed(seed), torch.float64)
    times = Stratified(UniformTimes(*WINDOW))

    def likelihood(denoiser: Denoiser, x: Tensor) -> Tensor:
        return log_likelihood(denoiser, x, method=RungeKutta(STEPS), log_snr=WINDOW)

    # Every level and sign is a case, (levels, signs); all of them at once.
    cases = torch.cartesian_prod(*(torch.tensor(of, dtype=x.dtype) for of in (LEVELS, (1.0, -1.0))))
    where, sign = (of.repeat_interleave(n) for of in cases.T)
    found = likelihood(Wrong(right, where, sign=sign), x.repeat(len(cases), 1))
    lost = likelihood(right, x) - found.unflatten(0, (len(LEVELS), 2, n)).mean(1)
    rows = []
    for level, of_level in zip(LEVELS, lost, strict=True):
        generator, wrong = Generator().manual_seed(seed), Wrong(right, level)
        above = excess(wrong, right, x.repeat(REPEATS, 1), generator, Elbo(), times)
        rows.append(
            {
                "level": level,
                "bound": float(above.mean()),
                "flow": float(of_level.mean()),
                "error": float(of_level.std()) / math.sqrt(n),
            }
        )
    return pd.DataFrame(rows)


RANDOM_LEVELS, RANDOM_STEPS = (4.0, 6.0), (44, 176)
RANDOM_SHOWN: dict[str, Any] = {
    "caption": "Root mean square displacement of samples of the clusters by errors of equal size: the same "
    "at every call of the denoiser, or drawn anew. DDIM, steps equal in log-SNR. *To first order*: what the "
    "kernel gives for errors drawn anew.",
    "digits": {"level": 0, "systematic": 5, "random": 5, "derived": 5},
    "columns": {
        "level": "log-SNR of the error",
        "steps": "steps",
        "systematic": "the same",
        "random": "drawn anew",
        "derived": "to first order",
    },
}
"""How `random_errors` is shown."""


def random_errors(n: int, seed: int = 0) -> pd.DataFrame:
    """Systematic errors against errors drawn anew at every call, of equal mean square.

    Returns:
        A row for each of `RANDOM_LEVELS` and `RANDOM_STEPS`: the root mean square displacement of ``n``
        samples of the clusters by either, and the ``derived`` one of the second.
    """
    right, rows = oracle("clusters"), []

    def drawn(denoiser: Denoiser, steps: int) -> Tensor:
        generator = Generator().manual_seed(seed)
        return sample(
            denoiser, (n, 2), steps, generator, DDIM(), UniformLogSNR(), WINDOW, torch.float64
        )

    for level in RANDOM_LEVELS:
        for steps in RANDOM_STEPS:
            exactly = drawn(right, steps)
            anew = Wrong(right, level, Generator().manual_seed(seed + 1))
            rows.append(
                {
                    "level": level,
                    "steps": steps,
                    "systematic": _rms(drawn(Wrong(right, level), steps) - exactly),
                    "random": _rms(drawn(anew, steps) - exactly),
                    "derived": _first_order(paths(right, n, steps, seed), level),
                }
            )
    return pd.DataFrame(rows)


def _first_order(walked: Paths, level: float) -> float:
    """Root mean square displacement by independent errors in each step of DDIM."""
    moves = torch.exp(-walked.levels / 2).diff()
    sizes = bump(walked.levels, level)
    total = 0.0
    for k in range(len(moves)):
        per_axis = walked.carried(k + 1).square().sum((1, 2)).mean() / 2
        total += float((moves[k] * sizes[k]) ** 2 * per_axis)
    return math.sqrt(total)
