"""Steps of other libraries' samplers beside ours: the same latent and random numbers, in float64."""

from collections.abc import Callable

import pytest
import torch
from reference import Gaussian, generator, tensor
from torch import Tensor

import diffcore as dc
from diffcore.samplers import DDIM, Chain, DPMSolver2M, Heun, Level, Predicted, Solver
from diffcore.schedules import Cosine, VarianceExploding

pytestmark = pytest.mark.peer
DATA = Gaussian()
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def our_step(
    solver: Solver, oracle: dc.Denoiser, z: Tensor, times: tuple[Tensor, ...], seed: int = 0
) -> Tensor:
    """The step between the last two times; a rule that looks back has been at the first with ``z`` too."""
    levels = [Level(oracle.schedule, t) for t in times]

    def predict(z: Tensor, level: Level) -> Predicted:
        return Predicted(level, z, *oracle.predict_pair(z, level.t))

    before = predict(z, levels[0]) if len(levels) == 3 else None
    chain = Chain(predict, generator(seed), before)
    return solver.step(predict(z, levels[-2]), levels[-1], chain)


@pytest.mark.parametrize(
    ("theirs", "arguments", "ours"),
    [
        ("DDIMSampler", {"eta": 0.0}, DDIM()),
        ("DDIMSampler", {"eta": 1.0}, DDIM(eta=1)),
        (
            "DDIMSampler",
            {"eta": 0.36},
            DDIM(eta=0.6),
        ),  # it scales the variance where we scale the noise
        ("DDPMSampler", {}, DDIM(eta=1)),
        ("EulerSampler", {}, DDIM()),
        ("HeunSampler", {}, Heun(scaled=True)),
    ],
)
def test_steps_of_azula(theirs, arguments, ours):
    azula = pytest.importorskip("azula.sample")
    from azula.denoise import Denoiser, DiracPosterior
    from azula.noise import VESchedule

    schedule = VarianceExploding(0.01, 50.0)
    oracle = DATA.denoiser(schedule)

    class Theirs(Denoiser):
        def __init__(self) -> None:
            super().__init__()
            self.schedule = VESchedule(0.01, 50.0)

        def forward(self, z: Tensor, t: Tensor) -> DiracPosterior:
            return DiracPosterior(mean=oracle.predict(z, t, dc.X))

    sampler = getattr(azula, theirs)(Theirs(), **arguments)
    z = torch.randn(5, 3, generator=generator(1), dtype=torch.float64)
    for t, s in ((1.0, 0.7), (0.6, 0.55), (0.4, 0.1)):
        times = tensor(t), tensor(s)
        torch.manual_seed(4)
        their_step = sampler.step(z, *times)
        torch.testing.assert_close(our_step(ours, oracle, z, times, 4), their_step, **EXACT)


def vp_times(alphas_cumprod: Tensor) -> Tensor:
    """The times at which our Cosine has these alpha^2: any variance-preserving schedule will do."""
    return Cosine().time_of(alphas_cumprod.log() - (-alphas_cumprod).log1p())


@pytest.mark.parametrize("eta", [0.0, 0.35, 1.0])
def test_steps_of_ddim_in_diffusers(eta):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(clip_sample=False, set_alpha_to_one=False)
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.double()  # else its scales are in float32
    scheduler.set_timesteps(20)
    oracle = DATA.denoiser(Cosine())
    z = torch.randn(5, 3, generator=generator(1), dtype=torch.float64)
    for index in scheduler.timesteps[[0, 7, 18]].tolist():
        times = tuple(vp_times(scheduler.alphas_cumprod[[index, index - 50]]))
        noise = torch.randn(z.shape, generator=generator(4), dtype=torch.float64)
        eps_hat = oracle.predict(z, times[0], dc.EPS)
        theirs = scheduler.step(eps_hat, index, z, eta=eta, variance_noise=noise if eta else None)
        ours = our_step(DDIM(eta=eta), oracle, z, times, 4)
        torch.testing.assert_close(ours, theirs.prev_sample, **EXACT)


def test_steps_of_dpm_solver_in_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DPMSolverMultistepScheduler(final_sigmas_type="sigma_min")
    scheduler.set_timesteps(12)
    scheduler.sigmas = scheduler.sigmas.double()
    oracle = DATA.denoiser(Cosine())
    z = torch.randn(5, 3, generator=generator(1), dtype=torch.float64)
    every = Cosine().time_of(-2 * scheduler.sigmas.log())  # its sigma is sigma / alpha
    update: Callable[..., Tensor] = scheduler.multistep_dpm_solver_second_order_update
    for k in (1, 5, 10):
        times = tuple(every[k - 1 : k + 2])
        scheduler._step_index = k
        found = [oracle.predict(z, t, dc.X) for t in times[:2]]
        torch.testing.assert_close(
            our_step(DPMSolver2M(), oracle, z, times), update(found, sample=z), **EXACT
        )
