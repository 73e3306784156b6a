r"""The 2x2 algebra: every ordered pair of targets, on every schedule, to both ends, with no guard.

A conversion y -> y' = p z + q y loses whatever its condition number loses, however it is computed:
eps, rounded to 1e-16, fixes x only to 1e-16 sigma / alpha. So three criteria, each with its reason.

1. *Forward error*, against 50 digits on the very floats given: at most C u times the size of the terms
   that are added, (|bc| + |ad|) |z| / |D| + |q y|. C = 32 in float64 and for float32 times; C = 4 for
   float32 data at float64 times (the coefficients are then exact, only their rounding is left).
2. *In units of z*: an error dy of target y is an error sigma deps = (alpha sigma / D) dy of z, the same
   number whichever target it is expressed in. Round trips and commuting are exact to 1e-12 of
   |alpha x| + |sigma eps| in float64 (5e-6 in float32) everywhere: no condition number is left.
3. *Plain relative* 1e-12 wherever the two steps amplify by less than 1,000.
"""

from itertools import permutations, product

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf, workdps
from reference import ENDS, EPS32, EPS64, NAMES, SCHEDULES, generator, point, tensor

import diffcore as dc
from diffcore import targets
from diffcore.losses import noised, squared_norm
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import TARGETS, Target, convert, error_scale, like

ALL = tuple(TARGETS.values())
PAIRS = list(permutations(ALL, 2))
TRIPLES = list(product(ALL, repeat=3))
T = tensor(ENDS)


def data(shape, seed, dtype=torch.float64):
    g = generator(seed)
    return (torch.randn(shape, generator=g, dtype=torch.float64).to(dtype) for _ in range(2))


def noisy(x, eps, t, schedule):
    return dc.losses.noised(x, eps, t, schedule)


def in_units_of_z(difference, t, schedule, target):
    """|(alpha sigma / D) dy|: what an error of y is worth in z."""
    a, b = target.row(schedule, t)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    return like((alpha * sigma / (alpha * b - sigma * a)).abs(), difference) * difference.abs()


def size_of_z(x, eps, t, schedule):
    return like(schedule.alpha(t), x) * x.abs() + like(schedule.sigma(t), eps) * eps.abs()


def amplification(z, y, t, schedule, source, to):
    """The sum of the sizes of the terms that make up the converted prediction."""
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    (a, b), (c, d) = source.row(schedule, t), to.row(schedule, t)
    determinant = (alpha * b - sigma * a).abs()
    on_z = (abs(b * c) + abs(a * d)) / determinant
    on_y = (alpha * d - sigma * c).abs() / determinant
    return like(on_z, z) * z.abs() + like(on_y, y) * y.abs()


@pytest.mark.parametrize(
    ("dtype", "time_dtype", "unit", "bound"),
    [
        (torch.float64, torch.float64, EPS64, 32),
        (torch.float32, torch.float64, EPS32, 4),
        (torch.float32, torch.float32, EPS32, 32),
    ],
    ids=["float64", "float32-at-float64-times", "float32"],
)
@pytest.mark.parametrize("name", NAMES)
def test_one_step_is_as_accurate_as_its_conditioning_allows(name, dtype, time_dtype, unit, bound):
    schedule = SCHEDULES[name]
    t = torch.tensor(ENDS, dtype=time_dtype)
    x, eps = data((len(t), 1), 1, dtype)
    z = noisy(x, eps, t, schedule)
    exact = [point(name, float(v)) for v in t]
    for source, to in PAIRS:
        y = source.of(x, eps, t, schedule)
        converted = convert(y, z, t, schedule, source, to)
        assert converted.dtype == dtype
        for k, p in enumerate(exact):
            with workdps(50):
                (a, b), (c, d) = p.row(source.name), p.row(to.name)
                zk, yk, got = (mpf(float(v[k, 0])) for v in (z, y, converted))
                determinant = p.alpha * b - p.sigma * a
                on_y = (p.alpha * d - p.sigma * c) * yk
                truth = ((b * c - a * d) * zk + on_y) / determinant
                terms = ((abs(b * c) + abs(a * d)) * abs(zk) + abs(on_y)) / abs(determinant)
                assert abs(got - truth) <= bound * unit * terms, (source, to, float(t[k]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 5e-6)])
def test_every_pair_commutes_and_round_trips_in_units_of_z(name, dtype, bound):
    schedule = SCHEDULES[name]
    t = T.repeat(6)
    x, eps = data((len(t), 2), 2, dtype)
    z, size = noisy(x, eps, t, schedule), size_of_z(x, eps, t, schedule)
    for first, middle, last in TRIPLES:  # last is first: a round trip
        y = first.of(x, eps, t, schedule)
        by_two = convert(convert(y, z, t, schedule, first, middle), z, t, schedule, middle, last)
        direct = convert(y, z, t, schedule, first, last)
        error = in_units_of_z(by_two - direct, t, schedule, last)
        assert (error <= bound * size).all(), (first, middle, last)
        truth = in_units_of_z(direct - last.of(x, eps, t, schedule), t, schedule, last)
        assert (truth <= bound * size).all(), (first, last)


