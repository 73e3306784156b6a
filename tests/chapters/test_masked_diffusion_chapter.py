"""The chapter "Masked diffusion": what it counts out, by plain Python, and that its routes can disagree."""

from __future__ import annotations

import math
import re
from itertools import permutations, product

import numpy as np
import pytest
import torch

from companion.chapters.masked_diffusion import counterparts, figures, results
from companion.derivation.torchcheck import named
from diffcore import masked


@pytest.fixture(scope="module")
def law() -> torch.Tensor:
    return results.law_and_model(0)[0]


def test_every_bound_agrees_by_both_routes() -> None:
    frame = results.agreement()
    assert len(frame) == 15
    np.testing.assert_allclose(frame["difference"], 0, atol=1e-10)
    assert frame["route"].str.contains("KLs").sum() == 6
    of_model = frame[frame["of"] == "model"]
    assert (of_model["diffcore"] > frame["diffcore"].iloc[0] + 0.1).all()  # the model does err


@pytest.mark.parametrize(
    ("function", "rows"),
    [("bound", 9), ("bound_in_steps", 6)],
)
def test_a_wrong_formula_is_seen_in_the_table(function: str, rows: int, monkeypatch) -> None:
    right = getattr(masked, function)
    monkeypatch.setattr(masked, function, lambda costs, *rest: right(costs, *rest) + costs[0] / 100)
    assert (results.agreement()["difference"] > 1e-3).sum() == rows


def test_a_wrong_schedule_is_seen_in_its_rows(monkeypatch) -> None:
    monkeypatch.setattr(masked.CosineMasking, "kept_prime", lambda self, t: -torch.ones_like(t))
    frame = results.agreement()
    wrong = frame[frame["difference"] > 1e-3]
    assert list(wrong["route"]) == ["integral over time, cosine"] * 2


def test_a_cost_is_the_mean_over_the_law(law: torch.Tensor) -> None:
    _, model = results.law_and_model(0)
    known = results.costs(law, model)
    assert len(known) == 4 * 2**3  # a position is masked in half of the 16 masks
    hidden, i, total = {1, 3}, 3, 0.0
    for x in product(range(3), repeat=4):
        seen = tuple(3 if place in hidden else value for place, value in enumerate(x))
        total -= float(law[x]) * float(model[(*seen, i, x[i])])
    assert known[frozenset(hidden), i] == pytest.approx(total, rel=1e-13)


def test_an_order_is_written_token_by_token(law: torch.Tensor) -> None:
    exact = masked.conditionals(law)
    known = results.costs(law, exact)
    for order in list(permutations(range(4)))[:5]:
        paid = sum(known[frozenset(order[j:]), i] for j, i in enumerate(order))
        assert paid == pytest.approx(results.entropy(law), rel=1e-13)


def test_gaps_fall_as_one_over_the_steps_and_the_first_order_is_theirs() -> None:
    gaps = results.gaps(most=4096)
    assert list(gaps["steps"]) == [2**k for k in range(13)]
    for name in results.SCHEDULES:
        assert (gaps[name].diff().dropna() < 0).all()
        assert gaps[name].iloc[-2] / gaps[name].iloc[-1] == pytest.approx(2, rel=1e-3)
    last = gaps.iloc[-1]
    assert last["linear"] == pytest.approx(last["first_order"], rel=1e-3)
    assert last["cosine"] > 1.2 * last["linear"]


def test_the_first_order_is_the_information_of_each_token_about_the_others(
    law: torch.Tensor,
) -> None:
    total = 0.0
    for i in range(4):
        others = [axis for axis in range(4) if axis != i]
        alone, rest = law.sum(others), law.sum(i)
        total += results.entropy(alone) + results.entropy(rest) - results.entropy(law)
    assert results.gaps()["first_order"].iloc[0] == pytest.approx(total / 2, rel=1e-12)


def test_the_words_are_worked_out(law: torch.Tensor, monkeypatch) -> None:
    one, other = map(float, re.findall(r"\d+\.\d+", results.one_step()))
    assert one == other > 1
    *steps, entropy = map(float, re.findall(r"\d+\.\d{12}", results.independent()))
    assert len(steps) == 3
    assert set(steps) == {entropy}
    monkeypatch.setattr(results, "entropy", lambda table: 0.0)
    assert "to 0.000000 nats more" in results.one_step()


