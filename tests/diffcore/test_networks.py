"""The networks: sizes, what they depend on, and the seeds that they are made from."""

from functools import partial

import pytest
import torch

import diffcore as dc
from diffcore.networks import StudyMLP, TimeMLP, frozen, initialised

COSINE = dc.schedules.Cosine()


def parameters(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_the_study_network_has_the_published_size():
    assert parameters(StudyMLP()) == 1_579_010  # Kumar et al., published code


@pytest.mark.parametrize("shape", [(5, 64), (5, 8, 8), (5, 1, 8, 8)])
def test_images_of_any_shape_go_in_and_come_out(shape: tuple[int, ...]):
    net = TimeMLP(64, width=16, depth=2, schedule=COSINE)
    z, t = torch.randn(shape, generator=torch.Generator().manual_seed(0)), torch.full((5,), 0.4)
    assert net(z, t).shape == shape
    assert torch.equal(net(z, t).flatten(1), net(z.flatten(1), t))


@pytest.mark.parametrize("make", [partial(StudyMLP, 4, 8, 2), partial(TimeMLP, 4, 8, 2)])
def test_each_example_has_a_prediction_of_its_own(make: partial):
    net = initialised(make, 0).double()
    g = torch.Generator().manual_seed(0)
    z = torch.randn(6, 4, generator=g, dtype=torch.float64)
    t = torch.rand(6, generator=g, dtype=torch.float64)
    whole = net(z, t)
    alone = torch.cat([net(z[i : i + 1], t[i : i + 1]) for i in range(6)])
    assert torch.allclose(whole, alone, atol=1e-12)
    assert not torch.allclose(whole, net(z, t.flip(0)), atol=1e-3)


def test_with_a_schedule_the_network_sees_the_log_snr_only():
    """Two schedules at times of equal log-SNR are the same input."""
    flow = dc.schedules.RectifiedFlow()
    net = initialised(partial(TimeMLP, 4, 8, 2, schedule=COSINE), 0).double()
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    log_snr = torch.tensor([-9.0, 0.0, 9.0], dtype=torch.float64)
    seen = net(z, COSINE.time_of(log_snr))
    net.schedule = flow
    assert torch.allclose(seen, net(z, flow.time_of(log_snr)), atol=1e-12)


def test_with_a_schedule_every_nat_of_log_snr_is_told_apart():
    """In t, the two noisiest nats of the digits' range are 2 % of the input; in log-SNR, 12 %."""
    ends = torch.tensor([-8.0, -6.0], dtype=torch.float64)
    t = COSINE.time_of(ends)
    assert float((t[0] - t[1]).abs()) < 0.025
    assert float((COSINE.log_snr(t[0]) - COSINE.log_snr(t[1])).abs()) == pytest.approx(2)


def test_initial_weights_depend_on_the_seed_alone():
    make = partial(StudyMLP, 2, 8, 2)
    torch.manual_seed(1)
    first = initialised(make, 7).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again, other = initialised(make, 7).state_dict(), initialised(make, 8).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(before, torch.get_rng_state())


def test_frozen_weights_give_the_network_that_they_came_from():
    net = initialised(partial(TimeMLP, 4, 8, 2), 1)
    z, t = torch.ones(3, 4), torch.full((3,), 0.5)
    plain = frozen(initialised(partial(TimeMLP, 4, 8, 2), 2), net.state_dict())
    assert torch.equal(plain(z, t), net(z, t))
    assert not plain(z, t).requires_grad


def test_the_weights_of_another_network_are_refused():
    net = TimeMLP(4, 8, 2)
    with pytest.raises(ValueError, match="the weights are not those of TimeMLP"):
        frozen(net, TimeMLP(4, 16, 2).state_dict())
    with pytest.raises(ValueError, match="the weights are not those of TimeMLP"):
        frozen(net, {})
