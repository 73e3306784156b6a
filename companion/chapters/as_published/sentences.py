"""The computed words of the chapter "As published"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.as_published import samples
from companion.chapters.as_published.curves import SETTLED
from companion.chapters.as_published.grid import PROTOCOL, Protocol
from companion.chapters.as_published.results import FALSE_ALARM, NETWORK, POWER
from companion.chapters.as_published.sample_rules import all_networks
from companion.evidence import style
from companion.evidence.claims import Claim, Tables
from companion.evidence.drawn_samples import MARGIN
from diffcore.networks import StudyMLP


def _named(targets: list[str]) -> str:
    return ", ".join(style.SYMBOLS[target] for target in targets)


def _cells(rows: pd.DataFrame) -> str:
    """Cells of the table, by loss: how many data sets each."""
    counts = rows.groupby(["objective", "target"], sort=False).size()
    return ", ".join(
        f"{study.OBJECTIVE_TITLES[str(o)]} {style.SYMBOLS[str(t)]} ({n} of {len(study.DATASETS)})"
        for (o, t), n in counts.items()
    )


def parameters(used: Protocol) -> int:
    """Numbers in a network of the protocol."""
    net = StudyMLP(width=used.width, depth=used.depth)
    return sum(p.numel() for p in net.parameters())


def protocol(used: Protocol) -> str:
    """What was trained, and in what it is not the study's protocol."""
    if used == PROTOCOL:
        return (
            f"These networks follow the study's protocol in every number: {used.depth} layers of "
            f"{used.width}, batches of {used.batch:,}, {used.epochs} epochs of {used.epoch} steps."
        )
    passes = used.plan.steps * used.batch / used.points
    return (
        f"**These networks are smaller than the study's.** {used.depth} hidden layers of {used.width} (the "
        f"study: {PROTOCOL.depth} of {PROTOCOL.width}), that is {parameters(used):,} numbers in place of "
        f"{parameters(PROTOCOL):,}; batches of {used.batch} points ({PROTOCOL.batch:,}); {used.epochs} "
        f"epochs of {used.epoch} steps ({PROTOCOL.epoch}). An *epoch* of ours is so many steps, "
        f"{used.epoch * used.batch:,} points, where the study's is a pass through {PROTOCOL.points:,}: "
        f"{used.plan.steps:,} updates and {passes:.1f} passes in place of {PROTOCOL.plan.steps:,} and "
        f"{PROTOCOL.epochs}. All else is the study's: ReLU, torch's first weights, Adam at "
        f"{used.learning_rate:g} without decay or average, even times, {used.executions} executions. The "
        "profile `paper` is its protocol in every number."
    )


def tested(table: pd.DataFrame) -> str:
    """What the joint test found, and what it could have found."""
    differ = table[table["differs"]]
    higher, lower = differ[differ["apart"] > 0], differ[differ["apart"] < 0]
    words = (
        f"The joint test finds {len(differ)} of {len(table)} cells different ({FALSE_ALARM:.0%} for all "
        f"together): ours are higher in {len(higher)} and lower in {len(lower)}. It sees a difference of "
        f"{table['least'].min():.1f} % to {table['least'].max():.1f} % of the value, by cell (median "
        f"{table['least'].median():.1f} %), with a chance of {POWER:.0%}. Ours over the study's: "
        f"{table['apart'].min():+.1f} % to {table['apart'].max():+.1f} %, median "
        f"{table['apart'].median():+.1f} %."
    )
    for rows, which in ((higher, "Higher"), (lower, "Lower")):
        if len(rows):
            words += f" {which}: {_cells(rows)}."
    return words


def reading(table: pd.DataFrame, used: Protocol) -> str:
    """What a rejection says: smaller networks can only lie farther above a floor that is the same for all."""
    farther = int((table["ours_above"] > table["published_above"]).sum())
    ours, study_s = table["ours_above"].median(), table["published_above"].median()
    words = (
        f"Above the floor the study's networks are by {study_s:.1f} % and ours by {ours:.1f} % of it "
        f"(medians of {len(table)}); ours are farther above it in {farther} cells."
    )
    if used != PROTOCOL:
        words += (
            " Networks with fewer numbers that see fewer points are expected to end higher. So in this "
            "profile only one side of the test speaks to the study's numbers: ours *lower* would be a "
            "surprise; ours *higher* measures the scaling, and says nothing against them. Equality is what "
            "the profile `paper` tests."
        )
    return words


def spread_of_floors(table: pd.DataFrame) -> str:
    """How much of what differs between targets the floor explains, published and ours."""
    parts = []
    for objective in study.OBJECTIVES:
        rows = table[table["objective"] == objective]
        log = np.log(rows[["published", "ours", "floor"]])
        centred = log - log.groupby(rows["dataset"]).transform("mean")
        of = {
            whose: 1
            - float(((centred[whose] - centred["floor"]) ** 2).sum() / (centred[whose] ** 2).sum())
            for whose in ("published", "ours")
        }
        parts.append(
            f"{study.OBJECTIVE_TITLES[objective]} {of['published']:.1%} of the study's and {of['ours']:.1%} "
            "of ours"
        )
    return (
        "Of the squared differences between targets, in logarithms within a data set, the floor alone "
        f"predicts: {'; '.join(parts)}. A table of losses of different targets is first of all a table of "
        "floors."
    )


