"""Figures and tables: every one is saved here, with where it came from.

A notebook opens its artifacts once and saves through them::

    artifacts = Artifacts("05_published_numbers", profile)
    artifacts.figure(fig, "floors", caption="...", alt="...", seeds=[0], n=4096)
    artifacts.table(frame, "floors", caption="...", digits={"floor": 4})

A figure becomes ``NAME.svg``, ``NAME.png`` and ``NAME.drawn.csv`` (the numbers that it draws), a table
``NAME.csv`` (every digit) and ``NAME.md`` (as shown), in the profile's figures folder. Each has an entry
in the notebook's own manifest there, which begins empty whenever the notebook does. The saved object, as
the last line of a cell, is a numbered figure or table with its caption.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pandas as pd

from companion import graph, notebooks, paths, profiles
from companion.errors import UserError
from companion.evidence.manifest import NAME, manifest_of, manifest_path, read_manifest
from companion.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_DPI = 160

TOLERANCE = 1e-6
"""Largest relative difference to expect on another machine, unless a figure or table states its own."""


class Provenance(TypedDict, total=False):
    """What a figure or table is made from, beside its notebook, profile and code; each may be left out.

    Attributes:
        seeds: the seeds of every random number behind it.
        n: the number of samples behind each point or number.
        runs: identifiers of the training runs behind it.
        tolerance: largest relative difference to expect on another machine; `TOLERANCE` by default.
        negligible: a difference, in the unit of the numbers themselves, up to which none is counted, for
            numbers that may come close to zero, where relative ones say little; 0 by default.
    """

    seeds: Sequence[int]
    n: int
    runs: Sequence[str]
    tolerance: float
    negligible: float


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
        self.notebook = notebooks.find(notebook)
        self.profile = profiles.get(profile)
        self.folder = paths.figures_dir(profile)
        self.made_from = graph.digest(notebooks.source(self.notebook))
        self.entries: dict[str, Any] = {}

    def figure(
        self,
        figure: Figure,
        name: str,
        *,
        caption: str,
        alt: str,
        **provenance: Unpack[Provenance],
    ) -> Saved:
        """Save ``figure`` as SVG and PNG, with the numbers that it draws.

        Args:
            figure: a matplotlib figure; it is closed to further display by the caller.
            name: file name without ending, unique in the book.
            caption: what to see, with units, n and seeds; MyST Markdown.
            alt: what a reader who cannot see it needs.
            **provenance: see `Provenance`.

        Raises:
            UserError: if another notebook has saved something under that name.
        """
        from companion.evidence import drawn  # with matplotlib, which tables do not need

        svg = io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None}, bbox_inches="tight")
        png = io.BytesIO()
        figure.savefig(
            png, format="png", dpi=PNG_DPI, metadata={"Software": None}, bbox_inches="tight"
        )
        numbers = drawn.numbers(figure).to_csv(index=False, lineterminator="\n").encode()
        entry = self._entry("figure", caption, **provenance) | {"alt": alt}
        self._save(
            name, {"svg": svg.getvalue(), "png": png.getvalue(), "drawn.csv": numbers}, entry
        )
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
        digits: int | Mapping[str, int | str] = 4,
        columns: Mapping[str, str] | None = None,
        ends: Mapping[str, tuple[str, str]] | None = None,
        words: Mapping[str, Mapping[str, str]] | None = None,
        **provenance: Unpack[Provenance],
    ) -> Saved:
        """Save ``frame`` as CSV and Markdown.

        Args:
            frame: what the CSV holds, with every digit; the index is not saved.
            name: file name without ending, unique in the book.
            caption: what to see, with units; MyST Markdown.
            digits: decimals shown, for all columns or by column; or a column's format, e.g. ``".0e"``.
            columns: the columns shown, in order, with their headings; all of them by default.
            words: of columns shown, how their cells are written; there is a word for each.
            ends: of columns shown, the two with the ends of an interval, shown in the same cell, unless it
                is a point or not known.
            **provenance: see `Provenance`.

        Raises:
            UserError: if another notebook has saved something under that name.
            ValueError: if the ends of an interval are the wrong way round.
        """
        headings = dict(columns) if columns else {c: str(c) for c in frame.columns}
        cells = {c: _shown(frame[c], digits, c) for c in headings}
        for column, word in (words or {}).items():
            if column in cells:
                cells[column] = [word[value] for value in frame[column]]
        for column, pair in (ends or {}).items():
            if (frame[pair[0]] > frame[pair[1]]).any():
                raise ValueError(f"table {name}: expected {pair[0]} <= {pair[1]} in every row")
            low, high = (_shown(frame[end], digits, column) for end in pair)
            sampled = frame[pair[0]] < frame[pair[1]]
            spans = zip(cells[column], low, high, sampled, strict=True)
            cells[column] = [f"{v} ({a} to {b})" if wide else v for v, a, b, wide in spans]
        shown = pd.DataFrame({h: cells[c] for c, h in headings.items()})
        numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in headings]
        body = shown.to_markdown(
            index=False, disable_numparse=True, colalign=["right" if x else "left" for x in numeric]
        )
        csv = frame.to_csv(index=False, lineterminator="\n")
        entry = self._entry("table", caption, **provenance)
        self._save(name, {"csv": csv.encode(), "md": f"{body}\n".encode()}, entry)
        directive = f":::{{table}} {_one_line(caption)}\n:name: tab-{_label(name)}\n\n{body}\n:::"
        return Saved(name, directive, shown.to_html(index=False))

    def load(self, name: str) -> pd.DataFrame:
        """The table ``name`` that a notebook saved under the same profile; see `load_table`."""
        return load_table(name, self.profile.name)

    def _entry(
        self,
        kind: str,
        caption: str,
        *,
        seeds: Sequence[int] = (),
        n: int | None = None,
        runs: Sequence[str] = (),
        tolerance: float = TOLERANCE,
        negligible: float = 0.0,
    ) -> dict[str, Any]:
        more = {
            "seeds": list(seeds),
            "n": n,
            "runs": list(runs),
            "negligible": float(negligible) or None,
        }
        return {
            "kind": kind,
            "notebook": self.notebook,
            "profile": self.profile.name,
            "made_from": self.made_from,
            "caption": _one_line(caption),
            "tolerance": tolerance,
        } | {key: value for key, value in more.items() if value not in (None, [])}

    def _save(self, name: str, files: dict[str, bytes], entry: dict[str, Any]) -> None:
        if not NAME.fullmatch(name):
            raise UserError(
                f"{name!r} cannot be the name of a {entry['kind']}: expected letters, digits, _ and -; "
                f"choose another in {self.notebook}"
            )
        # Whose name it is comes first: nothing of another notebook is ever overwritten.
        for owner in notebooks.names():
            if owner != self.notebook and name in manifest_of(owner, self.profile.name):
                raise UserError(
                    f"{name!r} is already saved by notebook {owner}: expected a name of its own, "
                    f"choose another in {self.notebook}"
                )
        if self.entries.get(name, entry)["kind"] != entry["kind"]:
            raise UserError(
                f"{name!r} is a {self.entries[name]['kind']} of {self.notebook} already: expected a "
                f"name of its own for the {entry['kind']}; choose another"
            )
        for ending, data in files.items():
            write_bytes(self.folder / f"{name}.{ending}", data)
        hashes = {
            f"{name}.{ending}": hashlib.sha256(data).hexdigest() for ending, data in files.items()
        }
        self.entries[name] = entry | {"files": hashes}
        text = json.dumps(self.entries, indent=1, sort_keys=True, ensure_ascii=False)
        write_bytes(manifest_path(self.notebook, self.profile.name), f"{text}\n".encode())


def load_table(name: str, profile: str) -> pd.DataFrame:
    """The table ``name`` saved under ``profile``, checked against the hash it was saved with.

    Raises:
        UserError: if it is not in a manifest, is missing, or has been changed since.
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


def _shown(column: pd.Series, digits: int | Mapping[str, int | str], name: str) -> list[str]:
    places = digits if isinstance(digits, int) else digits.get(name, 4)
    form = places if isinstance(places, str) else f".{places}f"
    if not pd.api.types.is_float_dtype(column):
        return [str(value) for value in column]
    return ["–" if pd.isna(value) else f"{value:{form}}" for value in column]


def _label(name: str) -> str:
    return name.replace("_", "-")


def _one_line(text: str) -> str:
    return " ".join(text.split())
