"""The published code's losses against formulas transcribed by hand, and the study's numbers as data."""

import math

import numpy as np
import pytest
import sympy as sp
import torch

from companion import study
from diffcore.losses import Loss, noised
from diffcore.published import COEFFICIENTS, NATS_PER_CODE_UNIT, GuardedScore, Published
from diffcore.schedules import Cosine, Pointwise, RectifiedFlow
from diffcore.schedules.pointwise import ANY_TIME
from diffcore.targets import TARGETS, X, error_scale
from diffcore.times import Times, Uniform
from diffcore.training import Plan, Trainer
from diffcore.weightings import Native

T = torch.tensor([1e-6, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6], dtype=torch.float64)
TARGET_NAMES = ("x", "eps", "v", "score")
OBJECTIVES = ("nelbo", "weighted", "rescaled")
KEYS = [(objective, target) for objective in OBJECTIVES for target in TARGET_NAMES]


def by_hand(objective, target, t, g):
    """Coefficient and guarded squared error per unit of eps error, with numpy, from the study's code."""
    a, s = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)
    nelbo = {
        "x": a / (s**3 + g),
        "eps": 1 / (s * a + g),
        "v": a / (s * (a**2 + s**2) + g),
        "score": s / (a + g),
    }
    rescaled = {
        "x": 1 + 0 * t,
        "eps": s**2 / (a**2 + g),
        "v": s**2 / (1 + g),
        "score": s**4 / (a**2 + g),
    }
    coefficient = {"nelbo": nelbo, "rescaled": rescaled}.get(objective, {}).get(target, 1 + 0 * t)
    scale = {"x": s / a, "eps": 1 + 0 * t, "v": 1 / a, "score": s / (s**2 + g)}[target]
    return coefficient, scale


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("target", TARGET_NAMES)
@pytest.mark.parametrize("guard", [1e-2, 1e-3])
def test_coefficients_and_factors_are_those_of_the_published_code(objective, target, guard):
    loss = Published(objective, target, guard)
    coefficient, scale = by_hand(objective, target, T.numpy(), guard)
    np.testing.assert_allclose(loss.coefficient_at(T), coefficient, rtol=1e-9)
    np.testing.assert_allclose(loss.eps_factor(T), coefficient * scale**2, rtol=1e-9)


def test_default_guard_is_the_published_one():
    assert Published("nelbo", "x").guard == 0.01
    assert set(COEFFICIENTS) == {*KEYS, ("nelbo_at_head", "score")}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("guard", [1e-2, 0.3])
def test_the_ordinary_loss_is_the_published_estimator_times_the_dimensions(key, guard):
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    net = lambda z, t: torch.sin(3 * z) + t[:, None]  # noqa: E731
    got = Published(*key, guard).loss()(net, x, torch.Generator().manual_seed(1)) / 2
    g = torch.Generator().manual_seed(1)
    t = Uniform().sample(64, Cosine(), g).t
    eps = torch.randn(64, 2, generator=g, dtype=torch.float64)
    a, s = torch.cos(math.pi * t / 2)[:, None], torch.sin(math.pi * t / 2)[:, None]
    z = a * x + s * eps
    truth = {"x": x, "eps": eps, "v": a * eps - s * x, "score": -(z - a * x) / (s**2 + guard)}
    coefficient, _ = by_hand(*key, t.numpy(), guard)
    expected = torch.from_numpy(coefficient) * ((truth[key[1]] - net(z, t)) ** 2).mean(1)
    assert got.shape == (64,)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=0)


def test_a_published_loss_enters_the_trainer():
    data = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    losses = [Published("nelbo", target).loss() for target in TARGET_NAMES]
    trainer = Trainer(lambda: Affine(), losses, [0] * 4, data, Plan(steps=1, batch=32))
    values = trainer.step()
    g = torch.Generator().manual_seed(0)
    x = data[torch.randint(50, (32,), generator=g)]
    eps = torch.randn(x.shape, generator=g, dtype=x.dtype)
    t = Uniform().sample(32, Cosine(), g).t
    for loss, value in zip(losses, values, strict=True):
        coefficient, _ = by_hand("nelbo", loss.weighting.predicts, t.numpy(), 0.01)
        z = noised(x, eps, t, Cosine())
        error = loss.target.of(x, eps, t, Cosine()) - Affine().double()(z, t)
        code = (torch.from_numpy(coefficient) * error.square().mean(1)).mean()
        torch.testing.assert_close(value / 2, code, rtol=1e-12, atol=0)


