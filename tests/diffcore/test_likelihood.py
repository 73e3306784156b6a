"""The likelihood of a flow against closed forms, mixtures, another solver, and the number 1."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from reference import SCHEDULES, Gaussian, generator, tensor
from scipy import integrate, stats

import diffcore as dc
from diffcore.likelihood import (
    ExactDivergence,
    Hutchinson,
    Method,
    RungeKutta,
    log_likelihood,
)
from diffcore.networks import TimeMLP
from diffcore.targets import TARGETS

DATA = Gaussian()
WINDOW = (-7.0, 9.0)
FINE = RungeKutta(128)


def closed_form(x: np.ndarray, window: tuple[float, float] = WINDOW) -> np.ndarray:
    """log p(x) of Gaussian data: the flow keeps (y - mean) / sqrt(variance + e^-lambda), y = z / alpha."""
    low, high = (math.sqrt(DATA.variance + math.exp(-lam)) for lam in window)
    y = DATA.mean + (x - DATA.mean) * low / high
    wide = math.sqrt(1 + math.exp(-window[0]))  # of y at the start, where u is N(0, 1)
    each = stats.norm.logpdf(y, scale=wide) + math.log(low / high)
    return each.reshape(len(x), -1).sum(1)


@pytest.mark.parametrize(
    ("name", "shape"),
    [*((name, (5, 3)) for name in SCHEDULES), ("cosine", (5,)), ("cosine", (5, 2, 1, 2))],
)
def test_of_a_gaussian_it_is_the_closed_form_on_every_schedule(name, shape):
    x = torch.randn(shape, generator=generator(), dtype=torch.float64)
    found = log_likelihood(DATA.denoiser(SCHEDULES[name]), x, method=FINE, log_snr=(-6.0, 8.0))
    assert found.shape == (5,)
    expected = closed_form(x.numpy(), (-6.0, 8.0))
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_network_of_any_target_has_the_same_likelihood(target):
    schedule = dc.schedules.RectifiedFlow()
    net = dc.NetDenoiser(DATA.net(schedule, target), schedule, target)
    x = DATA.sample(6, generator(1))
    found = log_likelihood(net, x, method=FINE, log_snr=WINDOW)
    np.testing.assert_allclose(found.numpy(), closed_form(x.numpy()), rtol=0, atol=1e-6)


def test_twice_the_steps_leave_a_sixteenth_of_the_error():
    x = DATA.sample(20, generator(2))
    errors = []
    for steps in (64, 128, 256):
        found = log_likelihood(
            DATA.denoiser(dc.schedules.Cosine()), x, method=RungeKutta(steps), log_snr=WINDOW
        )
        errors.append(np.abs(found.numpy() - closed_form(x.numpy())).mean())
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert orders[-1] == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("name", dc.exact.DATASETS)
def test_with_the_exact_denoiser_it_is_the_density_of_the_noised_data(name):
    """Noise of variance exp(-log-SNR) is left in them; by the mixture's own quadrature."""
    mixture = dc.exact.DATASETS[name]()
    x = mixture.sample(24, generator(3), torch.float64)
    window = (-12.0, 9.0)
    found = log_likelihood(
        mixture.denoiser(dc.schedules.Cosine()), x, method=RungeKutta(96), log_snr=window
    )
    one = tensor(1.0)
    expected = mixture.log_prob(x, one, math.exp(-window[1] / 2) * one)
    assert float((found - expected).mean()) == pytest.approx(0, abs=1e-3)
    assert float((found - expected).abs().median()) < 1e-4


@dataclass(frozen=True)
class Adaptive(Method):
    """SciPy's method of order 8, which chooses its steps."""

    tolerance: float = 1e-9

    def integrate(self, slope, state, start, end):
        def flat(at: float, values: np.ndarray) -> np.ndarray:
            return slope(at, torch.from_numpy(values).reshape(state.shape)).reshape(-1).numpy()

        solved = integrate.solve_ivp(
            flat, (start, end), state.reshape(-1).numpy(), "DOP853",
            rtol=self.tolerance, atol=self.tolerance,
        )  # fmt: skip
        return torch.from_numpy(solved.y[:, -1]).reshape(state.shape)


def network(dims: int) -> dc.NetDenoiser:
    """An untrained network: a smooth denoiser of nothing in particular, in float64."""
    torch.manual_seed(0)
    net = TimeMLP(dims, width=16, depth=2).double()
    return dc.NetDenoiser(net, dc.schedules.Cosine(), dc.V)


def test_another_solver_finds_the_same_of_a_network():
    x = torch.randn(5, 3, generator=generator(4), dtype=torch.float64)
    fixed = log_likelihood(network(3), x, method=RungeKutta(512))
    adaptive = log_likelihood(network(3), x, method=Adaptive())
    torch.testing.assert_close(fixed, adaptive, rtol=0, atol=1e-6)


def test_the_density_of_a_network_integrates_to_one():
    """Whatever the network: the flow moves probability, and loses none."""
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    log_p = log_likelihood(network(1), x, log_snr=(-9.0, 7.0))
    assert float(torch.trapezoid(log_p.exp(), x[:, 0])) == pytest.approx(1, abs=1e-4)