def test_the_factor_of_a_forgotten_end() -> None:
    said = results.too_large(0.5)
    assert "from -0.9328 to -6.93e-01" in said  # log(1 - e^-0.5) and log(1 - 0.5)
    factor = math.log(1 - math.exp(-0.5)) / (math.log(1 - math.exp(-0.5)) - math.log(0.5))
    assert f"1 + {factor - 1:.2e}" in said
    assert "1 + 1.45e-04" in results.too_large()


@pytest.mark.parametrize("name", ["step_cost", "slope_of_information"])
def test_a_counterpart_is_found_by_its_name_and_enters_diffcore(name: str, monkeypatch) -> None:
    function = named(f"companion.chapters.masked_diffusion.counterparts.{name}")
    assert function is getattr(counterparts, name)
    used = {"step_cost": "unmask_share", "slope_of_information": "kept_cross_entropy"}[name]
    monkeypatch.setattr(masked, used, lambda *_: torch.tensor(torch.nan, dtype=torch.float64))
    count = {"step_cost": 3, "slope_of_information": 8}[name]
    assert function(*[torch.full((2,), 0.5, dtype=torch.float64)] * count).isnan().all()


def test_the_slope_of_the_information_is_that_of_a_law() -> None:
    generator = torch.Generator().manual_seed(1)
    table = torch.rand((2, 2, 2), generator=generator, dtype=torch.float64)
    table = table / table.sum()
    sets = {"1": (1, 2), "2": (0, 2), "3": (0, 1), "12": (2,), "13": (1,), "23": (0,), "123": ()}
    entropies = {
        f"H_{name}": torch.tensor(
            [results.entropy(table.sum(rest) if rest else table)], dtype=torch.float64
        )
        for name, rest in sets.items()
    }
    kept = torch.tensor([0.3], dtype=torch.float64)
    found = counterparts.slope_of_information(kept, **entropies)
    by_count = masked.cross_entropies(table, masked.conditionals(table))
    expected = masked.kept_cross_entropy(by_count, kept)
    assert float(found) == pytest.approx(float(expected), rel=1e-12)


def test_the_figure_shows_areas_that_are_the_bounds() -> None:
    drawing = figures.bounds_figure(results.gaps())
    left, right = drawing.axes
    law, model = results.law_and_model(0)
    exact = masked.cross_entropies(law, masked.conditionals(law))
    curves = {line.get_label(): line.get_xydata() for line in left.lines}
    for name, by_count in (
        ("exact conditionals", exact),
        ("model", masked.cross_entropies(law, model)),
    ):
        area = np.trapezoid(curves[name][:, 1], curves[name][:, 0])
        assert area == pytest.approx(float(masked.bound(by_count)), rel=1e-4)
    (stairs,) = left.patches
    heights, edges, _ = stairs.get_data()
    area = float(np.sum(heights * np.diff(edges)))
    in_steps = masked.bound_in_steps(exact, masked.LinearMasking(), figures.STEPS)
    assert area == pytest.approx(float(in_steps), rel=1e-12)
    assert [line.get_label() for line in right.lines] == [*results.SCHEDULES, "first order"]
    np.testing.assert_allclose(right.lines[1].get_ydata(), results.gaps()["cosine"])


@pytest.mark.parametrize("draws", [2, 3, 4])
def test_rloo_is_unbiased_and_its_spread_is_that_of_the_chapter_counted_out(draws: int) -> None:
    """Every way to draw from three states; the slope is autograd's, of a law with logits of its own."""
    rng = np.random.default_rng(draws)
    parameter = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    bends, costs = (torch.tensor(rng.normal(size=3)) for _ in range(2))
    law = torch.softmax(torch.sin(parameter * bends) + parameter**2 * bends**2, 0)
    slope = torch.autograd.grad(law @ costs, parameter, retain_graph=True)[0].item()
    logs = [torch.autograd.grad(v, parameter, retain_graph=True)[0].item() for v in law.log()]
    score, p, f = np.array(logs), law.detach().numpy(), costs.numpy() + 5

    mean, of_one = 0.0, 0.0
    for drawn in map(list, product(range(3), repeat=draws)):
        weight, cost = p[drawn].prod(), f[drawn]
        left_out = (cost - (cost.sum() - cost) / (draws - 1)) * score[drawn]
        mean += weight * left_out.mean()
        of_one += weight * left_out[0] ** 2
    assert mean == pytest.approx(slope, rel=1e-12)
    variance = p @ (f - p @ f) ** 2
    exact = p @ ((f - p @ f) ** 2 * score**2) + variance / (draws - 1) * (p @ score**2)
    assert of_one == pytest.approx(exact, rel=1e-12)
