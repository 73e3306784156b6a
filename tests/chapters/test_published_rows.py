"""The coefficients that chapter 5 derives from are the rows of `diffcore.published`, on symbols."""

import pytest
import sympy as sp

import diffcore as dc
from companion.build import collect
from companion.derivation import Abbreviation
from companion.derivation.tree import opened
from companion.derivation.vocabulary import alpha, sigma, symbol, t
from diffcore.published import Published
from diffcore.schedules.pointwise import ANY_TIME, Pointwise


@pytest.fixture(scope="module")
def sides():
    (chapter,) = (c for c in collect.collect() if c.name.startswith("05"))
    return {chain.name: chain.steps[0].left for chain in chapter.chains}


@pytest.mark.parametrize("target", ["x", "eps", "v", "score"])
def test_a_coefficient_and_its_factor_are_those_of_the_row(target, sides):
    row = Published("nelbo", target, guard=symbol("g", positive=True))
    scale = dc.error_scale(Pointwise(alpha(t), sigma(t)), ANY_TIME, row.target)
    named = [opened(name) for name in sides[f"guards/weight-{target}"].atoms(Abbreviation)]
    wanted = [row.coefficient(alpha(t), sigma(t)), scale**2, 1 / (alpha(t) * sigma(t))]
    assert len(named) == 3
    for expression in wanted:
        assert any(sp.simplify(expression - name) == 0 for name in named), expression
