r"""The derived weightings: from a kernel k, errors e of pilots, and the loss that is left, all by level.

All were written, and committed, before a network was trained under one of them. A weight counts up to a
factor; it is given with six digits, so that every machine trains the same runs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion.chapters.weightings_from_kernels.measured import ERRORS
from diffcore.weightings import Elbo, InTurn, Tabulated, Weighting

NAMES = (
    "kernel",
    "squared",
    "over-error",
    "both",
    "staged",
    "curriculum",
    "uncertainty",
    "over-noise",
)
"""Of the derived weightings."""

TIMED = ("staged", "curriculum")
"""Of these, the ones that change during training."""


def integral(values: np.ndarray, log_snr: np.ndarray) -> float:
    """Over the log-SNR, by the trapezoid rule; the same sum on every machine."""
    return float(np.trapezoid(values, log_snr))


def over_error(kernel: np.ndarray, error: np.ndarray) -> np.ndarray:
    """k / e: the bound on the distance of samples, as if the errors were these."""
    return kernel / error


def both(kernel: np.ndarray, error: np.ndarray, log_snr: np.ndarray) -> np.ndarray:
    r""":math:`1/\int e^2 + k/(e \int k e)`: the sum of the logarithms of both axes, straightened at e."""
    excess, samples = integral(error**2, log_snr), integral(kernel * error, log_snr)
    return 1 / excess + over_error(kernel, error) / samples


def noise(mmse: np.ndarray, error: np.ndarray) -> np.ndarray:
    r"""The loss that is left, :math:`E\|\epsilon - \hat\epsilon\|^2`: the least, and what the error adds."""
    return mmse + error**2


def constant(levels: pd.DataFrame) -> dict[str, np.ndarray]:
    """Weights at the table's log-SNRs that do not change during training, by name.

    Args:
        levels: of one data set, as :func:`companion.chapters.weightings_from_kernels.measured.table` has it.
    """
    log_snr, k = levels["log_snr"].to_numpy(), levels["kernel"].to_numpy()
    e = levels[ERRORS[-1]].to_numpy()
    left = noise(levels["mmse"].to_numpy(), e)
    return {
        "kernel": k,
        "squared": k**2,
        "over-error": over_error(k, e),
        "both": both(k, e, log_snr),
        "uncertainty": 1 / left,
        "over-noise": k / np.sqrt(left),
    }


def stages(levels: pd.DataFrame) -> list[np.ndarray]:
    """k / e with the errors that pilots have after each share of the steps."""
    k = levels["kernel"].to_numpy()
    return [over_error(k, levels[column].to_numpy()) for column in ERRORS]


def tabulated(name: str, log_snr: np.ndarray, weights: np.ndarray) -> Tabulated:
    """A weighting whose mean over the log-SNR is 1, its numbers rounded to six digits."""
    mean = integral(weights, log_snr) / float(log_snr[-1] - log_snr[0])
    rounded = tuple(float(f"{w / mean:.6g}") for w in weights)
    return Tabulated(name, tuple(float(level) for level in log_snr), rounded)


def weightings(levels: pd.DataFrame) -> dict[str, Weighting]:
    """The derived weightings of one data set, by name; `levels` as for `constant`."""
    log_snr = levels["log_snr"].to_numpy()
    found: dict[str, Weighting] = {
        name: tabulated(name, log_snr, weights) for name, weights in constant(levels).items()
    }
    parts = [
        tabulated(f"over-error {column}", log_snr, weights)
        for column, weights in zip(ERRORS, stages(levels), strict=True)
    ]
    found["staged"] = InTurn(tuple(parts))
    found["curriculum"] = InTurn((Elbo(), found["over-error"]))
    return {name: found[name] for name in NAMES}
