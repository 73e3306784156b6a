"""The likelihood of a flow by torchdiffeq's adaptive solvers, in place of our fixed steps."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

import diffcore as dc
from diffcore.likelihood import Method, RungeKutta, Slope, log_likelihood

pytestmark = pytest.mark.peer


@dataclass(frozen=True)
class Adaptive(Method):
    """A method of torchdiffeq, which chooses its steps."""

    name: str = "dopri5"

    def integrate(self, slope: Slope, state: Tensor, start: float, end: float) -> Tensor:
        torchdiffeq = pytest.importorskip("torchdiffeq")
        ends = torch.tensor([start, end], dtype=state.dtype)
        return torchdiffeq.odeint(
            lambda at, now: slope(float(at), now),
            state,
            ends,
            method=self.name,
            rtol=1e-8,
            atol=1e-8,
        )[-1]


@pytest.mark.parametrize("name", ["dopri5", "dopri8"])
def test_adaptive_steps_find_the_same_likelihood_of_the_clusters(name: str) -> None:
    mixture = dc.exact.clusters()
    x = mixture.sample(8, torch.Generator().manual_seed(0), torch.float64)
    denoiser = mixture.denoiser(dc.schedules.Cosine())
    adaptive = log_likelihood(denoiser, x, method=Adaptive(name))
    fixed = log_likelihood(denoiser, x, method=RungeKutta(512))
    torch.testing.assert_close(fixed, adaptive, rtol=0, atol=1e-5)
    noise = torch.exp(torch.tensor(-6.0, dtype=torch.float64))
    known = mixture.log_prob(x, torch.ones_like(noise), noise)
    torch.testing.assert_close(adaptive, known, rtol=0, atol=1e-5)
