"""Every derivation of the book, gathered from the notebooks without checking or training anything.

Only the cells tagged ``derivation`` are executed, in one namespace for each notebook, with checks
deferred. What a derivation rests on must exist, and must not rest on it in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from companion import notebooks, paths
from companion.build import cells
from companion.derivation import Chain, Derivation, Prose, Step, deferred, fresh_ledger
from companion.errors import UserError


class LedgerError(UserError):
    """A notebook's derivation cells do not run, or the graph of derivations does not hold."""

    exit_status = 1


@dataclass(frozen=True)
class Chapter:
    """A notebook, the derivations in it, and the cells that wrote them."""

    name: str
    derivations: list[Derivation]
    cells: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The ``__module__`` of what its cells define."""
        return f"derivations_of_{self.name}"

    @property
    def chains(self) -> list[Chain]:
        """Its chains, in order."""
        return [chain for derivation in self.derivations for chain in derivation.chains]

    @property
    def steps(self) -> list[Step]:
        """Its steps, in order."""
        return [step for chain in self.chains for step in chain.steps]

    @property
    def in_words(self) -> list[Prose]:
        """Its statements that are argued in words and not checked by machine, in order."""
        return [said for derivation in self.derivations for said in derivation.in_words]


def collect(folder: Path = paths.NOTEBOOKS) -> list[Chapter]:
    """The chapters of ``folder`` that have derivations, in order of their names.

    Raises:
        LedgerError: if a cell raises, or the graph does not hold (see :func:`validate`).
        CellError: if a chain is in a cell without the tag.
    """
    chapters = [_chapter(path) for path in sorted(folder.glob("*.py"))]
    chapters = [chapter for chapter in chapters if chapter.derivations]
    validate([d for chapter in chapters for d in chapter.derivations])
    return chapters


def _chapter(path: Path) -> Chapter:
    code_cells = [c for c in notebooks.parse(path)["cells"] if c["cell_type"] == "code"]
    tagged = [c for c in code_cells if "derivation" in c["metadata"].get("tags", [])]
    sources = tuple(cell["source"] for cell in tagged)
    chapter = Chapter(path.stem, [], sources)
    namespace: dict[str, Any] = {"__name__": chapter.module}
    with fresh_ledger() as derivations, deferred():
        for number, source in enumerate(sources, 1):
            code = compile(source, f"{path.name}, derivation cell {number}", "exec")
            try:
                exec(code, namespace)
            except Exception as error:
                raise LedgerError(
                    f"{path.name}: derivation cell {number} of {len(sources)} raises "
                    f"{type(error).__name__}: {error}; cells tagged 'derivation' must run by themselves"
                ) from error
    chapter.derivations.extend(derivations)
    written = {name for name, value in namespace.items() if isinstance(value, Derivation)}
    for cell in code_cells:  # whatever name a derivation goes by
        cells.check_tag(path, cell, written)
    return chapter


def validate(derivations: list[Derivation]) -> None:
    """Check that the graph of ``rests_on`` holds.

    Raises:
        LedgerError: for a name given twice; for resting on what does not exist, is empty, comes later, or
            rests on it in turn.
    """
    names = [derivation.name for derivation in derivations]
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise LedgerError(f"two derivations are called {twice[0]!r}: rename one")
    graph = rests_on(derivations)
    empty = [d.name for d in derivations if not d.parts]
    for node, below in graph.items():
        missing = [name for name in below if name not in graph]
        if missing:
            raise LedgerError(f"{node} rests on {missing[0]!r}, which no derivation proves")
    circle = _circle(graph)
    if circle:
        raise LedgerError("a circular argument: " + " rests on ".join(circle))
    written: list[str] = []
    for node, below in graph.items():
        named = [name for name in below if not name.startswith(f"{node}/")]
        for name in named:
            if name in empty:
                raise LedgerError(
                    f"{node} rests on {name!r}, which has no chain and no statement: write one"
                )
            if name not in written:
                raise LedgerError(f"{node} rests on {name!r}, which comes later: move it before")
        written.append(node)


def rests_on(derivations: list[Derivation]) -> dict[str, list[str]]:
    """The graph: a derivation rests on what it names and on its parts; a part on what it names."""
    graph: dict[str, list[str]] = {}
    for derivation in derivations:
        graph[derivation.name] = [*derivation.rests_on, *(part.name for part in derivation.parts)]
        for part in derivation.parts:
            below = part.steps[0].rests_on if isinstance(part, Chain) else part.rests_on
            graph[part.name] = list(below)
    return graph


def _circle(graph: dict[str, list[str]]) -> list[str]:
    """One circle, its first name repeated at the end; empty if there is none."""
    done: list[str] = []

    def visit(node: str, trail: list[str]) -> list[str]:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return []
        for below in graph[node]:
            found = visit(below, [*trail, node])
            if found:
                return found
        done.append(node)
        return []

    return next((c for node in graph if (c := visit(node, []))), [])
