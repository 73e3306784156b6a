"""A value as JSON: what a run's configuration stores of its loss, its network and its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from pkgutil import resolve_name
from typing import Any

from companion.errors import UserError


def as_json(value: Any) -> Any:
    """Return a value as JSON that says all that it is.

    A dataclass is ``{"class": "module.Name"}`` and its fields; a `functools.partial` is
    ``{"call": "module.name"}`` with its ``arguments`` and ``options``; a class or function is its name.

    Raises:
        UserError: if it is none of these, nor a plain value, nor a tuple or list of them.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [as_json(item) for item in value]
        case partial():
            options = {name: as_json(option) for name, option in value.keywords.items()}
            arguments = as_json(value.args)
            return {"call": _name(value.func), "arguments": arguments, "options": options}
        case type():
            return _name(value)
        case _ if is_dataclass(value):
            held = {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
            return {"class": _name(type(value))} | held
        case _ if callable(value):
            return _name(value)
    raise _unknown(value)


def modules(value: Any) -> Iterator[str]:
    """Yield the modules that define the classes and functions in a value; some more than once."""
    match value:
        case None | bool() | int() | float() | str():
            return
        case tuple() | list():
            parts: list[Any] = list(value)
        case partial():
            parts = [value.func, *value.args, *value.keywords.values()]
        case _ if is_dataclass(value) and not isinstance(value, type):
            parts = [type(value), *(getattr(value, field.name) for field in fields(value))]
        case _:
            yield value.__module__
            return
    for part in parts:
        yield from modules(part)


def _name(value: Callable[..., Any]) -> str:
    qualified = getattr(value, "__qualname__", "<")
    if "<" in qualified or getattr(value, "__module__", None) is None:  # <lambda>, <locals>; a slot
        raise _unknown(value)
    # What is found under the name must be the value itself: a bound method or a wrapper is another thing.
    try:
        found = resolve_name(f"{value.__module__}:{qualified}")
    except AttributeError:
        found = value  # it is of no file: whoever asks for its code is told so
    if found is not value:
        raise _unknown(value)
    return f"{value.__module__}.{qualified}"


def _unknown(value: object) -> UserError:
    return UserError(
        f"a run cannot be recognised by {value!r}: expected plain values, dataclasses, classes, "
        "functions or functools.partial of them; no lambda, no method, and nothing defined inside a function"
    )
