"""Noise schedules, one file each; :mod:`diffcore.schedules.base` says what a schedule is."""

from diffcore.schedules.base import Schedule
from diffcore.schedules.cosine import Cosine
from diffcore.schedules.linear_beta import LinearBeta
from diffcore.schedules.offset_cosine import OffsetCosine
from diffcore.schedules.pointwise import Pointwise
from diffcore.schedules.rectified_flow import RectifiedFlow
from diffcore.schedules.sub_vp import SubVP
from diffcore.schedules.variance_exploding import VarianceExploding

__all__ = [
    "Cosine",
    "LinearBeta",
    "OffsetCosine",
    "Pointwise",
    "RectifiedFlow",
    "Schedule",
    "SubVP",
    "VarianceExploding",
]
