"""What the chapter "Masked diffusion" counts out: every bound of a small law by more than one route."""

from __future__ import annotations

import math
from itertools import combinations, pairwise, permutations
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore import masked
from diffcore.exact.quadrature import gauss_legendre

TOKENS, VALUES = 4, 3
"""Of the law that is counted out: 81 sequences, 256 with masks."""

STEPS = 8
"""Of the chain whose divergences are added up."""

NODES = 32
"""Of the Gauss-Legendre rule in time."""

SCHEDULES = {
    "linear": masked.LinearMasking(),
    "cosine": masked.CosineMasking(),
    "$1 - t^3$": masked.PowerMasking(3),
}

Costs = dict[tuple[frozenset[int], int], float]
"""Mean of -log p(x_i | what is visible), nats, for a set of masked positions and one of them."""


def law_and_model(seed: int) -> tuple[Tensor, Tensor]:
    """An arbitrary law, (V,) * L, and a model that errs, (V + 1,) * L + (L, V), in float64."""
    generator = Generator().manual_seed(seed)
    shape = (VALUES,) * TOKENS
    law = (2 * torch.randn(shape, generator=generator, dtype=torch.float64)).flatten().softmax(0)
    exact = masked.conditionals(law.reshape(shape))
    error = torch.randn(exact.shape, generator=generator, dtype=torch.float64)
    return law.reshape(shape), (exact + error).log_softmax(-1)


def entropy(law: Tensor) -> float:
    """The entropy of a law, nats."""
    return float(-torch.xlogy(law, law).sum())


def costs(law: Tensor, model: Tensor) -> Costs:
    """The mean cost of every position under every mask, by looking at every sequence."""
    found: Costs = {}
    data = torch.cartesian_prod(*[torch.arange(VALUES)] * TOKENS)
    weight = law[tuple(data.T)]
    for k in range(1, TOKENS + 1):
        for hidden in combinations(range(TOKENS), k):
            seen = data.index_fill(1, torch.tensor(hidden), VALUES)
            for i in hidden:
                log_p = model[tuple(seen.T)][range(len(data)), i, data[:, i]]
                found[frozenset(hidden), i] = float(-weight @ log_p)
    return found


def by_orders(known: Costs) -> float:
    """The mean over all orders of what an autoregressive model pays, nats."""
    orders = list(permutations(range(TOKENS)))
    paid = [known[frozenset(order[j:]), i] for order in orders for j, i in enumerate(order)]
    return math.fsum(paid) / len(orders)


def by_time(known: Costs, schedule: masked.Masking) -> float:
    """The integral over time of the weighted cross-entropy of what is masked, nats."""
    t, weight = gauss_legendre(NODES)
    alpha = schedule.kept(t)
    cross_entropy = torch.zeros_like(t)
    for (hidden, _), cost in known.items():
        cross_entropy += (1 - alpha) ** len(hidden) * alpha ** (TOKENS - len(hidden)) * cost
    rate = masked.cross_entropy_rate(alpha, schedule.kept_prime(t))
    return float(weight @ (rate * cross_entropy))


def by_steps(law: Tensor, model: Tensor, schedule: masked.Masking, steps: int) -> float:
    """The sum of the mean divergences of the model's chain, from the matrices of a token's moves, nats.

    Whatever the schedule, a model's step back is the forward process's, averaged over its guess of the value.
    """
    states = VALUES + 1
    z = torch.cartesian_prod(*[torch.arange(states)] * TOKENS)
    data = torch.cartesian_prod(*[torch.arange(VALUES)] * TOKENS)
    guess = torch.nn.functional.one_hot(z, states)[..., :VALUES].double()  # what is visible is kept
    hidden = z == VALUES
    guess[hidden] = model[tuple(z.T)].exp()[hidden]
    kept = schedule.kept(torch.linspace(0, 1, steps + 1, dtype=torch.float64)).tolist()
    total = 0.0
    for alpha_s, alpha_t in pairwise(kept):
        first, then = moves(alpha_s), moves(alpha_t / alpha_s)
        joint = first[:VALUES, None, :] * then.T[None]  # value at 0, state at t, state at s
        at_t = joint.sum(2)
        back = joint / at_t[..., None].where(at_t[..., None] > 0, 1.0)
        p = back[data[:, None], z[None]]
        q = torch.einsum("zlv,vzlk->zlk", guess, back[:, z])
        kl = (torch.xlogy(p, p) - torch.xlogy(p, q)).sum((2, 3))
        chance = at_t[data[:, None], z[None]].prod(2)
        total += float(law[tuple(data.T)] @ torch.where(chance > 0, chance * kl, 0.0).sum(1))
    return total


def moves(alpha: float) -> Tensor:
    """Probabilities of a token's next state, for each state: kept with ``alpha``, or masked."""
    matrix = alpha * torch.eye(VALUES + 1, dtype=torch.float64)
    matrix[:, -1] += 1 - alpha
    return matrix


