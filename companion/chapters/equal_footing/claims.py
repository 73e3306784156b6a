"""Claims on networks that differ in target, weighting or what is changed in one of them, all else equal.

All rules were written, and committed, before a network of this chapter was measured. But four of the eight
objectives are the bound, whose networks, and their order, were known from chapter 14.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from companion.chapters.equal_footing.grid import EQUALISED, SKIP, datasets
from companion.evidence.claims import Claim, Decision, Tables, Verdict, listed
from companion.evidence.intervals import CONFIDENCE, Interval, in_words, interval
from companion.profiles import PAPER, STANDARD

HALF = 0.5
"""A rank correlation, and a share of a spread, that is a half."""

MOST = 2 / 3
"""Of pairs of targets: what an explanation of their order has to get right; by chance it is a half."""

LEAST_TOLD = 0.5
"""The share of pairs that have to be told apart for *no pair is opposite* to say something."""


def of_question(tables: Tables, question: str, column: str) -> Decision:
    """Cases of the table ``equal_tests``, in words."""
    table = tables["equal_tests"]
    rows = table[(table["question"] == question) & (table["column"] == column)]
    words = []
    for name, block in rows.groupby("dataset", sort=False):
        listed = ", ".join(
            f"{row.case} {row.value:.3g} ({row.least:.3g} to {row.most:.3g})"
            for row in block.itertuples()
        )
        words.append(f"{name}: {listed}")
    return Decision(
        f"factors (with the {CONFIDENCE:.0%} interval of each alone): {'; '.join(words)}",
        [Verdict(verdict) for verdict in rows["verdict"]],
    )


def turned(decision: Decision) -> Decision:
    """The same where the claim is that the factors are below 1."""
    other = {Verdict.HOLDS: Verdict.FAILS, Verdict.FAILS: Verdict.HOLDS}
    return Decision(decision.measured, [other.get(case, case) for case in decision.cases])


def against(found: Interval, limit: float, above: bool) -> Verdict:
    """Whether an interval lies on one side of a limit: ``above`` is the side where the claim holds."""
    if abs(found.mean - limit) <= found.reach or found.mean != found.mean:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if (found.mean > limit) is above else Verdict.FAILS


def plain(found: Interval) -> str:
    """An interval in words."""
    return f"{found.mean:.2f} ({found.mean - found.reach:.2f} to {found.mean + found.reach:.2f})"


def decoupled(tables: Tables) -> Decision:
    """Whether the rank correlation of excess and sample error is less than a half."""
    words, cases = [], []
    for key, block in tables["equal_ranks"].groupby(["dataset", "objectives"], sort=False):
        found = interval(block["correlation"])
        words.append(f"{key[0]}, {key[1]} {plain(found)}")
        cases.append(against(found, HALF, above=False))
    return Decision(f"Spearman's correlation over objectives: {'; '.join(words)}", cases)


def opposed(tables: Tables) -> Decision:
    """Whether there are objectives with less excess and worse samples than another."""
    words, cases = [], []
    for key, block in tables["equal_orders"].groupby(["dataset", "objectives"], sort=False):
        counts = block["order"].value_counts()
        alike, opposite = int(counts.get("alike", 0)), int(counts.get("opposite", 0))
        words.append(
            f"{key[0]}, {key[1]}: of {len(block)} pairs {alike} alike, {opposite} opposite"
        )
        if opposite:
            cases.append(Verdict.HOLDS)
        else:
            enough = alike >= LEAST_TOLD * len(block)
            cases.append(Verdict.FAILS if enough else Verdict.UNDECIDED)
    return Decision("; ".join(words), cases)


def better_samples(tables: Tables) -> Decision:
    """Whether some weighting gives networks of v more excess than the bound's, and better samples."""
    table = tables["equal_tests"]
    rows = table[table["question"] == "weightings"]
    words, cases = [], []
    for name, block in rows.groupby("dataset", sort=False):
        verdicts = {
            column: part.set_index("case")["verdict"].map(Verdict)
            for column, part in block.groupby("column")
        }
        worse_bound = verdicts["excess"] == Verdict.HOLDS
        samples = verdicts["sliced"][worse_bound]
        better = list(samples.index[samples == Verdict.FAILS])
        words.append(
            f"{name}: more excess in {worse_bound.sum()} of {len(worse_bound)}, and of these better samples "
            f"in {len(better)}{' (' + ', '.join(better) + ')' if better else ''}"
        )
        if better:
            cases.append(Verdict.HOLDS)
        else:
            none = bool(len(samples)) and bool((samples == Verdict.HOLDS).all())
            cases.append(Verdict.FAILS if none else Verdict.UNDECIDED)
    return Decision("; ".join(words), cases)


