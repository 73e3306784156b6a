"""A new operator needs one file, this one: nothing in the package is edited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from companion.derivation import Derivation, DerivationError, latex, mutants, render
from companion.derivation.exact import compute, exact
from companion.derivation.numeric import Compiled, build, compile_expression
from companion.derivation.operators import Abbreviation, Expectation
from companion.derivation.symbolic import atom, prove
from companion.derivation.vocabulary import eps, function, symbol, x

k = symbol("k")
a, b = symbol("a"), symbol("b")
p, q = symbol("p", positive=True), symbol("q", positive=True)
f = function("f")


class Categorical(sp.Expr):
    """The mean of a function of k over k = 1, 2, ... with given weights, which need not add up to 1."""

    def __new__(cls, body: Any, index: sp.Symbol, *weights: Any) -> Categorical:
        return sp.Expr.__new__(cls, sp.sympify(body), index, *map(sp.sympify, weights))

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        return [self.args[1]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        weights = set().union(*(w.free_symbols for w in self.args[2:]))
        return (self.args[0].free_symbols - {self.args[1]}) | weights


@exact.register
def _(expr: Categorical) -> sp.Expr:
    body, index, *weights = (compute(part) for part in expr.args)
    total = sum(w * body.subs(index, j) for j, w in enumerate(weights, 1))
    return total / sum(weights)


@build.register
def _(expr: Categorical) -> Compiled:
    body, index = compile_expression(expr.args[0]), expr.args[1]
    weights = [compile_expression(w) for w in expr.args[2:]]

    def value(env: dict[Any, Any]) -> Any:
        masses = [w(env) for w in weights]
        terms = [m * body({**env, index: mp.mpf(j)}) for j, m in enumerate(masses, 1)]
        return mp.fsum(terms) / mp.fsum(masses)

    return value


@latex.typeset.register
def _(expr: Categorical, printer: latex.Printer) -> str:
    body, index, *weights = (printer.doprint(part) for part in expr.args)
    return rf"\mathbb{{E}}_{{{index} \sim ({', '.join(weights)})}}\left[{body}\right]"


@latex.own_brackets.register
def _(expr: Categorical, level: int = 0) -> bool:
    return True


@mutants.touched.register
def _(node: Categorical) -> Iterable[int]:
    return (0,)


class Untold(sp.Expr):
    """An operator that has registered with no one."""


MEAN = Categorical((a * k + b) ** 2, k, p, q)
VALUE = (p * (a + b) ** 2 + q * (2 * a + b) ** 2) / (p + q)


def test_it_is_checked_and_printed_in_a_chain() -> None:
    chain = Derivation("toy").chain(
        "mean",
        x * MEAN,
        (x * VALUE, "two categories"),
        (
            x * ((a + b) ** 2 + q / (p + q) * (3 * a**2 + 2 * a * b)),
            "the difference of the squares",
        ),
    )
    assert [o.count("refuted") >= 5 for o in chain.outcomes] == [True, True]
    assert r"x \mathbb{E}_{k \sim (p, q)}\bigl[(b + a k)^{2}\bigr] &=" in chain._repr_markdown_()


def test_both_its_routes_refuse_a_wrong_value() -> None:
    wrong = VALUE.subs(b, -b)
    with pytest.raises(DerivationError, match="numeric check failed: left"):
        Derivation("toy").chain("wrong", MEAN, (wrong, "a sign"))
    assert prove(MEAN, VALUE) is not None
    assert prove(MEAN, wrong) is None


def test_wrong_variants_change_what_it_lets_them() -> None:
    mean = Categorical((a * k + b) ** 2, k, p**2, q)
    found = [m for m in mutants.mutants(VALUE, mean, "s") if m.side == "rhs" and m.expr.args[1:]]
    inside = [m for m in found if isinstance(m.expr, Categorical) and m.kind != "symbol swapped"]
    assert {m.kind for m in inside} >= {"exponent + 1", "dropped term"}
    assert {m.expr.args[1:] for m in inside} == {(k, p**2, q)}  # its weights are never touched


def test_it_works_inside_the_other_operators_and_they_inside_it() -> None:
    nested = Expectation(Categorical((eps + k) ** 2, k, p, q), eps)
    turned = Categorical(Expectation((eps + k) ** 2, eps), k, p, q)
    value = (2 * p + 5 * q) / (p + q)
    for number, left in enumerate([nested, turned, sp.Derivative(a * nested, a)]):
        Derivation("toy").chain(f"nested-{number}", left, (value, "moments"))
    shown = render.latex(Abbreviation("m", MEAN) ** 2)
    assert shown == "m^{2}"


def test_an_operator_that_tells_nothing_is_refused_and_never_opened() -> None:
    silent = Untold(f(k), k)
    with pytest.raises(DerivationError, match="the numeric route does not know Untold"):
        Derivation("toy").chain("silent", silent * (a + b), (a * silent + b * silent, "expand"))
    assert atom(silent) == (silent, True)
    assert prove(silent * (a + b), a * silent + b * silent) is not None
    assert prove(silent, Untold(f(a), a)) is None
