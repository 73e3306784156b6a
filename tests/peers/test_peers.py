"""Other libraries, called: conventions, conversions, and the weight that each loss really has.

The oracle trick: give the peer a network that knows x, recovers eps = (z - alpha x) / sigma and
answers for eps + delta. Its loss divided by ||delta||^2 is then its weight on the squared error of
eps, whatever noise it drew, and rule R1 says what that must be.
"""

import math

import numpy as np
import pytest
import torch
from reference import generator, tensor

import diffcore as dc
from companion.peers import rosetta
from diffcore.losses import squared_norm
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, Schedule, VarianceExploding
from diffcore.targets import convert, error_scale
from diffcore.times import LogitNormal

pytestmark = pytest.mark.peer
CHECKED = [row for row in rosetta.rows() if row.check]
T = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)


@pytest.mark.parametrize("row", CHECKED, ids=lambda row: f"{row.library}: {row.theirs}")
def test_every_checked_row_of_the_rosetta_table_holds(row):
    pytest.importorskip(row.library)
    error = row.measure()
    assert error is not None
    assert error <= row.tolerance
    assert "differs" not in row.evidence(error)


def test_a_row_that_is_wrong_says_so():
    wrong = rosetta.Row("torch", "`x`", "not x", "nowhere", check=lambda: 0.5)
    assert wrong.evidence(wrong.measure()) == "5e-01, **differs**"
    missing = rosetta.Row("no_such_library", "`x`", "x", "nowhere", check=lambda: 1 / 0)
    assert missing.evidence(missing.measure()) == "not installed"
    read = next(row for row in rosetta.rows() if row.check is None)
    assert read.evidence(read.measure()) == "read, not run"


def test_the_table_has_every_row_and_says_how_each_is_known():
    frame = rosetta.table(
        [row for row in rosetta.rows() if row.library in ("flow_matching", "vdm")]
    )
    assert list(frame.library) == ["flow_matching"] * 5 + ["vdm"]
    assert frame.source.str.len().gt(0).all()
    libraries = {row.library for row in rosetta.rows()}
    assert {"azula", "flow_matching", "diffusers"} <= libraries
    assert all(library.isidentifier() for library in libraries)


def test_the_table_states_a_tolerance_where_there_is_a_difference():
    read = rosetta.Row("torch", "`x`", "x", "somewhere")
    checked = rosetta.Row("torch", "`x`", "x", "somewhere", check=lambda: 1e-9, tolerance=1e-8)
    frame = rosetta.table([read, checked])
    assert frame[["max_difference", "tolerance"]].isna().all(axis=1).tolist() == [True, False]
    assert frame.loc[1, ["max_difference", "tolerance"]].tolist() == [1e-9, 1e-8]


class Knows(torch.nn.Module):
    """A network that knows x and is wrong in eps by delta."""

    def __init__(self, x, delta, answer):
        super().__init__()
        self.x, self.delta, self.answer = x, delta, answer
        self.double_precision = torch.nn.Parameter(tensor(0.0))

    def forward(self, scaled, log_ratio):
        return self.answer(self.x, self.delta, scaled, log_ratio)


def one_by_one(loss, schedule, t, x, delta):
    """The peer's mean loss for each time by itself, over ||delta||^2 / dims."""
    values = [float(loss(x[k : k + 1], t[k : k + 1], k)) for k in range(len(t))]
    return tensor(values) / (squared_norm(delta) / delta[0].numel())


@pytest.mark.parametrize("kind", ["simple", "karras"])
def test_azula_weighs_eps_by_one_plus_inverse_snr(kind):
    """Its (SNR + 1)-weighted x-loss is the v-loss of any VP schedule: c = 1 + e^-lam."""
    denoise = pytest.importorskip("azula.denoise")
    noise = pytest.importorskip("azula.noise")
    ours, theirs = VarianceExploding(0.05, 20.0), noise.VESchedule(0.05, 20.0)
    x, delta = (torch.randn(19, 3, generator=generator(s), dtype=torch.float64) for s in (1, 2))

    def loss(x_k, t_k, k):
        alpha, sigma = ours.alpha(t_k)[:, None], ours.sigma(t_k)[:, None]
        total = alpha**2 + sigma**2

        def answer(x, delta, scaled, _):
            z = scaled * total.sqrt()
            eps = (z - alpha * x) / sigma + delta
            guess = (z - sigma * eps) / alpha
            if kind == "simple":
                return guess
            return (guess - alpha / total * z) * total.sqrt() / sigma

        net = Knows(x_k, delta[k : k + 1], answer)
        cls = denoise.SimpleDenoiser if kind == "simple" else denoise.KarrasDenoiser
        return cls(net, theirs).loss(x_k, t_k)

    torch.manual_seed(0)  # the peer draws its noise from torch's global generator
    c = one_by_one(loss, ours, T, x, delta)
    torch.testing.assert_close(c, 1 + torch.exp(-ours.log_snr(T)), rtol=1e-9, atol=0)
    w = 2 / ours.log_snr_prime(T).abs() * c  # rule R1
    as_x = dc.weightings.Native(dc.X)(ours.log_snr(T), ours) * (torch.exp(ours.log_snr(T)) + 1)
    torch.testing.assert_close(w, as_x, rtol=1e-9, atol=0)