def steadiness(table: pd.DataFrame) -> str:
    """How much of the unsteadiness of curves is their draws."""
    ratio = (table["variation"] / table["draws_alone"]).groupby(table["whose"])
    words = "; ".join(f"{whose} {rows.min():.2f} to {rows.max():.2f}" for whose, rows in ratio)
    return (
        f"From epoch {SETTLED + 1} on the coefficient of variation, as a multiple of what the draws of one "
        f"epoch make of a perfect denoiser's loss: {words}. Where the multiple is near one, a steady curve "
        "says that the loss of one draw varies little, or that an epoch has many draws. It says nothing "
        "about training."
    )


def steadier_by_draws(table: pd.DataFrame) -> str:
    """How much steadier weighted curves are, and how much of that a perfect denoiser's would be."""
    parts = []
    for whose in ("published", "ours"):
        of = table[table["whose"] == whose].set_index(["target", "objective"])
        ratio = {
            column: of[column].xs("weighted", level=1) / of[column].xs("nelbo", level=1)
            for column in ("variation", "draws_alone")
        }
        each = ", ".join(
            f"{style.SYMBOLS[t]} {ratio['variation'][t]:.2f} ({ratio['draws_alone'][t]:.2f})"
            for t in study.TARGETS
        )
        parts.append(f"{whose} {each}")
    return (
        "Variation of the weighted loss over that of the NELBO, in brackets for a perfect denoiser: "
        f"{'; '.join(parts)}. Arrival is measured by one epoch's loss, so that it says little where an "
        "epoch's draws alone vary by as much as its threshold."
    )


def peaks(table: pd.DataFrame) -> str:
    """Where losses are largest, ours, the study's and the perfect denoiser's."""
    nelbo = table.groupby(["whose", "target"], sort=False)["peak"].agg(["min", "max"])
    exact = table.groupby("target", sort=False)[["floor", "unguarded"]].agg(["min", "max"])

    def words(low: float, high: float) -> str:
        return f"{low:.3f}" if low == high else f"{low:.3f} to {high:.3f}"

    each = "; ".join(
        f"{style.SYMBOLS[t]}: published {words(*nelbo.loc[('published', t)])}, ours "
        f"{words(*nelbo.loc[('ours', t)])}, floor {words(*exact.loc[t, 'floor'])}, floor without the guard "
        f"{words(*exact.loc[t, 'unguarded'])}"
        for t in study.TARGETS
    )
    return f"Times at which the NELBO is largest, over data sets and executions. {each}."


def variances(table: pd.DataFrame, settled: pd.DataFrame, draws: float) -> str:
    """What the variance over epochs is made of."""
    noise = (table["published_noise"] / table["published"]).groupby(table["target"], sort=False)
    middle = noise.median()
    parts = ", ".join(f"{style.SYMBOLS[t]} {middle[t]:.0%}" for t in study.TARGETS)
    shares = settled.groupby("target", sort=False)["share"].median()
    ours = ", ".join(f"{style.SYMBOLS[t]} {shares[t]:.0%}" for t in study.TARGETS)
    return (
        f"The draws alone make {parts} of the study's numbers (medians over data sets and bins), at "
        f"{draws:.0f} draws in a bin and epoch. The rest is that the loss itself moves: it falls in the "
        "first epochs, which are counted, and fluctuates later with the weights. Of ours, the epochs after "
        f"the first {SETTLED} keep {ours} of the variance."
    )


def rescaled(table: pd.DataFrame) -> str:
    """How the rescaled losses compare, ours and as read off, with the floor."""
    above = 100 * (table["ours"] / table["floor"] - 1)
    read = 100 * (table["read_off"] / table["floor"] - 1)
    spread = [
        (rows["floor"].max() / rows["floor"].min(), rows["ours"].max() / rows["ours"].min())
        for _, rows in table.groupby("dataset", sort=False)
    ]
    floors, ours = zip(*spread, strict=True)
    return (
        f"Ours are {above.min():.1f} % to {above.max():.1f} % above the floor, what is read off the study's "
        f"figure {read.min():+.1f} % to {read.max():+.1f} %. The largest over the smallest of the four "
        f"targets is {min(ours):.2f} to {max(ours):.2f} for ours and {min(floors):.2f} to {max(floors):.2f} "
        "for one perfect denoiser, by data set. On paper it is 1. What the perfect denoiser shows is the "
        "guards'; the rest is what the networks have not learnt."
    )


