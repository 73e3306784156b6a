"""Check every derivation step of the book, on all cores, and print what was found.

What has been proved is kept (`companion.build.proving`): a step is proved again when anything that its proof
depends on has changed, or when it is named.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from companion import loaded, paths
from companion.build.proving import store
from companion.build.proving.report import Found, Row, Said, report
from companion.errors import UserError, closest


def run(
    names: list[str],
    verbose: bool = False,
    folder: Path = paths.NOTEBOOKS,
    kept_in: Path = store.PROOFS,
) -> int:
    """Check the named steps, chains, derivations or chapters (all if none is named); print what was found.

    Named steps are always proved afresh, and printed as they are read, ``verbose`` with all their
    evidence; of all, those whose proof is not kept in ``kept_in``, and printed as a table. Where proofs
    cannot be kept there, that is said, and all is proved again next time.

    Returns:
        0 if every step is accepted, 1 otherwise.

    Raises:
        UserError: for a name that is none of these.
        LedgerError: if a notebook's derivation cells do not run.
    """
    started = time.perf_counter()
    console = Console(width=None if sys.stdout.isatty() else 160)
    rows, said = ([], []) if names else _all_kept(folder, kept_in)
    if not rows:
        with console.status("proving"):
            rows, said = _prove(names, folder, kept_in, console)
    if not rows and not said:
        console.print("no derivation steps found")
        return 0
    took = time.perf_counter() - started
    report(console, rows, said, took, named=bool(names), verbose=verbose)
    return 1 if any(row.found is None for row in rows) else 0


def _all_kept(folder: Path, kept_in: Path) -> tuple[list[Row], list[Said]]:
    """Every step with its proof, where nothing has changed since; nothing otherwise."""
    listed = store.load(kept_in, store.stamp(folder))
    if listed is None:
        return [], []
    rows = [_kept(name, chapter, key, kept_in) for name, chapter, key in listed["steps"]]
    whole = [row for row in rows if row is not None]
    said = [Said(**words) for words in listed["words"]]
    return (whole, said) if len(whole) == len(rows) else ([], [])


def _kept(name: str, chapter: str, key: str | None, kept_in: Path) -> Row | None:
    outcome = store.load(kept_in, key)
    return None if outcome is None else Row(name, chapter, Found(**outcome), key=key, kept=True)


def _prove(
    names: list[str], folder: Path, kept_in: Path, console: Console
) -> tuple[list[Row], list[Said]]:
    """Gather the steps, and prove those that are named or not kept."""
    from companion.build.proving.prove import Ledger, prove_all  # SymPy, and what the cells import

    stamp = store.stamp(folder)
    ledger = Ledger(folder)
    listed, words = ledger.listed(), ledger.said()
    chapters = {name: chapter for name, chapter, _ in listed} | {w.name: w.chapter for w in words}
    chosen = select(names, chapters)
    found = [] if names else [_kept(*entry, kept_in) for entry in listed]
    rows = {row.step: row for row in found if row is not None}
    missing = [name for name in chosen if name in ledger.steps and name not in rows]
    proved = prove_all(missing, ledger, folder)
    if (
        store.stamp(folder) == stamp and loaded.packages() == loaded.LOADED
    ):  # nothing was edited since
        try:
            for row in proved:
                if row.found is not None:
                    store.save(kept_in, row.key, asdict(row.found))
            store.save(kept_in, stamp, {"steps": listed, "words": [asdict(w) for w in words]})
        except UserError as error:  # it is proved all the same
            console.print(f"proofs are not kept: {error}", style="yellow", markup=False)
    rows |= {row.step: row for row in proved}
    return [rows[n] for n in chosen if n in rows], [w for w in words if w.name in chosen]


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
            close = closest(name, known, n=3, cutoff=0.4) or list(known)[:3]
            raise UserError(
                f"unknown step or chapter {name!r}: did you mean {', '.join(close)}? "
                "`python -m companion verify` lists them all"
            )
        chosen += [s for s in found if s not in chosen]
    return chosen


def _names_of(step: str, chapter: str) -> list[str]:
    chain = step.rpartition(".")[0] or step  # a statement in words has no links
    return [chapter, chain.partition("/")[0], chain, step]
