"""The arguments of diffcore's choices: frozen values whose fields are looked at as they are made."""

from __future__ import annotations

from typing import Any

import diffcore as dc
from diffcore import training

CHOICES: dict[type, dict[str, tuple[Any, str]]] = {
    dc.schedules.Cosine: {"shift": (0.5, "number")},
    dc.schedules.LinearBeta: {
        "beta_min": (0.1, "not negative"),
        "beta_max": (20.0, "positive"),
    },
    dc.schedules.SubVP: {"beta_min": (0.1, "not negative"), "beta_max": (20.0, "positive")},
    dc.schedules.VarianceExploding: {
        "sigma_min": (0.01, "positive"),
        "sigma_max": (50.0, "positive"),
    },
    dc.schedules.OffsetCosine: {"offset": (0.008, "share")},
    dc.schedules.RectifiedFlow: {},
    dc.schedules.Pointwise: {"alpha_t": (0.6, ""), "sigma_t": (0.8, "")},
    dc.times.Uniform: {},
    dc.times.UniformLogSNR: {"low": (-5.0, "log-SNR"), "high": (5.0, "log-SNR")},
    dc.times.LogitNormal: {"mean": (0.0, "number"), "std": (1.0, "positive")},
    dc.times.LogNormalSigma: {"mean": (-1.2, "number"), "std": (1.2, "positive")},
    dc.times.Stratified: {"base": (dc.times.Uniform(), "choice")},
    dc.times.SharedOffset: {"base": (dc.times.Uniform(), "choice")},
    dc.samplers.DDIM: {"eta": (0.5, "share")},
    dc.samplers.Euler: {},
    dc.samplers.Heun: {"scaled": (True, "flag")},
    dc.samplers.DPMSolver2M: {},
    dc.samplers.EulerMaruyama: {},
    dc.samplers.ExponentialSDE: {},
    dc.samplers.Langevin: {
        "predictor": (dc.samplers.DDIM(), "choice"),
        "sweeps": (1, "count"),
        "size": (0.1, "positive"),
    },
    dc.samplers.UniformTime: {},
    dc.samplers.UniformLogSNR: {},
    dc.samplers.Karras: {"rho": (7.0, "positive")},
    dc.likelihood.RungeKutta: {"steps": (8, "count")},
    dc.likelihood.ExactDivergence: {},
    dc.likelihood.Hutchinson: {"probes": (2, "count"), "signs": (True, "flag")},
    dc.estimates.Independent: {},
    dc.estimates.StratifiedTimes: {},
    dc.estimates.LatinHypercube: {},
    dc.estimates.Sobol: {},
    dc.estimates.PiecewiseLinear: {
        "low": (-5.0, "log-SNR"),
        "high": (5.0, "log-SNR"),
        "heights": ((1.0, 2.0, 0.5), "heights"),
    },
    dc.weightings.Elbo: {},
    dc.weightings.Native: {"target": (dc.X, "choice")},
    dc.weightings.Tabulated: {
        "of": ("a table", "text"),
        "log_snr": ((-20.0, 0.0, 20.0), "heights"),
        "weights": ((1.0, 2.0, 0.5), "heights"),
    },
    dc.weightings.InTurn: {
        "parts": ((dc.weightings.Elbo(), dc.weightings.Native(dc.V)), "weightings")
    },
    dc.catalogue.EDM: {
        "sigma_data": (0.5, "positive"),
        "mean": (-1.2, "number"),
        "std": (1.2, "positive"),
    },
    dc.catalogue.MinSNR: {"gamma": (5.0, "positive")},
    dc.catalogue.P2: {"gamma": (1.0, "not negative"), "k": (1.0, "positive")},
    dc.catalogue.Sigmoid: {"bias": (2.0, "number")},
    dc.masked.CosineMasking: {},
    dc.masked.LinearMasking: {},
    dc.masked.PowerMasking: {"power": (2.0, "positive")},
    dc.published.GuardedScore: {"guard": (0.01, "number not negative")},
    dc.published.Published: {
        "objective": ("nelbo", "name"),
        "predicts": ("x", "name"),
        "guard": (0.01, "number not negative"),
    },
    dc.published.ScoreWalk: {"guard": (0.01, "not negative")},
    dc.targets.Data: {},
    dc.targets.Noise: {},
    dc.targets.AngularVelocity: {},
    dc.targets.Score: {},
    dc.targets.FlowVelocity: {},
    dc.Row: {"a": (1.0, "scalar"), "b": (0.5, "scalar")},
    training.Plan: {
        "steps": (3, "count"),
        "batch": (8, "count"),
        "learning_rate": (1e-3, "positive"),
        "ema": (0.9, "probability"),
        "shuffled": (True, "flag"),
        "equalised": (False, "flag"),
    },
    dc.Loss: {
        "schedule": (dc.schedules.Cosine(), "choice"),
        "target": (dc.V, "choice"),
        "weighting": (dc.weightings.Elbo(), "choice"),
        "times": (dc.times.Uniform(), "choice"),
    },
}
"""Of each class, a good value of every field and its kind."""
