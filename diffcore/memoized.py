"""A schedule that evaluates each of its functions once for each tensor."""

from collections.abc import Callable
from functools import cache
from types import new_class
from typing import Any, TypeVar

from torch import Tensor

from diffcore.schedules.base import CHECKED, Schedule

Kind = TypeVar("Kind", bound=Schedule)


def memoized(schedule: Kind) -> Kind:
    """A schedule of the same class and fields that keeps its values: asked again, it does not compute.

    A loss needs alpha and sigma of the same times two to four times: in the noisy data, the target, the
    error scale and the weighting; and a schedule may make several of its functions from the same parts
    (:attr:`Schedule.parts`). Tensors are told apart by identity, so none may be changed in place, and every
    one is kept alive: make one for each batch, and let it go.

    It does not look at the times: who makes one has done so, or has drawn them. Made of one of its own kind,
    it is that.
    """
    if _KNOWN in vars(schedule):
        return schedule
    kind: type[Kind] = _keeping(type(schedule))
    keeping = object.__new__(kind)  # its fields have been looked at
    vars(keeping).update(vars(schedule), **{_KNOWN: {}})
    return keeping


def together(schedule: Schedule, times: Tensor) -> tuple[Tensor, ...]:
    """Times (n,), one by one, with both scales of a memoized schedule computed for all of them at once."""
    each = times.unbind()
    for name in ("alpha", "sigma"):
        values = getattr(schedule, name)(times).unbind()
        pairs = zip(each, values, strict=True)
        vars(schedule)[_KNOWN] |= {(name, id(pair[0])): pair for pair in pairs}
    return each


_KNOWN = "_known"


def _once(name: str, function: Callable[[Any, Tensor], Any]) -> Callable[[Any, Tensor], Any]:
    """The method, evaluated once for each tensor."""

    def once(self: Any, at: Tensor) -> Any:
        known, key = self._known, (name, id(at))
        if key not in known:
            known[key] = at, function(self, at)  # with `at`, whose id is then nobody else's
        return known[key][1]

    return once


@cache
def _keeping(kind: type[Schedule]) -> Any:
    """The subclass of schedules of a kind that keep their values."""
    methods = {name: getattr(kind, name) for name in (*CHECKED, *kind.parts)}
    body: dict[str, Any] = {
        name: _once(name, getattr(method, "__wrapped__", method))
        for name, method in methods.items()
    }
    body["looked_at"] = lambda self, t: t
    return new_class(kind.__name__, (kind,), {"any_time": True}, lambda space: space.update(body))
