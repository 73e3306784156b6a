"""The identities that a book sets out to prove, and the chains and statements that prove each.

They are listed in ``book/identities.yml``: by subject, each with a ``title``, the ledger's names that it is
``proved_in``, what the theorem ``assumes``, and what is ``left``. A hypothesis of a theorem is no gap in its
proof: the two are told apart. A book without that file has set itself nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from companion.build.collect import Chapter, rests_on
from companion.build.list_table import list_table
from companion.derivation.render import MARK, link
from companion.errors import UserError
from companion.files import read_yaml
from companion.paths import BOOK

LISTED = BOOK / "identities.yml"


@dataclass(frozen=True)
class Identity:
    """One identity.

    Attributes:
        title: what it says, in a few words.
        proved_in: chains, statements or derivations, by their names in the ledger.
        assumes: a hypothesis under which the theorem is stated; "" if it needs none beyond its chapter's.
        left: what of it no machine has checked here; "" if nothing is left.
    """

    title: str
    proved_in: tuple[str, ...] = ()
    assumes: str = ""
    left: str = ""


def section(chapters: list[Chapter], listed: Path = LISTED) -> str:
    """The table of all identities, with links, as MyST Markdown; "" where none are listed.

    Raises:
        UserError: if the list is malformed, one names what is not in the ledger, one has neither a proof
            nor a word on what is left, or one assumes something for no proof.
    """
    if not listed.is_file():
        return ""
    groups = _read(listed)
    known = rests_on([derivation for chapter in chapters for derivation in chapter.derivations])
    every = [identity for group in groups.values() for identity in group]
    for identity in every:
        missing = [name for name in identity.proved_in if name not in known]
        if missing:
            raise UserError(
                f"{listed}: '{identity.title}' is said to be proved in {missing[0]!r}, which no derivation "
                "writes: expected names of the ledger; `python -m companion verify` lists them"
            )
        if not identity.proved_in and not identity.left:
            raise UserError(
                f"{listed}: '{identity.title}' has no proof: expected proved_in, or left, which says why"
            )
        if identity.assumes and not identity.proved_in:
            raise UserError(
                f"{listed}: '{identity.title}' assumes something and has no proof: expected proved_in; "
                "what is not proved goes under left"
            )
    in_words = {said.name for chapter in chapters for said in chapter.in_words}
    none = sum(not identity.proved_in for identity in every)
    part = sum(bool(identity.proved_in and identity.left) for identity in every)
    whole = [identity for identity in every if identity.proved_in and not identity.left]
    said = sum(not in_words.isdisjoint(identity.proved_in) for identity in whole)
    given = sum(bool(identity.assumes) for identity in every)
    words = (
        f"{len(every)} identities were set as a goal. {len(whole) - said} are proved by machine, {said} with "
        f"a part that is argued in words ({MARK}), {part} in part, {none} not at all: the last column says "
        f"what is left. {given} hold under a hypothesis beyond those of their chapter, which is printed."
    )
    tables = [_table(title, group, in_words) for title, group in groups.items()]
    return "\n\n".join(["## What was to be proved", words, *tables])


def _table(title: str, group: tuple[Identity, ...], in_words: set[str]) -> str:
    def named(name: str) -> str:
        return f"{link(name)} {MARK}" if name in in_words else link(name)

    rows = [["identity", "proved in", "assumes", "left"]]
    rows += [[i.title, ", ".join(map(named, i.proved_in)), i.assumes, i.left] for i in group]
    return list_table(rows, "identities", title)


def _read(listed: Path) -> dict[str, tuple[Identity, ...]]:
    found = read_yaml(listed)
    if not isinstance(found, dict) or not all(isinstance(group, list) for group in found.values()):
        raise UserError(f"{listed}: expected subjects, each with a list of identities")
    return {
        str(title): tuple(_identity(entry, listed) for entry in group)
        for title, group in found.items()
    }


def _identity(entry: Any, listed: Path) -> Identity:
    kinds = {"title": str, "proved_in": list, "assumes": str, "left": str}
    fits = isinstance(entry, dict) and "title" in entry and all(
        key in kinds and isinstance(value, kinds[key]) for key, value in entry.items()
    )  # fmt: skip
    if not fits:
        raise UserError(
            f"{listed}: {str(entry)[:80]!r}: expected title (text), proved_in (a list of names), assumes "
            "(text), left (text)"
        )
    names = tuple(str(name) for name in entry.get("proved_in", ()))
    return Identity(entry["title"], names, entry.get("assumes", ""), entry.get("left", ""))
