"""Malformed calls end in one clear line or in the right numbers: a short slice of the campaign."""

import math

import pytest
import torch
from campaign import functions
from campaign.calls import Call, calls
from campaign.public import public
from campaign.wrong import Given

import diffcore as dc


def test_every_public_callable_has_a_good_call():
    called = {call.name.split(".")[0].split(",")[0] for call in calls()}
    named = {type(make()).__name__ for make in dc.exact.DATASETS.values()}
    assert public().keys() - called - named == set()


def test_every_good_call_is_good():
    for call in calls():
        result = call.function(**{name: value for name, (value, _) in call.arguments.items()})
        assert all(bool(part.isfinite().all()) for part in functions.numbers_of(result)), call.name


def test_a_slice_of_the_campaign():
    assert functions.run(150, seed=0)


NAMES = {
    "forgets to look": lambda t: t.sin(),
    "a raw error": lambda t: t.reshape(7, 7),
    "a useless line": lambda t: (_ for _ in ()).throw(ValueError("no")),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_campaign_is_to_find_is_found(name, monkeypatch):
    planted = Call(name, NAMES[name], {"t": (torch.full((3,), 0.5), "times")})
    monkeypatch.setattr(functions, "calls", lambda: iter([planted]))
    which = [given.words for given in functions.wrong("times", planted.arguments["t"][0])]
    assert functions.outcome_of("0", "t", which.index("a time 7.0"))[0] == "fault"


def test_an_answer_that_never_comes_is_found(monkeypatch):
    def for_ever(n):
        while True:
            pass

    planted = Call("for ever", for_ever, {"n": (1, "count")})
    monkeypatch.setattr(functions, "calls", lambda: iter([planted]))
    monkeypatch.setattr(functions, "SECONDS", 0.2)
    outcome, words = functions.outcome_of("0", "n", 0)
    assert outcome == "fault"
    assert "no answer" in words


def test_an_odd_value_needs_the_right_numbers():
    t = torch.full((3,), 0.5, dtype=torch.float64)
    good = {"t": (t, "times")}
    half = Given("half", t.half(), wrong=False)
    right = Call("right", lambda t: t.cos(), good)
    lost = Call("lost", lambda t: t.cos() + (t.dtype == torch.float16), good)
    for call, expected in ((right, "right"), (lost, "fault")):
        result = call.function(half.value)
        assert functions.judged(call, half, "t", result, "")[0] == expected
    with_nan = Call("NaN", lambda t: t * math.nan, good)
    assert (
        functions.judged(with_nan, half._replace(value=t), "t", with_nan.function(t), "")[0]
        == "fault"
    )
