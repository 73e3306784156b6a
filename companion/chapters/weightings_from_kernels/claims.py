"""Claims on weightings that were derived from the kernels.

All rules, weightings and runs were committed before a network was trained under a derived weighting. The
eight, and the catalogue's weightings of v, were known from chapter 19.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from companion.chapters.weightings_from_kernels.compared import LIMIT, PAIRS, both_axes
from companion.chapters.weightings_from_kernels.grid import datasets
from companion.evidence.claims import Claim, Decision, Tables, Verdict, listed
from companion.evidence.intervals import CONFIDENCE
from companion.profiles import STANDARD

DATA = f"(data: {', '.join(datasets(STANDARD))})"

FIXED = (
    "fixed before a network was trained under a derived weighting; the eight, and kernels, were known from "
    "chapters 19 and 21"
)

TEST = (
    f"Student's t on the paired logarithm over seeds, {LIMIT:.0%} for all cases together (Holm); undecided "
    f"where it is not significant; {FIXED}. Corrected after a review, when the results were known: where a "
    "claim asks two questions, the cases of each had been taken together, not those of both"
)


def of_scope(tables: Tables, scope: str, by_target: bool) -> Decision:
    """`both_axes` of a scope, target by target or of all."""
    table = tables["kernel_weightings_dominance"]
    rows = table[table["scope"] == scope]
    blocks = [block for _, block in rows.groupby("target", sort=False)] if by_target else [rows]
    words = []
    for block in blocks:
        below, above = (block[c] < LIMIT for c in ("below", "above"))
        nearest = (
            block.assign(most=block[["excess", "sliced"]].max(axis=1)).sort_values("most").iloc[0]
        )
        words.append(
            f"{', '.join(dict.fromkeys(block['target']))}: {below.sum()} of {len(block)} below on both axes "
            f"everywhere, {above.sum()} above somewhere; nearest {nearest['target']}/{nearest['weighting']}, "
            f"excess {nearest['excess']:.2f} and sliced distance {nearest['sliced']:.2f} of the best"
        )
    return Decision("; ".join(words), [both_axes(block) for block in blocks])


def lower_of(tables: Tables, questions: tuple[str, ...]) -> Decision:
    """Whether the first weighting's column is below the second's, case by case."""
    turned = {Verdict.HOLDS: Verdict.FAILS, Verdict.FAILS: Verdict.HOLDS}
    table = tables["kernel_weightings_pairs"]
    words, cases = [], []
    for question in questions:
        rows = table[table["question"] == question]
        first, second, column = PAIRS[question]
        listed = ", ".join(
            f"{r.case} {r.value:.3g} ({r.least:.3g} to {r.most:.3g})" for r in rows.itertuples()
        )
        words.append(f"{column}, {first} over {second}: {listed}")
        cases += [turned.get(v, v) for v in map(Verdict, rows["verdict"])]
    return Decision(
        f"factors (with the {CONFIDENCE:.0%} interval of each alone): {'; '.join(words)}", cases
    )


def _pair(name: str, statement: str, measure: str, decide: Callable[[Tables], Decision]) -> Claim:
    return Claim(
        name=name,
        statement=f"{statement} {DATA}.",
        stated="nobody: the study compares the bound and the plain squared error; this is what the theory of "
        "chapters 16 and 21 says",
        measure=f"{measure}; same target, paired by seed; networks of eps and of v",
        threshold=f"holds where a factor is below 1, does not hold where it is above, by {TEST}",
        tables=("kernel_weightings_pairs",),
        decide=decide,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="one-weighting-for-both-axes",
        statement="Some weighting derived from the kernels gives less excess than each of the study's eight "
        f"objectives, and better samples than each, at once {DATA}.",
        stated="nobody: the study finds likelihood and samples decoupled, and leaves dynamic weighting open "
        "(public summaries); the eight are networks of ours, without guards, all else equal",
        measure="excess, and sliced distance of samples, of each derived weighting, for eps and for v, over "
        "each of the eight, paired by seed. Nothing is compared with a best of eight that was chosen "
        "on the same seeds: each of the eight is met",
        threshold="holds if some cell, the same on both data sets, is below each of the eight on both axes: "
        f"the largest p value of its tests below {LIMIT:.0%}, Holm over cells; does not hold if every "
        f"cell is above one of the eight somewhere: its smallest p value times their number below "
        f"{LIMIT:.0%}; else undecided; Student's t, two-sided; {FIXED}",
        tables=("kernel_weightings_dominance",),
        decide=partial(of_scope, scope="eight", by_target=False),
    ),
    Claim(
        name="one-weighting-for-both-axes-of-a-target",
        statement="Of networks of one target, some derived weighting gives less excess and better samples, "
        f"at once, than both the bound and the target's own squared error {DATA}.",
        stated="nobody: as for the last; this asks it of each target alone",
        measure="the same, over the bound and the own squared error of the same target; networks of eps, and "
        "of v",
        threshold="for each target, holds if some weighting, the same on both data sets, is below both on "
        f"both axes (largest p value below {LIMIT:.0%}, Holm over weightings), does not hold if every one "
        f"is above one of them somewhere (smallest p value times their number below {LIMIT:.0%}), else "
        f"undecided; Student's t, two-sided; {FIXED}",
        tables=("kernel_weightings_dominance",),
        decide=partial(of_scope, scope="own", by_target=True),
    ),
    _pair(
        "kernel-weight-better-samples",
        "The kernel as the weight gives better samples than the bound",
        "sliced distance of samples, the kernel as the weight over the bound",
        partial(lower_of, questions=("kernel",)),
    ),
    _pair(
        "kernel-over-error-better-samples",
        "The kernel over the errors that training leaves, which bounds the distance of samples best, gives "
        "better samples than the kernel alone; so does the kernel over the size of the gradient's noise",
        "sliced distance of samples, kernel over error, and kernel over noise, over the kernel alone",
        partial(lower_of, questions=("over-error", "over-noise")),
    ),
    _pair(
        "weights-in-time-better",
        "A weighting that changes during training is better than a constant one: with the errors of each "
        "stage, in samples, than with the last; the bound first and samples last, in the product of both "
        "axes, than both at once",
        "sliced distance, staged over kernel over error; excess times the squared sliced distance, "
        "curriculum over both at once",
        partial(lower_of, questions=("staged", "curriculum")),
    ),
    _pair(
        "both-weight-lowers-product",
        "The weighting that is derived for the product of both axes, excess times the squared distance of "
        "samples, lowers it below the bound's",
        "excess times the squared sliced distance, over that under the bound",
        partial(lower_of, questions=("both",)),
    ),
    _pair(
        "errors-follow-weights",
        "Under the kernel over the error the errors, weighed by the kernel, add up to less than under the "
        "bound",
        "the integral of kernel times error over the log-SNR, over that under the bound",
        partial(lower_of, questions=("moved",)),
    ),
)


def verdicts(tables: Tables) -> str:
    """Every claim and its verdict, as a list.

    Args:
        tables: those that the claims read, by name.
    """
    return listed(CLAIMS, tables, f" {DATA}")
