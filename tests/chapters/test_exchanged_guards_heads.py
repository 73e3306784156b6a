"""Heads that make a prediction of x: against EDM's formulas typed anew, against v, and what they weigh."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Generator, Tensor, nn

import diffcore as dc
from companion.chapters.exchanged_guards import grid
from companion.chapters.exchanged_guards.grid import HEADS, NONE, SCHEDULE
from companion.runs import plane
from diffcore.denoisers import NetDenoiser
from diffcore.losses import noised
from diffcore.networks import TimeMLP
from diffcore.times import Times
from diffcore.training import Plan, Trainer

LEVELS = torch.linspace(*plane.ENDS, 25, dtype=torch.float64)
T = SCHEDULE.time_of(LEVELS)
NET = partial(TimeMLP, dims=2, width=8, depth=1, schedule=SCHEDULE)


def scales(head: str) -> tuple[Tensor, Tensor]:
    """EDM's c_skip and c_out of the log-SNR, for data of variance 1: table 1 of Karras et al. (2022)."""
    noise = torch.exp(-LEVELS / 2)[:, None]
    c_skip, c_out = 1 / (noise**2 + 1), noise / torch.sqrt(1 + noise**2)
    return (
        torch.zeros_like(noise) if head == "x_scale" else c_skip,
        torch.ones_like(noise) if head == "x_skip" else c_out,
    )


def drawn(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = Generator().manual_seed(seed)
    x, eps = torch.randn(2, 25, 2, generator=generator, dtype=torch.float64)
    return x, eps, noised(x, eps, T, SCHEDULE)


@pytest.mark.parametrize("head", HEADS)
def test_the_prediction_of_x_is_the_skip_and_the_scaled_output(head: str) -> None:
    x, eps, z = drawn()
    output = torch.randn(25, 2, generator=Generator().manual_seed(7), dtype=torch.float64)
    denoiser = NetDenoiser(lambda z, t: output, SCHEDULE, HEADS[head])
    c_skip, c_out = scales(head)
    scaled = z / SCHEDULE.alpha(T)[:, None]
    wanted = c_skip * scaled + c_out * output
    torch.testing.assert_close(denoiser.predict(z, T, dc.X), wanted, rtol=1e-9, atol=1e-12)
    true = HEADS[head].of(x, eps, T, SCHEDULE)
    torch.testing.assert_close(true, (x - c_skip * scaled) / c_out, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("weight", [NONE, "x", "score"])
@pytest.mark.parametrize("head", HEADS)
def test_a_head_costs_what_its_prediction_of_x_costs(head: str, weight: str) -> None:
    """The loss of an output is that of a plain network of x that gives the same prediction."""
    x, eps, z = drawn()
    times = Times(T, LEVELS, torch.full_like(T, 1 / 24))
    c_skip, c_out = scales(head)
    output = HEADS[head].of(x, eps, T, SCHEDULE) + 0.3
    x_hat = c_skip * z / SCHEDULE.alpha(T)[:, None] + c_out * output
    found = grid.loss(head, weight).of_prediction(output, x, eps, times)
    plain = grid.loss("x", weight).of_prediction(x_hat, x, eps, times)
    torch.testing.assert_close(found, plain, rtol=1e-6, atol=1e-12)


def test_the_gradient_is_as_steep_as_that_of_x_with_the_skip_and_level_with_the_scale() -> None:
    """The factor on half the squared error: the SNR for the skip, alpha^2 with the scale, at p = 1."""
    x, eps, _ = drawn()
    times = Times(T, LEVELS, torch.ones_like(T))
    snr = torch.exp(LEVELS)
    for head, factor in (
        ("x_skip", snr),
        ("x_scale", snr / (1 + snr)),
        ("x_edm", snr / (1 + snr)),
    ):
        output = HEADS[head].of(x, eps, T, SCHEDULE) + 1.0
        output.requires_grad_()
        grid.loss(head, NONE).of_prediction(output, x, eps, times).sum().backward()
        assert output.grad is not None
        wanted = factor[:, None].expand(25, 2)
        torch.testing.assert_close(output.grad, wanted, rtol=1e-8, atol=0)


class Negated(nn.Module):
    """A network with its sign turned."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = NET()

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        return -self.inner(z, t)


def test_training_with_edms_head_is_training_minus_v() -> None:
    data = torch.randn(100, 2, generator=Generator().manual_seed(3), dtype=torch.float64)
    plan = Plan(20, batch=16, learning_rate=1e-2)
    trainers = [
        Trainer(net, [grid.loss(target, "x")], [5], data, plan)
        for net, target in ((NET, "x_edm"), (Negated, "v"))
    ]
    for _ in range(plan.steps):
        one, other = (trainer.step() for trainer in trainers)
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0)
    _, _, z = drawn()
    edm, v = (
        NetDenoiser(trainer.net(0), SCHEDULE, (grid.TARGETS | HEADS)[target]).predict(z, T, dc.EPS)
        for trainer, target in zip(trainers, ("x_edm", "v"), strict=True)
    )
    torch.testing.assert_close(edm, v, rtol=1e-5, atol=1e-8)
    plain = Trainer(NET, [grid.loss("v", "x")], [5], data, plan)
    plain.step()
    assert not torch.allclose(plain.step(), one)  # the sign matters to the first weights
