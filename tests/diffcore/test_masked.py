"""Masked diffusion against a slow count over every order, every mask and every step of the chain."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise, permutations, product

import mpmath as mp
import pytest
import torch
from torch import Tensor

from diffcore import masked

SCHEDULES = {
    "linear": (masked.LinearMasking(), lambda t: 1 - t),
    "cosine": (masked.CosineMasking(), lambda t: 1 - mp.cos(mp.pi * (1 - t) / 2)),
    "power": (masked.PowerMasking(3), lambda t: 1 - t**3),
}
"""What diffcore has, and the same written down once more."""


Moves = list[list[float]]
"""Of one token: the probability of each state, for each state before."""


def tables(tokens: int, values: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A law and a model, both arbitrary."""
    g = torch.Generator().manual_seed(seed)
    law = torch.rand((values,) * tokens, generator=g, dtype=torch.float64)
    shape = (values + 1,) * tokens + (tokens, values)
    return law / law.sum(), torch.randn(shape, generator=g, dtype=torch.float64).log_softmax(-1)


def in_one_order(law: Tensor, model: Tensor, order: tuple[int, ...]) -> float:
    """The cost of writing tokens one after the other, by plain Python."""
    tokens, values = law.ndim, law.shape[0]
    total = 0.0
    for x in product(range(values), repeat=tokens):
        seen = [values] * tokens
        for i in order:
            total -= float(law[x]) * float(model[(*seen, i, x[i])])
            seen[i] = x[i]
    return total


@pytest.mark.parametrize(("tokens", "values"), [(1, 4), (2, 3), (3, 2), (3, 3)])
def test_the_bound_is_the_cost_of_every_order_on_average(tokens: int, values: int) -> None:
    law, model = tables(tokens, values)
    orders = list(permutations(range(tokens)))
    expected = sum(in_one_order(law, model, order) for order in orders) / len(orders)
    found = masked.bound(masked.cross_entropies(law, model))
    assert float(found) == pytest.approx(expected, rel=1e-13)


def test_costs_by_count_are_means_over_masks() -> None:
    law, model = tables(3, 2, seed=4)
    for k, found in enumerate(masked.cross_entropies(law, model).tolist(), 1):
        costs = [
            -float(law[x]) * sum(
                float(model[(*(2 if m else v for v, m in zip(x, mask, strict=True)), i, x[i])])
                for i in range(3) if mask[i]
            )
            for mask in product((0, 1), repeat=3) if sum(mask) == k
            for x in product(range(2), repeat=3)
        ]  # fmt: skip
        assert found == pytest.approx(sum(costs) / math.comb(3, k), rel=1e-13)


def test_exact_conditionals_are_quotients_of_marginals() -> None:
    law, _ = tables(3, 3, seed=1)
    model = masked.conditionals(law)
    assert model.shape == (4, 4, 4, 3, 3)
    mask = 3
    assert torch.allclose(model[mask, mask, mask, 1].exp(), law.sum((0, 2)), atol=1e-14)
    row = law[2, :, 1] / law[2, :, 1].sum()
    for here in range(4):  # what stands at the position itself is not looked at
        assert torch.allclose(model[2, here, 1, 1].exp(), row, atol=1e-14)
    pair = law.sum(1)[:, 1]
    assert torch.allclose(model[mask, mask, 1, 0].exp(), pair / pair.sum(), atol=1e-14)
    entropy = -(law * law.log()).sum()
    assert torch.allclose(masked.bound(masked.cross_entropies(law, model)), entropy, rtol=1e-13)


def test_a_wrong_model_costs_more_than_the_exact_one() -> None:
    law, model = tables(3, 2)
    exact = masked.cross_entropies(law, masked.conditionals(law))
    assert (masked.cross_entropies(law, model) > exact).all()


def bayes(first: Moves, then: Moves, value: int, now: int) -> list[float]:
    """The law of a token in between, given its value at the start and its state at the end."""
    joint = [first[value][k] * then[k][now] for k in range(len(first))]
    return [p / sum(joint) if sum(joint) else 0.0 for p in joint]


