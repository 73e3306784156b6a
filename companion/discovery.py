"""What grows is discovered: a new claim, grid or library is a new file, and no list names it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from companion import paths


def discover(pattern: str) -> list[ModuleType]:
    """Import the modules of this repository that match, in order of their names.

    Args:
        pattern: dotted, with ``*`` for one part, e.g. ``"companion.chapters.*.claims"``. Write it as a plain
            string: `companion.graph` reads it too, so that what is discovered is depended on.
    """
    files = sorted(paths.ROOT.glob(f"{pattern.replace('.', '/')}.py"))
    names = [".".join(file.relative_to(paths.ROOT).with_suffix("").parts) for file in files]
    return [import_module(name) for name in names if not name.endswith("__init__")]
