"""Low precision: networks see times below 1, the log-SNR is made in float64, losses are summed in float32."""

import math
from functools import partial

import pytest
import torch

import diffcore as dc
from diffcore import checks
from diffcore.denoisers import seen
from diffcore.networks import TimeMLP, initialised
from diffcore.times import CELLS

COSINE = dc.schedules.Cosine()
LOW = (torch.float16, torch.bfloat16, torch.float32)
EXTREME = (torch.tensor([0.0, CELLS - 1], dtype=torch.float64) + 0.5) / CELLS
"""The first and the last time that a time sampler draws."""


@pytest.mark.parametrize("dtype", LOW)
def test_no_time_that_is_drawn_is_seen_at_an_end(dtype):
    t = torch.cat([EXTREME, torch.linspace(1e-4, 1 - 1e-4, 999, dtype=torch.float64)])
    cast = seen(t, dtype)
    assert cast.dtype == dtype
    assert bool(((cast > 0) & (cast < 1)).all())
    inside = (t.to(dtype) > 0) & (t.to(dtype) < 1)
    assert torch.equal(cast[inside], t.to(dtype)[inside])
    assert cast.min() < 1e-4
    assert cast.max() > 0.99


@pytest.mark.parametrize("dtype", LOW)
@pytest.mark.parametrize("schedule", [COSINE, dc.schedules.RectifiedFlow()])
def test_a_network_of_the_log_snr_gives_numbers_at_every_time_that_is_drawn(dtype, schedule):
    net = initialised(partial(TimeMLP, 2, 8, 1, schedule=schedule), 0).to(dtype)
    z = torch.zeros(2, 2, dtype=dtype)
    assert bool(net(z, seen(EXTREME, dtype)).isfinite().all())
    assert bool(net(z, EXTREME).isfinite().all())  # in the precision in which they are drawn


@pytest.mark.parametrize("target", [dc.X, dc.EPS, dc.V])
def test_a_loss_in_float16_is_that_of_float32(target):
    """The network's rounding alone is left: summed in float16, 2 in 100 losses in x overflow."""
    x = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    loss = dc.Loss(COSINE, target)
    times = loss.times.sample(len(x), COSINE, torch.Generator().manual_seed(2))
    low = loss.of_prediction(x.half() / 2, x.half(), eps.half(), times)
    high = loss.of_prediction(x / 2, x, eps, times)
    assert low.dtype == torch.float32
    assert bool(low.isfinite().all())
    torch.testing.assert_close(low, high, rtol=1e-2, atol=1e-2)


class Recording(dc.schedules.Cosine):
    """Remembers the precision in which it is asked."""

    def log_snr(self, t):
        asked.append(t.dtype)
        return super().log_snr(t)


asked: list[torch.dtype] = []


@pytest.mark.parametrize("dtype", LOW)
def test_the_log_snr_is_made_in_float64_and_cast_last(dtype):
    asked.clear()
    net = initialised(partial(TimeMLP, 2, 8, 1, schedule=Recording()), 0).to(dtype)
    assert net(torch.zeros(2, 2, dtype=dtype), seen(EXTREME, dtype)).dtype == dtype
    assert asked == [torch.float64]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_finite_numbers_of_infinite_sum_are_finite(dtype):
    """They are looked at by their sum first, which overflows here."""
    large = torch.full((8, 2), torch.finfo(dtype).max, dtype=dtype)
    checks.finite("x", large)
    checks.predictions("here", large, -large)
    for wrong in (math.inf, -math.inf, math.nan):
        for rest in (large, torch.zeros_like(large)):
            planted = rest.clone()
            planted[3, 1] = wrong
            with pytest.raises(ValueError, match="finite"):
                checks.finite("x", planted)
            with pytest.raises(ValueError, match="finite"):
                checks.predictions("here", planted)
