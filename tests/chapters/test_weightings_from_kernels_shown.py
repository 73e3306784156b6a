"""Weightings from the kernels: what is drawn is what was found, and words follow the tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from companion.chapters.weightings_from_kernels import (
    answers,
    compared,
    figures,
    fronts,
    measured,
    results,
    rules,
    sentences,
    words,
)
from companion.evidence.claims import Verdict
from companion.evidence.drawn import numbers

RNG = np.random.default_rng(5)
CELLS = [
    *(("v", w) for w in ("bound", "v-mse", "edm", *rules.NAMES)),
    *(("eps", w) for w in ("bound", "eps-mse", *rules.NAMES)),
]


@pytest.fixture(scope="module")
def networks() -> pd.DataFrame:
    """Two data sets, three seeds; the distance of samples is a power of what moves them."""
    rows = []
    for name in ("clusters", "rings"):
        for i, (target, weighting) in enumerate(CELLS):
            for seed in range(3):
                moved = math.exp(0.1 * i + 0.01 * RNG.normal())
                rows.append(
                    [name, target, weighting, 100 + seed, math.exp(RNG.normal()), moved**2, moved]
                )
    columns = [*results.MODEL, "excess", "sliced", "moved"]
    frame = pd.DataFrame(rows, columns=columns)
    seen = np.where(frame["weighting"] == "kernel", 0.5, 2.0)
    return frame.assign(apart=RNG.uniform(1, 2, len(frame)), energy=1.0, seen=seen)


@pytest.fixture(scope="module")
def cells(networks: pd.DataFrame) -> pd.DataFrame:
    return fronts.cells(networks, 50)


def test_the_plane_draws_every_cell_at_its_mean(
    networks: pd.DataFrame, cells: pd.DataFrame
) -> None:
    spread = fronts.spreads(networks)
    for near in (False, True):
        drawn = numbers(figures.plane(cells, spread, near))
        shown = cells
        if near:
            inside = [figures.is_near(b) for _, b in cells.groupby("dataset", sort=False)]
            shown = cells[pd.concat(inside)]
        for row in shown.itertuples():
            found = np.isclose(drawn["x"], row.excess) & np.isclose(drawn["y"], row.sliced)
            assert found.any()
    beyond = [(~figures.is_near(b)).sum() for _, b in cells.groupby("dataset", sort=False)]
    caption = figures.plane_shown(cells, 3)["caption"]
    assert f"{beyond[0]} of {len(CELLS)} (Clusters), {beyond[1]} of {len(CELLS)} (Rings)" in caption


def test_who_is_on_the_front_is_said(cells: pd.DataFrame) -> None:
    words = sentences.fronts(cells)
    for _, block in cells.groupby("dataset", sort=False):
        on = block[block["front"]]
        derived = on["weighting"].isin(rules.NAMES).sum()
        assert f"{derived} of these {len(on)} are derived, as are 16 of all {len(block)}" in words


def test_how_near_a_cell_comes_is_said() -> None:
    table = pd.DataFrame({"scope": ["eight", "own"] * 2, "target": "v"})
    table["weighting"] = ["kernel", "kernel", "both", "both"]
    table = table.assign(
        below=[1, 0.01, 1, 1], above=[0.01, 1, 0.2, 1], excess=[1.5, 0.9, 1.2, 2.0],
        sliced=[0.8, 0.7, 1.1, 1.0],
    )  # fmt: skip
    words = sentences.winners(table, {"excess": 2.0, "sliced": 3.0})
    eight, own = words.split("Against both objectives")
    assert "0 of 2 cells are told to be below on both axes everywhere, and 1 to be above" in eight
    assert (
        "below everywhere: none. Nearest is $v$ both at once, whose excess is at most 1.20" in eight
    )
    assert "1 of 2 cells are told to be below" in own
    assert "below everywhere: $v$ $k$. Nearest is $v$ $k$, whose excess is at most 0.90" in own
    assert "a factor of 2.00 in excess and 3.00 in sliced" in own


def test_the_premise_counts_cells_that_lowered_their_own_loss(networks: pd.DataFrame) -> None:
    words = answers.premise(networks)
    assert "of 32 cells 4 have less excess under their own weight" in words
    assert "0.50 to 2.00 times as much" in words
    assert "$v$ both at once on rings 2.00" in words


def test_samples_that_follow_are_said_to_follow(networks: pd.DataFrame) -> None:
    words = answers.followed(networks)
    assert "same side of the bound's in 32 of 32 cells" in words
    assert "$\\int k\\, e$ explains 1.00" in words
    assert "Clusters 1.00, " in words


def test_where_errors_moved_is_said() -> None:
    at = np.array([-6.0, 2.0, 8.0])
    table = pd.DataFrame({"dataset": "clusters", "log_snr": [-12.0, 12.0], "kernel": 1.0})
    frames = [
        pd.DataFrame(
            {"dataset": "clusters", "target": "v", "weighting": w, "seed": seed, "log_snr": at, "excess": e}
        )
        for seed in (0, 1)
        for w, e in (("bound", [1.0, 4.0, 1.0]), ("over-error", [0.25, 9.0, 1.0]))
    ]  # fmt: skip
    words = answers.shifted(pd.concat(frames, ignore_index=True), table, "v")
    assert "0.50 times at noisier levels and 1.50 times between, where 67% of the squares" in words


def test_slopes_are_counted() -> None:
    table = pd.DataFrame({"weighting": ["kernel", "both", "edm"], "slope": [-0.5, -1.2, 0.4]})
    words = answers.elastic(table.assign(r2=[0.9, 0.5, 0.1]))
    assert "derived weightings -0.85 (-1.20 to -0.50; $R^2$ 0.70)" in words
    assert "all other weightings 0.40" in words
    assert "1 of 3 are between" in words


def test_shapes_name_the_nearest_of_the_catalogue() -> None:
    words = sentences.shapes(("rings",))
    assert "$k/\\sqrt{\\ell}$" in words
    weights = results.weight("rings", "over-noise", sentences.FINE)
    flow = results.weight("rings", "v-mse", sentences.FINE)
    share = sentences.overlap(weights, flow)
    assert share > 0.95  # for Gaussian data they are one: a chain of the chapter
    assert f"nearest $v$-MSE, flow ({share:.0%})" in words
    cumulated = np.cumsum(weights) / weights.sum()
    low = sentences.FINE[np.argmax(cumulated >= 0.1)]
    assert f"$k/\\sqrt{{\\ell}}$ from {low:.1f} to " in words


def test_uncertainty_of_a_kernel_is_said() -> None:
    table = pd.DataFrame({"dataset": "rings", "uncertain": [0.011, 0.094]})
    assert "Of 500 paths" in sentences.uncertain(table, 500)
    assert "Rings 1.1% to 9.4%" in sentences.uncertain(table, 500)


def test_tables_are_read_in_words_and_keep_what_they_had() -> None:
    assert set(measured.WORDS) == set(measured.NUMBERS)
    assert set(rules.NAMES) <= set(words.WEIGHTINGS)
    said = fronts.CELLS_SHOWN["words"]
    assert (said["dataset"]["rings"], said["target"]["eps"]) == ("Rings", r"$\epsilon$")
    assert said["weighting"] == words.WEIGHTINGS


@pytest.mark.parametrize(
    ("verdict", "word"),
    [(Verdict.HOLDS, "yes"), (Verdict.FAILS, "no"), (Verdict.UNDECIDED, "undecided")],
)
def test_a_pair_says_whether_it_is_above_one(verdict: Verdict, word: str) -> None:
    rows = [
        {"question": q, "case": "rings/v", "column": column, "verdict": verdict}
        for q, (_, _, column) in compared.PAIRS.items()
    ]
    shown = compared.pairs_in_words(pd.DataFrame(rows))
    assert set(shown["above"]) == {word}
    said = dict(zip(shown["question"], shown["of"], strict=True))
    assert "excess, times" in said["curriculum"]
    assert said["kernel"] == "sliced $W_2$"
    assert "int" in said["moved"]
    assert "eight" in compared.SCOPES["eight"]
    assert set(shown["dataset"]) == {"Rings"}
    assert shown.loc[0, ["first", "second"]].tolist() == ["$k$", "bound"]