def left_of_spread(variant: str, limit: float) -> Callable[[Tables], Decision]:
    """Whether the ratio of spreads over targets, changed over plain, is below a limit."""

    def decide(tables: Tables) -> Decision:
        table = tables["equal_spreads"]
        words, cases = [], []
        for name, block in table[table["variant"] == variant].groupby("dataset", sort=False):
            found = interval(np.log(block["changed"] / block["plain"]))
            words.append(f"{name} {in_words(found)}")
            cases.append(against(found, float(np.log(limit)), above=False))
        return Decision(
            f"spread of log(excess) over targets, by factors: {'; '.join(words)}", cases
        )

    return decide


def explained(tables: Tables) -> Decision:
    """Whether the targets' signal-to-noise orders them as their excess does, in most pairs."""
    words, cases = [], []
    for key, block in tables["equal_concordance"].groupby(["dataset", "moment"], sort=False):
        found = interval(block["share"])
        words.append(f"{key[0]}, {key[1]} {plain(found)}")
        cases.append(against(found, MOST, above=True))
    return Decision(
        f"share of pairs of targets in the order of their ratios: {'; '.join(words)}", cases
    )


DATA = (
    f"(data: {', '.join(datasets(STANDARD))}; in the profile {PAPER}: {', '.join(datasets(PAPER))})"
)

KNOWN = (
    "fixed before networks of this chapter were measured; those under the bound, and their order, were known "
    "from chapter 14"
)

HOLM = (
    "by Student's t test of the mean paired logarithm of the ratio over seeds, "
    f"{1 - CONFIDENCE:.0%} for all cases of a data set together (Holm); undecided where it is not "
    "significant; " + KNOWN
)

SIDES = (
    f"by the {CONFIDENCE:.0%} interval of the mean over seeds, all of it on one side of the limit; undecided "
    "where the limit is inside; " + KNOWN
)