PATHS = {
    "CondOTScheduler": (RectifiedFlow(), lambda lam: np.exp(-lam / 2)),
    "CosineScheduler": (Cosine(), lambda lam: np.pi / 2 * np.exp(-lam / 2)),
    "VPScheduler": (
        LinearBeta(),
        lambda lam: np.sqrt(0.01 + 39.8 * np.logaddexp(0, -lam)) / 2,
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_flow_matching_weighs_as_r2_says(name):
    """Its velocity loss, ||dx_t - prediction||^2, with a network off by delta in eps."""
    paths = pytest.importorskip("flow_matching.path")
    scheduler = getattr(pytest.importorskip("flow_matching.path.scheduler"), name)()
    schedule, closed = PATHS[name]
    path = paths.AffineProbPath(scheduler)
    x, eps, delta = (
        torch.randn(19, 3, generator=generator(s), dtype=torch.float64) for s in (1, 2, 3)
    )
    sample = path.sample(x_0=eps, x_1=x, t=1 - T)
    prediction = path.epsilon_to_velocity(eps + delta, sample.x_t, (1 - T)[:, None])
    c = squared_norm(sample.dx_t - prediction) / squared_norm(delta)
    torch.testing.assert_close(c, error_scale(schedule, T, dc.VELOCITY) ** 2, rtol=1e-9, atol=0)
    w = 2 / schedule.log_snr_prime(T).abs() * c
    np.testing.assert_allclose(w, closed(schedule.log_snr(T).numpy()), rtol=1e-9)
    flow = dc.Loss(schedule, dc.VELOCITY, dc.weightings.Native(dc.VELOCITY))
    times = flow.times.quantile(T, schedule)
    ours = flow.of_prediction(-prediction, x, eps, times)
    torch.testing.assert_close(ours, squared_norm(sample.dx_t - prediction), rtol=1e-9, atol=0)


class Reversed(Schedule):
    """A scheduler of flow_matching as a schedule of ours: time turned, derivatives negated."""

    def __init__(self, peer):
        self.peer = peer

    def alpha(self, t):
        return self.peer(1 - t).alpha_t

    def sigma(self, t):
        return self.peer(1 - t).sigma_t

    def alpha_prime(self, t):
        return -self.peer(1 - t).d_alpha_t

    def sigma_prime(self, t):
        return -self.peer(1 - t).d_sigma_t

    def log_snr(self, t):
        return 2 * torch.log(self.alpha(t) / self.sigma(t))

    def log_snr_prime(self, t):
        return 2 * (self.alpha_prime(t) / self.alpha(t) - self.sigma_prime(t) / self.sigma(t))

    def time_of(self, log_snr):
        return 1 - self.peer.snr_inverse(torch.exp(log_snr / 2))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CondOTScheduler", ()),
        ("CosineScheduler", ()),
        ("VPScheduler", (0.1, 20.0)),
        ("LinearVPScheduler", ()),
        ("PolynomialConvexScheduler", (3,)),
    ],
)
def test_conversions_agree_on_every_path_of_flow_matching(name, arguments):
    """Their six formulas, our one; two of the paths we do not have."""
    paths = pytest.importorskip("flow_matching.path")
    scheduler = getattr(pytest.importorskip("flow_matching.path.scheduler"), name)(*arguments)
    schedule, path = Reversed(scheduler), paths.AffineProbPath(scheduler)
    z, y = (torch.randn(19, 2, generator=generator(s), dtype=torch.float64) for s in (4, 5))
    targets = {"target": dc.X, "epsilon": dc.EPS, "velocity": dc.VELOCITY}
    for source, ours in targets.items():
        for to in targets.keys() - {source}:
            given = -y if source == "velocity" else y
            theirs = getattr(path, f"{source}_to_{to}")(given, z, (1 - T)[:, None])
            theirs = -theirs if to == "velocity" else theirs
            got = convert(y, z, T, schedule, ours, targets[to])
            torch.testing.assert_close(got, theirs, rtol=1e-8, atol=1e-9)


def test_min_snr_with_the_snr_of_diffusers():
    """Their SNR, the published eps-weight min(1, gamma / SNR), our weighting over plain eps."""
    utils = pytest.importorskip("diffusers.training_utils")
    scheduler = pytest.importorskip("diffusers").DDPMScheduler()
    steps = torch.arange(5, 1000, 37)
    snr = utils.compute_snr(scheduler, steps).double()
    published = torch.clamp(5 / snr, max=1)
    plain, capped = (
        w(snr.log(), Cosine()) for w in (dc.weightings.Native(dc.EPS), dc.catalogue.MinSNR())
    )
    torch.testing.assert_close(capped / plain, published, rtol=1e-6, atol=0)


def test_cosmap_on_straight_lines_is_the_cosine_schedule():
    """Their weight is the density of t under which log-SNR has the cosine's density."""
    utils = pytest.importorskip("diffusers.training_utils")
    density = utils.compute_loss_weighting_for_sd3("cosmap", sigmas=T)
    flow = RectifiedFlow()
    p = density / flow.log_snr_prime(T).abs()
    lam = flow.log_snr(T)
    cosine = 1 / Cosine().log_snr_prime(Cosine().time_of(lam)).abs()
    torch.testing.assert_close(p, cosine, rtol=1e-12, atol=0)


def test_logit_normal_times_of_diffusers_run_backwards():
    """With mean 1 the paper's t has mean 0.697; its indices are into decreasing timesteps: 0.304."""
    utils = pytest.importorskip("diffusers.training_utils")
    schedulers = pytest.importorskip("diffusers")
    n = 40_000
    u = utils.compute_density_for_timestep_sampling(
        "logit_normal", n, 1.0, 1.0, generator=generator(1)
    )
    sigmas = schedulers.FlowMatchEulerDiscreteScheduler().sigmas
    trained = sigmas[(u * 1000).long()].double()
    ours = LogitNormal(1.0, 1.0).quantile((torch.arange(n) + tensor(0.5)) / n, RectifiedFlow()).t
    error = 4 * float(ours.std()) / math.sqrt(n)
    assert float(u.double().mean()) == pytest.approx(float(ours.mean()), abs=error)
    assert float(trained.mean()) == pytest.approx(1 - float(ours.mean()), abs=error + 1e-3)
