"""Second provers of a step, that share no algebra with the first; see ``asked``."""

from .asked import agreement, load, missing, versions

__all__ = ["agreement", "load", "missing", "versions"]
