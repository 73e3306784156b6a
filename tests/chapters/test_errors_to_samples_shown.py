"""From errors to samples: what figures draw and sentences say follows the tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from companion.chapters.errors_to_samples import figures, fine, pushed, results, scores, sentences
from companion.evidence import perturbed
from companion.evidence.drawn import numbers

NAMES = ("clusters", "rings", "swiss_roll", "waves")


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for name in NAMES:
        for target in ("x", "eps", "v", "score"):
            for objective in ("bound", "own"):
                for seed in (100, 101):
                    cell = {"dataset": name, "target": target, "objective": objective, "seed": seed}
                    for metric in pushed.METRICS:
                        value = math.exp(rng.normal())
                        rows.append(
                            cell
                            | {"metric": metric, "value": value, "total": math.exp(rng.normal())}
                            | {"levels": value**0.9, "first": value, "whole": value * 1.5}
                            | {"coherence": 9.0 if target == "x" else 1.0}
                        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def found(networks: pd.DataFrame) -> pd.DataFrame:
    return scores.scores(networks, 40)


def test_every_network_is_drawn_at_what_was_measured(
    networks: pd.DataFrame, found: pd.DataFrame
) -> None:
    drawing = figures.predicted(networks, found, ("median", "energy"))
    panels = drawing.axes
    assert len(panels) == 6
    for k, metric in enumerate(("median", "energy")):
        block = networks[networks["metric"] == metric].reset_index(drop=True)
        *marks, diagonal = panels[3 * k + 2].lines
        heights = np.sort(np.concatenate([line.get_ydata() for line in marks]))
        np.testing.assert_allclose(heights, np.sort(block["value"]))
        for line in marks:  # what is predicted from is what is measured: on the diagonal
            np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
        np.testing.assert_allclose(diagonal.get_xdata(), diagonal.get_ydata())
        assert panels[3 * k + 2].get_title().endswith("$R^2$ = 1.00")
        faces = [line.get_markerfacecolor() for line in marks]
        assert faces.count("none") == len(marks) / 2
    shown = figures.predicted_shown(networks, found)
    assert "of 64 networks" in shown["caption"]
    assert "1.00; energy distance" in shown["alt"]
    assert len(numbers(drawing))


def test_levels_are_drawn_per_nat_and_the_product_is_twice_theirs() -> None:
    at = [-9.0, -3.0, 3.0, 9.0]
    levels = pd.DataFrame(
        {"dataset": "rings", "target": "x", "objective": "own", "seed": seed, "log_snr": at,
         "excess": [k * (seed + 1) for k in (1.0, 2.0, 3.0, 4.0)]}
        for seed in (0, 1)
    ).explode(["log_snr", "excess"]).astype({"log_snr": float, "excess": float})  # fmt: skip
    kernel = pd.DataFrame(
        {"dataset": "rings", "log_snr": at, "median": 1.0, "rms": [8.0, 4.0, 1.0, 0.5]}
    )
    both = pd.concat(
        [levels, levels.assign(objective="bound")]
    )  # a line of the bound has the label
    left, middle, right = figures.by_level(both, kernel, "rings").axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), np.array([1.5, 3.0, 4.5, 6.0]) / 6)
    np.testing.assert_allclose(middle.lines[0].get_ydata(), kernel["rms"])
    np.testing.assert_allclose(right.lines[0].get_ydata(), np.array([12, 12, 4.5, 3.0]) / 3)
    alt = figures.by_level_shown(levels, kernel, "rings", 2)["alt"]
    assert "x, own: 9.0 and -9.0" in alt


def costs() -> pd.DataFrame:
    rows = []
    for kind, values in ((fine.EVEN, (4e-4, 4e-5, 4e-6)), (fine.FINE, (8e-4, 6e-4, 5e-4))):
        for level, value in zip((-4.0, 6.0, 12.0), values, strict=True):
            row = {"kind": kind, "level": level, "derived": 1.1 * value, "derived_error": 0.0}
            rows.append(row | {"measured": value, "error": 0.01 * value})
    return pd.DataFrame(rows)


def test_costs_are_drawn_and_said() -> None:
    axis = figures.fine_errors(costs()).axes[0]
    drawn = numbers(axis.figure)
    assert perturbed.EXCESS in set(drawn["y"])
    for value in costs()["measured"]:
        assert np.isclose(drawn["y"], value, rtol=1e-6).any()
    said = sentences.at_every_level(costs())
    assert "$\\kappa = 1$" in said
    assert "$\\kappa = 1$" in sentences.fineness()
    assert "0.50 to 0.80 of what it costs the bound" in said
    assert "it is 0.55 on average, where 0.47 is derived" in said
    assert "by a factor of 100." in said
    assert "5.0e-04 to 8.0e-04" in figures.fine_shown(costs(), 7)["alt"]


def test_words_follow_the_tables(networks: pd.DataFrame, found: pd.DataFrame) -> None:
    said = sentences.answer(found)
    assert "to first order, 1.00 (1.00 to 1.00)" in said
    assert "below: none" in said
    low = found.assign(all=np.where(found["metric"] == "rms", 0.899, found["all"]))
    assert "below: r.m.s. distance moved (0.90)" in sentences.answer(low)
    said = sentences.levels_add_up(networks, found)
    assert "9.0 for $x$ on the bound" in said
    assert "1.0 nats for" in said
    assert "energy distance +0.00" in said
    said = sentences.left_over(scores.parts(networks))
    assert "make a factor of 1.50 for the networks that are moved less and 1.50" in said
    assert "the bend of the flow, with quadrature, 1.50 and 1.50" in said
    assert "quadrature" in scores.PARTS["whole/first"]
    assert "quadrature" in figures.parts_shown()["caption"]
    said = sentences.population(networks, 1_500, 250, 32)
    assert "There are 64 networks" in said
    assert "swiss roll 2, waves 2" in said


def test_the_misleading_case_is_computed(networks: pd.DataFrame) -> None:
    block = networks.assign(
        total=np.where(networks["objective"] == "own", 9.0, 1.0) * (networks["seed"] - 99),
        value=np.where(networks["objective"] == "own", 1.0, 2.0),
        levels=np.where(networks["objective"] == "own", 3.0, 4.0),
    )
    said = sentences.misled(block)
    assert "81 times the excess" in said
    one = (block["objective"] == "own") & (block["seed"] == 100)
    apart = block.assign(total=np.where(one, 2.0, np.where(block["objective"] == "own", 4.0, 1.0)))
    assert "10 times the excess" in sentences.misled(apart)  # of means that are squared: 9
    assert "is 0.50 times as large" in said
    assert "says 0.75" in said


def test_floors_count_the_networks_above(networks: pd.DataFrame) -> None:
    budget = results.QUICK
    walked = results.walks(["clusters"], budget)
    found = results.floors(walked, networks, budget).iloc[0]
    own = networks[(networks["dataset"] == "clusters") & (networks["metric"] == "energy")]["value"]
    assert found["energy_above"] == pytest.approx((own > found["energy"]).mean())
    assert 0 < found["sliced"] < 1


def test_tables_are_titled(networks: pd.DataFrame, found: pd.DataFrame) -> None:
    table = figures.titled(found)
    assert not [c for c in table if c.startswith("gain")]
    assert set(table["metric"]) == set(pushed.METRICS.values())
    shown = figures.scores_shown(networks)
    shown_ends = {end for pair in shown["ends"].values() for end in pair}
    assert set(shown["columns"]) | shown_ends == set(table)
    parts, parts_shown = scores.parts(networks), figures.parts_shown()
    assert set(parts_shown["columns"]) == {*parts}
    assert "samples over whole flow" in {parts_shown["words"]["part"][p] for p in parts["part"]}
