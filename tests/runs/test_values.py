"""Values as JSON: all that a value is, and where its code is."""

import functools
import json
from dataclasses import dataclass
from functools import partial

import pytest
import torch

import diffcore as dc
from companion import paths
from companion.errors import UserError
from companion.runs import run
from companion.runs.values import as_json, modules
from diffcore.networks import TimeMLP
from diffcore.published import GuardedScore
from diffcore.times import Stratified, UniformLogSNR


def test_a_loss_is_all_its_choices():
    times = Stratified(UniformLogSNR(-6, 6))
    loss = dc.Loss(dc.schedules.Cosine(), dc.V, dc.weightings.Native(GuardedScore(0.1)), times)
    assert as_json(loss) == {
        "class": "diffcore.losses.Loss",
        "schedule": {"class": "diffcore.schedules.cosine.Cosine", "shift": 0.0},
        "target": {"class": "diffcore.targets.AngularVelocity"},
        "weighting": {
            "class": "diffcore.weightings.Native",
            "target": {"class": "diffcore.published.guarded_score.GuardedScore", "guard": 0.1},
        },
        "times": {
            "class": "diffcore.times.Stratified",
            "base": {"class": "diffcore.times.UniformLogSNR", "low": -6.0, "high": 6.0},
        },
    }
    assert set(modules(loss)) == {
        f"diffcore.{name}"
        for name in [
            "losses",
            "schedules.cosine",
            "targets",
            "weightings",
            "published.guarded_score",
            "times",
        ]
    }


def test_a_network_is_its_class_and_options():
    net = partial(TimeMLP, 64, schedule=dc.schedules.Cosine(), width=(1, None))
    plain = as_json(net)
    assert plain == json.loads(json.dumps(plain))
    assert plain["call"] == "diffcore.networks.time_mlp.TimeMLP"
    assert plain["arguments"] == [64]
    assert plain["options"]["width"] == [1, None]
    assert plain["options"]["schedule"]["class"] == "diffcore.schedules.cosine.Cosine"
    assert as_json(TimeMLP) == "diffcore.networks.time_mlp.TimeMLP"
    assert "diffcore.schedules.cosine" in set(modules(net))


@dataclass(frozen=True)
class Holds:
    value: object


@pytest.mark.parametrize(
    "bad",
    [
        lambda: 1,
        torch.zeros(2),
        object(),
        Holds(torch.zeros(1)),
        partial(lambda x: x, 1),
        torch.Tensor.add,
    ],
)
def test_what_is_no_value_is_refused_in_one_line(bad):
    with pytest.raises(
        UserError, match=r"^a run cannot be recognised by .*: expected plain values"
    ):
        as_json(bad)


def test_what_is_defined_inside_a_function_is_refused():
    class Local:
        pass

    with pytest.raises(UserError, match="nothing defined inside a function"):
        as_json(partial(Local))


class Maker:
    """Two of these make different networks; a method of theirs has one name."""

    def __init__(self, width: int) -> None:
        self.width = width

    def build(self) -> int:
        return self.width

    @classmethod
    def made(cls) -> int:
        return 0


class Inherits(Maker):
    """Its ``made`` is that of `Maker`, and makes another thing."""


@functools.wraps(Maker)
def wrapper() -> int:
    return 1


@pytest.mark.parametrize("value", [Maker(1).build, Inherits.made, Maker.made, wrapper])
def test_what_is_not_found_under_its_name_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=r"a run cannot be recognised by .*no method"):
        as_json(value)


def test_code_edited_after_this_process_began_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = paths.ROOT / "diffcore" / "training.py"
    assert len(run._code(frozenset(["diffcore.training"]))) == 64
    run._code.cache_clear()
    monkeypatch.setitem(run.LOADED, path, "as it was")
    with pytest.raises(
        UserError, match=r"diffcore/training.py was edited after this process began"
    ):
        run._code(frozenset(["diffcore.training"]))
    run._code.cache_clear()
