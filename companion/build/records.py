"""What each part of the book was made from, and whether it still is what it was made from: by content.

Beside every executed notebook, and beside the rendered pages, is a *record*: the content of each file
that it was made from, the hash of each table that it read, and of each file that was made with it. A
record that no longer holds is removed, and Snakemake makes again what has no record. No time stamp is
ever looked at, so an edit with an older date, a restored file, a missing or a damaged page are all seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from companion import graph, notebooks, paths
from companion.build.browser import bundle
from companion.evidence import manifest
from companion.files import Unreadable, read_object, read_pins, sha256, write_text
from companion.paths import BOOK, ROOT

HTML = "html"
"""The name of the record of the rendered pages."""

EXECUTION = "companion.build.execute.execute"
"""The code that turns a notebook into a page: what every page is made from, beside its own code."""

RENDERING = "companion.build.book.render"

PACKAGES = "the installed packages"
"""Beside the files that a page is made from: the installed version of every package in the lock."""

YEAR = 3e7
"""Seconds that nothing here takes."""


def path(name: str, profile: str) -> Path:
    """Where the record of a notebook, or of the rendered pages, is kept."""
    return paths.records_dir(profile) / f"{name}.json"


def needs(name: str) -> dict[str, str]:
    """What notebook ``name``, or the rendering, is made from now: relative path -> hash of the content."""
    if name == HTML:
        files = [file for file in sorted(BOOK.rglob("*")) if file.is_file()]
        files += [ROOT / "_config.yml", *bundle.sources()]
        return graph.contents(RENDERING) | _hashes(files)
    source = notebooks.source(name)
    machinery = graph.contents(EXECUTION)
    return machinery | graph.contents(source) | _hashes([source]) | {PACKAGES: installed()}


def installed() -> str:
    """A hash of the version that is installed, without its build, of every package in the lock."""
    locks = [ROOT / lock for lock in paths.LOCKS if (ROOT / lock).is_file()]
    return _versions(tuple(name for lock in locks for name in read_pins(lock)))


@cache
def _versions(names: tuple[str, ...]) -> str:
    """The hash of what is installed of these packages; it does not change while a process lives."""
    versions, wanted = _installed_versions(), {_normal(name) for name in names}
    for name in wanted - versions.keys():
        with suppress(metadata.PackageNotFoundError):  # an older installer leaves another folder
            versions[name] = metadata.version(name).partition("+")[0]
    found = [f"{name}=={versions[name]}\n" for name in wanted & versions.keys()]
    return hashlib.sha256("".join(sorted(found)).encode()).hexdigest()


def _installed_versions() -> dict[str, str]:
    """The version, without its build, of each installed package by its normal name.

    It stands in the name of the folder ``name-version.dist-info`` (PyPA's "Recording installed projects");
    to read the metadata of two hundred packages would take every process half a second.
    """
    found: dict[str, str] = {}
    for place in map(Path, sys.path):
        for folder in place.glob("*-*.dist-info"):
            name, _, version = folder.stem.rpartition("-")
            found.setdefault(_normal(name), version.partition("+")[0])
    return found


def _normal(name: str) -> str:
    """The normal form of a package's name (PyPA's "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def inputs(name: str, profile: str) -> dict[str, str]:
    """What other parts of the build made and ``name`` reads: relative path -> hash, as it is now."""
    if name == HTML:
        files = [f for other in notebooks.names() for f in made(other, profile)]
        files += [
            f for f in sorted(paths.RESULTS.glob("*")) if f.is_file()
        ]  # it is compared with them
    else:
        files = [paths.figures_dir(profile) / f"{table}.csv" for table in notebooks.reads(name)]
    return _hashes(files)


def page(name: str, profile: str) -> Path:
    """The executed notebook."""
    return paths.pages_dir(profile) / f"{name}.ipynb"


def made(name: str, profile: str) -> list[Path]:
    """The files that the execution of a notebook, or the rendering, has made."""
    if name == HTML:
        return [f for f in sorted(paths.html_dir(profile).rglob("*")) if f.is_file()]
    folder = paths.figures_dir(profile)
    listing = manifest.manifest_path(name, profile)
    entries = manifest.manifest_of(name, profile).values()
    saved = [folder / file for entry in entries for file in entry["files"]]
    return [page(name, profile), *([listing] if listing.is_file() else []), *saved]


def write(name: str, profile: str, made_from: dict[str, str], seconds: float) -> None:
    """Record that ``name`` has been made: of a file that was edited meanwhile, that it was another.

    Args:
        name: a notebook, or `HTML`.
        profile: the profile.
        made_from: `needs`, as it was before the work began.
        seconds: how long it took.
    """
    graph.forget()
    now = needs(name)
    record = {
        "needs": {file: h if now.get(file) == h else "" for file, h in made_from.items()},
        "inputs": inputs(name, profile),
        "made": _hashes(made(name, profile)),
        "seconds": round(seconds, 1),
    }
    write_text(path(name, profile), json.dumps(record, indent=1, sort_keys=True) + "\n")


def read(name: str, profile: str) -> dict[str, Any] | None:
    """The record of ``name``; None if there is none that can be read."""
    try:
        record = read_object(path(name, profile))
    except Unreadable:
        return None
    tables = [record.get(part) for part in ("needs", "inputs", "made")]
    whole = all(isinstance(t, dict) and all(isinstance(h, str) for h in t.values()) for t in tables)
    return record if whole and durations({name: record.get("seconds")}) else None


def stale(profile: str) -> dict[str, str]:
    """Everything that must be made again, in order, each with the reason in words."""
    found: dict[str, str] = {}
    for name in [*notebooks.names(), HTML]:
        before = notebooks.names() if name == HTML else notebooks.after(name)
        waits = [other for other in before if other in found]
        reason = f"it reads what {waits[0]} makes" if waits else _reason(name, profile)
        if reason:
            found[name] = reason
    return found


def forget(profile: str) -> dict[str, str]:
    """Remove every record that no longer holds; return `stale`."""
    found = stale(profile)
    known = seconds(profile)
    write_text(_memory(profile), json.dumps(known, indent=1, sort_keys=True) + "\n")
    for name in found:
        path(name, profile).unlink(missing_ok=True)
        manifest.drop_damaged(name, profile)
    current = {path(name, profile).name for name in [*notebooks.names(), HTML]}
    for left in paths.records_dir(profile).glob("*.json"):
        if left.name not in current:
            left.unlink()
        elif left.stat().st_mtime > time.time():
            os.utime(left)  # Snakemake refuses an output that is older than its input
    return found


def seconds(profile: str) -> dict[str, float]:
    """How long each notebook took when last executed: here, or where the record was made."""
    known: dict[str, float] = {}
    with suppress(Unreadable):  # whoever compares with the record says what is wrong with it
        known |= durations(read_object(paths.RECORD).get("seconds"))
    with suppress(Unreadable):
        known |= durations(read_object(_memory(profile)))
    for name in [*notebooks.names(), HTML]:
        record = read(name, profile)
        known |= {name: record["seconds"]} if record else {}
    return known


def durations(found: Any) -> dict[str, float]:
    """Those of some found values that are a number of seconds."""
    items = found.items() if isinstance(found, dict) else ()
    return {k: v for k, v in items if isinstance(v, int | float) and 0 <= v < YEAR}


def _memory(profile: str) -> Path:
    return paths.build_dir(profile) / "seconds.json"


def _reason(name: str, profile: str) -> str:
    """Why ``name`` must be made again; empty if its record holds."""
    record = read(name, profile)
    if record is None:
        return "it has no record"
    if name != HTML and notebooks.relative(page(name, profile)) not in record["made"]:
        return "its record is of no page"
    if what := differs(record["needs"], needs(name)):
        return f"{what} changed"
    if what := differs(record["made"], _hashes(ROOT / file for file in record["made"])):
        return f"{what} is missing or damaged"
    if what := differs(record["inputs"], inputs(name, profile)):
        return f"{what}, which it reads, changed"
    return ""


def differs(before: dict[str, str], now: dict[str, str]) -> str:
    """The first path at which two tables of hashes differ; empty if there is none."""
    return min((p for p in before | now if before.get(p) != now.get(p)), default="")


def _hashes(files: Iterable[Path]) -> dict[str, str]:
    return {notebooks.relative(file): sha256(file) if file.is_file() else "" for file in files}
