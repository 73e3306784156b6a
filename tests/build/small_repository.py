"""A repository of two notebooks in an empty folder, built by writing files: no kernel, no Snakemake."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from companion import graph, notebooks, paths
from companion.build import records, results

PROFILE = "standard"
FIRST = "artifacts.table(frame, 'numbers', caption='One.')"
SECOND = "load('numbers')\nartifacts.table(frame, 'sums', caption='Two.')"
FILES = {
    "companion/__init__.py": "",
    "companion/build/__init__.py": "",
    "companion/build/execute.py": "def execute(): ...",
    "companion/build/book.py": "def render(): ...",
    "notebooks/01_first.py": FIRST,
    "notebooks/02_second.py": SECOND,
    "book/intro.md": "# Hello",
    "_config.yml": "title: small",
    "requirements.lock": "torch==2.11",
}
SAVED = {"01_first": "numbers", "02_second": "sums"}


class SmallRepository:
    """The files at ``root``, which the machinery takes for the repository until the test ends."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        for name, text in FILES.items():
            self.edit(name, text)
        for module in (graph, notebooks, records, paths):
            monkeypatch.setattr(module, "ROOT", root)
        monkeypatch.setattr(paths, "BUILD", root / "_build")
        monkeypatch.setattr(notebooks, "NOTEBOOKS", root / "notebooks")
        monkeypatch.setattr(records, "BOOK", root / "book")
        monkeypatch.setattr(paths, "RESULTS", root / "figures")
        monkeypatch.setattr(paths, "RECORD", root / "figures/manifest.json")

    def edit(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        graph.forget()

    def execute(self, name: str, number: float = 1.0, seconds: float = 2.0) -> None:
        """What an execution leaves behind: a page, a table, its provenance, a record."""
        made_from, table = records.needs(name), SAVED[name]
        figures = f"_build/{PROFILE}/figures"
        self.edit(f"_build/{PROFILE}/book/{name}.ipynb", "{}")
        text = f"a\n{number}\n"
        self.edit(f"{figures}/{table}.csv", text)
        files = {f"{table}.csv": hashlib.sha256(text.encode()).hexdigest()}
        entry = {"files": files, "kind": "table", "notebook": name, "tolerance": 1e-6}
        self.edit(f"{figures}/{name}.manifest.json", json.dumps({table: entry}))
        records.write(name, PROFILE, made_from, seconds)

    def render(self) -> None:
        made_from = records.needs(records.HTML)
        self.edit(f"_build/{PROFILE}/html/index.html", "<html>")
        records.write(records.HTML, PROFILE, made_from, 3.0)

    def build(self) -> SmallRepository:
        for name in SAVED:
            self.execute(name)
        self.render()
        return self

    def recorded(self) -> dict[str, str]:
        return {p.name: p.read_text() for p in (self.root / "figures").glob("*")}


def changed_lines() -> list[str]:
    """What ``make figures`` says."""
    graph.forget()
    return results.update()
