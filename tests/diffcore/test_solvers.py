"""Every solver on Gaussian data, against steps that are worked out from the differential equations.

The expected numbers come from the score form of the equations, with 50-digit schedules, and where a rule
claims to solve one exactly, from its integrals.
"""

import math
from itertools import pairwise

import mpmath
import pytest
import torch
from reference import NAMES, SCHEDULES, Gaussian, generator, point, tensor
from scipy import integrate

import diffcore as dc
from diffcore.samplers import (
    DDIM,
    DPMSolver2M,
    Euler,
    EulerMaruyama,
    ExponentialSDE,
    Heun,
    Karras,
    Langevin,
    UniformLogSNR,
    UniformTime,
    sample,
    trajectory,
)
from diffcore.schedules import Cosine

DATA = Gaussian(mean=0.7, variance=0.3, dims=1)
LOG_SNR = (-7.0, 9.0)
STEPS = 9
EVEN_TIMES = UniformTime()


class Scales:
    """Floats of a schedule at one time, and the score of the Gaussian there, (z - a m) times `slope`."""

    def __init__(self, name, t):
        at = point(name, float(t))
        self.t, self.lam = float(t), float(at.log_snr)
        self.a, self.s = float(at.alpha), float(at.sigma)
        self.f = float(at.alpha_prime / at.alpha)
        self.g2 = float(-at.log_snr_prime * at.sigma**2)
        self.slope = -1 / (self.a**2 * DATA.variance + self.s**2)

    def score(self, z):
        return (z - self.a * DATA.mean) * self.slope

    def flow(self, z):
        return self.f * z - self.g2 / 2 * self.score(z)

    def eps_hat(self, z):
        return -self.s * self.score(z)

    def x_hat(self, z):
        return (z - self.s * self.eps_hat(z)) / self.a


def euler(t, s, z, n, before):
    return z + (s.t - t.t) * t.flow(z)


def heun(t, s, z, n, before):
    guess = z + (s.t - t.t) * t.flow(z)
    return z + (s.t - t.t) * (t.flow(z) + s.flow(guess)) / 2


def scaled_heun(t, s, z, n, before):
    y, rise = z / t.a, s.s / s.a - t.s / t.a
    guess = y + rise * t.eps_hat(z)
    return s.a * (y + rise * (t.eps_hat(z) + s.eps_hat(guess * s.a)) / 2)


def dpm(t, s, z, n, before):
    """The line through the last two predictions, at the middle of the step in half the log-SNR."""
    middle = t.x_hat(z)
    if before is not None:
        (r, z_r) = before
        slope = (t.x_hat(z) - r.x_hat(z_r)) / (t.lam / 2 - r.lam / 2)
        middle = t.x_hat(z) + slope * (s.lam / 2 - t.lam / 2) / 2
    return s.s / t.s * z + s.s * (s.a / s.s - t.a / t.s) * middle


def euler_maruyama(t, s, z, n, before):
    dt = t.t - s.t
    return z - (t.f * z - t.g2 * t.score(z)) * dt + math.sqrt(t.g2 * dt) * n


def ddim(eta):
    def step(t, s, z, n, before):
        """Song et al. (2021), eq. 12, by the variance that it leaves for the fresh noise."""
        fresh = eta * math.sqrt(s.s**2 * (1 - math.exp(t.lam - s.lam)))
        return s.a * t.x_hat(z) + math.sqrt(s.s**2 - fresh**2) * t.eps_hat(z) + fresh * n

    return step


def langevin(t, s, z, n, before):
    first, second = n
    z = ddim(0.5)(t, s, z, first, before)
    return z + 0.3 * s.s**2 * s.score(z) + math.sqrt(2 * 0.3 * s.s**2) * second


CASES = {
    "Euler": (Euler(), euler, 0),
    "Heun": (Heun(), heun, 0),
    "Heun, scaled": (Heun(scaled=True), scaled_heun, 0),
    "DPM-Solver++(2M)": (DPMSolver2M(), dpm, 0),
    "DDIM": (DDIM(), ddim(0), 0),
    "DDIM, eta 0.6": (DDIM(eta=0.6), ddim(0.6), 1),
    "ancestral": (DDIM(eta=1), ddim(1), 1),
    "Euler-Maruyama": (EulerMaruyama(), euler_maruyama, 1),
    "Langevin": (Langevin(DDIM(eta=0.5), size=0.3), langevin, 2),
}
"""A solver, its step by other means, and how many random numbers a step draws."""


def walked(solver, schedule, grid=EVEN_TIMES, steps=STEPS, seed=3):
    return trajectory(
        DATA.denoiser(schedule),
        (1, 1),
        steps,
        generator(seed),
        solver,
        grid,
        LOG_SNR,
        torch.float64,
    )


