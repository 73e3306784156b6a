"""Proofs by z3: that no real numbers on the domain make the two sides differ.

A side is read as a quotient of polynomials. What z3 has no theory of is a real number of its own, of which a
few true relations are said (``functions``): so a proof is one for the functions as well, but numbers that
refute such a reading are no counterexample. Where nothing is read so, they are one, and the claim is refuted.

De Moura & Bjorner, *Z3: an efficient SMT solver* (2008); Jovanovic & de Moura, *Solving non-linear
arithmetic* (2012).
"""

from __future__ import annotations

from typing import Any

import z3

from ..domain import ANY_SCHEDULE
from ..step import Step
from ..vocabulary import alpha, sigma
from .facts import facts, says_all
from .functions import Functions
from .reals import Real
from .scene import Scene, decided
from .values import Series, Unknown, Value
from .walk import condition, value

EFFORT = 400_000
"""What z3 may spend on a question, in its own count, which is the same on every machine."""


class Refuted(Exception):
    """Numbers on the domain at which the claim is false, in words."""


class Reals(Scene):
    """Symbols are real numbers; whatever else is no polynomial is one too (`Functions`)."""

    def __init__(self) -> None:
        super().__init__({})
        self.all = Functions()

    def leaf(self, number: Any) -> Value:
        return self.all.leaf(number)

    def symbol(self, name: Any) -> Value:
        return self.known[name] if name in self.known else self.all.symbol(name)

    def call(self, head: Any, arguments: list[Value]) -> Value:
        return self._call(head, arguments, (0,) * len(arguments))

    def _call(self, head: Any, arguments: list[Value], orders: tuple[int, ...]) -> Value:
        varied = [k for k, a in enumerate(arguments) if a.level]
        if not varied:
            return self.all.unknown(head, arguments, orders)
        k, *others = varied
        along = arguments[k]
        if others or not isinstance(along, Series):
            raise Unknown("an abstract function of several things that vary")

        def at(a: Value, more: int) -> Value:
            put = [a if j == k else b for j, b in enumerate(arguments)]
            return self._call(head, put, tuple(n + more * (j == k) for j, n in enumerate(orders)))

        return along.follow(lambda a: at(a, 0), lambda a: at(a, 1))

    def positive(self, value: Value) -> bool:
        real = decided(value)
        self.all.defined.append(real.above(0))  # type: ignore[attr-defined]
        return True

    def whole(self, value: Value) -> int | None:
        return value.integer() if isinstance(value, Real) else None

    def compare(self, relation: str, left: Value, right: Value) -> Any:
        gap = left - right
        if isinstance(gap, Series) and len(gap.terms) > 1:
            raise Unknown("a slope by cases")
        return decided(gap).related(relation)  # type: ignore[attr-defined]

    def choose(self, cases: list[tuple[Any, Value]]) -> Value:
        if cases[0][0] is True:
            return cases[0][1]
        if any(not isinstance(value, Real) for _, value in cases):
            raise Unknown("a slope by cases")
        self.all.branched = True
        return self.all.by_cases(cases)

    def calls(self, head: Any) -> list[tuple[Value, Value]]:
        return [(a, v) for h, (a, *_), n, v in list(self.all.calls) if h == head and n == (0,)]

    def value_at(self, head: Any, argument: Value) -> Value:
        return self.call(head, [argument])

    def implied(self, premise: Any, conclusion: Any) -> Any:
        return z3.Implies(premise, conclusion)


def proved(step: Step) -> bool:
    """Whether z3 proves a step; False where it cannot tell.

    Raises:
        Unknown: if a node is not known.
        Refuted: by numbers on the domain.
    """
    scene = Reals()
    left, right = (decided(value(side, scene)) for side in (step.left, step.right))
    rules = step.domain.rules
    heads = {head for head, *_ in scene.all.calls}
    drawn = (ANY_SCHEDULE.rules if heads & {alpha, sigma} and not _drawn(rules) else ()) + rules
    premises = [fact for rule in drawn for fact in facts(rule, scene)]
    premises += [condition(where, scene) for where in step.domain.where]
    premises += scene.all.axioms
    defined = list(scene.all.defined)
    if scene.all.branched and defined and _check([*premises, z3.Not(z3.And(defined))]) != z3.unsat:
        raise Unknown("what is divided by in a case is not seen to be other than zero")
    relation = {"=": "==", "<=": "<=", ">=": ">="}[step.relation]
    if step.relation != "=" and not step.equality:
        relation = relation[0]
    claim = (left - right).related(relation)  # type: ignore[attr-defined]
    if z3.is_true(claim):
        return True
    solver = _solver([*premises, *defined, z3.Not(claim)])
    answer = solver.check()
    if answer == z3.unsat:
        return _check([*premises, *defined]) != z3.unsat  # of what cannot be, anything follows
    exact = not scene.all.abstract and all(map(says_all, drawn))
    if answer == z3.sat and exact:
        raise Refuted(_words(solver.model()))
    return False


def _drawn(rules: Any) -> bool:
    return any({alpha, sigma} & {*vars(rule).values()} for rule in rules if rule.of_functions)


def _solver(claims: list[Any]) -> Any:
    solver = z3.SolverFor("QF_NRA")
    solver.set("rlimit", EFFORT)
    solver.add(*claims)
    return solver


def _check(claims: list[Any]) -> Any:
    return _solver(claims).check()


def _words(model: Any) -> str:
    named = {d.name(): model[d] for d in model.decls() if not d.name().startswith("#")}
    return ", ".join(f"{name} = {number}" for name, number in sorted(named.items()))