class Affine(torch.nn.Module):
    """z / 2 + t: a network whose first prediction is known."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, z, t):
        return self.slope * z + t[:, None]


@pytest.mark.parametrize("key", COEFFICIENTS)
def test_one_coefficient_serves_tensors_and_symbols(key):
    a, s, g = sp.symbols("a s g", positive=True)
    expression = Published(*key, guard=g).coefficient(a, s)
    alpha, sigma = torch.tensor([0.3, 1.4]).double(), torch.tensor([0.9, 0.2]).double()
    function = sp.lambdify((a, s, g), sp.sympify(expression), "numpy")
    symbolic = function(alpha.numpy(), sigma.numpy(), 0.07) * np.ones(2)
    np.testing.assert_allclose(
        Published(*key, 0.07).coefficient(alpha, sigma), symbolic, rtol=1e-14
    )
    target = Published(*key, guard=g).target
    kappa = sp.sympify(error_scale(Pointwise(a, s), ANY_TIME, target) ** 2)
    scale = Published(*key, 0.07).eps_factor(ANY_TIME, Pointwise(alpha, sigma))
    factor = sp.lambdify((a, s, g), expression * kappa, "numpy")
    np.testing.assert_allclose(scale, factor(alpha.numpy(), sigma.numpy(), 0.07), rtol=1e-12)


def test_on_another_schedule_the_loss_is_still_the_coefficient_times_the_squared_error():
    schedule, t = RectifiedFlow(), torch.tensor([0.2, 0.7]).double()
    x, eps, prediction = (torch.full((2, 3), v).double() for v in (0.4, -1.3, 0.1))
    times = Times(t, schedule.log_snr(t), 1 / schedule.log_snr_prime(t).abs())
    got = Published("rescaled", "v").loss(schedule).of_prediction(prediction, x, eps, times)
    c = t**2 / ((1 - t) ** 2 + t**2 + 0.01)
    truth = (1 - t)[:, None] * eps - t[:, None] * x
    torch.testing.assert_close(
        got / 3, c * (truth - prediction).square().mean(1), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_without_guard_a_nelbo_is_two_over_pi_of_the_elbo_per_dimension(target):
    schedule, loss = Cosine(), Published("nelbo", target).unguarded()
    g = torch.Generator().manual_seed(3)
    x, eps, prediction = torch.randn(3, 32, 2, generator=g, dtype=torch.float64).unbind(0)
    times = Uniform().sample(32, schedule, g)
    nats = Loss(schedule, TARGETS[target]).of_prediction(prediction, x, eps, times)
    code = loss.loss().of_prediction(prediction, x, eps, times) / 2  # dimensions
    torch.testing.assert_close(code * NATS_PER_CODE_UNIT * 2, nats)
    log_snr = torch.linspace(-25, 25, 11, dtype=torch.float64)
    torch.testing.assert_close(loss.effective_weight(log_snr), torch.ones_like(log_snr))


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_without_guard_all_rescaled_losses_are_the_x_loss(target):
    factor = Published("rescaled", target).unguarded().eps_factor(T)
    torch.testing.assert_close(factor, error_scale(Cosine(), T, X) ** 2)


def test_effective_weights_in_closed_form():
    log_snr = torch.linspace(-12, 12, 25, dtype=torch.float64)
    t = Cosine().time_of(log_snr)
    a, s, g = Cosine().alpha(t), Cosine().sigma(t), 0.01
    closed = {
        "x": 1 / (1 + g / s**3),
        "eps": 1 / (1 + g / (s * a)),
        "v": 1 / (1 + g / s),
        "score": a / (a + g) * (s**2 / (s**2 + g)) ** 2,
    }
    for target, weight in closed.items():
        torch.testing.assert_close(Published("nelbo", target).effective_weight(log_snr), weight)


@pytest.mark.parametrize("target", ["x", "eps", "v"])
def test_weighted_losses_have_the_weight_of_the_common_form(target):
    log_snr = torch.linspace(-10, 10, 9, dtype=torch.float64)
    common = Native(TARGETS[target])(log_snr, Cosine())
    effective = Published("weighted", target).effective_weight(log_snr)
    torch.testing.assert_close(effective * 2 / math.pi, common)


def test_guarded_score_is_a_shrunk_score():
    schedule, t = Cosine(), torch.tensor([0.064, 0.5, 1.0], dtype=torch.float64)
    sigma = schedule.sigma(t)
    (_, guarded), (_, exact) = (
        GuardedScore(0.01).row(schedule, t),
        TARGETS["score"].row(schedule, t),
    )
    torch.testing.assert_close(guarded / exact, sigma**2 / (sigma**2 + 0.01))
    assert (guarded / exact)[0] == pytest.approx(0.5, abs=0.01)


def test_coefficients_peak_at_one_over_the_guard():
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    peaks = {"x": (0,), "eps": (0, 1), "v": (0,), "score": (1,)}
    for target, where in peaks.items():
        values = Published("nelbo", target).coefficient_at(ends)
        assert values[list(where)].tolist() == pytest.approx([100.0] * len(where))


def test_published_score_coefficient_is_the_one_the_saved_losses_show():
    # Ratio of NELBO to weighted losses of the score in bins of t (STUDY 5.1, from the saved results).
    t = torch.tensor([0.105, 0.305, 0.505, 0.705], dtype=torch.float64)
    seen = np.array([0.165, 0.509, 0.992, 1.897])
    used = Published("nelbo", "score").coefficient_at(t).numpy()
    at_head = Published("nelbo_at_head", "score").coefficient_at(t).numpy()
    assert np.abs(used / seen - 1).max() < 0.04
    assert np.abs(at_head / seen - 1).min() > 0.4


def test_unknown_loss_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"expected one of nelbo in x, nelbo in eps, .*, got elbo in x"
    ):
        Published("elbo", "x")


def test_study_losses_are_complete_and_consistent():
    frame = study.losses()
    assert len(frame) == 32
    assert set(frame["dataset"]) == set(study.DATASETS)
    assert set(frame["target"]) == set(study.TARGETS)
    runs = frame[["execution_1", "execution_2", "execution_3"]].to_numpy()
    np.testing.assert_allclose(runs.mean(1), frame["mean"], atol=2e-6)
    np.testing.assert_allclose(runs.std(1, ddof=1), frame["sd"], atol=2e-6)
    np.testing.assert_allclose(frame["mean"], frame["printed"], atol=6e-5)
    rings_x = frame[
        (frame.dataset == "rings") & (frame.target == "x") & (frame.objective == "nelbo")
    ]
    assert rings_x["printed"].item() == 0.8785


def test_other_study_tables_are_complete_and_name_their_source():
    assert len(study.moments()) == 32
    assert len(study.images()) == 6
    assert (
        study.images().set_index(["target", "objective"]).loc[("x", "nelbo"), "printed_fid"]
        == 13.54
    )
    for name in ("losses", "moments", "images"):
        assert study.source(name).startswith("Kumar, Vaeth & Gregorova (2025)")
