"""Exact paths and their kernels, against closed forms of Gaussians."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import integrate
from torch import Tensor

from companion.evidence import exact_paths
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser, ExactDenoiser
from diffcore.exact import GaussianMixture


def gaussian(covariance: list[list[float]]) -> Denoiser:
    zero = torch.zeros(2, dtype=torch.float64)
    mixture = GaussianMixture.gaussian(zero, torch.tensor(covariance, dtype=torch.float64))
    return mixture.denoiser(SCHEDULE)


def test_paths_of_a_gaussian_carry_as_its_closed_form_does() -> None:
    """Each axis on its own: sqrt of the ratio of variances, and the last prediction of x."""
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]], dtype=torch.float64)
    variances = torch.tensor([0.1, 1.5], dtype=torch.float64)
    skew = turn * variances @ turn.T
    walked = exact_paths.paths(gaussian(((skew + skew.T) / 2).tolist()), 3, 96, ENDS)
    rho2 = torch.exp(-walked.log_snr)
    for k in (0, 40, 60, 96):
        last = variances / (variances + rho2[-1])
        factors = last * ((variances + rho2[-1]) / (variances + rho2[k])).sqrt()
        wanted = (turn * factors) @ turn.T
        torch.testing.assert_close(walked.carried[k], wanted.expand(3, 2, 2), atol=2e-3, rtol=0)
    start = walked.z[0] @ turn  # alpha^2 + sigma^2 = 1
    deviation = (variances / (variances + rho2[0])).sqrt() / torch.sigmoid(walked.log_snr[0]).sqrt()
    torch.testing.assert_close(walked.samples @ turn, start * deviation, atol=5e-3, rtol=0)


def test_what_a_constant_error_moves_is_the_integral_of_the_kernel() -> None:
    c = 0.3
    walked = exact_paths.paths(gaussian([[c, 0], [0, c]]), 2, 96, ENDS)
    error = torch.tensor([0.03, -0.01], dtype=torch.float64)
    moved = walked.moved(error.expand(97, 2, 2))

    def each(lam: float) -> float:
        return 0.5 * c / (c + math.exp(-12)) * math.sqrt((c + math.exp(-12)) / (c + math.exp(-lam)))

    whole = integrate.quad(each, *ENDS, limit=200)[0] + 1
    torch.testing.assert_close(moved, (whole * error).expand(2, 2), rtol=2e-3, atol=0)


def test_errors_along_paths_are_those_that_were_put_in() -> None:
    oracle = gaussian([[1.0, 0], [0, 1.0]])
    shift = torch.tensor([0.25, -0.5], dtype=torch.float64)

    def wrong(z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        assert z.dtype == torch.float32
        x_hat = alpha[:, None] * z / (alpha**2 + sigma**2)[:, None] + shift.float()
        return x_hat.float(), ((z - alpha[:, None] * x_hat) / sigma[:, None]).float()

    walked = exact_paths.paths(oracle, 5, 12, ENDS)
    errors = walked.errors(ExactDenoiser(wrong, SCHEDULE))
    torch.testing.assert_close(errors, shift.expand(13, 5, 2), atol=1e-5, rtol=0)


def test_kernels_are_those_of_the_closed_form_and_bounded() -> None:
    c = 0.3
    walked = {"clusters": exact_paths.paths(gaussian([[c, 0], [0, c]]), 3, 96, ENDS)}
    levels = np.array([-11.0, -1.0, 3.3, 10.0])
    found = exact_paths.kernels(walked, levels)
    wanted = 0.25 / (1 / c + np.exp(levels))  # chapter 16: a quarter of the least error of x
    np.testing.assert_allclose(found["median"], wanted, rtol=0.01)
    np.testing.assert_allclose(found["rms"], wanted, rtol=0.01)
    one = walked["clusters"]
    carried = one.carried.clone()
    carried[:, 0] *= 1e6
    wild = {"clusters": exact_paths.Paths(one.t, one.log_snr, one.z, one.x_hat, carried)}
    bounded = exact_paths.kernels(wild, levels)
    np.testing.assert_allclose(bounded["median"], wanted, rtol=0.01)
    np.testing.assert_allclose(bounded["rms"], (4 + 2 * wanted) / 3, rtol=0.01)
