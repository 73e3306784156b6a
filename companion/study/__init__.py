"""The study's published numbers as data, each table with its source in its first lines.

Targets and data sets are named as in this book (``eps``, ``score``; ``clusters``, ``rings``,
``swiss_roll``, ``waves``); objectives are ``nelbo`` and ``weighted``. Losses are in *code units*: see
:mod:`diffcore.published`.
"""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

TARGETS = ("x", "eps", "v", "score")
OBJECTIVES = ("nelbo", "weighted")
DATASETS = ("clusters", "rings", "swiss_roll", "waves")

#: How the data sets are written in figures and tables.
TITLES = {"clusters": "Clusters", "rings": "Rings", "swiss_roll": "Swiss roll", "waves": "Waves"}

#: Points in the study's test split, each used once, with one noise and one time, in a recorded test loss.
TEST_POINTS = 20_000


def losses() -> pd.DataFrame:
    """The 32 published test losses of the 2-D experiments.

    Columns: dataset, target, objective; ``printed``, the table's value; ``execution_1`` to ``_3``, the
    saved final losses, their ``mean`` and ``sd`` (n - 1); ``last20_mean`` and ``last20_sd`` over the last 20
    epochs of all three; ``initial`` of an untrained network; ``train``, the final training loss.
    """
    return _read("losses.csv")


def moments() -> pd.DataFrame:
    """Published distances between the moments of samples and data, 2-D experiments."""
    return _read("moments.csv")


def images() -> pd.DataFrame:
    """Published CIFAR-10 losses and FIDs, one execution each."""
    return _read("images.csv")


def source(name: str) -> str:
    """Where a table is from: the comment at its head, as one line. ``name`` is losses, moments or images."""
    text = _text(f"{name}.csv")
    return " ".join(line[1:].strip() for line in text.splitlines() if line.startswith("#"))


def _text(name: str) -> str:
    return (files("companion.study") / "data" / name).read_text(encoding="utf-8")


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(files("companion.study") / "data" / name, comment="#")
