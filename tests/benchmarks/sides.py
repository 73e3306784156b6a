"""What is timed side by side: samplers, the loss, the exact denoiser, training.

The other side of each pair is written as its users would: azula and diffusers by their own samplers, plain
torch by a loop without any of our functions on its path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

import diffcore as dc
from diffcore import exact
from diffcore.networks import TimeMLP, initialised
from diffcore.samplers import DDIM, Grid, sample
from diffcore.schedules import Cosine, Schedule
from diffcore.times import uniform
from tests.benchmarks import training_sides
from tests.benchmarks.side_by_side import Pair

SCHEDULE, ENDS = Cosine(), (-12.0, 12.0)
STEPS, SAMPLES, BATCH = 32, 1_000, 1_024
HALF_PI = math.pi / 2


def small_net(dtype: torch.dtype) -> nn.Module:
    """A small network of the noise, told the log-SNR."""
    made = initialised(partial(TimeMLP, dims=2, width=48, depth=2, schedule=SCHEDULE), 0)
    return made.to(dtype).requires_grad_(False)


def noise(dtype: torch.dtype, n: int = SAMPLES) -> Tensor:
    """The latents that all chains start from: what `sample` draws."""
    return torch.randn((n, 2), generator=Generator().manual_seed(0), dtype=dtype)


def ends_in_time() -> tuple[float, float]:
    """The first and the last time of a chain."""
    first, last = SCHEDULE.time_of(torch.tensor(ENDS, dtype=torch.float64)).tolist()
    return first, last


Predict = Callable[[Tensor, Tensor], Tensor]
"""(z (n, 2), t ()) -> the predicted x."""


def of_net(net: nn.Module) -> Predict:
    """The predicted x of a network of the noise, by hand."""

    def predict(z: Tensor, t: Tensor) -> Tensor:
        eps_hat = net(z, t.to(z.dtype).expand(len(z)))
        alpha, sigma = torch.sin(HALF_PI * (1 - t)), torch.sin(HALF_PI * t)
        return (z - sigma.to(z.dtype) * eps_hat) / alpha.to(z.dtype)

    return predict


def of_clusters() -> Predict:
    """The exact mean of the clusters given z, by hand: a posterior mean of each, weighed."""
    known = exact.clusters().components
    means, variance = known.mean.T.contiguous(), float(known.variance[0, 0])

    def predict(z: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = torch.sin(HALF_PI * (1 - t)), torch.sin(HALF_PI * t)
        spread = alpha**2 * variance + sigma**2
        centres = means.to(z.dtype)
        away = z[:, None] - alpha.to(z.dtype) * centres
        share = torch.softmax(-away.square().sum(2) / (2 * spread.to(z.dtype)), 1)
        each = centres + (alpha * variance / spread).to(z.dtype) * away
        return (share[:, :, None] * each).sum(1)

    return predict


@torch.no_grad()
def plain_ddim(predict: Predict, z: Tensor, times: Tensor) -> Tensor:
    """DDIM by hand, and a prediction of x at the end."""
    alphas, sigmas = torch.sin(HALF_PI * (1 - times)), torch.sin(HALF_PI * times)
    scales = list(zip(alphas.tolist(), sigmas.tolist(), strict=True))
    for k in range(len(times) - 1):
        (alpha, sigma), (alpha_s, sigma_s) = scales[k], scales[k + 1]
        x_hat = predict(z, times[k])
        z = alpha_s * x_hat + sigma_s / sigma * (z - alpha * x_hat)
    return predict(z, times[-1])


def azula_ddim(predict: Predict, dtype: torch.dtype) -> Callable[[], Tensor]:
    """azula's DDIM, on our cosine, and a prediction of x at the end."""
    from azula.denoise import Denoiser, DiracPosterior
    from azula.noise import Schedule as Theirs
    from azula.sample import DDIMSampler

    class Cosines(Theirs):
        def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
            return torch.sin(HALF_PI * (1 - t)), torch.sin(HALF_PI * t)

    class Wrapped(Denoiser):
        def __init__(self) -> None:
            super().__init__()
            self.schedule = Cosines()

        def forward(self, x_t: Tensor, t: Tensor) -> DiracPosterior:
            return DiracPosterior(mean=predict(x_t, t))

    first, last = ends_in_time()
    denoiser = Wrapped()
    sampler = DDIMSampler(denoiser, start=first, stop=last, steps=STEPS, silent=True, dtype=dtype)
    end = torch.tensor(last, dtype=dtype)

    @torch.no_grad()
    def run() -> Tensor:
        return denoiser(sampler(noise(dtype)), end).mean

    return run


def our_ddim(
    denoiser: dc.Denoiser, dtype: torch.dtype, grid: Grid | None = None
) -> Callable[[], Tensor]:
    """Our DDIM, from the same noise."""
    given = {} if grid is None else {"grid": grid}
    steps = STEPS

    def run() -> Tensor:
        generator = Generator().manual_seed(0)
        return sample(
            denoiser, (SAMPLES, 2), steps, generator, DDIM(), log_snr=ENDS, dtype=dtype, **given
        )

    return run


@dataclass(frozen=True, eq=False)
class Given(Grid):
    """Times that are given, whatever the ends."""

    given: Tensor

    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        return self.given


