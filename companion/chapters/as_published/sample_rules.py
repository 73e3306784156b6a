"""The rules by which this chapter judges samples: mended after a pilot of seeds that are shown nowhere.

The pilot's rules compared distances. It showed that they decide nothing where networks differ by factors, or
where one network's samples run away; so distances are compared as logarithms, and spreads are pooled. These
rules were committed before the networks that they judge were trained.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from companion import study
from companion.chapters.as_published import samples
from companion.chapters.as_published.results import CELL, NETWORK
from companion.chapters.as_published.rules import apart, better, pooled
from companion.evidence.claims import Decision, Tables, Verdict, exceeds
from companion.evidence.intervals import CONFIDENCE


def all_networks(table: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Samples of all networks by a rule: those with the step count at which every network was sampled."""
    rows = table[table["rule"] == rule]
    sizes = rows.groupby("steps").size()
    return rows[rows["steps"] == sizes[sizes == sizes.max()].index.max()]


def v_best(tables: Tables, rule: str) -> Decision:
    """Do networks of v draw the samples with the best moments?"""
    table, noise = all_networks(tables["as_published_samples"], rule), tables["as_published_noise"]
    others = [target for target in study.TARGETS if target != "v"]
    cases: list[Verdict] = []
    words = []
    for metric in ("mean", "cov"):
        verdicts, reaches = better(table, noise, metric, "v", others, len(others))
        cases += verdicts
        median = table.groupby(CELL)[metric].median().unstack("target")
        first = int((median.idxmin(axis=1) == "v").sum())
        words.append(
            f"{metric}: v least in {first} of {len(median)}, factors of {np.exp(np.median(reaches)):.2g} "
            "would be seen (median)"
        )
    return Decision("; ".join(words), cases)


def eps_poor(tables: Tables, rule: str) -> Decision:
    """At few steps, are samples of eps farther from the data than those of x and of v?"""
    table, noise = tables["as_published_samples"], tables["as_published_noise"]
    table = table[(table["rule"] == rule) & (table["dataset"] == "rings")]
    cases: list[Verdict] = []
    words = []
    for steps in samples.FEW:
        rows = table[table["steps"] == steps]
        for other in ("x", "v"):
            verdicts, _ = better(rows, noise, "energy", other, ["eps"], 2 * len(samples.FEW))
            cases += verdicts
        median = rows.groupby("target")["energy"].median()
        words.append(f"{steps}: " + ", ".join(f"{t} {median[t]:.2g}" for t in study.TARGETS[:3]))
    return Decision(f"energy distance by steps, rings: {'; '.join(words)}", cases)


def score_by_sampler(tables: Tables) -> Decision:
    """Are samples of s farther from the data by the study's sampler than by one for all?"""
    own, even = (all_networks(tables["as_published_samples"], rule) for rule in samples.FOR_ALL)
    pair = own.merge(even, on=NETWORK, suffixes=("_own", "_even"))
    pair = pair[pair["target"] == "score"]
    pair = pair.assign(log=np.log(pair["energy_own"]) - np.log(pair["energy_even"]))
    blocks = pair.groupby(["dataset", "objective"], sort=False)
    cases, words = [], []
    for (name, objective), rows in blocks:
        same = pair[pair["objective"] == objective]
        spread = pooled(same["log"], [same["dataset"]])
        error = (spread.variance / len(rows)) ** 0.5
        reach = stats.t.ppf(1 - (1 - CONFIDENCE) / blocks.ngroups / 2, spread.df) * error
        cases.append(exceeds(float(rows["log"].mean()), float(reach)))
        words.append(
            f"{name} {objective} {rows['energy_own'].median():.3g} and {rows['energy_even'].median():.3g}"
        )
    return Decision(f"energy distance, study's sampler and one for all: {', '.join(words)}", cases)


def x_covers_less(tables: Tables) -> Decision:
    """Do samples of x cover less of the data than those of v, by either sampler?"""
    noise = tables["as_published_noise"]
    cases: list[Verdict] = []
    words = []
    for rule in samples.FOR_ALL:
        table = all_networks(tables["as_published_samples"], rule)
        cases += better(table, noise, "coverage", "v", ["x"], 1)[0]
        mean = table.groupby(["target", "dataset", "objective"])["coverage"].mean()
        words.append(
            f"{rule}: x {mean['x'].min():.2f} to {mean['x'].max():.2f}, v {mean['v'].min():.2f} to "
            f"{mean['v'].max():.2f}"
        )
    return Decision(f"coverage, {'; '.join(words)}", cases)


def weighted_x_covers_less(tables: Tables) -> Decision:
    """Do samples of x cover less after the weighted loss than after the NELBO?"""
    cases, words = [], []
    for rule in samples.FOR_ALL:
        table = all_networks(tables["as_published_samples"], rule)
        table = table[table["target"] == "x"]
        kinds = ("weighted", "nelbo")
        every = [table[table["objective"] == kind] for kind in kinds]
        first, second = (pooled(rows["coverage"], [rows["dataset"]]) for rows in every)
        for name in dict.fromkeys(table["dataset"]):
            less, more = (rows[rows["dataset"] == name]["coverage"] for rows in every)
            cases.append(exceeds(*apart(less, more, len(study.DATASETS), (first, second))))
            words.append(f"{rule} {name} {more.mean():.2f} and {less.mean():.2f}")
    return Decision(f"coverage, NELBO and weighted: {', '.join(words)}", cases)
