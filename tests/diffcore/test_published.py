"""The published code's losses against formulas transcribed by hand, and the study's numbers as data."""

import math

import numpy as np
import pytest
import torch

from companion import study
from diffcore import published
from diffcore.losses import Loss
from diffcore.published import LOSSES, OBJECTIVES, PublishedLoss, by_name, guarded_score
from diffcore.schedules import Cosine
from diffcore.targets import TARGETS, X, error_scale
from diffcore.times import Uniform
from diffcore.weightings import native

T = torch.tensor([1e-6, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6], dtype=torch.float64)
TARGET_NAMES = ("x", "eps", "v", "score")


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
    loss = PublishedLoss(objective, target, LOSSES[objective, target].coefficient, guard)
    coefficient, scale = by_hand(objective, target, T.numpy(), guard)
    np.testing.assert_allclose(loss.coefficient_at(T), coefficient, rtol=1e-9)
    np.testing.assert_allclose(loss.eps_factor(T), coefficient * scale**2, rtol=1e-9)


def test_default_guard_is_the_published_one():
    assert {loss.guard for loss in LOSSES.values()} == {0.01}
    assert set(LOSSES) == {(o, t) for o in OBJECTIVES for t in TARGET_NAMES}


@pytest.mark.parametrize("key", LOSSES)
def test_loss_of_a_network_is_the_published_estimator(key):
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    net = lambda z, t: torch.sin(3 * z) + t[:, None]  # noqa: E731
    got = LOSSES[key](net, x, torch.Generator().manual_seed(1))
    g = torch.Generator().manual_seed(1)
    t = torch.rand(64, generator=g, dtype=torch.float64)
    eps = torch.randn(64, 2, generator=g, dtype=torch.float64)
    a, s = torch.cos(math.pi * t / 2)[:, None], torch.sin(math.pi * t / 2)[:, None]
    z = a * x + s * eps
    truth = {"x": x, "eps": eps, "v": a * eps - s * x, "score": -(z - a * x) / (s**2 + 0.01)}[
        key[1]
    ]
    coefficient, _ = by_hand(*key, t.numpy(), 0.01)
    expected = torch.from_numpy(coefficient) * ((truth - net(z, t)) ** 2).mean(1)
    assert got.shape == (64,)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_without_guard_a_nelbo_is_two_over_pi_of_the_elbo_per_dimension(target):
    schedule, loss = Cosine(), by_name("nelbo", target).unguarded()
    g = torch.Generator().manual_seed(3)
    x, eps, prediction = torch.randn(3, 32, 2, generator=g, dtype=torch.float64).unbind(0)
    times = Uniform().sample(32, schedule, g)
    nats = Loss(schedule, TARGETS[target]).of_prediction(prediction, x, eps, times)
    code = loss.of_prediction(prediction, x, eps, times.t)
    torch.testing.assert_close(code * published.NATS_PER_CODE_UNIT * 2, nats)
    log_snr = torch.linspace(-25, 25, 11, dtype=torch.float64)
    torch.testing.assert_close(loss.effective_weight(log_snr), torch.ones_like(log_snr))


@pytest.mark.parametrize("target", TARGET_NAMES)
def test_without_guard_all_rescaled_losses_are_the_x_loss(target):
    factor = by_name("rescaled", target).unguarded().eps_factor(T)
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
        torch.testing.assert_close(by_name("nelbo", target).effective_weight(log_snr), weight)


@pytest.mark.parametrize("target", ["x", "eps", "v"])
def test_weighted_losses_have_the_weight_of_the_common_form(target):
    log_snr = torch.linspace(-10, 10, 9, dtype=torch.float64)
    common = native(TARGETS[target])(log_snr, Cosine())
    effective = by_name("weighted", target).effective_weight(log_snr)
    torch.testing.assert_close(effective * 2 / math.pi, common)


def test_guarded_score_is_a_shrunk_score():
    schedule, t = Cosine(), torch.tensor([0.064, 0.5, 1.0], dtype=torch.float64)
    sigma = schedule.sigma(t)
    (_, guarded), (_, exact) = guarded_score().row(schedule, t), TARGETS["score"].row(schedule, t)
    torch.testing.assert_close(guarded / exact, sigma**2 / (sigma**2 + 0.01))
    assert (guarded / exact)[0] == pytest.approx(0.5, abs=0.01)


def test_coefficients_peak_at_one_over_the_guard():
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    peaks = {"x": (0,), "eps": (0, 1), "v": (0,), "score": (1,)}
    for target, where in peaks.items():
        values = by_name("nelbo", target).coefficient_at(ends)
        assert values[list(where)].tolist() == pytest.approx([100.0] * len(where))


def test_published_score_coefficient_is_the_one_the_saved_losses_show():
    # Ratio of NELBO to weighted losses of the score in bins of t (STUDY 5.1, from the saved results).
    t = torch.tensor([0.105, 0.305, 0.505, 0.705], dtype=torch.float64)
    seen = np.array([0.165, 0.509, 0.992, 1.897])
    used = by_name("nelbo", "score").coefficient_at(t).numpy()
    schedule = Cosine()
    at_head = published.score_nelbo_at_head(schedule.alpha(t), schedule.sigma(t), 0.01).numpy()
    assert np.abs(used / seen - 1).max() < 0.04
    assert np.abs(at_head / seen - 1).min() > 0.4


def test_unknown_loss_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="unknown published loss 'elbo' in 'x': expected one of nelbo"
    ):
        by_name("elbo", "x")


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
