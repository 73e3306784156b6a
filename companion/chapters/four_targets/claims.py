"""Claims on the four targets as formulas: one random network, its output read as every target."""

from __future__ import annotations

from companion import study
from companion.evidence.claims import Claim, Decision, Tables, Verdict, below, exceeds

ROUNDING = 1e-9
"""Relative difference up to which two float64 computations of one number agree."""

DIFFERENT = 1.1
"""Losses are different objectives if the largest is at least this multiple of the smallest."""


def equal_in_theory(tables: Tables) -> Decision:
    """One network's NELBO read as each target: do they agree to rounding, example by example?"""
    spread = float(tables["loss_equivalence"]["nelbo_spread"].max())
    return Decision(f"largest relative difference {spread:.0e}", (below(spread, ROUNDING),))


def comparable_on_paper(tables: Tables) -> Decision:
    """NELBO and rescaled losses agree across targets, weighted losses do not: three cases."""
    table = tables["loss_equivalence"]
    nelbo, rescaled = (float(table[f"{kind}_spread"].max()) for kind in ("nelbo", "rescaled"))
    weighted = table[table["target"].isin(study.TARGETS)]["weighted"]
    ratio = float(weighted.max() / weighted.min())
    cases: tuple[Verdict, ...] = (
        below(nelbo, ROUNDING),
        below(rescaled, ROUNDING),
        exceeds(ratio - DIFFERENT, 0.0),
    )
    return Decision(
        f"largest relative difference: NELBO {nelbo:.0e}, rescaled {rescaled:.0e}; weighted: "
        "largest over smallest "
        f"{ratio:.2g}",
        cases,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="nelbo-equal",
        statement=r"On paper, the NELBO losses in $x$, $\epsilon$, $v$ and $s$ are equal.",
        stated="the study, section 3.5 (a public summary)",
        measure="One network's output read as every target; the loss of each example.",
        threshold=f"holds if they differ by less than {ROUNDING:g}, relatively; else does not hold",
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
        measure="One network's output read as every target; three cases.",
        threshold=f"the first two hold if they differ by less than {ROUNDING:g}, relatively; the "
        "third, if the largest "
        f"is more than {DIFFERENT:g} times the smallest; else they do not hold",
        tables=("loss_equivalence",),
        decide=comparable_on_paper,
    ),
)
