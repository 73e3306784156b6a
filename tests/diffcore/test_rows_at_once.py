"""How many rows of a mixture are evaluated at once, and which noise is refused."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from diffcore import checks
from diffcore.exact import curves, data2d, mixtures
from diffcore.exact.curves import CurveMixture
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.mixtures import scales
from diffcore.exact.posterior import Moments

DOUBLE = torch.float64
ALIKE = 1e-9
"""How far quadratures on different panels may be apart: what `diffcore.exact.curves` says of its nodes."""


@pytest.mark.parametrize("name", data2d.DATASETS)
@pytest.mark.parametrize("log_snr", [-2.0, 4.0, 6.0, 10.0, 22.0])
def test_how_many_rows_are_evaluated_at_once_does_not_matter(
    name: str, log_snr: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = data2d.DATASETS[name]()
    alpha, sigma = scales(torch.tensor(log_snr, dtype=DOUBLE))
    x = mixture.sample(90, torch.Generator().manual_seed(1), DOUBLE)
    far = torch.tensor([3.0, -2.0], dtype=DOUBLE)
    z = torch.cat([x, x[:30] + far])
    whole, seen = mixture.moments(z, alpha, sigma), []
    owner = mixture if isinstance(mixture, GaussianMixture) else type(mixture)
    monkeypatch.setattr(owner, "rows_at_one_level", 50)
    monkeypatch.setattr(curves, "CHUNK", 16)
    honest = CurveMixture._halved

    def spied(self: CurveMixture, columns: Tensor, *rest: Tensor) -> Moments:
        seen.append(columns.shape[1])
        return honest(self, columns, *rest)

    monkeypatch.setattr(CurveMixture, "_halved", spied)
    for value, other in zip(whole, mixture.moments(z, alpha, sigma), strict=True):
        torch.testing.assert_close(value, other, rtol=ALIKE, atol=ALIKE)
    # At 6 and 10 more are left over than are taken at once; at 22 no panels of a curve are shared.
    if (name, log_snr) in {("rings", 6.0), ("waves", 10.0), ("rings", 22.0), ("waves", 22.0)}:
        assert max(seen) == 16
        assert sum(seen) <= 120
    assert max(seen, default=16) <= 16


def test_a_mixture_of_many_takes_fewer_rows_at_once() -> None:
    def rows(k: int) -> int:
        means, covariances = torch.zeros(k, 1), torch.ones(k, 1, 1)
        return GaussianMixture(torch.full((k,), 1 / k), means, covariances).rows_at_one_level

    assert (rows(1), rows(4), rows(64), rows(65), rows(1000)) == (65_536, 16_384, 1024, 1024, 1024)


@pytest.mark.parametrize(("dim", "most"), [(2, 65_536), (64, 2016), (784, 13), (3000, 1)])
def test_data_of_many_dimensions_take_fewer_rows_at_once(dim: int, most: int) -> None:
    """The most whose sums, 2 D (D + 1) numbers each, stay within 2^24."""
    gaussian = object.__new__(GaussianMixture)
    weights, means = torch.ones(1), torch.zeros(1, dim)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            torch.linalg, "eigh", lambda c: (torch.ones(1, dim), c)
        )  # slow, and not asked about
        gaussian.__init__(weights, means, torch.eye(dim).expand(1, dim, dim))  # type: ignore[misc]
    assert gaussian.rows_at_one_level == most


def test_rows_of_later_chunks_have_levels_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    mixture = data2d.clusters()
    z = torch.randn(10, 2, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    alpha = torch.linspace(0.1, 0.9, 10, dtype=DOUBLE)
    whole = mixture.moments(z, alpha, 1 - alpha)
    monkeypatch.setattr(mixtures, "CHUNK", 4)
    for value, other in zip(whole, mixture.moments(z, alpha, 1 - alpha), strict=True):
        torch.testing.assert_close(value, other, rtol=ALIKE, atol=ALIKE)


@pytest.mark.parametrize("each", [(), (2,)])
def test_noise_is_refused_just_below_what_is_resolved_and_taken_just_above(
    each: tuple[int],
) -> None:
    mixture, z = data2d.clusters(), torch.zeros(2, 2, dtype=DOUBLE)
    alpha = torch.full(each, 0.5, dtype=DOUBLE)
    least = 0.5 * math.exp(-checks.LARGEST_LOG_SNR / 2)
    mixture.moments(z, alpha, torch.full(each, 1.000001 * least, dtype=DOUBLE))
    mixture.moments(z, alpha, torch.zeros(each, dtype=DOUBLE))
    with pytest.raises(ValueError, match="expected 0 or at least"):
        mixture.moments(z, alpha, torch.full(each, 0.999999 * least, dtype=DOUBLE))
    with pytest.raises(ValueError, match="expected one of them above 0"):
        mixture.moments(z, 0 * alpha, 0 * alpha)
    one_bad = torch.tensor([0.5, 0.0], dtype=DOUBLE)
    with pytest.raises(ValueError, match="expected one of them above 0"):
        mixture.moments(z, one_bad, one_bad)
