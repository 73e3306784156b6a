"""The loss's (batch,) contract, and that the usual ways to break it are caught.

Losses per example invite one bug above all: a factor of shape (batch, 1) meets errors of shape
(batch,) and broadcasts to (batch, batch). Our own first draft had it.
"""

from dataclasses import dataclass

import pytest
import torch
from reference import generator

import diffcore as dc
from diffcore.catalogue import MinSNR
from diffcore.losses import squared_norm
from diffcore.schedules import Cosine, LinearBeta
from diffcore.targets import TARGETS
from diffcore.times import Times, UniformLogSNR
from diffcore.weightings import Elbo

RANGE = UniformLogSNR(-9.0, 9.0)


def contract(loss, shape=(6, 3)):
    """Each example's loss is its own: alone, permuted or among others, it is the same number.

    Raises:
        AssertionError: if not.
    """
    g = generator(9)
    x, eps, prediction = (torch.randn(shape, generator=g, dtype=torch.float64) for _ in range(3))
    times = loss.times.sample(shape[0], loss.schedule, g)
    terms = loss.of_prediction(prediction, x, eps, times)
    assert terms.shape == (shape[0],), f"shape {tuple(terms.shape)}"
    assert terms.unique().numel() == shape[0], "examples do not differ"

    def of_rows(rows):
        drawn = Times(times.t[rows], times.log_snr[rows], times.density[rows])
        return loss.of_prediction(prediction[rows], x[rows], eps[rows], drawn)

    alone = [of_rows(slice(k, k + 1)) for k in range(shape[0])]
    torch.testing.assert_close(torch.cat(alone), terms, rtol=1e-13, atol=0)
    order = torch.randperm(shape[0], generator=generator(8))
    torch.testing.assert_close(of_rows(order), terms[order], rtol=1e-13, atol=0)


@pytest.mark.parametrize("shape", [(6, 3), (6, 1), (6,), (6, 3, 2, 2), (3, 3), (1, 2)])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_loss_keeps_the_contract(target, shape):
    contract(dc.Loss(LinearBeta(), target, MinSNR(), RANGE), shape)


@dataclass(frozen=True)
class ColumnFactor(dc.Loss):
    """Our own first draft: a (batch, 1) factor, which broadcasts to (batch, batch)."""

    def factor(self, times):
        return super().factor(times)[:, None]


@dataclass(frozen=True)
class MeanOfProducts(dc.Loss):
    """The same bug after the usual `.mean(1)`: the shape is right, the values are not."""

    def of_prediction(self, prediction, x, eps, times):
        error = squared_norm(self.target.of(x, eps, times.t, self.schedule) - prediction)
        return (self.factor(times)[:, None] * error).mean(1)


@dataclass(frozen=True)
class BatchMeanWeight(dc.Loss):
    """Weights reduced over the batch before they meet the errors."""

    def factor(self, times):
        return super().factor(times).mean().expand(times.t.shape)


@dataclass(frozen=True)
class BatchAxisSummed(dc.Loss):
    """The sum taken over the wrong axis; invisible on square batches by shape alone."""

    def of_prediction(self, prediction, x, eps, times):
        difference = self.target.of(x, eps, times.t, self.schedule) - prediction
        return self.factor(times) * difference.square().sum(0)


@pytest.mark.parametrize("planted", [ColumnFactor, MeanOfProducts, BatchMeanWeight])
def test_planted_broadcast_bugs_break_the_contract(planted):
    with pytest.raises(AssertionError):
        contract(planted(Cosine(), dc.V, Elbo(), RANGE))


def test_a_sum_over_the_wrong_axis_breaks_the_contract_even_on_a_square_batch():
    with pytest.raises(AssertionError):
        contract(BatchAxisSummed(Cosine(), dc.V, Elbo(), RANGE), shape=(3, 3))


def test_a_network_that_works_in_place_is_refused():
    x, net = torch.randn(4, 2), lambda z, t: z.mul_(0.5)
    for ask in (
        lambda: dc.Loss(dc.schedules.Cosine())(net, x, torch.Generator()),
        lambda: dc.nelbo(dc.NetDenoiser(net, dc.schedules.Cosine(), dc.X), x, torch.Generator()),
        lambda: dc.sample(
            dc.NetDenoiser(net, dc.schedules.Cosine(), dc.X), (4, 2), 3, torch.Generator()
        ),
    ):
        with pytest.raises(
            ValueError, match="leave its input as it is, got one that works in place"
        ):
            ask()
