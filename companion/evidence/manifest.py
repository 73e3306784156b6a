"""The provenance of figures and tables: what each notebook has saved, one JSON file a notebook.

Whatever a manifest says is checked where it is read, the committed one of the record too: a file that it
names is a bare name, so nothing outside its folder is ever read, copied or removed for it.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from companion import notebooks, paths
from companion.errors import UserError
from companion.files import read_object

NAME = re.compile(r"\w[\w-]*")
"""What a figure or a table may be called."""

ENDINGS = {"figure": {"svg", "png", "drawn.csv"}, "table": {"csv", "md"}}
"""Of the files that each kind is saved as."""


def entries(found: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a manifest, by name of figure or table.

    Raises:
        ValueError: saying which entry is not what `companion.evidence.artifacts` writes.
    """
    for name, entry in found.items():
        if problem := _problem(name, entry):
            raise ValueError(f"entry {name!r}: {problem}")
    return dict(found)


def _problem(name: str, entry: Any) -> str:
    """What is wrong with one entry; empty if nothing is."""
    if not NAME.fullmatch(name):
        return "expected a name of letters, digits, _ and -"
    if not isinstance(entry, dict):
        return f"expected an object, not {type(entry).__name__}"
    if entry.get("kind") not in (*ENDINGS,):
        return f"expected a kind, {' or '.join(ENDINGS)}"
    if not isinstance(entry.get("notebook"), str):
        return "expected the name of its notebook"
    tolerance = entry.get("tolerance")
    if not isinstance(tolerance, int | float) or not 0 <= tolerance <= 2:
        return "expected a tolerance, a relative difference from 0 to 2"
    negligible = entry.get("negligible", 0)
    if not isinstance(negligible, int | float) or not 0 <= negligible < math.inf:
        return "expected a negligible difference, a number from 0 on"
    files = entry.get("files")
    if not isinstance(files, dict) or not files:
        return "expected its files, each with its hash"
    for file, value in files.items():
        if file not in {f"{name}.{ending}" for ending in ENDINGS[entry["kind"]]}:
            return f"it has a file {file!r}: expected {name}. and the ending of a {entry['kind']}"
        if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
            return f"expected the SHA-256 of {file}"
    return ""


def manifest_path(notebook: str, profile: str) -> Path:
    """Where the provenance of what ``notebook`` saves under ``profile`` is kept."""
    return paths.figures_dir(profile) / f"{notebook}.manifest.json"


def manifest_of(notebook: str, profile: str) -> dict[str, Any]:
    """The provenance of every figure and table that ``notebook`` has saved under ``profile``, by name.

    Raises:
        UserError: if its manifest does not parse.
    """
    return _read(manifest_path(notebook, profile))


def read_manifest(profile: str) -> dict[str, Any]:
    """The provenance of every figure and table saved under ``profile``, by name.

    Raises:
        UserError: if a manifest does not parse.
    """
    return manifest_in(paths.figures_dir(profile))


def manifest_in(folder: Path) -> dict[str, Any]:
    """The provenance of everything that the present notebooks saved in a folder; see `read_manifest`."""
    entries: dict[str, Any] = {}
    for notebook in notebooks.names():
        entries |= _read(folder / f"{notebook}.manifest.json")
    return entries


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return entries(read_object(path))
    except ValueError as error:
        raise UserError(
            f"{path.name} cannot be read ({error}): expected the manifest that a notebook writes; delete it "
            "and run make book, which makes it again"
        ) from error


def drop_damaged(notebook: str, profile: str) -> None:
    """Remove a notebook's manifest if it cannot be read: for when the notebook is to be executed again."""
    try:
        manifest_of(notebook, profile)
    except UserError:
        manifest_path(notebook, profile).unlink()


def prune(profile: str) -> list[str]:
    """Remove what no present notebook has in its manifest, in this folder alone; return the names."""
    folder = paths.figures_dir(profile)
    if not folder.is_dir():
        return []
    keep = {file for entry in read_manifest(profile).values() for file in entry["files"]}
    keep |= {manifest_path(notebook, profile).name for notebook in notebooks.names()}
    gone = [path for path in sorted(folder.iterdir()) if path.name not in keep]
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [path.name for path in gone]
