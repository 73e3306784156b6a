"""The page *Every step*: each step of the ledger with its proof, and what rests on what.

The ledger says what is claimed; how it was proved is read from the chapters that this build has executed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from companion import paths
from companion.build import arcs
from companion.build.collect import Chapter, LedgerError
from companion.build.list_table import list_table
from companion.derivation import Chain, Derivation, Prose
from companion.derivation.latex import latex
from companion.derivation.receipt import agreed, tactics
from companion.derivation.render import MARK, RELATIONS, anchor, link
from companion.files import read_text

PAGE = "every_step.md"

INTRO = """\
# Every step

Each row is one equality, proved by machine, or one statement that is argued in words and marked so. The
picture shows what rests on what; names lead to the steps. The page is written by the build, from the ledger
and the executed chapters. A circle, a premise that does not exist, and a step that its chapter does not show
as proved each stop the build.
"""


def page(chapters: list[Chapter], profile: str, goals: str = "") -> str:
    """The page, as MyST Markdown; with ``goals``, what was to be proved, before the steps.

    Raises:
        LedgerError: if a chapter, as executed under the profile, does not show one of its steps as proved.
    """
    shown = {chapter.name: [*_outputs(chapter.name, profile)] for chapter in chapters}
    parts = [INTRO, _counts(chapters, [text for texts in shown.values() for text in texts])]
    nodes: list[arcs.Node] = []
    sections: list[str] = []
    for chapter in chapters:
        proved = proofs(chapter, shown[chapter.name])
        for derivation in chapter.derivations:
            nodes += _nodes(chapter, derivation)
            sections.append(_section(chapter, derivation, proved))
    if nodes:
        picture = arcs.svg(nodes)
        parts += ["## What rests on what", f"```{{raw}} html\n{picture}\n```"]
    return "\n\n".join(filter(None, [*parts, goals, *sections])) + "\n"


def proofs(chapter: Chapter, shown: Iterable[str]) -> dict[str, str]:
    """The tactic that proved each step, by its name, as the executed chapter shows it.

    Raises:
        LedgerError: if it shows no proof of one of its steps.
    """
    found = {name: tactic for text in shown for name, tactic in tactics(text).items()}
    for step in chapter.steps:
        if step.name not in found:
            raise LedgerError(
                f"the executed chapter {chapter.name} shows no proof of {step.name}: expected one; "
                "end the chain's cell with the chain, so that it is displayed"
            )
    return found


def _outputs(name: str, profile: str) -> Iterator[str]:
    """The Markdown that the cells of an executed chapter display."""
    notebook = json.loads(read_text(paths.pages_dir(profile) / f"{name}.ipynb"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/markdown", ""))


def _counts(chapters: list[Chapter], shown: list[str]) -> str:
    steps, words = (sum(len(part) for part in parts) for parts in (
        [chapter.steps for chapter in chapters], [chapter.in_words for chapter in chapters],
    ))  # fmt: skip
    also = [said for text in shown for said in agreed(text)]
    balls, z3 = (sum(name in said for said in also) for name in ("ball arithmetic", "z3"))
    return (
        f"**{steps} steps proved by machine; {words} statements in words.** {len(also)} of {steps} steps "
        f"were also checked by a prover that shares no algebra with SymPy: {balls} are enclosed by ball "
        f"arithmetic, {z3} are proved by z3."
    )


def _own(part: Chain | Prose, derivation: Derivation) -> list[str]:
    """What a chain or statement rests on beside what its whole derivation does."""
    below = part.steps[0].rests_on if isinstance(part, Chain) else part.rests_on
    return [name for name in dict.fromkeys(below) if name not in derivation.rests_on]


def _nodes(chapter: Chapter, derivation: Derivation) -> Iterator[arcs.Node]:
    here = f"#{anchor(derivation.name)}"
    yield arcs.Node(derivation.name, here, "derivation", derivation.rests_on)
    for part in derivation.parts:
        kind = "chain" if isinstance(part, Chain) else "words"
        href = f"{chapter.name}.html#{anchor(part.name)}"
        yield arcs.Node(part.name, href, kind, tuple(_own(part, derivation)))


def _section(chapter: Chapter, derivation: Derivation, proved: dict[str, str]) -> str:
    rests = f"; all of it rests on {_links(derivation.rests_on)}" if derivation.rests_on else ""
    rows = [["step", "statement", "proved by", "rests on", "cites"]]
    for part in derivation.parts:
        rows += _rows(part, derivation, proved)
    return "\n".join([
        f"({anchor(derivation.name)})=",
        f"## {derivation.title or derivation.name}",
        "",
        f"`{derivation.name}`, in [](./{chapter.name}){rests}.",
        "",
        list_table(rows, "every-step"),
    ])  # fmt: skip


def _rows(part: Chain | Prose, derivation: Derivation, proved: dict[str, str]) -> list[list[str]]:
    below = _links(_own(part, derivation))
    if isinstance(part, Prose):
        return [[link(part.name), part.statement, f"{MARK} in words", below, part.cites]]
    rows = []
    for step in part.steps:
        where = f" For {', '.join(step.domain.words)}." if step.domain.words else ""
        equation = f"${latex(step.left)} {RELATIONS[step.relation]} {latex(step.right)}$"
        statement = f"{equation}\n\n{step.reason}.{where}"
        rows.append([link(step.name), statement, f"✓ {proved[step.name]}", below, step.cites])
    return rows


def _links(names: Iterable[str]) -> str:
    return ", ".join(map(link, names))
