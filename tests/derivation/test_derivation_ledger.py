"""Collecting, selecting, the graph, the printed page, and the parts that the four checks rest on."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import pytest
import sympy as sp

from companion.build import verify
from companion.build.collect import LedgerError, collect, validate
from companion.derivation import (
    KL,
    Derivation,
    Expectation,
    Normal,
    Ordered,
    VariancePreserving,
    deferred,
    ledger,
    render,
)
from companion.derivation.exact import compute
from companion.derivation.mutants import mutants
from companion.derivation.numeric import evaluate
from companion.derivation.vocabulary import (
    alpha,
    eps,
    function,
    h,
    i,
    s,
    sigma,
    snr,
    symbol,
    t,
    var_step,
    x,
    z,
)
from companion.errors import UserError

f = function("f")
m, v = symbol("m"), symbol("v", positive=True)
n = symbol("n", positive=True, integer=True)

GOOD = """\
# %% [markdown]
# prose
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import x, x_hat
d = Derivation("{name}", rests_on={rests_on})
# %% tags=["derivation"]
d.chain("square", (x + x_hat)**2, (x**2 + 2*x*x_hat + x_hat**2, "expand"),
        ({last}, "expand again"))
# %%
raise RuntimeError("a cell without the tag is not run")
"""
TRUE_LINE = "x*(x + 2*x_hat) + x_hat**2"


def book(folder: Path, **chapters: tuple[str, list[str], str]) -> Path:
    """A folder of notebooks: stem=(derivation, rests_on, last line)."""
    for stem, (name, rests_on, last) in chapters.items():
        text = GOOD.format(name=name, rests_on=rests_on, last=last)
        (folder / f"{stem}.py").write_text(text)
    return folder


def test_collect_runs_tagged_cells_only_and_checks_nothing(tmp_path: Path) -> None:
    before = [d.name for d in ledger()]
    folder = book(tmp_path, b=("two", ["one/square"], "x"), a=("one", [], TRUE_LINE))
    chapters = collect(folder)
    assert [c.name for c in chapters] == ["a", "b"]
    assert [step.name for step in chapters[0].steps] == ["one/square.1", "one/square.2"]
    assert all(not chain.outcomes for c in chapters for chain in c.chains)
    assert [d.name for d in ledger()] == before


def test_verify_accepts_and_rejects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = book(tmp_path, a=("one", [], TRUE_LINE), b=("two", ["one"], "x**2 + x_hat**2"))
    assert verify.run(["one"], verbose=True, folder=folder, kept_in=tmp_path / "proofs") == 0
    shown = capsys.readouterr().out
    assert "2 of 2 steps accepted, 16 wrong variants refuted" in shown
    assert "refuted, sign: right side " in shown
    assert verify.run([], folder=folder, kept_in=tmp_path / "proofs") == 1
    assert "not accepted: two/square.2: numeric check failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "count"), [("a", 2), ("one", 2), ("one/square", 2), ("one/square.2", 1)]
)
def test_a_name_is_a_chapter_derivation_chain_or_step(name: str, count: int) -> None:
    steps = {"one/square.1": "a", "one/square.2": "a", "two/square.1": "b"}
    assert len(verify.select([name], steps)) == count


def test_an_unknown_name_is_one_line_with_close_matches() -> None:
    with pytest.raises(
        UserError, match=r"unknown step or chapter 'one/sqare': did you mean one/"
    ) as e:
        verify.select(["one/sqare"], {"one/square.1": "a"})
    assert e.value.exit_status == 2
    assert "\n" not in str(e.value)


def test_a_cell_that_raises_is_named(tmp_path: Path) -> None:
    folder = book(tmp_path, a=("one", [], "undefined_name"))
    with pytest.raises(LedgerError, match=r"a\.py: derivation cell 2 of 2 raises NameError"):
        collect(folder)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ({"a": ["b"]}, "a rests on 'b', which no derivation proves"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "a rests on b rests on c rests on a"),
        ({"a": ["a"]}, "a rests on a"),
    ],
)
def test_the_graph_is_validated(edges: dict[str, list[str]], message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        validate([Derivation(name, rests_on=below) for name, below in edges.items()])


def test_a_name_given_twice_is_an_error() -> None:
    with pytest.raises(LedgerError, match="two derivations are called 'a'"):
        validate([Derivation("a"), Derivation("a")])


def test_chains_need_links_and_names_of_their_own() -> None:
    d = Derivation("mine")
    with deferred():
        d.chain("c", (x + 1) ** 2, (x**2 + 2 * x + 1, "expand"))
        with pytest.raises(ValueError, match="already has a chain 'c'"):
            d.chain("c", x, (x, ""))
        with pytest.raises(ValueError, match="has no link"):
            d.chain("e", x)


PAGE = """
from companion.derivation import *
from companion.derivation.vocabulary import *
c = Derivation("page").chain("kl", KL(posterior(x), posterior(x_hat)),
    ((mean_q(x) - mean_q(x_hat))**2 / (2*var_q()), "one"),
    ((snr(s) - snr(t)) / 2 * (x - x_hat)**2, "two"), domain=Ordered(s, t), cites="somewhere")