def test_signs_are_exact_on_average():
    """In two dimensions there are two of them, up to the sign of both: the mean of the two is exact."""
    mixture = dc.exact.GaussianMixture.gaussian(torch.zeros(2), tensor([[1.0, 0.9], [0.9, 1.0]]))
    denoiser = mixture.denoiser(dc.schedules.Cosine())
    x = tensor([[0.4, -0.3]]).expand(40, 2)
    found = log_likelihood(denoiser, x, generator(5), Hutchinson())
    low, high = float(found.min()), float(found.max())
    apart = high - low
    assert apart > 1
    near = torch.minimum(found - low, high - found)
    assert float(near.max()) < 1e-9  # two values, and no other
    exact = float(log_likelihood(denoiser, x[:1])[0])
    assert (low + high) / 2 == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("signs", [True, False])
def test_random_directions_are_unbiased_and_more_vary_less(signs):
    mixture = dc.exact.GaussianMixture.gaussian(torch.zeros(2), tensor([[1.0, 0.9], [0.9, 1.0]]))
    denoiser, window = mixture.denoiser(dc.schedules.Cosine()), (-6.0, 6.0)
    n = 4000
    x = tensor([[0.4, -0.3]]).expand(n, 2)
    exact = float(log_likelihood(denoiser, x[:1], log_snr=window)[0])
    spread = {}
    for probes in (1, 4):
        found = log_likelihood(
            denoiser, x, generator(6), Hutchinson(probes, signs), RungeKutta(32), window
        )
        spread[probes] = float(found.std())
        assert float(found.mean()) == pytest.approx(exact, abs=4 * spread[probes] / n**0.5 + 1e-4)
    assert spread[1] / spread[4] == pytest.approx(2, rel=0.1)


def test_gaussian_directions_pay_for_the_diagonal_and_signs_do_not():
    """On coordinates that do not mix, signs have no variance at all."""
    denoiser, x = DATA.denoiser(dc.schedules.Cosine()), DATA.sample(1, generator(7)).expand(50, 3)
    exact = log_likelihood(denoiser, x)
    torch.testing.assert_close(log_likelihood(denoiser, x, generator(), Hutchinson()), exact)
    gaussian = log_likelihood(denoiser, x, generator(), Hutchinson(signs=False))
    assert float(gaussian.std()) > 0.5


def test_the_likelihood_of_float32_is_near_that_of_float64():
    x = DATA.sample(6, generator(8))
    denoiser = DATA.denoiser(dc.schedules.Cosine())
    found = log_likelihood(denoiser, x.float(), log_snr=WINDOW)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.double().numpy(), closed_form(x.numpy()), atol=1e-3)


def test_no_gradient_is_asked_of_who_calls_or_kept():
    x = DATA.sample(3, generator(9)).requires_grad_()
    with torch.no_grad():
        found = log_likelihood(DATA.denoiser(dc.schedules.Cosine()), x)
    assert not found.requires_grad


def test_the_usual_range_is_that_of_bounds_and_samplers():
    x = DATA.sample(3, generator(10))
    denoiser = DATA.denoiser(dc.schedules.Cosine())
    assert torch.equal(log_likelihood(denoiser, x), log_likelihood(denoiser, x, log_snr=(-12, 12)))


def test_what_cannot_be_done_is_one_clear_line():
    x, denoiser = DATA.sample(3, generator()), DATA.denoiser(dc.schedules.Cosine())
    with pytest.raises(TypeError, match=r"generator: expected a torch.Generator, got None"):
        log_likelihood(denoiser, x, divergence=Hutchinson())
    blind = dc.NetDenoiser(lambda z, t: z.detach(), dc.schedules.Cosine(), dc.X)
    blind.predict_pair = lambda z, t: (z.detach(), z.detach())
    with pytest.raises(ValueError, match=r"denoiser: expected predictions that autograd can"):
        log_likelihood(blind, x)
    with pytest.raises(ValueError, match=r"log-SNR range: expected low < high"):
        log_likelihood(denoiser, x, log_snr=(3.0, 3.0))
    with pytest.raises(TypeError, match=r"divergence: expected a Divergence"):
        log_likelihood(denoiser, x, divergence=FINE)
    with pytest.raises(TypeError, match=r"method: expected a Method"):
        log_likelihood(denoiser, x, method=ExactDivergence())


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_network_that_keeps_its_slope_to_itself_is_refused(target):
    """The rest of the velocity has a slope of its own: half a divergence would look like one."""
    x = DATA.sample(6, generator(1))
    for net in (torch.no_grad()(lambda z, t: 0.3 * z), lambda z, t: (0.3 * z).detach()):
        denoiser = dc.NetDenoiser(net, dc.schedules.Cosine(), target)
        with pytest.raises(
            ValueError, match="expected predictions that autograd can differentiate"
        ):
            log_likelihood(denoiser, x, log_snr=WINDOW)
