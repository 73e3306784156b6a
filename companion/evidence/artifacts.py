"""Figures and tables: every one is saved here, with where it came from.

A notebook opens its artifacts once and saves through them::

    artifacts = Artifacts("05_published_numbers", profile)
    artifacts.figure(fig, "floors", caption="...", alt="...", seeds=[0], n=4096)
    artifacts.table(frame, "floors", caption="...", digits={"floor": 4})

A figure becomes ``NAME.svg`` and ``NAME.png``, a table ``NAME.csv`` (every digit) and ``NAME.md``
(as shown), in the profile's figures folder, and each has an entry in ``manifest.json`` there. The
saved object, as the last line of a cell, is a numbered figure or table with its caption.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock
from matplotlib.figure import Figure

from companion import graph, paths, profiles
from companion.errors import UserError
from companion.files import write_bytes

MANIFEST = "manifest.json"
PNG_DPI = 160


@dataclass(frozen=True)
class Saved:
    """A saved figure or table, ready to be shown in a notebook and in the book."""

    name: str
    markdown: str
    html: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/html": self.html, "text/plain": self.name}


class Artifacts:
    """Where one notebook, under one profile, saves its figures and tables.

    Raises:
        UserError: if the notebook or the profile is unknown.
    """

    def __init__(self, notebook: str, profile: str) -> None:
        self.notebook = graph.find(notebook)
        self.profile = profiles.get(profile)
        self.folder = paths.figures_dir(profile)
        self.made_from = fingerprint(self.notebook)

    def figure(
        self,
        figure: Figure,
        name: str,
        *,
        caption: str,
        alt: str,
        seeds: Sequence[int] = (),
        n: int | None = None,
        runs: Sequence[str] = (),
    ) -> Saved:
        """Save ``figure`` as SVG and PNG.

        Args:
            figure: a matplotlib figure; it is closed to further display by the caller.
            name: file name without ending, unique in the book.
            caption: what to see, with units, n and seeds; MyST Markdown.
            alt: what a reader who cannot see it needs.
            seeds: the seeds of every random number behind it.
            n: the number of samples behind each point.
            runs: identifiers of the training runs behind it.
        """
        svg = io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None}, bbox_inches="tight")
        png = io.BytesIO()
        figure.savefig(
            png, format="png", dpi=PNG_DPI, metadata={"Software": None}, bbox_inches="tight"
        )
        entry = self._entry("figure", caption, alt=alt, seeds=list(seeds), n=n, runs=list(runs))
        self._save(name, {"svg": svg.getvalue(), "png": png.getvalue()}, entry)
        directive = (
            f":::{{figure}} figures/{name}.svg\n:name: fig-{_label(name)}\n"
            f":alt: {_one_line(alt)}\n:class: book-figure\n\n{caption}\n:::"
        )
        words = f"<figcaption>{html.escape(caption)}</figcaption>"
        shown = f"<figure>{svg.getvalue().decode()}{words}</figure>"
        return Saved(name, directive, shown)

    def table(
        self,
        frame: pd.DataFrame,
        name: str,
        *,
        caption: str,
        digits: int | Mapping[str, int] = 4,
        columns: Mapping[str, str] | None = None,
        seeds: Sequence[int] = (),
        n: int | None = None,
        runs: Sequence[str] = (),
    ) -> Saved:
        """Save ``frame`` as CSV and Markdown.

        Args:
            frame: what the CSV holds, with every digit; the index is not saved.
            name: file name without ending, unique in the book.
            caption: what to see, with units; MyST Markdown.
            digits: decimals shown, for all columns or by column.
            columns: the columns shown, in order, with their headings; all of them by default.
            seeds: the seeds of every random number behind it.
            n: the number of samples behind each number.
            runs: identifiers of the training runs behind it.
        """
        headings = dict(columns) if columns else {c: str(c) for c in frame.columns}
        shown = pd.DataFrame({h: _shown(frame[c], digits, c) for c, h in headings.items()})
        numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in headings]
        body = shown.to_markdown(
            index=False, disable_numparse=True, colalign=["right" if x else "left" for x in numeric]
        )
        csv = frame.to_csv(index=False, lineterminator="\n")
        entry = self._entry("table", caption, seeds=list(seeds), n=n, runs=list(runs))
        self._save(name, {"csv": csv.encode(), "md": f"{body}\n".encode()}, entry)
        directive = f":::{{table}} {_one_line(caption)}\n:name: tab-{_label(name)}\n\n{body}\n:::"
        return Saved(name, directive, shown.to_html(index=False))

    def load(self, name: str) -> pd.DataFrame:
        """The table ``name`` that a notebook saved under the same profile.

        Raises:
            UserError: if no notebook has saved it, or what is on disk is not what it saved.
        """
        return load_table(name, self.profile.name)

    def _entry(self, kind: str, caption: str, **more: Any) -> dict[str, Any]:
        return {
            "kind": kind,
            "notebook": self.notebook,
            "profile": self.profile.name,
            "made_from": self.made_from,
            "caption": _one_line(caption),
        } | {key: value for key, value in more.items() if value not in (None, [])}

    def _save(self, name: str, files: dict[str, bytes], entry: dict[str, Any]) -> None:
        for ending, data in files.items():
            write_bytes(self.folder / f"{name}.{ending}", data)
        hashes = {
            f"{name}.{ending}": hashlib.sha256(data).hexdigest() for ending, data in files.items()
        }
        with _LockedManifest(self.folder) as manifest:
            owner = manifest.get(name, entry)["notebook"]
            if owner != self.notebook:
                raise UserError(
                    f"{name!r} is already saved by notebook {owner}: expected a name of its own, "
                    f"choose another in {self.notebook}"
                )
            manifest[name] = entry | {"files": hashes}


def load_table(name: str, profile: str) -> pd.DataFrame:
    """The table ``name`` saved under ``profile``, checked against the hash it was saved with.

    Raises:
        UserError: if it is not in the manifest, is missing, or has been changed since.
    """
    folder = paths.figures_dir(profile)
    entry = read_manifest(profile).get(name)
    path = folder / f"{name}.csv"
    if entry is None or entry["kind"] != "table" or not path.is_file():
        raise UserError(
            f"no table {name!r} under profile {profile!r}: expected {path.name} in the figures "
            "folder, run the notebook that saves it (make book)"
        )
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["files"][path.name]:
        raise UserError(
            f"table {path.name} is not what notebook {entry['notebook']} saved: "
            "run that notebook again (make book)"
        )
    return pd.read_csv(io.BytesIO(data))


def read_manifest(profile: str) -> dict[str, Any]:
    """The provenance of every figure and table saved under ``profile``, by name.

    Raises:
        UserError: if the manifest does not parse.
    """
    return _read(paths.figures_dir(profile) / MANIFEST)


def prune(profile: str) -> list[str]:
    """Remove figures and tables that the present notebooks no longer make; return their names.

    All that one execution of a notebook saves has one fingerprint; what has another is left over
    from an earlier version of the notebook, unless the notebook has not been executed since.
    """
    folder = paths.figures_dir(profile)
    current = {name: fingerprint(name) for name in graph.notebooks()}
    gone = []
    with _LockedManifest(folder) as manifest:
        fresh = {
            e["notebook"] for e in manifest.values() if e["made_from"] == current.get(e["notebook"])
        }
        for name, entry in list(manifest.items()):
            notebook = entry["notebook"]
            if notebook not in current or (
                notebook in fresh and entry["made_from"] != current[notebook]
            ):
                for file in entry["files"]:
                    (folder / file).unlink(missing_ok=True)
                gone.append(name)
                del manifest[name]
    return gone


def fingerprint(notebook: str) -> str:
    """SHA-256 of the notebook's source and of every module of this repository that it imports."""
    digest = hashlib.sha256()
    for path in [graph.source(notebook), *graph.modules(notebook)]:
        digest.update(path.relative_to(paths.ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class _LockedManifest:
    """Read the manifest, let the caller change it, write it back, with no one else in between."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / MANIFEST
        self.lock = FileLock(paths.ROOT / "_build" / f"{folder.parent.name}-manifest.lock")

    def __enter__(self) -> dict[str, Any]:
        Path(self.lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        self.lock.acquire()
        try:
            self.manifest = _read(self.path)
        except BaseException:
            self.lock.release()
            raise
        return self.manifest

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                text = json.dumps(self.manifest, indent=1, sort_keys=True, ensure_ascii=False)
                write_bytes(self.path, f"{text}\n".encode())
        finally:
            self.lock.release()


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path.name} does not parse ({error.msg}, line {error.lineno}): expected JSON; "
            "delete it and run make book again"
        ) from error
    return manifest


def _shown(column: pd.Series, digits: int | Mapping[str, int], name: str) -> list[str]:
    places = digits if isinstance(digits, int) else digits.get(name, 4)
    if not pd.api.types.is_float_dtype(column):
        return [str(value) for value in column]
    return ["–" if pd.isna(value) else f"{value:.{places}f}" for value in column]


def _label(name: str) -> str:
    return name.replace("_", "-")


def _one_line(text: str) -> str:
    return " ".join(text.split())
