"""What diffcore offers: every public function and concrete class, each of which has a call in ``calls``."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import diffcore as dc
from diffcore import networks, training

ROOMS = (
    dc.bounds, dc.estimates, dc.likelihood, dc.targets, dc.times, dc.weightings, dc.schedules, dc.catalogue,
    dc.exact, dc.masked, dc.published, dc.samplers, networks, training,
)  # fmt: skip
RECORDS = {"Bound", "Times", "Draw", "Level", "Predicted", "Chain", "Integral"}
"""What a function returns: values with names, made by nobody else."""
ABSTRACT = {"Scales"}
"""Protocols."""


def public() -> dict[str, Any]:
    """Every public function and concrete class, by name."""
    found: dict[str, Any] = {}
    for module in (dc, *ROOMS):
        names = getattr(module, "__all__", None) or [
            name
            for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        ]
        for name in names:
            thing = getattr(module, name)
            if isinstance(thing, ModuleType) or not (
                inspect.isclass(thing) or inspect.isfunction(thing)
            ):
                continue
            if inspect.isabstract(thing) or name in RECORDS | ABSTRACT:
                continue
            found[name] = thing
    return found
