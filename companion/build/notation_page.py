"""The page *Notation*: what each letter means, where it is first used, and its name in `diffcore`."""

from __future__ import annotations

from collections.abc import Iterable

from companion.build.collect import Chapter
from companion.derivation import Step
from companion.derivation.meanings import MEANINGS, Meaning, forms, meaning_of
from companion.derivation.render import anchor

PAGE = "notation.md"

INTRO = """\
# Notation

A letter has one meaning in a chapter. Most have one throughout the book; what a chapter uses otherwise is
listed under it. A prime is a derivative, in $t$ unless another argument is shown; a hat is a prediction;
$\\log$ is natural. The tests compare this page with the derivations: a symbol that is not listed, and a
letter with two meanings in one of them, fail.
"""

Uses = dict[Meaning, dict[str, Step]]
"""Of each meaning, in which derivations it is used, and the first step there."""


def page(chapters: list[Chapter]) -> str:
    """The page, as MyST Markdown."""
    uses = first_uses(chapters)
    book = [entry for entry in MEANINGS if not entry.inside]
    parts = [INTRO, "## Throughout the book", _table(book, uses)]
    for chapter in chapters:
        for derivation in chapter.derivations:
            own = [entry for entry in MEANINGS if derivation.name in entry.inside]
            if own:
                here = {
                    m: {d: s for d, s in steps.items() if d == derivation.name}
                    for m, steps in uses.items()
                }
                parts += [f"## [](./{chapter.name})", _table(own, here)]
    return "\n\n".join(parts) + "\n"


def first_uses(chapters: Iterable[Chapter]) -> Uses:
    """Where each meaning is first used, in each derivation."""
    uses: Uses = {}
    for chapter in chapters:
        for derivation in chapter.derivations:
            for chain in derivation.chains:
                for step in chain.steps:
                    for short in (*forms(step.left), *forms(step.right)):
                        entry = meaning_of(short, derivation.name)
                        if entry is not None:
                            uses.setdefault(entry, {}).setdefault(derivation.name, step)
    return uses


def _table(entries: list[Meaning], uses: Uses) -> str:
    lines = ["| symbol | meaning | first use | in `diffcore` |", "| :-- | :-- | :-- | :-- |"]
    for entry in entries:
        step = next(iter(uses.get(entry, {}).values()), None)
        where = "in the text" if step is None else f"{{eq}}`{_equation(step)}`"
        name = f"`{entry.name}`" if entry.name else ""
        cells = (f"${entry.shown}$", entry.words, where, name)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines)


def _equation(step: Step) -> str:
    return anchor(step.name.rpartition(".")[0]).replace("step-", "eq-", 1)
