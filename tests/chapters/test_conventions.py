"""What the chapter on conventions shows: rulers that agree, mix-ups that cost what they should."""

import math
from itertools import pairwise

import pytest
from reference import tensor

from companion.chapters.conventions import figures
from companion.chapters.conventions import results as conventions
from diffcore.schedules import Cosine, RectifiedFlow


@pytest.mark.peer
def test_every_ruler_runs_one_way_and_covers_the_axis():
    pytest.importorskip("diffusers")
    for dial in conventions.dials():
        steps = [b - a for a, b in pairwise(dial.at)]
        assert all(step < 0 for step in steps) or all(step > 0 for step in steps), dial.label
        assert min(dial.at) < -4 < 4 < max(dial.at), dial.label
        assert len(dial.ticks) == len(dial.at)


@pytest.mark.peer
def test_rulers_of_the_same_noise_level():
    pytest.importorskip("diffusers")
    rulers = {d.label: dict(zip(d.ticks, d.at, strict=True)) for d in conventions.dials()}
    straight = rulers["$t$, straight lines (here)"]
    assert straight["0.9"] == pytest.approx(rulers["t, flow_matching"]["0.1"], abs=1e-12)
    assert straight["0.1"] == pytest.approx(rulers["timestep, diffusers flow"]["100"], abs=1e-12)
    assert rulers["sigma, EDM"]["10"] == pytest.approx(-2 * math.log(10))
    assert rulers["gamma, VDM"]["4"] == rulers["network time, azula"]["2"] == -4


def by_name(name):
    return next(m for m in conventions.MIX_UPS if name in m.name)


@pytest.mark.parametrize("schedule", [Cosine(), RectifiedFlow()], ids=["cosine", "flow"])
@pytest.mark.parametrize("t", [0.1, 0.25, 0.5, 0.8])
def test_costs_of_mix_ups_by_hand(schedule, t):
    alpha, sigma = float(schedule.alpha(tensor(t))), float(schedule.sigma(tensor(t)))
    assert conventions.mix_up_error(by_name("none"), schedule, t) < 1e-15
    # v turned: x_hat - x = 2 sigma v / (alpha^2 + sigma^2), and |v|^2 = alpha^2 + sigma^2.
    turned = 2 * sigma / math.hypot(alpha, sigma)
    assert conventions.mix_up_error(by_name("$v$ with"), schedule, t) == pytest.approx(turned)
    # u turned: x_hat - x = 2 t (eps - x) on straight lines; on the circle u is v up to a constant.
    lines = isinstance(schedule, RectifiedFlow)
    expected = 2 * t * math.sqrt(2) if lines else turned
    assert conventions.mix_up_error(by_name("$u$ with"), schedule, t) == pytest.approx(expected)
    mirrored = conventions.mix_up_error(by_name("1 - t"), schedule, t)
    assert (mirrored < 1e-15) == (t == 0.5)


def test_the_table_has_one_row_for_each():
    frame = conventions.mix_up_table((0.5,))
    assert list(frame.columns) == ["mistake", "cosine_0.5", "flow_0.5"]
    assert len(frame) == len(conventions.MIX_UPS)


def test_the_figure_is_drawn_at_one_noise_level():
    figure, level = figures.target_planes(0.3)
    assert level == pytest.approx(float(Cosine().log_snr(tensor(0.3))))
    assert [axes.get_title().split(",")[0] for axes in figure.axes] == ["cosine", "straight lines"]
