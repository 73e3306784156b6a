"""The chain of a sampler: from noise, level by level, to a prediction of the data."""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.denoisers import Denoiser
from diffcore.memoized import memoized, together
from diffcore.samplers.grids import Grid, UniformTime
from diffcore.samplers.sde import DDIM
from diffcore.samplers.solver import Chain, Level, Predicted, Solver
from diffcore.targets import X

DETERMINISTIC, EVEN_TIMES = DDIM(), UniformTime()


@torch.no_grad()
def sample(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    solver: Solver = DETERMINISTIC,
    grid: Grid = EVEN_TIMES,
    log_snr: tuple[float, float] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Samples: a chain from noise to data, and what is predicted of x at its end.

    Args:
        denoiser: a network or an exact posterior mean; it carries the schedule.
        shape: (batch, ...) of the samples.
        steps: number of steps >= 1.
        generator: the only source of randomness; samples live on its device.
        solver: how one step is made; the deterministic chain of DDIM unless told otherwise.
        grid: at which noise levels.
        log_snr: (low, high): where the chain starts and ends, in nats; None for (-12, 12), or the
            part of it that the schedule reaches.
        dtype: of the samples.

    Returns:
        The predicted x at the last noise level, shape ``shape``.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if an axis of ``shape`` is less than 1, steps >= 1 or low < high does not hold, the
            schedule does not reach that far, or two levels of the grid are one in float64; on the CPU, if a
            step leaves something that is not finite.
    """
    denoiser = _asked_often(denoiser)
    walk = _walk(denoiser, shape, steps, generator, solver, grid, log_snr, dtype)
    ((level, z),) = deque(walk, maxlen=1)  # no other latent is kept
    x = denoiser.predict(z, level.t, X).to(dtype)
    checks.predictions(f"after {steps} steps", x)
    return x


@torch.no_grad()
def trajectory(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    solver: Solver = DETERMINISTIC,
    grid: Grid = EVEN_TIMES,
    log_snr: tuple[float, float] | None = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:
    r"""The chain that :func:`sample` walks; arguments and errors as for it.

    Returns:
        The times, (steps + 1,) in float64, falling, and z at each of them, (steps + 1, \*shape).
    """
    denoiser = _asked_often(denoiser)
    walked = list(_walk(denoiser, shape, steps, generator, solver, grid, log_snr, dtype))
    levels, latents = zip(*walked, strict=True)
    return torch.stack([level.t for level in levels]), torch.stack(latents)


def _asked_often(denoiser: Denoiser) -> Denoiser:
    """The same, which computes the scales of a noise level once."""
    checks.instance("denoiser", denoiser, Denoiser)
    return denoiser.keeping()


def _walk(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    steps: int,
    generator: Generator,
    solver: Solver,
    grid: Grid,
    log_snr: tuple[float, float] | None,
    dtype: torch.dtype,
) -> Iterator[tuple[Level, Tensor]]:
    """Each of the ``steps`` + 1 noise levels, and the latent there."""
    checks.instance("solver", solver, Solver)
    checks.instance("grid", grid, Grid)
    shape = checks.sample_shape(shape)
    checks.float_dtype(dtype)
    schedule, device = memoized(denoiser.schedule), checks.generator(generator).device
    window = schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    times = grid.times(schedule, window, steps)
    levels = [Level(schedule, t) for t in together(schedule, times.to(device))]
    words = [f"step {n} of {steps}, from t = {t:.4g}" for n, t in enumerate(times[:-1].tolist(), 1)]

    def predict(z: Tensor, level: Level) -> Predicted:
        return Predicted(level, z, *denoiser.predict_pair(z, level.t))

    z = torch.randn(shape, generator=generator, dtype=dtype, device=device)
    z = z * torch.hypot(levels[0].alpha, levels[0].sigma).to(dtype)
    yield levels[0], z
    before: Predicted | None = None
    for (at, there), where in zip(pairwise(levels), words, strict=True):
        here = predict(z, at)
        z = solver.step(here, there, Chain(predict, generator, before)).to(dtype)
        checks.predictions(where, z)
        yield there, z
        before = here
