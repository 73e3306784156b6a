"""The provenance of figures and tables: what each notebook has saved, one JSON file a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from companion import notebooks, paths
from companion.errors import UserError


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
    if not path.is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path.name} does not parse ({error}): expected JSON; delete it and run make book, "
            "which makes it again"
        ) from error
    return manifest


def prune(profile: str) -> list[str]:
    """Remove the files that no present notebook has in its manifest; return their names."""
    folder = paths.figures_dir(profile)
    if not folder.is_dir():
        return []
    keep = {file for entry in read_manifest(profile).values() for file in entry["files"]}
    keep |= {manifest_path(notebook, profile).name for notebook in notebooks.names()}
    gone = [path for path in sorted(folder.iterdir()) if path.name not in keep]
    for path in gone:
        path.unlink()
    return [path.name for path in gone]
