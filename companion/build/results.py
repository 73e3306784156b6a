"""The results of record: the figures and tables committed in ``figures/``.

A build never touches them. `update` replaces them by what was built, and says what changed and why;
`compared` says how well a build reproduces them.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

from companion import notebooks, paths, profiles
from companion.build import records
from companion.errors import UserError
from companion.evidence import manifest
from companion.evidence.compare import TOLD, Comparison, compare
from companion.files import read_object, write_bytes

PROFILE = profiles.STANDARD.name
"""The profile of the results of record."""


def record() -> dict[str, Any]:
    """The manifest of the record: ``artifacts`` by name, ``needs`` and ``seconds`` by notebook.

    Without a record it is empty.

    Raises:
        UserError: if it cannot be read.
    """
    if not paths.RECORD.exists():
        return {"artifacts": {}, "needs": {}, "seconds": {}}
    try:
        found = read_object(paths.RECORD)
        return {
            "artifacts": manifest.entries(_part(found, "artifacts", object)),
            "needs": _part(found, "needs", dict),
            "seconds": records.durations(_part(found, "seconds", int | float)),
        }
    except ValueError as error:
        raise UserError(
            f"{notebooks.relative(paths.RECORD)} cannot be read ({error}): expected the manifest of the "
            "results of record; restore it from git, or remove it and make it again with make figures"
        ) from error


def _part(found: dict[str, Any], name: str, kind: Any) -> dict[str, Any]:
    """One part of the record: an object whose values are all of one kind."""
    part = found.get(name)
    if not isinstance(part, dict) or not all(isinstance(value, kind) for value in part.values()):
        raise ValueError(f"expected {name}, an object for each notebook or artifact")
    return part


def compared() -> list[Comparison]:
    """What the last build made beside the record, a comparison for each figure and table.

    Raises:
        UserError: if the record cannot be read.
    """
    made = manifest.read_manifest(PROFILE)
    return compare(paths.RESULTS, record()["artifacts"], paths.figures_dir(PROFILE), made)


def update() -> list[str]:
    """Make the last build the record; return what changed, and why, a line for each.

    Raises:
        UserError: if the build is not up to date.
    """
    stale = records.stale(PROFILE)
    stale.pop(records.HTML, None)
    if stale:
        name, reason = next(iter(stale.items()))
        raise UserError(
            f"notebook {name} is not up to date ({reason}): expected a finished build of profile {PROFILE}; "
            "run make book first"
        )
    old = record()
    made = manifest.read_manifest(PROFILE)
    built = {name: records.read(name, PROFILE) or {} for name in notebooks.names()}
    new = {
        "artifacts": made,
        "needs": {name: r["needs"] | r["inputs"] for name, r in built.items()},
        "seconds": records.seconds(PROFILE),
    }
    lines = [
        f"{c.words}{_why(c, old, new)}"
        for c in compare(paths.RESULTS, old["artifacts"], paths.figures_dir(PROFILE), made)
        if _content(c.name, old) != _content(c.name, new)
    ]
    if not lines and old["needs"] == new["needs"]:
        return []  # how long it took this time is no result
    files = {file for entry in made.values() for file in entry["files"]}
    paths.RESULTS.mkdir(exist_ok=True)
    for file in sorted(files):
        shutil.copyfile(paths.figures_dir(PROFILE) / file, paths.RESULTS / file)
    text = json.dumps(new, indent=1, sort_keys=True, ensure_ascii=False)
    write_bytes(paths.RECORD, f"{text}\n".encode())
    for path in paths.RESULTS.iterdir():
        if path.name not in files and path != paths.RECORD:
            path.unlink()
    return lines


def _content(name: str, manifest: dict[str, Any]) -> Any:
    """The hashes of a figure's or table's files, and what the reader is told beside them."""
    entry = manifest["artifacts"].get(name, {})
    return [entry.get(key) for key in ("files", *TOLD)]


def _why(comparison: Comparison, old: dict[str, Any], new: dict[str, Any]) -> str:
    """What its notebook was made from that has changed since the record."""
    notebook = comparison.entry["notebook"]
    before, now = (manifest["needs"].get(notebook, {}) for manifest in (old, new))
    changed = sorted(path for path in before | now if before.get(path) != now.get(path))
    if not changed:
        return "; nothing that it is made from has changed: another machine or other packages"
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"; changed: {', '.join(changed[:3])}{more}"