@pytest.mark.parametrize("name", NAMES)
def test_round_trips_are_exact_where_they_are_well_conditioned(name):
    schedule = SCHEDULES[name]
    t = torch.cat([T, torch.linspace(0.01, 0.99, 50, dtype=torch.float64)]).repeat(4)
    x, eps = data((len(t), 1), 3)
    z = noisy(x, eps, t, schedule)
    tested = 0
    for source, to in PAIRS:
        y = source.of(x, eps, t, schedule)
        there = convert(y, z, t, schedule, source, to)
        back = convert(there, z, t, schedule, to, source)
        first = amplification(z, y, t, schedule, source, to)
        (c, d), (a, b) = to.row(schedule, t), source.row(schedule, t)
        alpha, sigma = schedule.alpha(t), schedule.sigma(t)
        returning = (alpha * b - sigma * a) / (alpha * d - sigma * c)
        second = amplification(z, there, t, schedule, to, source)
        kappa = (like(returning.abs(), first) * first + second) / y.abs()
        error = (back - y).abs() / y.abs()
        assert (error <= 64 * EPS64 * kappa).all(), (source, to)
        mild = kappa < 1000
        tested += int(mild.sum())
        assert (error[mild] <= 1e-12).all(), (source, to)
    assert tested > 0.8 * len(PAIRS) * len(t)


def normal_or_zero(value: float) -> float:
    """Below 1e-200 products are subnormal, and have fewer digits than the claim is about."""
    return value if abs(value) > 1e-200 else 0.0


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    triple=st.sampled_from(TRIPLES),
    t=st.one_of(
        st.floats(1e-6, 1 - 1e-6),
        st.floats(-6, -1).map(lambda e: 10**e),
        st.floats(-6, -1).map(lambda e: 1 - 10**e),
    ),
    x=st.floats(-1e3, 1e3).map(normal_or_zero),
    eps=st.floats(-10, 10).map(normal_or_zero),
)
def test_commuting_holds_for_any_data_and_time(name, triple, t, x, eps):
    schedule, (first, middle, last) = SCHEDULES[name], triple
    time, x, eps = tensor([t]), tensor([[x]]), tensor([[eps]])
    z, size = noisy(x, eps, time, schedule), size_of_z(x, eps, time, schedule)
    y = first.of(x, eps, time, schedule)
    by_two = convert(convert(y, z, time, schedule, first, middle), z, time, schedule, middle, last)
    for other in (convert(y, z, time, schedule, first, last), last.of(x, eps, time, schedule)):
        error = in_units_of_z(by_two - other, time, schedule, last)
        assert (error <= 1e-12 * size).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ALL, ids=lambda target: target.name)
def test_the_predicted_pair_always_makes_up_z(name, source):
    """alpha x_hat + sigma eps_hat = z for *any* prediction, however wrong, at every noise level."""
    schedule = SCHEDULES[name]
    t = T.repeat(8)
    z, y = data((len(t), 2), 4)
    x_hat = convert(y, z, t, schedule, source, dc.X)
    eps_hat = convert(y, z, t, schedule, source, dc.EPS)
    residual = like(schedule.alpha(t), z) * x_hat + like(schedule.sigma(t), z) * eps_hat - z
    size = z.abs() + in_units_of_z(y, t, schedule, source)
    assert (residual.abs() <= 32 * EPS64 * size).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
def test_errors_of_two_predictions_differ_by_the_error_scale(name, target):
    schedule = SCHEDULES[name]
    t = torch.linspace(0.02, 0.98, 25, dtype=torch.float64)
    z, y = data((25, 3), 5)
    _, other = data((25, 3), 6)
    as_eps = [convert(p, z, t, schedule, target, dc.EPS) for p in (y, other)]
    scale = error_scale(schedule, t, target)
    torch.testing.assert_close(
        y - other, like(scale, y) * (as_eps[0] - as_eps[1]), rtol=1e-9, atol=1e-11
    )
    closed = {
        "x": torch.exp(-schedule.log_snr(t)),
        "eps": torch.ones_like(t),
        "v": (schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2) ** 2 / schedule.alpha(t) ** 2,
        "score": schedule.sigma(t) ** -2,
        "velocity": (schedule.sigma(t) * schedule.log_snr_prime(t)) ** 2 / 4,
    }[target.name]
    torch.testing.assert_close(scale**2, closed, rtol=1e-12, atol=0)
    ratio = squared_norm(y - other) / squared_norm(as_eps[0] - as_eps[1])
    torch.testing.assert_close(ratio, closed, rtol=1e-8, atol=0)


