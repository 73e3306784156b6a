"""Networks and data that do not fit: one clear line, and no numbers that mean nothing."""

import re

import pytest
import torch

import diffcore as dc
from diffcore.likelihood import log_likelihood
from diffcore.samplers import sample, trajectory

COSINE = dc.schedules.Cosine()


def generator():
    return torch.Generator().manual_seed(0)


X64 = torch.randn(4, 2, generator=generator(), dtype=torch.float64)
X32 = X64.float()


class Plain(torch.nn.Module):
    """A linear layer that ignores the time."""

    def __init__(self, width, dtype=torch.float32):
        super().__init__()
        self.layer = torch.nn.Linear(width, width, dtype=dtype)

    def forward(self, z, t):
        return self.layer(z)


class Joined(Plain):
    """One that puts z and t side by side."""

    def forward(self, z, t):
        return self.layer(torch.cat([z, t[:, None]], 1))


def raised(call):
    with pytest.raises((TypeError, ValueError)) as found:
        call()
    words = str(found.value)
    assert "\n" not in words
    assert re.search(r"network: expected .*, got .*: .+", words), words
    return found.value


USES = {
    "loss": lambda net, x: dc.Loss(COSINE)(net, x, generator()),
    "bound": lambda net, x: dc.nelbo(dc.NetDenoiser(net, COSINE, dc.V), x, generator()),
    "sample": lambda net, x: sample(
        dc.NetDenoiser(net, COSINE, dc.V), tuple(x.shape), 2, generator(), dtype=x.dtype
    ),
    "likelihood": lambda net, x: log_likelihood(dc.NetDenoiser(net, COSINE, dc.V), x),
}


@pytest.mark.parametrize("use", USES)
def test_a_network_of_another_dtype_is_told(use):
    error = raised(lambda: USES[use](Plain(2), X64))
    assert isinstance(error, TypeError)
    assert "computes in float64" in str(error)
    assert isinstance(error.__cause__, RuntimeError)
    assert "computes in float32" in str(raised(lambda: USES[use](Plain(2, torch.float64), X32)))
    closed = Plain(2)
    raised(lambda: USES[use](lambda z, t: closed(z, t), X64))


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("net", [Plain(3), Joined(4)])
def test_a_network_of_another_width_is_told(use, net):
    error = raised(lambda: USES[use](net, X32))
    assert isinstance(error, ValueError)
    assert "shape (4, 2)" in str(error)


@pytest.mark.parametrize("use", USES)
def test_a_network_without_a_time_is_told(use):
    for net in (torch.nn.Linear(2, 2), lambda z: z, torch.nn.Sequential(torch.nn.Linear(2, 2))):
        error = raised(lambda net=net: USES[use](net, X32))
        assert isinstance(error, TypeError)
        assert "lambda z, t: net(z)" in str(error)


def test_what_is_wrong_inside_a_network_is_left_as_it_is():
    def broken(z, t):
        return z + "1"

    def full(z, t):
        raise RuntimeError("out of something")

    with pytest.raises(TypeError, match="unsupported operand"):
        dc.Loss(COSINE)(broken, X32, generator())
    with pytest.raises(RuntimeError, match=r"^out of something$"):
        dc.Loss(COSINE)(full, X32, generator())


@pytest.mark.parametrize("use", [name for name in USES if name != "sample"])
def test_sparse_data_are_refused(use):
    with pytest.raises(
        TypeError, match=r"^x: expected a dense tensor, got one of sparse_coo: call"
    ):
        USES[use](lambda z, t: 0 * z, X32.to_sparse())
    with pytest.raises(
        TypeError, match=r"^x: expected a tensor with values, got one on the meta device$"
    ):
        USES[use](lambda z, t: 0 * z, X32.to("meta"))


def test_sparse_points_of_a_mixture_are_refused():
    one = torch.ones(())
    with pytest.raises(TypeError, match=r"^z: expected a dense tensor, got one of sparse_coo"):
        dc.exact.clusters().log_prob(X64.to_sparse(), one, one)


def sick(below):
    """A network whose predictions are no numbers below some time."""
    return dc.NetDenoiser(
        lambda z, t: torch.where(t[:, None] < below, torch.nan, 0.0) + 0 * z, COSINE, dc.X
    )


def test_a_sample_that_is_no_number_names_the_step():
    with pytest.raises(ValueError, match=r"^step 6 of 8, from t = 0\.39") as found:
        sample(sick(0.45), (5, 2), 8, generator(), grid=dc.samplers.UniformTime(), log_snr=(-4, 4))
    assert "expected finite predictions of the denoiser, got nan: look at" in str(found.value)
    with pytest.raises(ValueError, match=r"^step 6 of 8, from t = 0\.39"):
        trajectory(sick(0.45), (5, 2), 8, generator(), log_snr=(-4, 4))
    first = sample(sick(0.0), (5, 2), 4, generator(), log_snr=(-4, 4))
    assert first.isfinite().all()


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_a_number_without_end_is_told_on_either_side(value):
    denoiser = dc.NetDenoiser(lambda z, t: 0 * z + value, COSINE, dc.X)
    with pytest.raises(ValueError, match=r"^step 1 of 2, from t = 0\.9\d+: expected finite"):
        sample(denoiser, (3, 2), 2, generator())


def test_a_last_prediction_that_is_no_number_is_told():
    end = float(COSINE.time_of(torch.tensor(4.0, dtype=torch.float64)))
    with pytest.raises(ValueError, match=r"^after 4 steps: expected finite predictions"):
        sample(sick(end * 1.001), (5, 2), 4, generator(), log_snr=(-4, 4))


def test_a_likelihood_that_is_no_number_names_the_level():
    with pytest.raises(ValueError, match=r"^at log-SNR 4: expected finite predictions .* got nan"):
        log_likelihood(sick(0.9), X64, log_snr=(-4, 4))
    late = dc.NetDenoiser(
        lambda z, t: torch.where(t[:, None] > 0.5, torch.inf, 0.0) + 0 * z, COSINE, dc.X
    )
    with pytest.raises(ValueError, match=r"^at log-SNR -0\.\d+: expected finite predictions"):
        log_likelihood(late, X64, log_snr=(-4, 4))


@pytest.mark.parametrize("wrong", ["a", 0])
def test_a_source_of_randomness_is_one_even_where_none_is_needed(wrong):
    denoiser = dc.exact.clusters().denoiser(COSINE)
    with pytest.raises(TypeError, match=r"^generator: expected a torch\.Generator, got"):
        log_likelihood(denoiser, X64, wrong)
    log_likelihood(denoiser, X64[:1], None)
