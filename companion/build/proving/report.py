"""What became of the steps, in plain values, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Found:
    """What the checks of one accepted step have found, in plain values: this is what is kept."""

    proof: str
    points: int
    error: str
    refuted: int
    equivalent: int
    torch: str
    seconds: float
    limited: bool
    enclosed: bool
    solved: bool


@dataclass
class Row:
    """What became of one step, in plain values that can cross a process border.

    Attributes:
        step: its name.
        chapter: the notebook that it is in.
        found: what its checks found; None if it is not accepted, which ``message`` says.
        key: of its proof.
        kept: whether it was proved before.
        head: where it holds, on what it rests, who states it, and its left side: once for a chain.
        shown: the claim and its evidence in readable lines, where it was named.
        details: all there is to say.
    """

    step: str
    chapter: str
    found: Found | None = None
    message: str = ""
    key: str | None = None
    kept: bool = False
    head: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


@dataclass
class Said:
    """A statement that is argued in words."""

    name: str
    chapter: str
    lines: list[str]


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading, justify in (
        ("step", "left"), ("chapter", "left"), ("proved by", "left"), ("points", "right"),
        ("max error", "right"), ("mutants", "right"), ("torch", "right"), ("s", "right"),
    ):  # fmt: skip
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in rows:
        found = row.found
        if found is None:
            table.add_row(row.step, row.chapter, "[red]NOT ACCEPTED[/red]")
            continue
        mutants = f"{found.refuted}" + (f"+{found.equivalent}=" if found.equivalent else "")
        table.add_row(
            row.step, row.chapter, found.proof, str(found.points), found.error, mutants, found.torch,
            "kept" if row.kept else f"{found.seconds:.1f}",
        )  # fmt: skip
    return table


def _chains(console: Console, rows: list[Row], verbose: bool) -> None:
    """Every chain as it is read: left-most side, then each step with its reason and its evidence."""
    last = ""
    for row in rows:
        chain = row.step.rpartition(".")[0]
        if chain != last:
            console.print(f"[bold]{chain}[/bold]  ({row.chapter})", soft_wrap=True)
            _lines(console, row.head, "  ")
            last = chain
        _lines(console, row.shown, "  ")
        _lines(console, row.details if verbose else [], "      ")


def _lines(console: Console, lines: list[str], indent: str) -> None:
    for line in lines:
        console.print(indent + line, markup=False, highlight=False, soft_wrap=True)


def report(
    console: Console,
    rows: list[Row],
    said: list[Said],
    seconds: float,
    *,
    named: bool = False,
    verbose: bool = False,
) -> None:
    """Print the steps, what was argued in words, the failures, and the sums.

    ``named``: chains as they are read, not a table; ``verbose``: with every point and wrong variant.
    """
    if rows and named:
        _chains(console, rows, verbose)
    elif rows:
        console.print(_table(rows))
    for words in said:
        console.print(
            f"in words, not checked by machine: {words.name} ({words.chapter})", markup=False
        )
        _lines(console, words.lines if named else [], "  ")
    found = [row.found for row in rows if row.found is not None]
    for row in rows:
        if row.found is None:
            console.print(f"not accepted: {row.message}", markup=False, style="red")
    unlimited = sum(not f.limited for f in found)
    if unlimited:
        console.print(f"{unlimited} proved without a time limit: no signal.setitimer here")
    kept = sum(row.kept for row in rows)
    counts = [
        f"{len(found)} of {len(rows)} steps accepted"
        + (f" ({kept} proved before)" if kept else ""),
        f"{sum(f.refuted for f in found)} wrong variants refuted",
        f"{sum(f.enclosed or f.solved for f in found)} also by a second prover "
        f"({sum(f.enclosed for f in found)} ball arithmetic, {sum(f.solved for f in found)} z3)",
        f"{seconds:.1f} s",
    ]
    words_too = f"{len(said)} in words, not checked by machine" if said else ""
    console.print("; ".join(filter(None, [", ".join(counts) if rows else "", words_too])))
