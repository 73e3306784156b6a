"""Sentences, captions and readings of tables are worked out of what they are given, not typed."""

import inspect
import math

import numpy as np
import pandas as pd
import pytest
import torch

from companion import paths, study
from companion.chapters.conventions import results as conventions
from companion.chapters.nelbo_in_x import results as nelbo_in_x
from companion.chapters.published_numbers import controls, resolution, results, sentences
from companion.chapters.published_numbers.tables import gap_between_groups, nelbo_by_target
from companion.chapters.small_images import figures as digits
from companion.evidence.artifacts import Artifacts, Provenance
from diffcore.exact import data2d, floors


def losses(eps=5.0, v=7.0, x=1.0, score=2.0):
    nelbo = {"eps": eps, "v": v, "x": x, "score": score}
    return pd.DataFrame(
        {"dataset": name, "target": target, "objective": objective, "floor": value, "published": 9}
        for name in ("rings", "waves")
        for objective, factor in (("nelbo", 1), ("weighted", 100))
        for target, value in ((t, factor * each) for t, each in nelbo.items())
    )


def test_the_gap_is_the_mean_of_eps_and_v_less_that_of_x_and_s():
    assert gap_between_groups(losses(), "floor").to_dict() == {"rings": 4.5, "waves": 4.5}
    assert nelbo_by_target(losses())["floor"].loc["waves", "v"] == 7.0


def test_points_behind_the_last_cut_are_those_that_were_drawn(monkeypatch):
    drawn = []
    sobol = floors.sobol
    monkeypatch.setattr(floors, "sobol", lambda n, *more: drawn.append(n) or sobol(n, *more))
    budget, t_min = results.Budget(points=256, scrambles=3), [1e-1, 1e-2, 1e-3]
    results.truncated(data2d.clusters(), t_min, budget)
    assert sum(drawn) == results.points_behind(t_min, budget)
    shown = controls.guards_shown(1e-2, budget)["caption"]
    behind = results.points_behind([1e-1, 1e-2], budget)
    assert f"{256 * 3:,} points" in shown
    assert f"{behind:,} points" in shown
    assert behind != 256 * 3


@pytest.mark.parametrize(("pairs", "shared"), [(3.0, 0.16), (1.0, 0.9), (5.0, 0.5)])
def test_what_copies_do_to_a_standard_error_follows_from_what_they_share(pairs, shared):
    split = {"distinct": 0.5, "test_distinct": 0.375, "test_in_train": 0.8, "test_pairs": pairs}
    words = sentences.held_out(split, shared, 400)
    assert "63% of its rows are copies" in words or "62% of its rows are copies" in words
    assert f"{shared:.2f} ± 0.05" in words
    assert f"up to {math.sqrt(1 + (pairs - 1) * shared):.2f}." in words


def test_copies_share_what_their_point_explains(monkeypatch):
    """Losses that are a point plus noise of half its variance: two of one point correlate by 2/3."""

    def known(mixture, losses, x, generator):
        noise = torch.randn(len(losses), len(x), generator=generator, dtype=torch.float64)
        standard = (x[:, 0] - x[:, 0].mean()) / x[:, 0].std()
        return standard + noise * 0.5**0.5

    monkeypatch.setattr(resolution, "losses_at", known)
    assert resolution.shared_by_copies(20_000) == pytest.approx(2 / 3, abs=0.02)


def test_which_weights_never_rise_is_what_their_formulas_say():
    log_snr = np.linspace(-15, 15, 2001)
    sigma, alpha = (1 / np.sqrt(1 + np.exp(sign * log_snr)) for sign in (1, -1))
    g = 0.01
    formulas = {
        "x": 1 / (1 + g / sigma**3),
        "eps": 1 / (1 + g / (alpha * sigma)),
        "v": 1 / (1 + g / sigma),
        "score": alpha / (alpha + g) * (sigma**2 / (sigma**2 + g)) ** 2,
    }
    for target, weight in formulas.items():
        assert controls.never_rises(target) == bool((np.diff(weight) <= 1e-12).all())
    words = sentences.monotone(["x", "v"])
    assert "$x$ and $v$ never rise" in words
    assert words.endswith(r"those of $\epsilon$ and $s$ do, and are not.")


def test_mistakes_that_cost_nothing_at_half_are_counted():
    table = conventions.mix_up_table()
    assert conventions.unseen_at_half(table).startswith("2 of the 5 mistakes cost nothing")
    table.loc[table["mistake"].str.startswith("$t$"), "flow_0.5"] = 0.3
    assert conventions.unseen_at_half(table).startswith("1 of the 5")


def test_how_near_the_gap_comes_to_its_correction_is_read_from_the_tables():
    gaps = pd.DataFrame({"T": [8, 16, 32], "exact": [30.0, 9.0, 3.0], "predicted": [8.0, 4.0, 2.0]})
    entropy = pd.DataFrame(
        {"bound": [1.0, 2.0], "closed form": [1.3, 1.9], "se": [0.1, 0.1], "c": [1, 2]}
    )
    words = nelbo_in_x.comparison(gaps, entropy)
    assert "3.75 times the correction at $T = 8$" in words
    assert "1.500 times at $T = 32$; the last doubling of $T$ divides it by 3.000" in words
    assert "at most 3.0 of its standard errors" in words


def test_the_words_on_the_cost_curves_give_their_clean_ends():
    curves = pd.DataFrame(
        {
            "objective": objective,
            "target": target,
            "seed": seed,
            "log_snr": level,
            "bits_per_nat": (1 + seed)
            * (10 if target == "x" else 1)
            * digits.CEILING
            * (level + 1),
        }
        for objective in digits.NAMES
        for target in ("x", "v")
        for seed in (0, 1)
        for level in (0.0, 1.0)
    )
    shown = digits.cost_curves_shown(curves, 2)
    assert shown["alt"].count("x 30, v 3") == 2
    assert "Mean of 2 seeds" in shown["caption"]


def test_where_a_table_is_from_has_named_parts_only(monkeypatch, tmp_path):
    """What `Provenance` names is what an entry takes; a misspelt part is refused."""
    takes = inspect.signature(Artifacts._entry).parameters
    assert set(Provenance.__annotations__) == set(takes) - {"self", "kind", "caption"}
    monkeypatch.setattr("companion.paths.figures_dir", lambda profile: tmp_path)
    artifacts = Artifacts("01_conventions", "quick")
    with pytest.raises(TypeError, match="seed"):
        artifacts.table(pd.DataFrame({"a": [1]}), "none_such", caption="c", seed=[0])
    assert not list(tmp_path.iterdir())


def test_the_published_column_has_every_saved_digit():
    budget = results.Budget(points=64, scrambles=2, monte_carlo=50)
    table = results.against_published(budget).set_index(["dataset", "target", "objective"])
    saved = study.losses().set_index(["dataset", "target", "objective"])["mean"]
    assert (table["published"] == saved[table.index]).all()


def test_the_introduction_says_how_high_the_bars_are():
    words = (paths.BOOK / "intro.md").read_text(encoding="utf-8")
    assert "epsilon and v are two to four times as high as those of x and s" in words
    bars = nelbo_by_target(pd.read_csv(paths.RESULTS / "floors.csv"))["floor"]
    ratios = bars[["eps", "v"]].min(axis=1) / bars[["x", "score"]].max(axis=1)
    highest = bars[["eps", "v"]].max(axis=1) / bars[["x", "score"]].min(axis=1)
    assert 2 <= ratios.min() < highest.max() <= 4