def chain_kl(law: Tensor, model: Tensor, kept: list[float]) -> float:
    """The sum over steps of the mean KL of whole sequences, from matrices of one token's moves."""
    tokens, values = law.ndim, law.shape[0]
    states = range(values + 1)

    def move(alpha: float) -> Moves:
        return [[alpha * (i == j) + (1 - alpha) * (j == values) for j in states] for i in states]

    total = 0.0
    for alpha_s, alpha_t in pairwise(kept):
        first, then = move(alpha_s), move(alpha_t / alpha_s)
        for x in product(range(values), repeat=tokens):
            for z in product(states, repeat=tokens):
                weight = float(law[x]) * math.prod(
                    sum(first[v][k] * then[k][c] for k in states) for v, c in zip(x, z, strict=True)
                )
                if weight == 0:
                    continue
                for i in range(tokens):
                    back = partial(bayes, first, then, now=z[i])
                    p = back(x[i])
                    if z[i] == values:
                        mu = model[(*z, i)].exp().tolist()
                        guesses = [back(v) for v in range(values)]
                        q = [
                            sum(m * g[k] for m, g in zip(mu, guesses, strict=True)) for k in states
                        ]
                    else:
                        q = back(z[i])
                    total += weight * sum(a * math.log(a / b) for a, b in zip(p, q) if a > 0)
    return total


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_bound_in_steps_is_a_sum_of_divergences(name: str) -> None:
    law, model = tables(2, 3, seed=2)
    schedule, alpha = SCHEDULES[name]
    kept = [float(alpha(mp.mpf(k) / 4)) for k in range(5)]
    found = masked.bound_in_steps(masked.cross_entropies(law, model), schedule, 4)
    assert float(found) == pytest.approx(chain_kl(law, model, kept), rel=1e-12)


def test_the_share_that_is_unmasked_is_that_of_bayes() -> None:
    moves = [[[a, 1 - a], [0.0, 1.0]] for a in (0.6, 0.2 / 0.6)]
    visible, _ = bayes(*moves, 0, 1)
    found = masked.unmask_share(torch.tensor(0.6), torch.tensor(0.2))
    assert float(found) == pytest.approx(visible, rel=1e-6)
    with pytest.raises(ValueError, match=r"alpha_s: expected numbers in \[0, 1\], got 1.5"):
        masked.unmask_share(torch.tensor(1.5), torch.tensor(0.2))


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_its_formula_and_its_slope(name: str) -> None:
    schedule, alpha = SCHEDULES[name]
    for t in (0.0, 0.11, 0.5, 0.93, 1.0):
        at = torch.tensor(t, dtype=torch.float64, requires_grad=True)
        kept = schedule.kept(at)
        assert float(kept.detach()) == pytest.approx(float(alpha(mp.mpf(t))), rel=1e-14, abs=1e-16)
        (slope,) = torch.autograd.grad(kept, at)
        assert float(schedule.kept_prime(at).detach()) == pytest.approx(
            float(slope), rel=1e-13, abs=1e-15
        )
    rate = masked.cross_entropy_rate(schedule.kept(at), schedule.kept_prime(at))
    assert float(rate.detach()) == pytest.approx(float(-mp.diff(alpha, 1) / (1 - alpha(mp.mpf(1)))))


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_continuous_bound_is_an_integral_of_cross_entropies(name: str) -> None:
    law, model = tables(3, 2, seed=3)
    costs = masked.cross_entropies(law, model)
    _, alpha = SCHEDULES[name]

    def cross_entropy(m: mp.mpf) -> mp.mpf:
        """C(m): every token is masked with probability m."""
        return sum(
            mp.binomial(3, k) * m**k * (1 - m) ** (3 - k) * mp.mpf(float(costs[k - 1])) for k in (1, 2, 3)
        )  # fmt: skip

    weight = lambda t: -mp.diff(alpha, t) / (1 - alpha(t))  # noqa: E731
    with mp.workdps(40):
        expected = mp.quad(lambda t: weight(t) * cross_entropy(1 - alpha(t)), [mp.mpf("1e-11"), 1])
    assert float(masked.bound(costs)) == pytest.approx(float(expected), rel=1e-10)
    kept = torch.tensor([0.0, 0.3, 0.9], dtype=torch.float64)
    found = masked.kept_cross_entropy(costs, kept)
    each = [float(cross_entropy(1 - mp.mpf(a)) / (1 - mp.mpf(a))) for a in kept.tolist()]
    assert found.tolist() == pytest.approx(each, rel=1e-13)


def test_more_steps_are_no_worse_for_the_exact_model() -> None:
    law, _ = tables(3, 3, seed=5)
    costs = masked.cross_entropies(law, masked.conditionals(law))
    steps = [float(masked.bound_in_steps(costs, masked.CosineMasking(), 2**k)) for k in range(8)]
    assert all(more > less for more, less in pairwise(steps))
    assert steps[-1] > float(masked.bound(costs))


def test_what_is_wrong_is_told_in_one_line() -> None:
    law, model = tables(2, 2)
    wrong = {
        "expected probabilities that add up to 1, got 2": lambda: masked.conditionals(2 * law),
        r"law: expected shape \(V,\) \* L": lambda: masked.conditionals(law[:1]),
        r"model: expected shape \(3, 3, 2, 2\), got": lambda: masked.cross_entropies(law, model[0]),
        r"by_count: expected shape \(L,\)": lambda: masked.bound(law),
        "steps: expected an integer >= 1, got 0": lambda: masked.bound_in_steps(
            law[0], masked.LinearMasking(), 0
        ),
    }
    for words, call in wrong.items():
        with pytest.raises(ValueError, match=words) as told:
            call()
        assert "\n" not in str(told.value)
