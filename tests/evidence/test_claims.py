"""Claims: a verdict follows from the tables and from nothing else."""

import pandas as pd
import pytest

from companion.evidence.claims import Claim, Decision, Verdict, decide_all


def larger(tables):
    value = float(tables["t"]["a"].max())
    return Decision(f"{value:g}", Verdict.HOLDS if value > 1 else Verdict.FAILS)


CLAIM = Claim("large", "a is large", "nowhere", "the largest a", "> 1", ("t",), larger)


def test_the_verdict_follows_the_table():
    for value, verdict in ((2.0, "holds"), (0.5, "does not hold")):
        frame = decide_all([CLAIM], lambda name, v=value: pd.DataFrame({"a": [v]}))
        assert frame.loc[0, "verdict"] == verdict
        assert frame.loc[0, "measured"] == f"{value:g}"


def test_each_table_is_loaded_once():
    loads = []
    two = [CLAIM, Claim("again", "", "", "", "", ("t",), larger)]
    decide_all(two, lambda name: loads.append(name) or pd.DataFrame({"a": [0.0]}))
    assert loads == ["t"]


def test_names_are_unique():
    with pytest.raises(ValueError, match="two claims are called 'large'"):
        decide_all([CLAIM, CLAIM], lambda name: pd.DataFrame({"a": [0.0]}))
