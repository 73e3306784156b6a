"""Training runs: each model is trained once, kept in a folder of its own, and found again."""

from companion.runs.run import Run, Trained
from companion.runs.training import get

__all__ = ["Run", "Trained", "get"]
