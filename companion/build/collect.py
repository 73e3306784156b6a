"""Every derivation of the book, gathered from the notebooks without checking or training anything.

Only the cells tagged ``derivation`` are executed, in one namespace for each notebook, with checks
deferred. What a derivation rests on must exist, and must not rest on it in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from companion import notebooks, paths
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
    """
    chapters = [_chapter(path) for path in sorted(folder.glob("*.py"))]
    chapters = [chapter for chapter in chapters if chapter.derivations]
    validate([d for chapter in chapters for d in chapter.derivations])
    return chapters


def _chapter(path: Path) -> Chapter:
    cells = [
        cell
        for cell in notebooks.parse(path)["cells"]
        if cell["cell_type"] == "code" and "derivation" in cell["metadata"].get("tags", [])
    ]
    sources = tuple(cell["source"] for cell in cells)
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
    chapter.derivations.extend(derivations.values())
    return chapter


def validate(derivations: list[Derivation]) -> None:
    """Check that the graph of ``rests_on`` holds.

    Raises:
        LedgerError: for a name given twice, a name that does not exist, or a circle.
    """
    names = [derivation.name for derivation in derivations]
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise LedgerError(f"two derivations are called {twice[0]!r}: rename one")
    graph = rests_on(derivations)
    for node, below in graph.items():
        missing = [name for name in below if name not in graph]
        if missing:
            raise LedgerError(f"{node} rests on {missing[0]!r}, which no derivation proves")
    circle = _circle(graph)
    if circle:
        raise LedgerError("a circular argument: " + " rests on ".join(circle))


def rests_on(derivations: list[Derivation]) -> dict[str, list[str]]:
    """The graph: a derivation rests on what it names and on its parts; a part on what it names."""
    graph: dict[str, list[str]] = {}
    for derivation in derivations:
        parts: list[Chain | Prose] = [*derivation.chains, *derivation.in_words]
        graph[derivation.name] = [*derivation.rests_on, *(part.name for part in parts)]
        for chain in derivation.chains:
            graph[chain.name] = list(chain.steps[0].rests_on)
        for said in derivation.in_words:
            graph[said.name] = list(said.rests_on)
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
