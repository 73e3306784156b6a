"""The folded receipt of a chain, its anchors, and the same in the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
import sympy as sp
from rich.console import Console

from companion.build.proving import prove, told
from companion.build.proving.report import Row, report
from companion.derivation import KL, Abbreviation, Chain, Derivation, Ordered
from companion.derivation.latex import latex
from companion.derivation.plain import plain, unicode_of, words
from companion.derivation.receipt import as_it_differs, power_of_ten, receipt, tactics, tick
from companion.derivation.render import markdown
from companion.derivation.vocabulary import (
    alpha,
    eps,
    mean_q,
    posterior,
    s,
    sigma,
    snr,
    t,
    var_q,
    x,
    x_hat,
    z_t,
)  # fmt: skip


@pytest.fixture(scope="module")
def chain() -> Chain:
    d = Derivation("page", rests_on=["below", "other/step"])
    return d.chain(
        "kl",
        KL(posterior(x), posterior(x_hat)),
        ((mean_q(x) - mean_q(x_hat)) ** 2 / (2 * var_q()), "equal variances"),
        ((snr(s) - snr(t)) / 2 * (x - x_hat) ** 2, "$z_t$ cancels"),
        domain=Ordered(s, t),
        cites="somewhere",
    )


def test_one_tick_stands_for_the_chain_and_opens_without_a_script(chain: Chain) -> None:
    page = markdown(chain)
    assert page.count("<details") == page.count("</details>") == page.count("<summary>") == 1
    assert "<summary>✓ 2 links proved, 16 wrong variants refuted</summary>" in page
    assert "<script" not in page
    head, folded = page.split("<details", 1)
    assert "refuted" not in head
    assert folded.count("24 points, largest relative difference") == 2
    assert len(re.findall(r"among them \$s = 0\.\d+\$.*; \$s = 0\.\d+\$", folded)) == 2


def test_it_opens_to_the_numbers_that_refute_each_variant_typeset(chain: Chain) -> None:
    lines = [line for line in receipt(chain.outcomes) if line.startswith("- ")]
    assert len(lines) == 16
    number = r"-?\d[\d.e+-]*"
    assert all(re.fullmatch(rf"- \$.+\$ gives {number} \(.+\)", line) for line in lines)
    assert not any("Abbreviation" in line or "**" in line for line in lines)


def test_its_notes_name_the_chain_outside_of_the_folded_part(chain: Chain) -> None:
    page = markdown(chain)
    notes = next(line for line in page.splitlines() if "data-chain" in line)
    assert 'data-chain="page/kl"' in notes
    assert page.index("data-chain") < page.index("<details")
    assert "{ref}`other/step <step-other-step>`" in notes
    assert "derivation-below" not in notes  # a step is named, so its whole derivation is not


def test_every_link_has_an_anchor(chain: Chain) -> None:
    page = markdown(chain)
    for name in ("step-page-kl", "step-page-kl-1", "step-page-kl-2"):
        assert page.count(f"({name})=\n") == 1
    assert "(eq-page-kl)" in page


def test_how_it_was_proved_can_be_read_back(chain: Chain) -> None:
    proved = {step.name: o.proof.tactic for step, o in zip(chain.steps, chain.outcomes)}
    assert tactics(markdown(chain)) == proved
    one = Derivation("page").chain("one", (x + 1) ** 2, (x**2 + 2 * x + 1, "expand"))
    assert tactics(markdown(one)) == {"page/one.1": one.outcomes[0].proof.tactic}
    assert tactics("a page about SymPy") == {}


def test_side_conditions_are_named_as_they_are_printed(chain: Chain) -> None:
    shown = receipt(chain.outcomes)[3]
    assert r"Proved as well: $\alpha_{t|s} > 0$, $\sigma_{t|s}^2 > 0$, $\sigma_Q^2 > 0$." in shown


def test_a_variant_that_differs_inside_a_name_shows_what_is_in_it(chain: Chain) -> None:
    """Functions exchanged inside SNR: printed by its name, the wrong side would look like the right one."""
    (last,) = [r for r in chain.outcomes[1].refutations if r.mutant.kind == "functions exchanged"]
    shown = latex(as_it_differs(last, chain.steps[1]))
    assert latex(last.mutant.expr) == latex(chain.steps[1].right)
    assert (
        shown
        == r"\frac{1}{2} (\sigma_{s}^{2}/\alpha_{s}^{2} - \sigma_{t}^{2}/\alpha_{t}^{2}) (x - \hat{x})^{2}"
    )


def test_the_tick_says_what_else_was_found(chain: Chain) -> None:
    asked = replace(chain.outcomes[0], torch_error=1e-12, limited=False)
    assert tick([asked]) == (
        "✓ 1 link proved, 8 wrong variants refuted, torch agrees, no time limit on this platform"
    )
    assert [power_of_ten(v) for v in (0, 2e-64, 1e-3)] == ["0", "10^{-63}", "10^{-3}"]


# --- in the terminal


def printed(rows: list[Row], **how: bool) -> list[str]:
    console = Console(width=160, record=True, file=StringIO())
    report(console, rows, [], 1.0, **how)
    return console.export_text().splitlines()


def test_a_chain_of_four_links_is_at_most_twenty_readable_lines(chain: Chain) -> None:
    rows = [
        Row(
            o.step.name,
            "chapter",
            head=told.head(o.step),
            shown=told.shown(o),
            details=told.details(o),
        )
        for o in chain.outcomes
    ]
    for row in rows:
        row.found = prove.Found("t", 24, "0", 8, 0, "", 1.0, True, enclosed=True, solved=False)
    lines = printed(rows * 2, named=True)
    assert len(lines) <= 20
    text = "\n".join(lines)
    assert "  KL(N(zₛ; μ_Q(zₜ, x), σ_Q²) ‖ N(zₛ; μ_Q(zₜ, x̂), σ_Q²))" in lines
    assert "    = (SNR(s) − SNR(t)) (x − x̂)²/2    (zₜ cancels)" in lines
    assert text.count("8 wrong variants refuted") >= 4
    assert "Abbreviation" not in text
    assert " is not " not in text
    more = "\n".join(printed(rows, named=True, verbose=True))
    assert more.count(" is not ") == 16
    assert "SNR(t) stands for αₜ²/σₜ²" in more
    assert "Abbreviation" not in more


@pytest.mark.parametrize(
    ("expr", "shown"),
    [
        (alpha(t) * x + sigma(t) * eps, "αₜ x + σₜ ε"),
        (-x / 2, "-x/2"),
        (x - z_t, "x − zₜ"),
        (sp.exp(-x), "e^(-x)"),
        (sp.sin(sp.pi * t / 2) ** 2, "sin²(π t/2)"),
        (sp.log(x / (x + 1)), "log(x/(1 + x))"),
        (sp.Integral(x**12, (x, 0, sp.oo)), "∫₀^∞ x¹² dx"),
        (Abbreviation(r"\sigma_{t|s}^2", x), "σ_(t|s)²"),
        (Abbreviation(r"S(\tfrac{i-1}{T})", x), "S((i-1)/T)"),
    ],
)
def test_mathematics_in_one_line(expr: sp.Expr, shown: str) -> None:
    assert plain(expr) == shown


def test_reasons_are_read_with_their_mathematics() -> None:
    assert words("insert $\\sigma_Q^2$: so $x \\le 1$") == "insert σ_Q²: so x ≤ 1"
    assert unicode_of(r"\E\, x \to \lambda_{0}") == "E x → λ₀"
