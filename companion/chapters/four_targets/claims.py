"""Claims on the four targets as formulas: one random network, its output read as every target."""

from __future__ import annotations

from companion import study
from companion.evidence.claims import Claim, Decision, Tables, Verdict

ROUNDING = 1e-9
"""Relative difference up to which two float64 computations of one number agree."""

MORE_THAN_ROUNDING = 1e-6
"""Relative difference that rounding does not explain in float64, however ill conditioned an example is."""

DIFFERENT = 1.1
"""Losses are different objectives if the largest is more than this multiple of the smallest."""


def _equal(spread: float) -> Verdict:
    """Whether numbers are one number, from their largest relative difference."""
    if spread < ROUNDING:
        return Verdict.HOLDS
    return Verdict.FAILS if spread > MORE_THAN_ROUNDING else Verdict.UNDECIDED


def _different(ratio: float) -> Verdict:
    """Whether numbers are not one number, from the largest over the smallest."""
    if ratio > DIFFERENT:
        return Verdict.HOLDS
    return Verdict.FAILS if ratio - 1 < ROUNDING else Verdict.UNDECIDED


def equal_in_theory(tables: Tables) -> Decision:
    """One network's NELBO read as each target: do they agree to rounding, example by example?"""
    spread = float(tables["loss_equivalence"]["nelbo_spread"].max())
    return Decision(f"largest relative difference {spread:.0e}", (_equal(spread),))


def comparable_on_paper(tables: Tables) -> Decision:
    """NELBO and rescaled losses agree across targets, weighted losses do not: three cases."""
    table = tables["loss_equivalence"]
    nelbo, rescaled = (float(table[f"{kind}_spread"].max()) for kind in ("nelbo", "rescaled"))
    weighted = table[table["target"].isin(study.TARGETS)]["weighted"]
    ratio = float(weighted.max() / weighted.min())
    cases = (_equal(nelbo), _equal(rescaled), _different(ratio))
    return Decision(
        f"largest relative difference: NELBO {nelbo:.0e}, rescaled {rescaled:.0e}; weighted: "
        "largest over smallest "
        f"{ratio:.2g}",
        cases,
    )


EQUAL_RULE = (
    f"if they differ by less than {ROUNDING:g}, relatively, in every example; not if by more than "
    f"{MORE_THAN_ROUNDING:g} in any; undecided between, where rounding may be what differs"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="nelbo-equal",
        statement=r"On paper, the NELBO losses in $x$, $\epsilon$, $v$ and $s$ are equal: one "
        "equation, rescaled by the SNR.",
        stated="the study, section 3.5 (a public summary)",
        measure="One network's output read as every target; the loss of each example, by the book's "
        "formulas, which chapter 4 sets beside the study's table.",
        threshold=f"holds {EQUAL_RULE}",
        tables=("loss_equivalence",),
        decide=equal_in_theory,
    ),
    Claim(
        name="comparable-on-paper",
        statement="As formulations, the NELBO losses are comparable across targets, the rescaled "
        "losses are, and the "
        "weighted losses are not.",
        stated="the study's README, of its table of loss formulations: \"equivalent and "
        'comparable", and "not equivalent"',
        measure="One network's output read as every target, by the book's formulas, which chapter 4 "
        "sets beside the study's table; three cases.",
        threshold=f"the first two hold {EQUAL_RULE}. The third holds if the largest is more than "
        f"{DIFFERENT:g} times the smallest, not if they differ by less than {ROUNDING:g}, relatively; "
        "undecided between",
        tables=("loss_equivalence",),
        decide=comparable_on_paper,
    ),
)
