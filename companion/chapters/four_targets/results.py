"""Numerical companions of the chapter "One algebra, four targets"."""

from __future__ import annotations

import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore.losses import Loss, noise_like, noised, squared_norm
from diffcore.networks import StudyMLP, initialised
from diffcore.schedules import Cosine
from diffcore.targets import EPS, TARGETS, V, X, convert, error_scale
from diffcore.times import UniformLogSNR
from diffcore.weightings import min_snr, native

SCHEDULE = Cosine()
RANGE = UniformLogSNR(-8.0, 8.0)


def losses_of_one_network(n: int, seed: int) -> pd.DataFrame:
    """NELBO, weighted and rescaled losses of one random network read as every target.

    Returns:
        A row for each target: means over ``n`` examples, and the largest relative difference, example
        by example, to the x row. NELBO in nats; all sums over the 2 dimensions.
    """
    generator = Generator().manual_seed(seed)
    x = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    times = RANGE.sample(n, SCHEDULE, generator)
    eps = noise_like(x, generator)
    z = noised(x, eps, times.t, SCHEDULE)
    net = initialised(lambda: StudyMLP(2, width=64, depth=3), seed).to(x)
    with torch.no_grad():
        x_hat = net(z, times.t)
    results: dict[str, dict[str, Tensor]] = {}
    for name, target in TARGETS.items():
        prediction = convert(x_hat, z, times.t, SCHEDULE, X, target)
        plain = squared_norm(target.of(x, eps, times.t, SCHEDULE) - prediction)
        scale = error_scale(SCHEDULE, times.t, X) / error_scale(SCHEDULE, times.t, target)
        results[name] = {
            "nelbo": Loss(SCHEDULE, target).of_prediction(prediction, x, eps, times),
            "weighted": plain,
            "rescaled": plain * scale**2,
        }
    return pd.DataFrame(
        [
            {"target": name}
            | {kind: float(value.mean()) for kind, value in row.items()}
            | {
                f"{kind}_spread": f"{float((row[kind] / results['x'][kind] - 1).abs().max()):.0e}"
                for kind in ("nelbo", "rescaled")
            }
            for name, row in results.items()
        ]
    )


def min_snr_in_v(gamma: float) -> pd.DataFrame:
    """Public formulas for Min-SNR on the v-error, relative to what the definition implies."""
    lam = torch.linspace(-10, 10, 2001, dtype=torch.float64)
    snr, t = lam.exp(), SCHEDULE.time_of(lam)
    right = min_snr(gamma)(lam, SCHEDULE) / native(V)(lam, SCHEDULE)
    formulas = {
        "min(SNR + 1, γ) / (SNR + 1)": torch.minimum(snr + 1, snr.new_tensor(gamma)) / (snr + 1),
        "min(SNR, γ) / (SNR + 1)": torch.minimum(snr, snr.new_tensor(gamma)) / (snr + 1),
    }
    # The same through the library's own conversion, so that two routes give the right weight.
    by_scale = (
        torch.minimum(torch.ones_like(snr), gamma / snr)
        / (error_scale(SCHEDULE, t, V) / error_scale(SCHEDULE, t, EPS)).square()
    )
    torch.testing.assert_close(by_scale, right, rtol=1e-9, atol=0)
    return pd.DataFrame(
        [
            {
                "formula": name,
                "smallest": float((weight / right).min()),
                "largest": float((weight / right).max()),
            }
            for name, weight in formulas.items()
        ]
    )