def diffusers_ddim(net: nn.Module, dtype: torch.dtype) -> tuple[Callable[[], Tensor], Grid]:
    """The DDIM of diffusers on its own levels, and these levels as a grid of ours."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(clip_sample=False, set_alpha_to_one=False)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.to(dtype)
    scheduler.set_timesteps(STEPS + 1)
    squares = scheduler.alphas_cumprod.double()
    indices = scheduler.timesteps.tolist()
    times = SCHEDULE.time_of(squares[indices].log() - (-squares[indices]).log1p())

    @torch.no_grad()
    def run() -> Tensor:
        z = noise(dtype)
        for index, t in zip(indices, times, strict=True):
            stepped = scheduler.step(net(z, t.to(dtype).expand(len(z))), index, z)
            z = stepped.prev_sample
        return stepped.pred_original_sample

    return run, Given(times)


def samplers() -> Iterator[Pair]:
    """A chain of DDIM: of a network, and of the exact denoiser."""
    times = torch.linspace(*ends_in_time(), STEPS + 1, dtype=torch.float64)
    sides: dict[torch.dtype, dict[str, Callable[[], Tensor]]] = {}
    for dtype in (torch.float32, torch.float64):
        net = small_net(dtype)
        denoiser = dc.NetDenoiser(net, SCHEDULE, dc.EPS)
        oracle = exact.clusters().denoiser(SCHEDULE)
        by_diffusers, grid = diffusers_ddim(net, dtype)
        sides[dtype] = {
            "ours": our_ddim(denoiser, dtype),
            "azula": azula_ddim(of_net(net), dtype),
            "plain torch": partial(_plain, of_net(net), dtype, times),
            "ours, their levels": our_ddim(denoiser, dtype, grid),
            "diffusers": by_diffusers,
            "ours, exact": our_ddim(oracle, dtype),
            "azula, exact": azula_ddim(of_clusters(), dtype),
            "plain torch, exact": partial(_plain, of_clusters(), dtype, times),
        }
    fast, accurate = sides[torch.float32], sides[torch.float64]
    for ours, theirs, name, against, goal in (
        ("ours", "azula", "DDIM, network of width 48", "azula", 1.0),
        ("ours", "plain torch", "DDIM, network of width 48", "plain torch", None),
        ("ours, their levels", "diffusers", "DDIM, network of width 48", "diffusers", None),
        ("ours, exact", "azula, exact", "DDIM, exact clusters", "azula, by hand", None),
        ("ours, exact", "plain torch, exact", "DDIM, exact clusters", "plain torch", None),
    ):
        pair = partial(_both, accurate[ours], accurate[theirs])
        tolerance = 1e-5 if "diffusers" in theirs else 1e-7  # its latents' scales are rounded
        yield Pair(
            f"{name}, {STEPS} steps", against, fast[ours], fast[theirs], pair, goal, tolerance
        )


def _plain(predict: Predict, dtype: torch.dtype, times: Tensor) -> Tensor:
    return plain_ddim(predict, noise(dtype), times)


def _both(ours: Callable[[], Tensor], theirs: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    return ours(), theirs()


def elbo_by_hand(net: nn.Module, x: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """The continuous ELBO on the cosine schedule at uniform times, (batch,), nats; t is (batch, 1)."""
    angle = HALF_PI * t
    z = torch.cos(angle) * x + torch.sin(angle) * eps
    rate = math.pi / torch.sin(2 * angle)  # half of what the log-SNR falls by, per unit of time
    return (rate * (eps - net(z)).square()).sum(1)


def losses() -> Iterator[Pair]:
    """The loss, forward and backward, of a trivial network."""
    net, loss = nn.Linear(2, 2), dc.Loss(SCHEDULE, dc.EPS)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=Generator().manual_seed(1)))
    x = noise(torch.float32, BATCH)
    generator = Generator().manual_seed(0)

    def ours() -> None:
        net.zero_grad()
        loss(lambda z, t: net(z), x, generator).mean().backward()

    def theirs() -> None:
        net.zero_grad()
        t = torch.rand((BATCH, 1), generator=generator)
        eps = torch.randn(x.shape, generator=generator)
        elbo_by_hand(net, x, t, eps).mean().backward()

    def computed() -> tuple[Tensor, Tensor]:
        accurate, found = nn.Linear(2, 2).double(), []
        accurate.load_state_dict(net.state_dict())
        for by_hand in (False, True):
            accurate.zero_grad()
            drawn = Generator().manual_seed(3)
            if by_hand:
                t = uniform(BATCH, drawn)[:, None]
                eps = torch.randn(x.shape, generator=drawn, dtype=torch.float64)
                terms = elbo_by_hand(accurate, x.double(), t, eps)
            else:
                terms = loss(lambda z, t: accurate(z), x.double(), drawn)
            terms.mean().backward()
            slopes = [p.grad.flatten() for p in accurate.parameters() if p.grad is not None]
            found.append(torch.cat([terms.detach(), *slopes]))
        return found[0], found[1]

    name = f"Loss, forward and backward, {BATCH:,} x 2"
    yield Pair(name, "plain torch", ours, theirs, computed, 2.0, 1e-8)


def pairs() -> Iterator[Pair]:
    """Every pair."""
    yield from samplers()
    yield from losses()
    yield from training_sides.many()
    yield from training_sides.few()