OURS = "; on networks of ours, without guards, all else equal"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="x-bound-best-of-eight",
        statement="Of the eight objectives of the study without guards, the bound in $x$ leaves the least "
        f"excess over the exact floor, trained and measured between log-SNRs of -12 and 12 {DATA}.",
        stated="nobody: the study, sections 4.2 and 4.3 (public summaries), says of its own losses that the "
        f"NELBO in $x$ has the best likelihood{OURS}",
        measure="excess of each of the seven others over that of the bound in $x$, paired by seed; the "
        "three under "
        "the bound are networks that `x-best-without-guards-by-ratio` judges too",
        threshold=f"holds where a ratio is above 1, {HOLM}",
        tables=("equal_tests",),
        decide=lambda tables: of_question(tables, "best of eight", "excess"),
    ),
    Claim(
        name="v-best-samples-of-four",
        statement="Under either objective, and with one sampler for all, samples of networks of $v$ have a "
        f"covariance nearer to that of exact samples than those of any other target {DATA}.",
        stated="nobody: the study's table of moments has $v$ nearest, with a sampler of its own for each "
        f"target{OURS}, one sampler",
        measure="covariance distance of each other target's samples over that of $v$, paired by seed",
        threshold=f"holds where a ratio is above 1, {HOLM}",
        tables=("equal_tests",),
        decide=lambda tables: of_question(tables, "v in samples", "covariance"),
    ),
    Claim(
        name="own-error-converges-faster",
        statement="After a quarter of the steps, networks under the squared error of their own target are "
        f"nearer to where they end than networks under the bound; each target {DATA}.",
        stated="nobody: the study, section 4.2 (public summaries), says that weighted losses converge "
        f"faster, each judged by its own loss{OURS}, and all by the excess of the bound",
        measure="excess after a quarter of the steps over that after all of them: own error over bound, "
        "paired by seed",
        threshold=f"holds where the ratio is below 1, {HOLM}",
        tables=("equal_tests",),
        decide=lambda tables: turned(of_question(tables, "slower", "excess")),
    ),
    Claim(
        name="own-error-steadier",
        statement="The training loss fluctuates less, relative to its size, under the squared error of the "
        f"own target than under the bound; each target {DATA}.",
        stated="nobody: the study, section 4.2 (public summaries), says that weighted losses stabilise "
        f"training{OURS}",
        measure="root mean square of the relative change between recorded means of the loss, last half of "
        "training: own error over bound, paired by seed",
        threshold=f"holds where the ratio is below 1, {HOLM}",
        tables=("equal_tests",),
        decide=lambda tables: turned(of_question(tables, "unsteady", "fluctuation")),
    ),
    Claim(
        name="likelihood-and-samples-decoupled",
        statement="Over objectives, the order by likelihood says little of the order by sample quality: the "
        f"rank correlation is less than a half {DATA}.",
        stated="the study, abstract and section 4.3 (public summaries): the two are decoupled; tested on "
        "networks of ours, without guards, all else equal, one sampler for all",
        measure="Spearman's correlation of the excess and the sliced distance of samples, over the eight "
        "objectives, and over networks of $v$ under several weightings",
        threshold=f"holds where it is below {HALF:g}, does not hold where it is above, {SIDES}",
        tables=("equal_ranks",),
        decide=decoupled,
    ),
    Claim(
        name="better-bound-worse-samples",
        statement="There are pairs of objectives of which one leaves less excess and draws worse samples "
        f"{DATA}.",
        stated="the study, abstract and section 4.3 (public summaries): likelihood and sample quality are "
        "decoupled; tested on networks of ours, one sampler for all",
        measure="excess, and sliced distance of samples, of all pairs of the same two sets, paired by seed",
        threshold="holds if a pair is told apart on both axes and ordered oppositely (Student's t, "
        f"{1 - CONFIDENCE:.0%} for all pairs and both axes together, Holm); does not hold if none is and at "
        f"least {LEAST_TOLD:.0%} of all pairs are told apart and alike; else undecided; " + KNOWN,
        tables=("equal_orders",),
        decide=opposed,
    ),
    Claim(
        name="other-weighting-better-samples",
        statement="Some weighting other than the bound's gives networks of $v$ better samples though more "
        f"excess {DATA}.",
        stated="nobody: public summaries of the study say that weightings that ignore the bound favour what "
        f"is seen in samples{OURS}",
        measure="excess, and sliced distance of samples, of each other weighting over the bound, paired",
        threshold="holds if both are told of one weighting, does not hold if there are weightings with more "
        f"excess and the samples of all of these are worse, else undecided; told {HOLM}",
        tables=("equal_tests",),
        decide=better_samples,
    ),
    Claim(
        name="eps-worse-than-v-at-few-steps",
        statement="With few steps of one sampler, samples of networks of $\\epsilon$ are worse than those "
        f"of networks of $v$, both under the bound {DATA}.",
        stated="nobody: the study shows and public summaries say that $\\epsilon$ is poor at few steps and "
        f"$v$ keeps structure, each with a sampler of its own{OURS}, one sampler",
        measure="sliced distance of samples to exact ones after 10, 20 and 50 steps of DDIM, $\\epsilon$ "
        "over $v$, paired by seed",
        threshold=f"holds where a ratio is above 1, {HOLM}",
        tables=("equal_tests",),
        decide=lambda tables: of_question(tables, "few steps", "sliced"),
    ),
    Claim(
        name="gradients-explain-order",
        statement="Of two targets under the bound, the one whose gradient has the larger signal-to-noise "
        f"ratio ends nearer to the floor {DATA}.",
        stated="nobody: public summaries of the study put the differences down to how each target scales "
        "with the SNR in gradient descent; this is one reading of it that can be measured",
        measure="share of the six pairs of targets that are so ordered; ratio of all levels together, before "
        "training (first) and at its end (last)",
        threshold=f"holds where the share is above {MOST:.2f}, does not hold where it is below, {SIDES}",
        tables=("equal_concordance",),
        decide=explained,
    ),
    Claim(
        name="equalised-levels-shrink-differences",
        statement="With the slope of the loss in the output made of one size at every noise level, the "
        "four targets under the bound "
        f"end less far apart {DATA}.",
        stated="nobody: public summaries of the study say that differences come from the implicit weighting "
        "of noise levels in gradient descent, and shrink if the optimiser is tuned to it",
        measure="standard deviation over targets of log(excess), equalised over plain, paired by seed",
        threshold=f"holds where the ratio is below 1, does not hold where it is above, {SIDES}",
        tables=("equal_spreads",),
        decide=left_of_spread(EQUALISED, 1.0),
    ),
    Claim(
        name="equalised-levels-explain-most",
        statement="With the slope of the loss in the output made of one size at every noise level, more "
        "than half of the "
        f"difference between the four targets under the bound is gone {DATA}.",
        stated="nobody: as for the last; this asks for most of it",
        measure="standard deviation over targets of log(excess), equalised over plain, paired by seed",
        threshold=f"holds where the ratio is below {HALF:g}, does not hold where it is above, {SIDES}",
        tables=("equal_spreads",),
        decide=left_of_spread(EQUALISED, HALF),
    ),
    Claim(
        name="best-linear-start-explains-most",
        statement="With the best linear guess taken off what is predicted, more than half of the difference "
        f"between the four targets under the bound is gone {DATA}.",
        stated="nobody: a question of this book",
        measure="standard deviation over targets of log(excess), of residuals over plain, paired by seed",
        threshold=f"holds where the ratio is below {HALF:g}, does not hold where it is above, {SIDES}",
        tables=("equal_spreads",),
        decide=left_of_spread(SKIP, HALF),
    ),
)


def verdicts(tables: Tables) -> str:
    """Every claim and its verdict, as a list.

    Args:
        tables: those that the claims read, by name.
    """
    return listed(CLAIMS, tables, f" {DATA}")
