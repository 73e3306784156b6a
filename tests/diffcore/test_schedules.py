"""Schedules against 50 digits, against autograd, and against the catalogue's densities of log-SNR.

Stated accuracy, in units u of the dtype's roundoff (2^-53 or 2^-24), at the float time itself and all
the way to both ends: scales and derivatives 25 u relative, log-SNR 12 u (1 + |log-SNR|).
"""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from reference import ENDS, EPS32, EPS64, NAMES, SCHEDULES, point, tensor
from scipy.integrate import quad
from torch.autograd.functional import jvp

from diffcore.schedules import (
    Cosine,
    LinearBeta,
    OffsetCosine,
    Pointwise,
    Schedule,
    SubVP,
    VarianceExploding,
)

SCALES = ("alpha", "sigma", "alpha_prime", "sigma_prime", "log_snr_prime")
VARIANTS: dict[str, Schedule] = {
    **SCHEDULES,
    "shifted_cosine": Cosine(shift=2 * math.log(64 / 256)),
    "other_linear_beta": LinearBeta(0.5, 4.0),
    "other_offset_cosine": OffsetCosine(0.3),
    "other_sub_vp": SubVP(0.2, 12.0),
    "other_variance_exploding": VarianceExploding(0.2, 80.0),
}
DTYPES = [(torch.float64, EPS64), (torch.float32, EPS32)]
dense = torch.cat([torch.logspace(-6, -2, 40, dtype=torch.float64), torch.linspace(0.02, 0.98, 60)])
GRID = torch.cat([dense, 1 - dense.flip(0)]).sort().values.unique()


def roundoffs(got, exact, scale, unit):
    """|got - exact| in units of roundoff of ``scale``."""
    error = abs(mpf(float(got)) - exact)
    return 0.0 if error == 0 else float(error / abs(scale) / unit)


