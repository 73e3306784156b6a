"""What has been proved is kept, by content, so that only what has changed is proved again.

Two things are kept, each in a file that says itself whether it is whole: the outcome of each step, under its
key (`companion.build.proving.keys`), and the list of steps with their keys, under the `stamp` of all that
gathering them can read. The list saves the notebooks' derivation cells from being run, and with them the
import of torch, where nothing at all has changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

from companion.files import read_object, sha256, write_text
from companion.loaded import packages
from companion.paths import BUILD

PROOFS = BUILD / "proofs"


def stamp(folder: Path) -> str:
    """A hash of the notebooks in ``folder``, of every file of our packages, and of what is installed.

    Our packages are all that the derivation cells of a notebook may import of this repository.
    """
    notebooks = [[path.name, sha256(path)] for path in sorted(folder.glob("*.py"))]
    ours = [[str(path), content] for path, content in packages().items()]
    places = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    installed = sorted(p.name for place in places for p in Path(place).glob("*.dist-info"))
    return hashed([notebooks, ours, installed, sys.version])


def hashed(value: Any) -> str:
    """The hash of a value made of lists, strings and numbers."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def load(folder: Path, key: str | None) -> Any:
    """What is kept under ``key``; None if there is nothing, or not in one piece."""
    if key is None:
        return None
    try:
        kept = read_object(folder / f"{key}.json")
        return kept["value"] if kept["seal"] == hashed([key, kept["value"]]) else None
    except (ValueError, KeyError, TypeError):
        return None


def save(folder: Path, key: str | None, value: Any) -> None:
    """Keep ``value``, lists, strings and numbers, under ``key``; without a key, not.

    Raises:
        UserError: if it cannot be written.
    """
    if key is not None:
        kept = {"value": value, "seal": hashed([key, value])}
        write_text(folder / f"{key}.json", json.dumps(kept, indent=1) + "\n")
