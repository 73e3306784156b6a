"""The key of a proof tells apart what must be told apart, and is the same for the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from companion import graph
from companion.build.collect import Chapter, collect
from companion.build.proving import keys
from companion.derivation import (
    ANYWHERE,
    Between,
    Derivation,
    Domain,
    Ordered,
    Step,
    at_least,
    at_most,
    deferred,
)
from companion.derivation.rules import Rule
from companion.derivation.vocabulary import function, s, snr, symbol, t, x, x_hat
from companion.paths import ROOT

REAL_REGISTERED = keys._registered


@pytest.fixture(autouse=True)
def _only_the_ledgers_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What other tests have registered in this process has no source that could be found."""
    monkeypatch.setattr(keys, "_registered", list)
    graph.forget()
    yield
    graph.forget()


def key(step: Step, *cells: str) -> str | None:
    chapter = Chapter("a", [], cells)
    return keys.Keys([chapter]).of(step, chapter)


def step(left: Any, right: Any, domain: Domain = ANYWHERE, **options: Any) -> Step:
    with deferred():
        return (
            Derivation("d").chain("c", left, (right, "reason"), domain=domain, **options).steps[0]
        )


f_real, f_positive = function("f"), function("f", positive=True)
y_real, y_positive = symbol("y"), symbol("y", positive=True)
SUM = sp.Add(x, x, evaluate=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (step(f_real(t), f_real(t) + 1), step(f_positive(t), f_positive(t) + 1)),
        (step(y_real, 1), step(y_positive, 1)),
        (step(x, 1), step(x, 2)),
        (step(x, 1), step(x, sp.Float(1))),
        (step(x, 1), step(x, at_most(1))),
        (step(x, at_least(1)), step(x, at_most(1))),
        (step(x, at_most(1)), step(x, at_most(1, equality={x: 1}))),
        (step(SUM, 1), step(2 * x, 1)),
        (step(x, 1), step(x, 1, seconds=1)),
        (step(x, 1, Between(x, 0, 1)), step(x, 1, Between(x, 0, 1.5))),
        (step(x, 1, Between(x, 0, 1)), step(x, 1, Between(x, 0, 1) & Ordered(s, t))),
        (step(sp.Integral(x, (x, 0, 1)), 1), step(sp.Integral(x, (x, 0, 2)), 1)),
    ],
)
def test_different_steps_have_different_keys(one: Step, other: Step) -> None:
    assert None is not key(one) == key(one)
    assert key(one) != key(other)


def test_what_has_no_identity_has_no_key() -> None:
    @dataclass(frozen=True)
    class Odd(Rule):
        how: Any

        def draw(self, rng: Any, environment: Any) -> None: ...

    assert (
        key(step(x, 1, Domain(rules=(Odd(1),), words=("odd",)))) is None
    )  # defined where no one can find it
    assert key(step(x, 1, torch="math.sqrt")) is None
    assert key(step(x, 1, torch="diffcore.bounds.step_weight")) is not None


SNRS = (snr(s) - snr(t)) / 2 * (x - x_hat) ** 2


def test_a_counterpart_is_known_by_its_source_and_by_what_that_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "diffcore", tmp_path / "diffcore")
    monkeypatch.setattr(graph, "ROOT", tmp_path)
    graph.forget()
    named = step(SNRS, 1, torch="diffcore.bounds.step_weight")
    cells = ["import diffcore as dc\nf = lambda x: dc.bounds.step_weight(x, x)"]
    called = step(SNRS, 1, torch=lambda **k: 0)
    called.torch.__module__ = "derivations_of_a"  # type: ignore[union-attr]
    before = key(named), key(called, *cells)
    assert None not in before
    assert before == (key(named), key(called, *cells))
    assert key(called, *cells, "g = 2") not in before  # a cell that the closure may depend on
    used = graph.needs("diffcore.bounds.step_weight")
    assert tmp_path / "diffcore/bounds.py" in used
    assert len(used) > 1
    for path in used:
        path.write_text(path.read_text() + "\nEDITED = True\n")
        graph.forget()
        after = key(named), key(called, *cells)
        assert None not in after
        assert not set(after) & set(before)
        before = after


def test_what_others_register_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = step(x, 1)
    before = key(plain)
    added = [("numeric.build(erfc)", "companion.build.collect")]
    monkeypatch.setattr(keys, "_registered", lambda: added)
    assert None is not key(plain) != before
    monkeypatch.setattr(keys, "_registered", lambda: [("numeric.build(erfc)", "a_stranger")])
    assert key(plain) is None


def test_a_strange_registration_is_seen() -> None:
    from companion.derivation.numeric import build

    class Strange(sp.Expr):
        pass

    build.register(Strange)(lambda expr: lambda env: 0)
    assert any("Strange" in what and module == __name__ for what, module in REAL_REGISTERED())


def test_the_ledger_s_own_function_for_another_kind_is_seen() -> None:
    from companion.derivation.numeric import build

    class Stranger(sp.Expr):
        pass

    before = REAL_REGISTERED()
    build.register(Stranger)(build.dispatch(sp.Symbol))
    new = set(REAL_REGISTERED()) - set(before)
    assert {module for _, module in new} == {build.dispatch(sp.Symbol).__module__}
    assert all("Stranger" in what for what, _ in new)
    build.register(Stranger)(build.dispatch(sp.Add))  # the same kind, answered otherwise
    assert not set(REAL_REGISTERED()) & new


def test_the_books_own_steps_all_have_keys() -> None:
    chapters = collect()
    known = keys.Keys(chapters)
    found = [known.of(step, chapter) for chapter in chapters for step in chapter.steps]
    assert len(found) == len(set(found)) >= 75
    assert None not in found
