"""The steps of the notebooks, and their proofs on all cores."""

from __future__ import annotations

import os
import time
from pathlib import Path

import mpmath as mp

from companion.build.collect import Chapter, collect
from companion.build.proving import pool, told
from companion.build.proving.keys import Keys
from companion.build.proving.report import Found, Row, Said
from companion.derivation import DerivationError, Prose, Step, check
from companion.derivation.plain import words

FEW = 8
"""So many steps are proved in this process: more are worth the start of others."""


class Ledger:
    """The steps of the notebooks in a folder, their statements in words, and the keys of the proofs."""

    def __init__(self, folder: Path) -> None:
        chapters = collect(folder)
        self.steps: dict[str, tuple[Step, Chapter]] = {}
        self.words: dict[str, tuple[Prose, Chapter]] = {}
        for chapter in chapters:
            self.steps |= {step.name: (step, chapter) for step in chapter.steps}
            self.words |= {said.name: (said, chapter) for said in chapter.in_words}
        self.keys = Keys(chapters)

    def listed(self) -> list[tuple[str, str, str | None]]:
        """Of every step its name, its chapter's, and the key of its proof."""
        return [
            (name, chapter.name, self.keys.of(step, chapter))
            for name, (step, chapter) in self.steps.items()
        ]

    def said(self) -> list[Said]:
        """What is argued in words."""
        return [
            Said(
                name,
                chapter.name,
                [words(part) for part in (w.statement, w.because, w.cites) if part],
            )
            for name, (w, chapter) in self.words.items()
        ]


def prove_all(names: list[str], ledger: Ledger, folder: Path) -> list[Row]:
    """Prove the named steps here, or on all cores where that is worth the start of the processes."""
    if len(names) <= FEW:
        return [_prove(name, ledger) for name in names]
    return pool.each(_prove_loaded, names, _load, folder, min(processes(), len(names)))


def processes() -> int:
    """The cores that this process may use, at most as many as Windows can wait for."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(mine or 1, 61)


_loaded: list[Ledger] = []
"""In a worker: the ledger, gathered again, since callables do not cross processes."""


def _load(folder: Path) -> None:
    _loaded[:] = [Ledger(folder)]


def _prove_loaded(name: str) -> Row:
    return _prove(name, _loaded[0])


def _prove(name: str, ledger: Ledger) -> Row:
    step, chapter = ledger.steps[name]
    row, start = Row(name, chapter.name), time.perf_counter()
    try:
        outcome = check(step)
    except DerivationError as error:
        row.message = str(error)
        row.head, row.shown = told.head(step), told.claim(step)
        return row
    row.key = ledger.keys.of(step, chapter)  # by what has been proved here, whatever is on the disk
    row.found = Found(
        proof=outcome.proof.tactic,
        points=outcome.points,
        error="0" if outcome.error == 0 else mp.nstr(outcome.error, 1),
        refuted=outcome.count("refuted"),
        equivalent=outcome.count("equivalent"),
        torch="" if outcome.torch_error is None else f"{outcome.torch_error:.0e}",
        seconds=time.perf_counter() - start,
        limited=outcome.limited,
        enclosed=outcome.second.points > 0,
        solved=outcome.second.solved,
    )
    row.head, row.shown, row.details = told.head(step), told.shown(outcome), told.details(outcome)
    return row