def amplified() -> str:
    """What the first step multiplies an error of a prediction of eps by, at the study's first time."""
    factor = float(1 / np.tan(np.pi / 2 * MARGIN))
    return (
        f"At the study's first time, $\\delta = {MARGIN:g}$, the factor on the error of $\\epsilon$ is "
        f"{factor:,.0f}."
    )


def few(table: pd.DataFrame) -> str:
    """How samples of the rings fare at few steps, by sampler."""
    rings = table[(table["dataset"] == "rings") & table["steps"].isin(samples.FEW)]
    found = rings.groupby(["rule", "target", "steps"])[["energy", "size"]].median()
    words = []
    for rule, called in samples.CALLED.items():
        orders = []
        for steps in samples.FEW:
            at = {t: found["energy"][rule, t, steps] for t in study.TARGETS}
            orders.append(f"{steps}: {_named(sorted(at, key=lambda t: at[t]))}")
        words.append(f"- {called}: {'; '.join(orders)}.")
    sizes = ", ".join(f"{style.SYMBOLS[t]} {found['size']['own', t, 1]:.3g}" for t in study.TARGETS)
    return (
        "Targets by their energy distance from the rings, nearest first, by number of steps (medians of both "
        "objectives and all executions):\n\n"
        + "\n".join(words)
        + "\n\nAfter one step of the study's "
        f"samplers the root mean square norm is {sizes}; of the data it is {samples.DATA_SIZE:.2f}."
    )


def same_sampler(table: pd.DataFrame) -> str:
    """What a common sampler changes for each target."""
    own, even = (all_networks(table, rule) for rule in samples.FOR_ALL)
    words = []
    for target in study.TARGETS:
        before, after = (rows[rows["target"] == target]["energy"].median() for rows in (own, even))
        words.append(f"{style.SYMBOLS[target]} from {before:.3f} to {after:.3f}")
    return (
        f"From the study's sampler of each target ({own['steps'].iloc[0]} steps) to one for all "
        f"({even['steps'].iloc[0]} steps) the median energy distance goes: {', '.join(words)}. What a "
        "target's samples are worth depends on who draws them."
    )


def away(table: pd.DataFrame, swings: pd.DataFrame) -> str:
    """How many networks have samples that leave the data, by target and sampler, and why.

    Args:
        table: as :func:`companion.chapters.as_published.samples.table` returns it.
        swings: as :func:`companion.chapters.as_published.samples.swings` returns it.
    """
    words = []
    for rule in samples.FOR_ALL:
        rows = all_networks(table, rule)
        counts = rows.assign(any=rows["away"] > 0).groupby("target")["any"].sum()
        sizes = rows.groupby("target").size()
        each = ", ".join(
            f"{style.SYMBOLS[t]} {counts[t]} of {sizes[t]}" for t in study.TARGETS if counts[t]
        )
        words.append(f"{samples.CALLED[rule]}: {each or 'none'}")
    own = all_networks(table, "own")
    both = own[own["target"] == "score"].merge(swings, on=NETWORK, validate="1:1")
    left = both["away"] > 0
    parts = [
        f"{rows.min():.1f} to {rows.max():.1f} for {called}"
        for called, rows in (
            ("those that lost samples", both[left]["swing"]),
            ("the others", both[~left]["swing"]),
        )
        if len(rows)
    ]
    return (
        f"Networks with samples farther than {samples.AWAY:g} from the middle of the data: "
        f"{'; '.join(words)}. The largest root mean square norm by the study's samplers is "
        f"{own['size'].max():.2g}. Why $s$? A step of the walk adds $\\sigma_t^2 \\hat s$. With the true "
        f"score that takes a point far out part of the way to the middle, never past it. At a distance of "
        f"{samples.FAR:g}, where no network "
        f"was trained, the step of ours multiplies the distance by as little as {' and '.join(parts)}. Below "
        "$-1$ a point swings from side to side, farther each time, and nothing scales it back."
    )


def within(table: pd.DataFrame, noise: pd.DataFrame) -> str:
    """How many of the printed and of our distances exact samples would show as well."""
    limits = noise.set_index(["dataset", "metric"])["limit"]
    counts = []
    for prefix, called in (
        ("printed", "printed"), ("own", "ours by the study's samplers"), ("even", "ours by one"),
    ):  # fmt: skip
        inside = sum(
            value <= limits[str(row.dataset), metric]
            for row in table.itertuples()
            for metric in ("mean", "cov")
            for value in [getattr(row, f"{prefix}_{metric}")]
        )
        counts.append(f"{inside} of {2 * len(table)} {called}")
    return (
        f"Inside of what 95 % of exact sets show are {', '.join(counts)}. Differences between such values "
        "say nothing."
    )


def verdicts(claims: Iterable[Claim], tables: Tables) -> str:
    """The verdict of each claim, with what was measured, as a list."""
    lines = []
    for claim in claims:
        decision = claim.decide({name: tables[name] for name in claim.tables})
        lines.append(f"- {claim.statement} (`{claim.name}`): **{decision.label}**.")
    return "\n".join(lines)