print(c._repr_markdown_())
"""


def test_the_page_is_the_same_on_every_run_and_says_what_was_checked() -> None:
    pages = [
        subprocess.run(
            [sys.executable, "-c", PAGE],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "7")
    ]  # fmt: skip
    assert pages[0] == pages[1]
    assert "$$ (eq-page-kl)" in pages[0]
    assert pages[0].count("24 points") == 2 * 2  # of each link: in numbers, and in balls
    assert pages[0].count("16 wrong variants refuted") == 1
    assert r"(\mathrm{SNR}(s) - \mathrm{SNR}(t))" in pages[0]
    assert " s ·" not in pages[0]  # no times


def test_notation() -> None:
    assert render.latex(alpha(t) ** 2 * x) == r"\alpha_{t}^{2} x"
    assert render.latex(sp.Derivative(sigma(t), t)) == r"\sigma'_{t}"
    assert render.latex(Normal(z, 0, 1)) == r"\mathcal{N}(z;\, 0,\, 1)"
    assert render.latex((snr(s) - snr(t)) / 2).startswith(r"\frac{1}{2} (\mathrm{SNR}(s) - ")
    assert render.latex(sp.Derivative(snr(t), t)) == r"\mathrm{SNR}'(t)"
    assert render.latex(var_step() ** 2) == r"\sigma_{t|s}^{4}"
    assert render.latex(f(t) ** 2) == "f^{2}(t)"
    assert render.latex(Expectation(x, eps)) == r"\mathbb{E}_{\epsilon}[x]"


# --- the two routes against closed forms that neither of them uses


@pytest.mark.parametrize(
    ("expr", "closed"),
    [
        (Expectation(eps**6, eps), 15),
        (Expectation(sp.exp(v * eps), eps), sp.exp(v**2 / 2)),
        (Expectation(z**2, Normal(z, m, v)), m**2 + v),
        (KL(Normal(z, m, v), Normal(z, 0, v)), m**2 / (2 * v)),
        (sp.Integral(Normal(z, m, v) * z, (z, -sp.oo, sp.oo)), m),
        (sp.Integral(sp.exp(-v * z), (z, 0, 1)), (1 - sp.exp(-v)) / v),
        (sp.Sum(i**2, (i, 1, n)), n * (n + 1) * (2 * n + 1) / 6),
        (sp.Limit((sp.exp(v * h) - 1) / h, h, 0), v),
        (sp.Limit(n * (sp.exp(v / n) - 1), n, sp.oo), v),
        (sp.Limit(sp.Sum(i, (i, 1, n)) / n**2, n, sp.oo), sp.Rational(1, 2)),
        (sp.Derivative(sp.exp(-v * m**2), m), -2 * v * m * sp.exp(-v * m**2)),
        (sp.Derivative(sp.sin(v * m), (m, 3)), -(v**3) * sp.cos(v * m)),
    ],
)
def test_both_routes_compute_every_operator(expr: sp.Expr, closed: sp.Expr) -> None:
    point = {m: mp.mpf("0.7"), v: mp.mpf("1.3"), n: mp.mpf(5)}
    with mp.workdps(50):
        assert abs(evaluate(expr, point) - evaluate(sp.sympify(closed), point)) < 1e-40
    assert sp.simplify(compute(expr) - closed) == 0


def test_a_limit_that_needs_more_than_the_taylor_polynomial_is_left_alone() -> None:
    known = sum(sp.diff(f(t), (t, k)) * h**k / sp.factorial(k) for k in range(5))
    fifth = sp.Limit((f(t + h) - known) / h**5, h, 0)
    fourth = sp.Limit((f(t + h) - known) / h**4, h, 0)
    assert compute(fifth) == fifth
    assert compute(fourth) == 0


@pytest.mark.parametrize(
    ("ratio", "value"),
    [
        ((sp.exp(h) - 1) / h, 1),
        ((sp.exp(v + h) - sp.exp(v)) / h, sp.exp(v)),
        ((sp.exp(h) - sum(h**k / sp.factorial(k) for k in range(5))) / h**5, sp.Rational(1, 120)),
    ],
    ids=["a number", "a parameter", "a remainder that counts"],
)
def test_a_limit_of_exponentials_beside_an_abstract_function(
    ratio: sp.Expr, value: sp.Expr
) -> None:
    assert sp.expand(compute(sp.Limit(f(t + h) * ratio, h, 0)) - value * f(t)) == 0


def test_random_schedules_are_schedules() -> None:
    points = Ordered(s, t).points([alpha(t), sigma(t), s, t], "seed", 20)
    times = [mp.mpf(k) / 10 for k in range(11)]
    for point in points:
        ratio = [point[alpha](w) / point[sigma](w) for w in times]
        assert 0 < point[s] < point[t] < 1
        assert all(a > b > 0 for a, b in itertools.pairwise(ratio))
        assert abs(point[alpha](times[5]) ** 2 + point[sigma](times[5]) ** 2 - 1) > 1e-6
    (point,) = VariancePreserving(alpha, sigma).points([alpha(t), sigma(t)], "seed", 1)
    assert abs(point[alpha](times[5]) ** 2 + point[sigma](times[5]) ** 2 - 1) < 1e-12


def test_mutants_are_distinct_and_the_same_on_every_run() -> None:
    left, right = (snr(s) - snr(t)) * x**2, snr(s) * x**2 - snr(t) * x**2
    first, second = (mutants(left, right, "seed") for _ in range(2))
    assert first == second
    assert len({mutant.expr for mutant in first}) == len(first) >= 8
    assert right not in [mutant.expr for mutant in first]
    assert len({mutant.kind for mutant in first}) >= 5
