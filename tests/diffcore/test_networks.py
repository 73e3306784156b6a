"""The networks: sizes, what they depend on, and the seeds that they are made from."""

from functools import partial

import numpy as np
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


@pytest.mark.parametrize("schedule", [None, COSINE])
def test_one_time_for_all_is_worked_out_once_and_gives_the_same(schedule):
    net = initialised(partial(TimeMLP, 4, 8, 2, schedule=schedule), 0).double()
    z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = []
    net.embedding.register_forward_hook(lambda *args: rows.append(len(args[1][0])))
    one = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    both = net(z, one.expand(6)), net(z, one.repeat(6))
    assert rows == [1, 6]
    torch.testing.assert_close(*both, rtol=1e-13, atol=1e-14)
    slopes = [torch.autograd.grad(values.sum(), one)[0] for values in both]
    torch.testing.assert_close(*slopes, rtol=1e-12, atol=1e-13)


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
    """The two noisiest nats of the digits' range, as the network sees them: five times further apart."""
    t = COSINE.time_of(torch.tensor([-8.0, -6.0], dtype=torch.float64))
    apart = {}
    for schedule in (None, COSINE):
        net = initialised(partial(TimeMLP, 4, 8, 2, schedule=schedule), 0).double()
        seen = []
        net.embedding.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0]))
        net(torch.zeros(2, 4).double(), t)
        apart[schedule] = float((seen[0][0] - seen[0][1]).norm())
    assert apart[COSINE] > 3 * apart[None]
    assert apart[COSINE] > 0.8


def weights(net):
    return {name: value.numpy() for name, value in net.state_dict().items()}


def layer(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def silu(x):
    return x / (1 + np.exp(-x))


def layer_norm(w, name, x):
    centred = x - x.mean(1, keepdims=True)
    unit = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
    return unit * w[f"{name}.weight"] + w[f"{name}.bias"]


def shaken(net, seed):
    """The network with every weight drawn anew: at the start some are ones or zeros, which hide."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=g, dtype=p.dtype) / 2)
    return net


@pytest.mark.parametrize("schedule", [None, COSINE, dc.schedules.LinearBeta()], ids=str)
def test_the_time_mlp_by_numpy(schedule):
    """Embedding, residual connections and scales, written again from the docstring."""
    net = shaken(TimeMLP(6, 10, 3, frequencies=5, schedule=schedule).double(), 1)
    g = torch.Generator().manual_seed(2)
    z = torch.randn(7, 2, 3, generator=g, dtype=torch.float64)
    t = torch.rand(7, generator=g, dtype=torch.float64)
    w = weights(net)
    clock = t.numpy() if schedule is None else schedule.log_snr(t).numpy() / 20
    rates = np.pi * np.array([0.5, 2**-0.25, 2**0.5, 2**1.25, 4])  # geometric, half a turn to two
    np.testing.assert_allclose(w["rates"], rates, rtol=1e-6)  # the buffer is made in float32
    angles = clock[:, None] * w["rates"]
    time = silu(layer(w, "embedding", np.concatenate([np.sin(angles), np.cos(angles)], 1)))
    h = layer(w, "inlet", z.reshape(7, 6).numpy())
    for k in range(3):
        inner = layer_norm(w, f"norms.{k}", h) + layer(w, f"shifts.{k}", time)
        h = h + layer(w, f"downs.{k}", silu(layer(w, f"ups.{k}", inner)))
    expected = layer(w, "outlet", h).reshape(7, 2, 3)
    np.testing.assert_allclose(net(z, t).detach().numpy(), expected, rtol=1e-10, atol=1e-10)


def test_the_study_mlp_by_numpy():
    net = shaken(StudyMLP(3, 9, 4).double(), 3)
    g = torch.Generator().manual_seed(4)
    z = torch.randn(8, 3, generator=g, dtype=torch.float64)
    t = torch.rand(8, generator=g, dtype=torch.float64)
    w = weights(net)
    h = np.concatenate([z.numpy(), t[:, None].numpy()], 1)
    for k in range(4):
        h = np.maximum(layer(w, f"layers.{2 * k}", h), 0)
    expected = layer(w, "layers.8", h)
    assert len(w) == 2 * 5
    np.testing.assert_allclose(net(z, t).detach().numpy(), expected, rtol=1e-12)


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


def test_a_frozen_network_shares_nothing_with_the_networks_that_it_was_made_from():
    net, module = (initialised(partial(TimeMLP, 4, 8, 2), seed) for seed in (1, 2))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    z, t = torch.ones(3, 4, requires_grad=True), torch.full((3,), 0.5)
    live = dict(net.named_parameters()) | dict(net.named_buffers())
    plain, other = frozen(module, live), frozen(module, before)
    first = plain(z, t)
    assert not torch.equal(first, other(z, t))
    assert not first.requires_grad
    assert all(p.requires_grad for p in [*net.parameters(), *module.parameters()])
    with torch.no_grad():
        for p in [*net.parameters(), *module.parameters()]:
            p.add_(1)
    assert torch.equal(plain(z, t), first)
    exact = frozen(module, {name: value.double() for name, value in before.items()})
    assert exact(z.double(), t.double()).dtype == torch.float64


def test_the_weights_of_another_network_are_refused():
    net = TimeMLP(4, 8, 2)
    with pytest.raises(ValueError, match="weights: expected those of TimeMLP"):
        frozen(net, TimeMLP(4, 16, 2).state_dict())
    with pytest.raises(ValueError, match="weights: expected those of TimeMLP"):
        frozen(net, {})
