"""Check every derivation step of the book, in two processes, and print what was found."""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import mpmath as mp
from rich.console import Console
from rich.table import Table

from companion import paths
from companion.errors import UserError

PROCESSES = 2

FEW = 8
"""So many steps are checked in this process."""


@dataclass
class Row:
    """What became of one step, in plain values that can cross a process border."""

    step: str
    chapter: str
    ok: bool = False
    message: str = ""
    proof: str = ""
    points: int = 0
    error: str = ""
    refuted: int = 0
    equivalent: int = 0
    torch: str = ""
    seconds: float = 0.0
    details: list[str] = field(default_factory=list)


def run(names: list[str], verbose: bool = False, folder: Path = paths.NOTEBOOKS) -> int:
    """Check the named steps, chains, derivations or chapters (all if none is named); print a table.

    Returns:
        0 if every step is accepted, 1 otherwise.

    Raises:
        UserError: for a name that is none of these.
        LedgerError: if a notebook's derivation cells do not run.
    """
    started = time.perf_counter()
    console = Console(width=None if sys.stdout.isatty() else 160)
    _load(folder)
    listed = select(
        names, {name: chapter for name, (_, chapter) in [*_steps.items(), *_words.items()]}
    )
    chosen = [name for name in listed if name in _steps]
    said = [name for name in listed if name in _words]
    if not listed:
        console.print("no derivation steps found")
        return 0
    with console.status(f"checking {len(chosen)} steps"):
        rows = _check_all(chosen, folder)
    if rows:
        console.print(_table(rows))
    for name in said:
        words, chapter = _words[name]
        console.print(f"in words, not checked by machine: {name} ({chapter})", markup=False)
        if verbose:
            for line in filter(None, (words.statement, words.because, words.cites)):
                console.print("  " + line, markup=False, highlight=False)
    if verbose:
        for row in rows:
            console.print(f"[bold]{row.step}[/bold]  ({row.chapter})")
            for line in row.details:
                console.print("  " + line, markup=False, highlight=False)
    failed = [row for row in rows if not row.ok]
    for row in failed:
        console.print(f"not accepted: {row.message}", markup=False, style="red")
    total = time.perf_counter() - started
    mutants = sum(row.refuted for row in rows)
    console.print(
        f"{len(rows) - len(failed)} of {len(rows)} steps accepted, "
        f"{mutants} wrong variants refuted, {total:.1f} s"
        + (f"; {len(said)} in words, not checked by machine" if said else "")
    )
    return 1 if failed else 0


def _check_all(chosen: list[str], folder: Path) -> list[Row]:
    """Check the steps here, or in two processes where that is worth their start."""
    if len(chosen) <= FEW:
        return [_check(name) for name in chosen]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _load, (folder,)) as pool:
        return list(pool.map(_check, chosen))


def select(names: list[str], steps: dict[str, str]) -> list[str]:
    """The steps that ``names`` mean: a step, a chain, a derivation or a chapter each.

    Raises:
        UserError: for a name that is none of these.
    """
    if not names:
        return list(steps)
    chosen: list[str] = []
    for name in names:
        found = [s for s, chapter in steps.items() if name in _names_of(s, chapter)]
        if not found:
            known = dict.fromkeys(n for s, c in steps.items() for n in _names_of(s, c))
            close = get_close_matches(name, known, n=3, cutoff=0.4) or list(known)[:3]
            raise UserError(
                f"unknown step or chapter {name!r}: did you mean {', '.join(close)}? "
                "`python -m companion verify` lists them all"
            )
        chosen += [s for s in found if s not in chosen]
    return chosen


def _names_of(step: str, chapter: str) -> list[str]:
    chain = step.rpartition(".")[0] or step  # a statement in words has no links
    return [chapter, chain.partition("/")[0], chain, step]


_steps: dict[str, tuple] = {}
_words: dict[str, tuple] = {}


def _load(folder: Path) -> None:
    """Gather the steps; each worker does it too, since callables do not cross processes."""
    from companion.build.collect import collect

    _steps.clear()
    _words.clear()
    for chapter in collect(folder):
        for step in chapter.steps:
            _steps[step.name] = (step, chapter.name)
        for said in chapter.in_words:
            _words[said.name] = (said, chapter.name)


def _check(name: str) -> Row:
    from companion.derivation.step import DerivationError, check, show_point

    step, chapter = _steps[name]
    row, start = Row(name, chapter), time.perf_counter()
    try:
        outcome = check(step)
    except DerivationError as error:
        row.message, row.seconds = str(error), time.perf_counter() - start
        row.details = [f"{step.left}  =  {step.right}", str(error)]
        return row
    row.ok, row.seconds = True, time.perf_counter() - start
    row.proof = outcome.proof.tactic
    row.points = outcome.points
    row.error = "0" if outcome.error == 0 else mp.nstr(outcome.error, 1)
    row.refuted, row.equivalent = outcome.count("refuted"), outcome.count("equivalent")
    row.torch = "" if outcome.torch_error is None else f"{outcome.torch_error:.0e}"
    places = step.domain.points([step.left, step.right], step.name, 2)
    row.details = [
        f"claim: {step.left}  =  {step.right}",
        f"because: {step.reason}",
        f"proof: {outcome.proof.tactic}, abbreviations opened {outcome.proof.depth} times",
        *(f"a point: {show_point(place)}" for place in places),
        *(
            f"{r.verdict}: {r.mutant.kind} ({r.mutant.detail}, {r.mutant.side}): {r.evidence}"
            for r in outcome.refutations
        ),
        "seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in outcome.seconds.items()),
    ]
    return row


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading, justify in (
        ("step", "left"), ("chapter", "left"), ("proved by", "left"), ("points", "right"),
        ("max error", "right"), ("mutants", "right"), ("torch", "right"), ("s", "right"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in rows:
        mutants = f"{row.refuted}" + (f"+{row.equivalent}=" if row.equivalent else "")
        proof = row.proof if row.ok else "[red]NOT ACCEPTED[/red]"
        table.add_row(
            row.step, row.chapter, proof, str(row.points), row.error, mutants, row.torch,
            f"{row.seconds:.1f}",
        )  # fmt: skip
    return table
