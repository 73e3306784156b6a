"""An argument that is empty, circular, out of order, or printed in two senses is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from companion.build.cells import CellError
from companion.build.collect import LedgerError, collect, validate
from companion.derivation import (
    ANYWHERE,
    Abbreviation,
    Between,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Integers,
    Normal,
    Where,
    deferred,
    fresh_ledger,
    ledger,
)
from companion.derivation.latex import latex
from companion.derivation.rules import Uniform
from companion.derivation.vocabulary import alpha, eps, function, symbol, t, x, z

y = symbol("y")
a, v = symbol("a", positive=True), symbol("v", positive=True)
n, j, k = (symbol(name, positive=True, integer=True) for name in "njk")
f, g = function("f"), function("g")
SQUARE, EXPANDED = (x + y) ** 2, x**2 + 2 * x * y + y**2


def write(left: Any, right: Any, domain: Domain = ANYWHERE) -> Any:
    return Derivation("faulty").chain("claim", left, (right, "why"), domain=domain)


# --- a tautology under another coat

SAME = {
    "an added zero": (f(x), sp.Add(f(x), 0, evaluate=False)),
    "a factor of one": (f(x) + y, sp.Mul(1, f(x) + y, evaluate=False)),
    "an exponent of one": (f(x) + y, sp.Pow(f(x) + y, 1, evaluate=False)),
    "brackets": (f(x) + y + a, sp.Add(f(x), sp.Add(y, a, evaluate=False), evaluate=False)),
    "another name in an integral": (
        sp.Integral(f(z), (z, 0, a)), sp.Integral(f(y), (y, 0, a))),
    "another name in a sum": (sp.Sum(f(j), (j, 1, n)), sp.Sum(f(k), (k, 1, n))),
    "another name in a limit": (
        sp.Limit((f(x + z) - f(x)) / z, z, 0), sp.Limit((f(x + y) - f(x)) / y, y, 0)),
    "another name in an expectation": (
        Expectation(f(z), Normal(z, x, v)), Expectation(f(y), Normal(y, x, v))),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_tautology_in_another_coat_is_refused(name: str) -> None:
    with pytest.raises(DerivationError, match="vacuous check failed: both sides are the same"):
        write(*SAME[name])


def test_a_name_for_something_is_no_tautology() -> None:
    assert write(Abbreviation("q", SQUARE) + 1, SQUARE + 1).outcomes


# --- reasons, names and words


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_link_needs_a_reason(reason: str) -> None:
    with deferred(), pytest.raises(ValueError, match="link 1 of chain 'c' has no reason"):
        Derivation("faulty").chain("c", SQUARE, (EXPANDED, reason))


TWO_SENSES = {
    "two definitions": (
        Abbreviation("w", x + 1) * y, Abbreviation("w", x + 2) * y - y, "'w' stands for x"),
    "a name and a symbol": (Abbreviation("y", x**2), y * x, "'y' stands for"),
    "two sets of assumptions": (
        (x + sp.Symbol("x", positive=True)) ** 2, x**2, "'x' stands for two symbols"),
    "a symbol and a function": (symbol("f") * f(x), x, "'f' stands for"),
    "two functions": (
        f(x) * sp.Function("f", positive=True)(x), x, "'f' stands for two functions"),
    "two names, printed alike": (
        symbol("one", r"\eta") * symbol("other", r"\eta"), x, r"'\\eta' stands for"),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_SENSES)
def test_one_printed_name_has_one_meaning(name: str) -> None:
    left, right, words = TWO_SENSES[name]
    with deferred(), pytest.raises(ValueError, match=words) as error:
        Derivation("faulty").chain("c", left, (right, "why"))
    assert "\n" not in str(error.value)


def test_one_printed_name_has_one_meaning_in_all_links_of_a_chain() -> None:
    d = Derivation("faulty")
    links = ((Abbreviation("w", x + 1), "why"), (x + 1, "why"), (Abbreviation("w", 1 + y), "why"))
    with deferred(), pytest.raises(ValueError, match=r"'w' stands for x \+ 1 and for y \+ 1"):
        d.chain("c", sp.log(sp.exp(x) * sp.E), *links)
    with deferred():
        d.chain("c", Abbreviation("w", x + 1) ** 2, (Abbreviation("w", x + 1) ** 2 + 0, "why"))


def test_a_domain_is_said_in_words() -> None:
    silent = Domain(rules=(Uniform(x, 0, 1),))
    with deferred(), pytest.raises(ValueError, match="of 2 conditions of the domain"):
        Derivation("faulty").chain("c", SQUARE, (EXPANDED, "why"), domain=silent & Between(y, 0, 1))
    whole = Where(x > y) & Integers(n, 1, 5)
    with deferred():
        chain = Derivation("faulty").chain("c", SQUARE, (EXPANDED, "why"), domain=whole)
    assert r"$1 \le n \le 5$" in chain._repr_markdown_()


# --- poles

POLES = {
    "a removable pole": ((x**2 - 1) / (x - 1), x + 1, [x - 1]),
    "a removable pole on the right": (x + 1, (x**2 - 1) / (x - 1), [x - 1]),
    "two of them": ((x**2 - y**2) * x / (x * (x - y)), x + y, [x - y]),
    "one that is cancelled by a name": (
        (x**2 - 1) / Abbreviation("d", x - 1), x + 1, [x - 1]),
    "a pole of a tangent": (sp.tan(x) * sp.cos(x), sp.sin(x), [sp.cos(x)]),
}  # fmt: skip


@pytest.mark.parametrize("name", POLES)
def test_where_a_pole_is_cancelled_is_said(name: str) -> None:
    left, right, excluded = POLES[name]
    chain = write(left, right)
    assert list(chain.outcomes[0].excluded) == excluded
    shown = chain._repr_markdown_()
    assert all(rf"where ${latex(part)} \ne 0$" in shown for part in excluded)


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        ((x**2 - 1) / (x - 1), x + 1, Where(sp.Ne(x, 1))),
        ((x**2 - 1) / (x - 1), x + 1, Where(x > 1)),
        ((x**2 - 1) / (x - 1), x + 1, Where(x < 1)),
        ((x**2 - 1) / (x - 1), x + 1, Between(x, -1, 0.5)),
        ((a**2 - x**4) / (a + x**2), a - x**2, ANYWHERE),
        ((x + y) ** 2 * alpha(t) / alpha(t) ** 2, EXPANDED / alpha(t), ANYWHERE),
        ((x**2 - 1) / (x - 1) ** 2, (x + 1) / (x - 1), ANYWHERE),  # a pole on both sides
        (Expectation(eps**2, eps) * (a**2 - 1) / (a + 1), a - 1, ANYWHERE),
    ],
)
def test_a_pole_that_is_outside_of_the_domain_is_not_mentioned(
    left: Any, right: Any, domain: Domain
) -> None:
    chain = write(left, right, domain)
    assert chain.outcomes[0].excluded == ()
    assert "where $" not in chain._repr_markdown_()


# --- the graph


def named(**below: list[str]) -> list[Derivation]:
    """Derivations of one statement each, in order."""
    found = []
    for name, rests_on in below.items():
        found.append(Derivation(name, rests_on=rests_on))
        found[-1].prose("said", "It holds.", "because")
    return found


def test_what_comes_later_bears_nothing() -> None:
    validate(named(a=[], b=["a"], c=["a/said", "b"]))
    for below in (["b"], ["b/said"]):
        with pytest.raises(LedgerError, match=r"a rests on 'b.*', which comes later"):
            validate(named(a=below, b=[]))


def test_within_a_derivation_what_comes_later_bears_nothing() -> None:
    d = Derivation("d")
    with deferred():
        d.chain("one", SQUARE, (EXPANDED, "why"), rests_on=["d/two"])
        d.chain("two", SQUARE, (EXPANDED, "why"))
    with pytest.raises(LedgerError, match="d/one rests on 'd/two', which comes later"):
        validate([d])
    e = Derivation("e")
    with deferred():
        e.prose("one", "It holds.", "because")
        e.chain("two", SQUARE, (EXPANDED, "why"), rests_on=["e/one"])
    validate([e])


def test_what_is_empty_bears_nothing() -> None:
    empty, user = Derivation("a"), named(b=["a"])
    with pytest.raises(LedgerError, match="b rests on 'a', which has no chain and no statement"):
        validate([empty, *user])


TWICE = """\
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import x, x_hat
d = Derivation("one")
d.chain("lost", (x + x_hat)**2, (x**2 + x_hat**2, "wrong, and dropped"))
# %% tags=["derivation"]
d = Derivation("one")
d.chain("square", (x + x_hat)**2, (x**2 + 2*x*x_hat + x_hat**2, "expand"))
"""


def test_a_derivation_declared_twice_in_a_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(TWICE)
    with pytest.raises(LedgerError, match="two derivations are called 'one'"):
        collect(tmp_path)


def test_a_cell_that_is_run_again_starts_afresh() -> None:
    with fresh_ledger():
        for _ in range(2):
            with deferred():
                Derivation("one").chain("square", SQUARE, (EXPANDED, "expand"))
        (afresh,) = ledger()
    assert [chain.name for chain in afresh.chains] == ["one/square"]


OUTSIDE = """\
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import x, x_hat
d = Derivation("one")
d.chain("square", (x + x_hat)**2, (x**2 + 2*x*x_hat + x_hat**2, "expand"))
# %%
d.chain("cube", (x + x_hat)**3, (x**3, "in no ledger"))
"""


def test_a_chain_outside_of_tagged_cells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(OUTSIDE)
    with pytest.raises(CellError, match=r"a\.py: a cell writes d\.chain.* without the tag"):
        collect(tmp_path)
