"""The Rosetta table: how other libraries name the same things.

A row says what a library writes and what that is in this book's notation. Where the library can be
installed beside this book, the row carries a check from :mod:`companion.peers` that calls it; the
others are marked "read, not run", with the file that was read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

import pandas as pd

from companion import peers

#: Largest difference allowed: where the library computes in double, and where its tables are single.
DOUBLE, SINGLE = 1e-13, 3e-6

#: What stands for a difference where the library was only read.
READ = "read, not run"


@dataclass(frozen=True)
class Row:
    """One name, in one library.

    Attributes:
        library: its import name.
        theirs: what its code or documentation writes.
        ours: what that is here.
        source: what was called, or the file that was read.
        check: returns the largest difference; None if the row was only read.
        tolerance: what the difference may be.
    """

    library: str
    theirs: str
    ours: str
    source: str
    check: Callable[[], float] | None = None
    tolerance: float = DOUBLE

    def measure(self) -> float | None:
        """The largest difference; None if the row was only read or its library is not installed."""
        if self.check is None or find_spec(self.library) is None:
            return None
        with warnings.catch_warnings():
            # The libraries import tqdm's notebook bar, which this environment does not use.
            warnings.filterwarnings("ignore", message="IProgress not found")
            return self.check()

    def evidence(self, error: float | None) -> str:
        """What the table shows: the difference, or why there is none."""
        if self.check is None:
            return READ
        if error is None:
            return "not installed"
        return f"{error:.0e}" if error <= self.tolerance else f"{error:.0e}, **differs**"


ROWS = (
    Row("azula", "`t`", "$t$; data at 0, as here", "noise.VESchedule", peers.azula_time),
    Row(
        "azula",
        "`VPSchedule`",
        r"linear $\beta$ from 0, but $\alpha^2 + \sigma^2 = 1 + \sigma_{\min}^2$",
        "noise.VPSchedule",
        peers.azula_vp,
    ),
    Row(
        "azula",
        "the time its networks see",
        r"$-\lambda/2$",
        "denoise.SimpleDenoiser",
        peers.azula_network_time,
    ),
    Row(
        "flow_matching",
        "`t`",
        "$1 - t$; data at 1",
        "path.scheduler",
        peers.flow_matching_time,
    ),
    Row(
        "flow_matching",
        "`x_0`, `x_1`",
        r"$\epsilon$, $x$",
        "path.CondOTProbPath.sample",
        peers.flow_matching_points,
    ),
    Row(
        "flow_matching",
        "velocity `dx_t`",
        "$-u$",
        "path.AffineProbPath.sample",
        peers.flow_matching_velocity,
    ),
    Row(
        "flow_matching",
        "`snr`",
        r"$\alpha/\sigma = e^{\lambda/2}$",
        "path.scheduler.snr_inverse",
        peers.flow_matching_snr,
    ),
    Row(
        "flow_matching",
        "`target`, `epsilon`, `velocity`",
        r"$x$, $\epsilon$, $-u$: six conversions",
        "path.AffineProbPath",
        peers.flow_matching_conversions,
    ),
    Row(
        "diffusers",
        "`alphas_cumprod`",
        r"$\alpha^2$",
        "DDPMScheduler.add_noise",
        peers.diffusers_alphas_cumprod,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`snr`",
        r"$\alpha^2/\sigma^2 = e^{\lambda}$",
        "training_utils.compute_snr",
        peers.diffusers_snr,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`get_velocity`",
        "$v$, not $u$",
        "DDPMScheduler.get_velocity",
        peers.diffusers_velocity,
        SINGLE,
    ),
    Row(
        "diffusers",
        "`sample`, `epsilon`, `v_prediction`",
        r"$x$, $\epsilon$, $v$",
        "DDIMScheduler.step",
        peers.diffusers_predictions,
        SINGLE,
    ),
    Row(
        "diffusers",
        "flow matching: `sigma`, output",
        "$t$, $u$",
        "FlowMatchEulerDiscreteScheduler",
        peers.diffusers_flow,
        SINGLE,
    ),
    Row(
        "diffusers",
        "flow matching: `timesteps[1000 * u]`",
        "time $1 - u$; data at $u = 1$",
        "FlowMatchEulerDiscreteScheduler",
        peers.diffusers_direction,
        SINGLE,
    ),
    Row(
        "diffusers",
        "Euler: `sigmas`",
        r"$\sigma/\alpha = e^{-\lambda/2}$",
        "EulerDiscreteScheduler",
        peers.diffusers_euler_sigmas,
        SINGLE,
    ),
    Row(
        "hackable_diffusion",
        "`v`, `velocity`",
        "$v$, $u$; both, as here",
        "lib/corruption/gaussian.py",
    ),
    Row("smalldiffusion", "`alpha(sigma)`", r"$\alpha^2$", "src/smalldiffusion/diffusion.py"),
    Row("k_diffusion", "`sigma`", r"$\sigma/\alpha$; $\alpha = 1$", "k_diffusion/layers.py"),
    Row("vdm", "`gamma`", r"$-\lambda$", "model_vdm.py"),
    Row("md4", "`alpha`", "probability that a token is kept", "md4/models/diffusion/md4.py"),
    Row("mdlm", "`sigma`", r"$-\log$ of that probability", "noise_schedule.py"),
)


def table(rows: Iterable[Row] = ROWS) -> pd.DataFrame:
    """Every row, measured: library, theirs, ours, evidence, max_difference, tolerance, source."""
    measured = [(row, row.measure()) for row in rows]
    return pd.DataFrame(
        {
            "library": row.library,
            "theirs": row.theirs,
            "ours": row.ours,
            "evidence": row.evidence(error),
            "max_difference": error,
            "tolerance": None if row.check is None else row.tolerance,
            "source": row.source,
        }
        for row, error in measured
    )
