"""Choices are values: equal exactly if they are the same choice, whatever number type they were given."""

import math
from dataclasses import FrozenInstanceError, fields

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import diffcore as dc
from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.published import GuardedScore, Published
from diffcore.schedules import Cosine, LinearBeta, OffsetCosine, SubVP, VarianceExploding
from diffcore.times import LogitNormal, LogNormalSigma, Stratified, UniformLogSNR
from diffcore.training import Plan
from diffcore.weightings import Elbo, Native

PAIRS = {
    "EDM": (EDM(0.5), EDM(1.0)),
    "EDM, mean": (EDM(), EDM(mean=-1.20001)),
    "min-SNR": (MinSNR(5), MinSNR(1)),
    "P2": (P2(1, 1), P2(1, 2)),
    "sigmoid": (Sigmoid(), Sigmoid(-2)),
    "native": (Native(dc.X), Native(dc.EPS)),
    "kind of weighting": (Elbo(), Sigmoid()),
    "guarded scores": (GuardedScore(1e-2), GuardedScore(1e-3)),
    "guards": (Published("nelbo", "x"), Published("nelbo", "x").unguarded()),
    "targets": (dc.X, dc.EPS),
    "rows": (dc.Row(1, 0), dc.Row(0, 1)),
    "schedules": (Cosine(), Cosine(0.1)),
    "kind of schedule": (LinearBeta(), SubVP()),
    "times": (UniformLogSNR(), UniformLogSNR(-12, 12)),
    "plans": (Plan(3), Plan(3, ema=0.5)),
    "losses": (dc.Loss(Cosine(), dc.V, EDM()), dc.Loss(Cosine(), dc.V, EDM(1))),
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_choices_are_two_values(name):
    first, second = PAIRS[name]
    assert first != second
    assert repr(first) != repr(second)
    assert len({first, second}) == 2


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_choice_is_one_value_and_cannot_be_changed(name):
    for choice in PAIRS[name]:
        arguments = [getattr(choice, field.name) for field in fields(choice)]
        again = type(choice)(*arguments)
        assert (again, hash(again), repr(again)) == (choice, hash(choice), repr(choice))
        with pytest.raises((FrozenInstanceError, AttributeError)):
            choice.anything = 1


@given(st.integers(-9, 9))
def test_a_number_is_one_value_however_it_is_written(number):
    for value in (float(number), torch.tensor(float(number))):
        assert repr(Sigmoid(value)) == repr(Sigmoid(number))
        assert Cosine(value) == Cosine(number)
    assert repr(Cosine(-0.0)) == repr(Cosine(0)) == "Cosine(shift=0.0)"
    assert repr(dc.Row(-0.0, 1)) == "Row(a=0.0, b=1.0)"
    assert repr(UniformLogSNR(-1, None)) == "UniformLogSNR(low=-1.0, high=None)"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused_by_class_and_field(bad):
    with pytest.raises(ValueError, match=r"^Sigmoid\.bias: expected a finite number, got "):
        Sigmoid(bad)
    with pytest.raises(ValueError, match=r"^UniformLogSNR\.high: expected a finite number, got "):
        UniformLogSNR(-1.0, bad)
    with pytest.raises(ValueError, match=r"^GuardedScore\.guard: expected a finite number, got "):
        GuardedScore(bad)


OUTSIDE = {
    "beta": lambda: LinearBeta(2, 1),
    "no beta": lambda: SubVP(0, 0),
    "offset": lambda: OffsetCosine(1.1),
    "negative offset": lambda: OffsetCosine(-0.1),
    "negative beta": lambda: LinearBeta(-1, 1),
    "sigma": lambda: VarianceExploding(1, 1),
    "sigma 0": lambda: VarianceExploding(0, 1),
    "gamma": lambda: MinSNR(0),
    "k": lambda: P2(1, 0),
    "P2": lambda: P2(-1, 1),
    "sigma_data": lambda: EDM(0),
    "EDM's std": lambda: EDM(std=0),
    "std": lambda: LogNormalSigma(std=0),
    "logit": lambda: LogitNormal(std=-1),
    "steps": lambda: Plan(0),
    "ema": lambda: Plan(1, ema=1),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_values_outside_their_domain_are_refused_in_one_line(name):
    with pytest.raises(ValueError, match=r"^\w+(\.\w+)?: expected .*, got ") as caught:
        OUTSIDE[name]()
    assert "\n" not in str(caught.value)


def test_the_ends_of_a_domain_belong_to_it():
    assert LinearBeta(3, 3).beta(torch.tensor(0.3)) == 3
    assert P2(0, 1).gamma == 0
    assert Plan(1, 1, ema=0).ema == 0
    assert Stratified(UniformLogSNR(-1, 1)) == Stratified(UniformLogSNR(-1.0, 1.0))
