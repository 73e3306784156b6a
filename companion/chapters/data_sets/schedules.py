"""The log-SNR of the study's schedules: exactly, and by the sum that its figure uses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from diffcore.schedules import Cosine, LinearBeta, OffsetCosine, Schedule, VarianceExploding

SCHEDULES: dict[str, Schedule] = {
    "linear beta, 0.1 to 20": LinearBeta(),
    "cosine, offset 0.008": OffsetCosine(),
    "variance exploding, 0.1 to 10": VarianceExploding(0.1, 10.0),
    "cosine, the study's own": Cosine(),
}
"""Those of the study's figure, and the one that it trains with."""


def log_snrs(points: int = 200) -> pd.DataFrame:
    """The log-SNR of `SCHEDULES` at even times inside (0, 1): columns schedule, t, log_snr."""
    t = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    return pd.concat(
        [
            pd.DataFrame({"schedule": name, "t": t.numpy(), "log_snr": schedule.log_snr(t).numpy()})
            for name, schedule in SCHEDULES.items()
        ],
        ignore_index=True,
    )


def summed_beta(times: int = 1_000) -> pd.DataFrame:
    """The study's log-SNR of the linear schedule, whose integral of beta is a running sum, and the exact one.

    Returns:
        Columns: t, summed, exact. The sum already counts a whole step at t = 0, where exactly there is no
        noise.
    """
    t = np.linspace(0, 1, times)
    summed = np.cumsum(0.1 + 19.9 * t) * (t[1] - t[0])
    exactly = LinearBeta().log_snr(torch.from_numpy(t)).numpy()
    return pd.DataFrame({"t": t, "summed": -np.log(np.expm1(summed)), "exact": exactly})