AGREEMENT_SHOWN: dict[str, Any] = {
    "caption": rf"Bounds on $-\E \log p(x)$, nats, of {TOKENS} tokens with {VALUES} values each, with an "
    r"arbitrary law, counted out twice: from $C_1, \dots, C_N$ by `diffcore`, and by another route. "
    "*Exact* has the exact conditionals, *model* arbitrary ones. *Difference*: the absolute one.",
    "digits": {"diffcore": 12, "other": 12, "difference": ".0e"},
    "columns": {
        "of": "conditionals",
        "route": "the other route",
        "diffcore": "from $C_k$",
        "other": "counted out",
        "difference": "difference",
    },
    "negligible": 1e-12,
}
"""How `agreement` is shown."""


def agreement(seed: int = 0) -> pd.DataFrame:
    """Every bound by two routes, of an arbitrary model and of the exact conditionals."""
    law, model = law_and_model(seed)
    rows = []
    for of, table in (("exact", masked.conditionals(law)), ("model", model)):
        known, by_count = costs(law, table), masked.cross_entropies(law, table)
        bound = float(masked.bound(by_count))
        if of == "exact":
            rows.append((of, "the entropy of the law", bound, entropy(law)))
        orders = f"mean over {math.factorial(TOKENS)} orders"
        rows.append((of, orders, bound, by_orders(known)))
        for name, schedule in SCHEDULES.items():
            rows.append((of, f"integral over time, {name}", bound, by_time(known, schedule)))
            chain = f"{STEPS} steps, {name}: sum of KLs"
            in_steps = float(masked.bound_in_steps(by_count, schedule, STEPS))
            rows.append((of, chain, in_steps, by_steps(law, table, schedule, STEPS)))
    frame = pd.DataFrame(rows, columns=["of", "route", "diffcore", "other"])
    return frame.assign(difference=(frame["diffcore"] - frame["other"]).abs())


def gaps(seed: int = 0, most: int = 512) -> pd.DataFrame:
    """What T = 1, 2, 4, ... steps add to the bound with exact conditionals, nats, by schedule."""
    law, _ = law_and_model(seed)
    by_count = masked.cross_entropies(law, masked.conditionals(law))
    whole = float(masked.bound(by_count))
    ends = masked.kept_cross_entropy(by_count, torch.tensor([0.0, 1.0], dtype=torch.float64))
    rows = []
    for power in range(round(math.log2(most)) + 1):
        steps = 2**power
        row: dict[str, float] = {"steps": steps}
        for name, schedule in SCHEDULES.items():
            row[name] = float(masked.bound_in_steps(by_count, schedule, steps)) - whole
        rows.append(row | {"first_order": float(ends[0] - ends[1]) / (2 * steps)})
    return pd.DataFrame(rows)


def one_step(seed: int = 0) -> str:
    """What one step adds to the entropy, by the bound and by the total correlation, in words."""
    law, _ = law_and_model(seed)
    by_count = masked.cross_entropies(law, masked.conditionals(law))
    gap = float(masked.bound_in_steps(by_count, masked.LinearMasking(), 1) - masked.bound(by_count))
    others = [[j for j in range(TOKENS) if j != i] for i in range(TOKENS)]
    apart = sum(entropy(law.sum(axes)) for axes in others)
    return (
        f"One step costs {gap:.6f} nats more than infinitely many; the entropies of the tokens add up to "
        f"{apart - entropy(law):.6f} nats more than that of the whole."
    )


def independent(seed: int = 0) -> str:
    """The bound of independent tokens in 1, 2 and 64 steps, in words."""
    generator = Generator().manual_seed(seed)
    one, other = torch.rand((2, VALUES), generator=generator, dtype=torch.float64)
    law = torch.outer(one / one.sum(), other / other.sum())
    by_count = masked.cross_entropies(law, masked.conditionals(law))
    found = [masked.bound_in_steps(by_count, masked.CosineMasking(), steps) for steps in (1, 2, 64)]
    shown = ", ".join(f"{float(value):.12f}" for value in found)
    return f"In 1, 2 and 64 steps: {shown} nats. The entropy is {entropy(law):.12f} nats."


LEAST = 1e-3
"""Least share that is masked at the one end, and least that is kept at the other, in MDLM's schedule."""


def too_large(least: float = LEAST) -> str:
    """By how much a density of log m that forgets its upper end enlarges a loss, in words."""
    low, high = math.log(-math.expm1(-least)), math.log1p(-least)
    return (
        f"With log-shares from {low:.4f} to {high:.2e} the loss is too large by a factor of 1 + "
        f"{low / (low - high) - 1:.2e}. Had training stopped at half of the tokens masked, the factor "
        f"would be {low / (low - math.log(0.5)):.3f}."
    )