@pytest.mark.parametrize("schedule", NAMES)
@pytest.mark.parametrize("name", CASES)
def test_every_step_is_the_equations(name, schedule):
    solver, step, draws = CASES[name]
    times, z = walked(solver, SCHEDULES[schedule])
    replay = generator(3)
    numbers = [float(torch.randn(1, 1, generator=replay, dtype=torch.float64)) for _ in range(99)]
    levels = [Scales(schedule, t) for t in times]
    z, before = z.flatten().tolist(), None
    assert z[0] == pytest.approx(math.hypot(levels[0].a, levels[0].s) * numbers[0], rel=1e-12)
    for k, (t, s) in enumerate(pairwise(levels)):
        n = numbers[1 + draws * k : 1 + draws * (k + 1)]
        expected = step(t, s, z[k], n if draws == 2 else (n or [0])[0], before)
        assert z[k + 1] == pytest.approx(expected, rel=1e-8, abs=1e-9)
        before = t, z[k]


@pytest.mark.parametrize("schedule", NAMES)
def test_the_exponential_sde_solves_the_reverse_sde_where_eps_is_held(schedule):
    """dz = (f z + g^2 eps / sigma) dt + g dw, by variation of constants and quadrature."""
    times, z = walked(ExponentialSDE(), SCHEDULES[schedule], UniformLogSNR(), 40)
    replay = generator(3)
    numbers = [float(torch.randn(1, 1, generator=replay, dtype=torch.float64)) for _ in range(41)]
    z = z.flatten().tolist()
    for k in (0, 17, 39):
        t, s = Scales(schedule, times[k]), Scales(schedule, times[k + 1])

        def kept(u, end=s):
            return end.a / u.a

        def push(u):
            at = Scales(schedule, u)
            return kept(at) * at.g2 / at.s

        def rate(u):
            at = Scales(schedule, u)
            return kept(at) ** 2 * at.g2

        pushed, variance = (integrate.quad(f, s.t, t.t, epsrel=1e-9)[0] for f in (push, rate))
        expected = kept(t) * z[k] - pushed * t.eps_hat(z[k]) + math.sqrt(variance) * numbers[k + 1]
        assert z[k + 1] == pytest.approx(expected, rel=1e-7, abs=1e-8)


def flow_end(schedule, log_snr=LOG_SNR):
    """What the exact flow makes of (z - alpha m) in units of its deviation: nothing."""
    first, last = (
        (float(schedule.alpha(t)), float(schedule.sigma(t)))
        for t in schedule.time_of(tensor(log_snr))
    )
    before, after = (math.sqrt(a**2 * DATA.variance + s**2) for a, s in (first, last))
    return first[0] * DATA.mean, last[0] * DATA.mean, after / before


ORDERS = {
    "Euler": (Euler(), 1),
    "DDIM": (DDIM(), 1),
    "Heun": (Heun(), 2),
    "Heun, scaled": (Heun(scaled=True), 2),
    "DPM-Solver++(2M)": (DPMSolver2M(), 2),
}


@pytest.mark.parametrize("grid", [UniformTime(), UniformLogSNR(), Karras()], ids=repr)
@pytest.mark.parametrize("name", ORDERS)
def test_the_order_against_the_exact_flow(name, grid):
    solver, order = ORDERS[name]
    schedule, steps = Cosine(), (512, 1024, 2048)
    start, end, scale = flow_end(schedule)
    errors = []
    for n in steps:
        _, z = walked(solver, schedule, grid, n)
        errors.append(abs(float(z[-1] - end) - scale * float(z[0] - start)))
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(
    "solver", [DDIM(eta=1), EulerMaruyama(), ExponentialSDE()], ids=lambda s: type(s).__name__
)
def test_many_steps_of_a_reverse_sde_recover_the_data(solver):
    n = 4000
    drawn = sample(
        DATA.denoiser(Cosine()), (n, 1), 600, generator(1), solver, UniformLogSNR(), (-9.0, 9.0)
    )
    assert float(drawn.mean()) == pytest.approx(DATA.mean, abs=5 * math.sqrt(DATA.variance / n))
    assert float(drawn.var()) / DATA.variance == pytest.approx(1, abs=5 * math.sqrt(2 / n) + 0.02)


def test_langevin_settles_at_the_variance_that_its_size_leaves():
    """At the noisy end: z <- (1 - delta) z + sqrt(2 delta) n has the variance 1 / (1 - delta / 2)."""
    size, n = 0.4, 20_000
    held = Langevin(DDIM(), sweeps=30, size=size)
    _, z = trajectory(
        DATA.denoiser(Cosine()), (n, 1), 1, generator(2), held, log_snr=(-30.0, -29.0),
        dtype=torch.float64,
    )  # fmt: skip
    assert float(z[-1].var()) == pytest.approx(1 / (1 - size / 2), rel=5 * math.sqrt(2 / n))


