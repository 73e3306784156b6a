"""The rules of "Few steps, by target": just inside and outside, on made-up distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from companion.chapters.few_steps import claims, comparisons, grid, results, sentences
from companion.chapters.few_steps.measures import METRICS
from companion.evidence.claims import Verdict
from companion.runs.plane import ENDS, TARGETS

H, F, U = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
TINY = results.Budget(samples=30, steps=8, draws=300, sets=4, evaluations=(3, 9), starts=(ENDS[0],))


def fake(of: dict[tuple[str, str, str, int, str], list[float]]) -> pd.DataFrame:
    """Cells of three seeds: all at distance 1 but what is given by target, solver, grid, count, start."""
    rows = []
    for objective in grid.OBJECTIVES:
        for target in TARGETS:
            for chain in results.chains(objective, TINY):
                values = of.get((target, *chain), [1.0, 1.01, 0.99])
                for seed, value in enumerate(values):
                    rows.append(["rings", target, objective, seed, *chain, *[value] * 5])
    return pd.DataFrame(rows, columns=[*results.MODEL, *results.CHAIN, *METRICS])


def verdicts(cells: pd.DataFrame, question: str) -> dict[str, Verdict]:
    table = comparisons.tests(cells)
    rows = table[table["question"] == question]
    return {row.case: Verdict(row.verdict) for row in rows.itertuples()}


FARTHER, NEARER = [9.0, 9.01, 9.02], [0.1, 0.1001, 0.1002]


def test_the_rules_have_three_outcomes() -> None:
    cells = fake(
        {
            ("eps", "Euler", "time", 9, "plain"): FARTHER,
            ("eps", "Heun", "log-SNR", 9, "plain"): NEARER,
            ("eps", "DDIM", "time", 9, "plain"): FARTHER,
            ("x", "Heun", "time", 9, "plain"): FARTHER,
            ("x", "Heun", "time", 3, "plain"): NEARER,
            ("eps", "ancestral", "time", 9, "plain"): FARTHER,
            ("eps", "ancestral", "time", 9, "mean"): FARTHER,
        }
    )
    against_v = verdicts(cells, comparisons.AGAINST_V)
    assert len(against_v) == 10
    assert "DDIM, time" not in against_v, "chapters 18 and 19 judge it"
    assert against_v["Euler, time"] == H
    assert against_v["Heun, log-SNR"] == F
    assert against_v["Euler, log-SNR"] == U
    assert verdicts(cells, comparisons.AGAINST_X)["Heun, time"] == F
    assert verdicts(cells, comparisons.BY_HEUN) == {"3 evaluations": F, "9 evaluations": H}
    mended = verdicts(cells, comparisons.MENDED)
    assert (mended["Euler"], mended["DDIM"]) == (H, H)
    assert mended["ancestral"] == F, "nothing is gone"
    assert mended["Heun"] == U, "there was nothing to mend"
    decision = claims.of_question({"few_tests": comparisons.tests(cells)}, comparisons.AGAINST_V)
    assert decision.cases.count(H) == 2
    assert "Euler, time 9" in decision.measured


def test_more_than_half_is_of_logarithms() -> None:
    def of(left: list[float]) -> Verdict:
        cells = fake(
            {
                ("eps", "Euler", "time", 9, "plain"): FARTHER,
                ("eps", "Euler", "time", 9, "mean"): left,
            }
        )
        return verdicts(cells, comparisons.MENDED)["Euler"]

    assert of([2.7, 2.71, 2.72]) == H
    assert of([3.3, 3.31, 3.32]) == F
    assert of([1.5, 3.0, 6.0]) == U


def test_holm_is_over_all_cases_of_a_question() -> None:
    """One case with p = 0.02 by itself is not told among ten."""
    noisy = [1.35, 1.5, 1.75]
    cells = fake({("eps", "Euler", "time", 9, "plain"): noisy})
    row = (
        comparisons.tests(cells).query("question == 'eps over v' and case == 'Euler, time'").iloc[0]
    )
    logs = np.log(noisy) - np.log([1.0, 1.01, 0.99])
    t = logs.mean() / (logs.std(ddof=1) / 3**0.5)
    alone = 2 * stats.t.sf(t, 2)
    assert 0.005 < alone < 0.05
    assert row["p"] == pytest.approx(10 * alone, rel=1e-9)
    assert row["verdict"] == U
    assert row["value"] == pytest.approx(np.exp(logs.mean()))


def test_power_falls_with_the_spread() -> None:
    tight = comparisons.power(fake({}), comparisons.AGAINST_V)
    spread = {
        ("eps", solver, unit, 9, "plain"): [1.0, 3.0, 9.0]
        for solver in results.SOLVERS
        for unit in results.GRIDS
    }
    assert 1 <= tight < 1.1 < 2 < comparisons.power(fake(spread), comparisons.AGAINST_V)


def test_what_was_told_is_told_case_by_case() -> None:
    table = fake({("eps", "Euler", "time", 9, "plain"): FARTHER})
    told = sentences.told(comparisons.tests(table), comparisons.AGAINST_V, "farther", "nearer")
    assert told.startswith("Rings. Farther: Euler, time 9; not told: Heun, time 1")
    assert "3 seeds" in sentences.resolution(table)


def test_nothing_is_mended_where_eps_is_nearer_anyway() -> None:
    plain, mean = ("eps", "Heun", "time", 9, "plain"), ("eps", "Heun", "time", 9, "mean")
    cells = fake({plain: [0.5, 0.501, 0.502], mean: NEARER})
    assert verdicts(cells, comparisons.MENDED)["Heun"] == U


def test_the_start_is_judged_by_the_part_that_is_the_network_s() -> None:
    cells = fake({("eps", "Heun", "time", 9, "plain"): FARTHER})
    assert verdicts(cells, comparisons.MENDED)["Heun"] == H
    assert verdicts(cells.assign(network=1.0), comparisons.MENDED)["Heun"] == U
    assert verdicts(cells.assign(total=1.0), comparisons.MENDED)["Heun"] == H
    assert verdicts(cells.assign(network=1.0), comparisons.AGAINST_V)["Heun, time"] == H
