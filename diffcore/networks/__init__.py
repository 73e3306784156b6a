"""Small networks: what the book trains.

A network is any callable ``net(z, t) -> prediction`` with ``z`` (batch, ...) and ``t`` (batch,).
"""

from diffcore.networks.study_mlp import StudyMLP
from diffcore.networks.time_mlp import TimeMLP
from diffcore.networks.weights import frozen, initialised

__all__ = ["StudyMLP", "TimeMLP", "frozen", "initialised"]
