r"""Averages over data of integrals over the log-SNR, at few evaluations and with an honest error.

An integral :math:`\int E_{x,\epsilon} f(x, \epsilon, \lambda)\, d\lambda` is estimated by points in the unit
cube: one coordinate is the quantile of the noise level, others choose the data, the rest are the noise's.
Three choices decide how far an estimate is off, and none of them its mean:

- the time sampler, by default a :func:`pilot`'s: dense where the integrand varies;
- the point set, by default scrambled :class:`Sobol` points;
- what is subtracted: the bound's integrand has less variance without the error of the best linear guess,
  whose mean is known (:func:`best_linear_excess`).

The standard error is that of independent scrambles, so it asks for nothing but their independence.
"""

from diffcore.estimates.data import Data, rows
from diffcore.estimates.integrals import Integral, integral
from diffcore.estimates.means import (
    best_linear_excess,
    bound_integrand,
    excess_integrand,
    mean_excess,
    mean_nelbo,
)
from diffcore.estimates.pilots import PiecewiseLinear, pilot
from diffcore.estimates.points import Independent, LatinHypercube, PointSet, Sobol, StratifiedTimes

__all__ = [
    "Data",
    "Independent",
    "Integral",
    "LatinHypercube",
    "PiecewiseLinear",
    "PointSet",
    "Sobol",
    "StratifiedTimes",
    "best_linear_excess",
    "bound_integrand",
    "excess_integrand",
    "integral",
    "mean_excess",
    "mean_nelbo",
    "pilot",
    "rows",
]
