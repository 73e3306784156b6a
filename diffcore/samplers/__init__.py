"""Samplers: from noise to data, with a denoiser of any target.

A sampler is a solver (how one step is made) on a grid (at which noise levels): two frozen choices, given to
:func:`sample`.
"""

from diffcore.samplers.grids import Grid, Karras, UniformLogSNR, UniformTime
from diffcore.samplers.ode import DPMSolver2M, Euler, Heun
from diffcore.samplers.sde import DDIM, EulerMaruyama, ExponentialSDE, GaussianStep, Langevin
from diffcore.samplers.solver import Chain, Level, Predicted, Solver
from diffcore.samplers.walk import sample, trajectory

__all__ = [
    "DDIM",
    "Chain",
    "DPMSolver2M",
    "Euler",
    "EulerMaruyama",
    "ExponentialSDE",
    "GaussianStep",
    "Grid",
    "Heun",
    "Karras",
    "Langevin",
    "Level",
    "Predicted",
    "Solver",
    "UniformLogSNR",
    "UniformTime",
    "sample",
    "trajectory",
]