@pytest.mark.parametrize("name", [*CASES, "ExponentialSDE"])
def test_the_target_and_the_schedule_of_a_denoiser_change_no_sample(name):
    """In log-SNR a chain of scaled steps is one on every schedule; any target gives the same prediction."""
    solver = ExponentialSDE() if name == "ExponentialSDE" else CASES[name][0]
    chosen = {k: SCHEDULES[k] for k in ("cosine", "linear_beta", "rectified_flow")}
    ends = {}
    for key, schedule in chosen.items():
        for target in dc.targets.TARGETS.values():
            net = dc.NetDenoiser(DATA.net(schedule, target), schedule, target)
            given = (net, (3, 1), 6, generator(4), solver, UniformLogSNR(), (-5.0, 6.0))
            ends[key, target.name] = sample(*given, torch.float64)
    for (key, _), end in ends.items():
        torch.testing.assert_close(end, ends[key, "eps"], rtol=1e-7, atol=1e-8)
        if solver not in (Euler(), Heun(), EulerMaruyama()):
            # z / hypot(alpha, sigma) walks alike on all
            torch.testing.assert_close(end, ends["cosine", "eps"], rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rho", [1.0, 7.0, 40.0])
def test_karras_grid_is_his_equation(name, rho):
    """Eq. 5 in sigma / alpha, in 50 digits."""
    schedule = SCHEDULES[name]
    times = Karras(rho).times(schedule, LOG_SNR, 12)
    first, last = (mpmath.exp(-mpmath.mpf(end) / 2) for end in LOG_SNR)
    for k, t in enumerate(times.tolist()):
        root = first ** (1 / mpmath.mpf(rho)) * (1 - mpmath.mpf(k) / 12)
        expected = (root + last ** (1 / mpmath.mpf(rho)) * k / 12) ** rho
        at = point(name, t)
        assert float(at.sigma / at.alpha / expected) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("grid", [UniformTime(), UniformLogSNR(), Karras()], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_a_grid_falls_between_the_ends_and_is_evenly_spaced_in_its_own_unit(name, grid):
    schedule = SCHEDULES[name]
    times = grid.times(schedule, LOG_SNR, 7)
    assert (times.shape, times.dtype) == ((8,), torch.float64)
    torch.testing.assert_close(schedule.log_snr(times[[0, -1]]), tensor(LOG_SNR), rtol=1e-9, atol=0)
    unit = {
        UniformTime(): times,
        UniformLogSNR(): schedule.log_snr(times),
        Karras(): torch.exp(-schedule.log_snr(times) / 14),
    }[grid]
    torch.testing.assert_close(unit.diff(), unit.diff().mean().expand(7), rtol=1e-6, atol=0)


def test_levels_that_float64_cannot_tell_apart_are_refused():
    with pytest.raises(
        ValueError, match=r"two of 9 levels of UniformLogSNR\(\) .* are one in float64"
    ):
        UniformLogSNR().times(Cosine(), (30.0, 30.0 + 4e-15), 9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DDIM(eta=1.01), "eta from 0 to 1"),
        (lambda: DDIM(eta=-0.1), "DDIM.eta: expected a number >= 0"),
        (lambda: Langevin(size=2.0), "size below 2"),
        (lambda: Langevin(sweeps=0), "Langevin.sweeps: expected an integer >= 1"),
        (lambda: Langevin(predictor=1), "predictor"),
        (lambda: Karras(rho=0), "Karras.rho: expected a positive number"),
        (lambda: Karras(rho=0.09), "Karras: expected rho of at least 0.1"),
        (lambda: sample(DATA.denoiser(Cosine()), (1, 1), 2, generator(), "ddim"), "solver"),
        (lambda: sample(DATA.denoiser(Cosine()), (1, 1), 2, generator(), DDIM(), 7), "grid"),
    ],
)
def test_what_has_no_meaning_is_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_the_ends_of_the_domains_are_inside():
    assert DDIM(eta=1).eta == 1
    assert Langevin(size=1.99).size == 1.99
    times = Karras(rho=0.1).times(Cosine(), (-12.0, 12.0), 3)
    assert times.isfinite().all()


def test_the_defaults_are_what_the_page_says():
    assert Langevin() == Langevin(DDIM(eta=0), sweeps=1, size=0.1)
    assert (DDIM().eta, Heun().scaled, Karras().rho) == (0, False, 7)