@pytest.mark.parametrize(("dtype", "unit"), DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_method_is_accurate_to_both_ends(name, dtype, unit):
    schedule, t = SCHEDULES[name], torch.tensor(ENDS, dtype=dtype)
    exact = [point(name, float(v)) for v in t]
    for method in SCALES:
        for got, p in zip(getattr(schedule, method)(t), exact, strict=True):
            truth = getattr(p, method)
            assert roundoffs(got, truth, truth, unit) < 25, (method, p)
    for got, p in zip(schedule.log_snr(t), exact, strict=True):
        assert roundoffs(got, p.log_snr, 1 + abs(p.log_snr), unit) < 12


@pytest.mark.parametrize(("dtype", "unit"), DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_time_of_inverts_log_snr_as_well_as_a_float_time_can(name, dtype, unit):
    schedule, t = SCHEDULES[name], torch.tensor(ENDS, dtype=dtype)
    log_snr = schedule.log_snr(t)
    for value, back in zip(log_snr, schedule.time_of(log_snr), strict=True):
        p = point(name, float(back))
        resolvable = 1 + abs(p.log_snr) + abs(p.log_snr_prime) * mpf(float(back))
        assert roundoffs(value, p.log_snr, resolvable, unit) < 12


@pytest.mark.parametrize("name", VARIANTS)
def test_derivatives_agree_with_autograd(name):
    schedule, t = VARIANTS[name], GRID.clone()
    for function, prime in [
        (schedule.alpha, schedule.alpha_prime),
        (schedule.sigma, schedule.sigma_prime),
        (schedule.log_snr, schedule.log_snr_prime),
    ]:
        # Forward over reverse on a vector of ones: the elementwise derivative.
        value, derivative = jvp(function, t, torch.ones_like(t))
        assert value.shape == t.shape
        torch.testing.assert_close(prime(t), derivative, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", VARIANTS)
def test_log_snr_is_that_of_the_scales_and_decreases(name):
    schedule = VARIANTS[name]
    log_snr = schedule.log_snr(GRID)
    from_scales = 2 * (schedule.alpha(GRID).log() - schedule.sigma(GRID).log())
    torch.testing.assert_close(log_snr, from_scales, rtol=1e-13, atol=1e-13)
    assert (log_snr.diff() < 0).all()
    assert (schedule.log_snr_prime(GRID) < 0).all()
    from_log_snr = schedule.time_of(log_snr)
    torch.testing.assert_close(from_log_snr, GRID, rtol=1e-9, atol=1e-13)


@given(
    name=st.sampled_from(sorted(VARIANTS)),
    t=st.floats(1e-6, 1 - 1e-6),
    s=st.floats(1e-6, 1 - 1e-6),
)
def test_more_time_is_more_noise(name, t, s):
    schedule = VARIANTS[name]
    early, late = tensor(min(s, t)), tensor(max(s, t))
    assert schedule.log_snr(early) >= schedule.log_snr(late)
    assert schedule.sigma(early) <= schedule.sigma(late)
    assert schedule.alpha(early) >= schedule.alpha(late)
    assert schedule.log_snr_prime(early) < 0


@pytest.mark.parametrize(
    "name",
    [
        "cosine",
        "linear_beta",
        "offset_cosine",
        "shifted_cosine",
        "other_linear_beta",
        "other_offset_cosine",
    ],
)
def test_variance_preserving_schedules_preserve_variance(name):
    schedule = VARIANTS[name]
    total = schedule.alpha(GRID) ** 2 + schedule.sigma(GRID) ** 2
    torch.testing.assert_close(total, torch.ones_like(GRID), rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_at_one_point_is_that_schedule_there(name):
    schedule, t, other = SCHEDULES[name], tensor(0.3), tensor(0.8)
    at = Pointwise(*(getattr(schedule, method)(t) for method in SCALES[:4]))
    for method in (*SCALES, "log_snr"):
        torch.testing.assert_close(
            getattr(at, method)(other), getattr(schedule, method)(t), rtol=1e-12, atol=1e-12
        )
    with pytest.raises(TypeError, match="a pointwise schedule has no times"):
        at.time_of(t)
    with pytest.raises(TypeError, match="a pointwise schedule has no range"):
        _ = at.log_snr_range


@pytest.mark.parametrize(
    ("schedule", "asked", "expected"),
    [
        (Cosine(), (None, None), (-12, 12)),
        (Cosine(), (-3, None), (-3, 12)),
        (Cosine(), (None, 5), (-12, 5)),
        (Cosine(), (-20, 20), (-20, 20)),
        (VarianceExploding(0.1, 10.0), (None, None), (-2 * math.log(10), 2 * math.log(10))),
        (VarianceExploding(0.1, 10.0), (0, None), (0, 2 * math.log(10))),
    ],
)
def test_a_range_is_what_was_asked_for_or_else_what_is_reached(schedule, asked, expected):
    assert schedule.log_snr_window(asked) == pytest.approx(expected, rel=1e-12)


def test_a_shift_moves_the_log_snr_and_nothing_else():
    shift = 2 * math.log(64 / 256)
    moved = Cosine(shift).log_snr(GRID) - Cosine().log_snr(GRID)
    torch.testing.assert_close(moved, torch.full_like(GRID, shift), rtol=1e-13, atol=1e-13)


def test_without_an_offset_it_is_the_plain_cosine():
    plain, none = Cosine(), OffsetCosine(0)
    log_snr = plain.log_snr(GRID)
    for method in (*SCALES, "log_snr"):
        torch.testing.assert_close(
            getattr(none, method)(GRID), getattr(plain, method)(GRID), rtol=1e-12, atol=1e-12
        )
    torch.testing.assert_close(none.time_of(log_snr), plain.time_of(log_snr), rtol=1e-12, atol=0)


def test_the_offset_gives_the_published_alpha_bar():
    """Nichol & Dhariwal (2021), equation 17: alpha-bar is f(t) / f(0), whose square root is alpha."""
    t, s = GRID.numpy(), 0.008
    f = np.cos((t + s) / (1 + s) * np.pi / 2) ** 2
    published = f / np.cos(s / (1 + s) * np.pi / 2) ** 2
    np.testing.assert_allclose(OffsetCosine().alpha(GRID).square().numpy(), published, rtol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_follow_the_input(name, shape, dtype):
    schedule = SCHEDULES[name]
    t = torch.full(shape, 0.3, dtype=dtype)
    for method in (*SCALES, "log_snr", "time_of"):
        got = getattr(schedule, method)(t)
        assert (got.shape, got.dtype) == (shape, dtype), method


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def root(log_snr, b):
    return np.sqrt(0.1**2 + 2 * 19.9 * b)


def _sub_vp(lam):
    b = 2 * np.arcsinh(np.exp(-lam / 2) / 2)
    return np.tanh(b / 2) / root(lam, b)


def _offset_cosine(lam):
    """1 / |d lambda / dt|, by t = (2 (1 + s) / pi) arccos(cos(a s) sqrt(sigmoid(lambda))) - s."""
    cosine = np.cos(np.pi / 2 * 0.008 / 1.008)
    alpha = cosine * np.sqrt(sigmoid(lam))
    return 2 * 1.008 / np.pi * alpha * sigmoid(-lam) / 2 / np.sqrt(1 - alpha**2)


DENSITIES = {
    "cosine": lambda lam: 1 / np.cosh(lam / 2) / (2 * np.pi),
    "shifted_cosine": lambda lam: 1 / np.cosh((lam - 2 * np.log(64 / 256)) / 2) / (2 * np.pi),
    "linear_beta": lambda lam: sigmoid(-lam) / root(lam, softplus(-lam)),
    "offset_cosine": _offset_cosine,
    "sub_vp": _sub_vp,
    "variance_exploding": lambda lam: 1 / (2 * np.log(50 / 0.01)),
    "rectified_flow": lambda lam: 1 / np.cosh(lam / 4) ** 2 / 8,
}
"""p(log-SNR) of uniform times: catalogue, section 1."""


@pytest.mark.parametrize("name", DENSITIES)
def test_density_of_log_snr_is_the_published_closed_form(name):
    schedule = VARIANTS[name]
    low, high = (float(schedule.log_snr(tensor(t))) for t in (0.999, 1e-4))
    lam = torch.linspace(low, high, 101, dtype=torch.float64)
    density = 1 / schedule.log_snr_prime(schedule.time_of(lam)).abs()
    closed = np.broadcast_to(DENSITIES[name](lam.numpy()), lam.shape)
    np.testing.assert_allclose(density.numpy(), closed, rtol=1e-11)
    mass, _ = quad(DENSITIES[name], low, high, epsabs=1e-12, epsrel=1e-12, limit=200)
    assert mass == pytest.approx(0.999 - 1e-4, abs=1e-9)


def test_the_reference_itself():
    with mpmath.workdps(50):
        p = point("cosine", 0.25)
        assert abs(p.alpha_prime + mpmath.pi / 2 * mpmath.sinpi(mpf(1) / 8)) < mpf(10) ** -45
        assert abs(p.log_snr_prime + mpmath.pi / (p.alpha * p.sigma)) < mpf(10) ** -40
