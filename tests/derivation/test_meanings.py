"""The list of meanings against the derivations: every symbol has one, and a letter has only one in each."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest
import sympy as sp

from companion.build import notation_page
from companion.build.collect import Chapter, collect
from companion.derivation import ANYWHERE, Step, meanings
from companion.derivation.meanings import MEANINGS, Meaning, complaints, form, forms, letter
from companion.derivation.vocabulary import alpha, function, snr, symbol, t, x


@pytest.fixture(scope="module")
def chapters() -> list[Chapter]:
    return collect()


def of(chapters: list[Chapter]) -> dict[str, list[Step]]:
    return {
        d.name: [step for chain in d.chains for step in chain.steps]
        for chapter in chapters
        for d in chapter.derivations
    }


def test_every_symbol_of_every_derivation_has_one_meaning(chapters: list[Chapter]) -> None:
    assert complaints(of(chapters)) == []


def planted(left: sp.Expr, right: sp.Expr) -> Step:
    return Step("targets/planted.1", left, right, "", ANYWHERE)


def test_a_symbol_that_is_not_listed_is_found(chapters: list[Chapter]) -> None:
    steps = of(chapters)
    steps["targets"] = [*steps["targets"], planted(symbol("omega", r"\omega") + x, x)]
    (found,) = complaints(steps)
    assert found.startswith(r"\omega has no meaning in targets: expected one")


def test_another_form_of_a_listed_letter_is_found(chapters: list[Chapter]) -> None:
    """a is what a target has of x; a function a(t) is something else."""
    steps = of(chapters)
    steps["targets"] = [*steps["targets"], planted(function("a")(t), x)]
    (found,) = complaints(steps)
    assert found.startswith("a() has no meaning in targets")


def test_a_letter_with_two_meanings_is_found(
    chapters: list[Chapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Meaning("D", "a distance", ("D()",), ("targets",))
    monkeypatch.setattr(meanings, "MEANINGS", (*MEANINGS, other))
    assert complaints(of(chapters)) == [
        r"D has two meanings in targets: determinant of $z_t$ and $y$, $\alpha_t b - \sigma_t a$ "
        "and a distance; rename one",
        "D (a distance) is in no step: remove it",
    ]


def test_names_in_diffcore_exist() -> None:
    named = [entry.name for entry in MEANINGS if entry.name]
    assert len(named) > 10
    for name in named:
        resolve_name(f"diffcore:{name}")  # raises for a name that is not there


@pytest.mark.parametrize(
    ("printed", "short"),
    [
        (r"\hat{x}", r"\hatx"),
        (r"\hat\epsilon", r"\hat\epsilon"),
        (r"\sigma_{t|s}^2", r"\sigma_t"),
        ("z_{s}", "z_t"),
        (r"S(\tfrac{i}{T})", "S()"),
        (r"\mathrm{SNR}(t)", "SNR()"),
        (r"t_{\min}", r"t_\min"),
    ],
)
def test_forms_are_short(printed: str, short: str) -> None:
    assert form(printed) == short


def test_letters_are_without_hats_subscripts_and_arguments() -> None:
    assert [letter(f) for f in (r"\hatx", "S()", r"\kappa_v", r"t_\min")] == [
        "x",
        "S",
        r"\kappa",
        "t",
    ]


def test_what_a_name_stands_for_counts() -> None:
    assert set(forms(snr(t) + alpha(t))) == {"SNR()", r"\alpha_t", r"\sigma_t", "t"}
    assert set(forms(sp.Limit(x, x, 0))) == {"x"}


def test_the_page_links_first_uses_and_has_every_entry(chapters: list[Chapter]) -> None:
    page = notation_page.page(chapters)
    rows = [line for line in page.splitlines() if line.startswith("| $")]
    shared = sum(max(len(entry.inside), 1) for entry in MEANINGS)
    assert len(rows) == shared
    assert "| $D$ | determinant of" in page
    assert "{eq}`eq-targets-solve-for-x`" in page
    assert sum("in the text" in row for row in rows) == sum(entry.in_text for entry in MEANINGS)
