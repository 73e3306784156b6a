"""Second provers of a step, that share no algebra with the first; see ``asked``."""

from .asked import agreement, missing, versions

__all__ = ["agreement", "missing", "versions"]