def test_on_the_cosine_schedule_velocity_hides_behind_v():
    """u = (pi/2) v there, so a test on the cosine alone cannot tell them apart; elsewhere it can."""
    x, eps = data((11, 2), 7)
    v, u = (k.of(x, eps, T, SCHEDULES["cosine"]) for k in (dc.V, dc.VELOCITY))
    torch.testing.assert_close(u, torch.pi / 2 * v, rtol=1e-12, atol=1e-15)
    v, u = (k.of(x, eps, T, SCHEDULES["rectified_flow"]) for k in (dc.V, dc.VELOCITY))
    torch.testing.assert_close(u, eps - x, rtol=0, atol=0)
    assert (u - v).abs().max() > 0.5


def test_a_target_is_one_row():
    """EDM's raw network output is one more row, and every conversion comes with it."""

    class EDMOutput(Target):
        name = symbol = "F"

        def row(self, scales, t):
            sigma, data_scale = scales.sigma(t), 0.5
            c_skip = data_scale**2 / (sigma**2 + data_scale**2)
            c_out = sigma * data_scale / (sigma**2 + data_scale**2) ** 0.5
            return (1 - c_skip) / c_out, -c_skip * sigma / c_out

    raw, schedule = EDMOutput(), SCHEDULES["variance_exploding"]
    x, eps = data((11, 2), 8)
    z = noisy(x, eps, T, schedule)
    as_raw = convert(eps, z, T, schedule, dc.EPS, raw)
    torch.testing.assert_close(as_raw, raw.of(x, eps, T, schedule), rtol=1e-9, atol=1e-12)
    scale = (schedule.sigma(T) ** 2 + 0.25) / 0.25
    torch.testing.assert_close(error_scale(schedule, T, raw) ** 2, scale, rtol=1e-12, atol=0)


def test_images_and_scalar_times_broadcast():
    x, eps = data((4, 3, 2, 2), 9)
    schedule = SCHEDULES["cosine"]
    for t in (tensor(0.3), tensor([0.3] * 4)):
        z = noisy(x, eps, t, schedule)
        got = convert(dc.V.of(x, eps, t, schedule), z, t, schedule, dc.V, dc.X)
        torch.testing.assert_close(got, x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 1), (3,), (1,)])
def test_a_coefficient_of_the_wrong_shape_is_refused(shape):
    x, _ = data((4, 2), 10)
    with pytest.raises(ValueError, match=r"expected one per example, shape \(4,\)"):
        like(torch.ones(shape), x)


def test_names():
    assert [TARGETS[target.name] for target in ALL] == list(ALL)
    assert list(TARGETS) == ["x", "eps", "v", "score", "velocity"]
    with pytest.raises(AttributeError):  # a target cannot be changed after the fact
        dc.X.name = "y"


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
@pytest.mark.parametrize("time", [0.0, 1.0])
def test_a_target_converted_to_itself_is_untouched_even_where_no_solve_is(target, time):
    """At the ends the score's row is infinite and D can vanish: an equal target needs no solve."""
    y, z = data((3, 2), 5)
    again = type(target)()
    assert again is not target
    assert convert(y, z, tensor([time]).expand(3), SCHEDULES["cosine"], target, again) is y


def test_the_error_scale_of_the_noise_is_one_at_every_time_and_has_their_shape_and_dtype():
    t = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    scale = error_scale(SCHEDULES["cosine"], t, dc.EPS)
    assert torch.equal(scale, torch.ones_like(t))
    symbols = Pointwise(*sp.symbols("alpha sigma"))
    assert str(error_scale(symbols, ANY_TIME, dc.EPS)) == "1"  # and no 1.0
    assert targets.plain_error_scale(SCHEDULES["cosine"], t, dc.EPS) == 1


@pytest.mark.parametrize("row", [(0, 1), (0, 2), (0.0, 1.0), (1, 0), (-1, 0), (0, -1)])
def test_plain_coefficients_are_numbers_like_others(row):
    """Products with a plain 0 or 1 are not computed; those with tensors of them are."""
    (x, eps), t = data((4, 3), 1), torch.linspace(0.2, 0.8, 4, dtype=torch.float64)
    schedule, plain = SCHEDULES["cosine"], dc.Row(*row)
    computed = dc.Row(*(tensor(number) for number in row))
    z = noised(x, eps, t, schedule)
    torch.testing.assert_close(
        plain.of(x, eps, t, schedule), computed.of(x, eps, t, schedule), rtol=0, atol=0
    )
    for source, to in ((plain, dc.V), (dc.V, plain)):
        other = (computed, dc.V) if source is plain else (dc.V, computed)
        torch.testing.assert_close(
            convert(x, z, t, schedule, source, to),
            convert(x, z, t, schedule, *other),
            rtol=1e-15,
            atol=1e-15,
        )
    torch.testing.assert_close(
        error_scale(schedule, t, plain) + 0 * t, error_scale(schedule, t, computed) + 0 * t
    )
