"""The one kind of error that a user is meant to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class UserError(Exception):
    """A mistake that the user can mend: one line saying what, what was expected, how to mend it.

    The command line prints it on stderr without a traceback and exits with :attr:`exit_status`.
    """

    exit_status = 2


class UnknownName(UserError):
    """A name that is not among the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Say which ``kind`` of thing has no ``name``, and list the ``known`` names."""
        names = list(known)
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}? " if close else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}expected one of {', '.join(names)}")
        self.kind = kind
        self.name = name


def plain(text: str) -> str:
    """Return ``text`` without a terminal's colours."""
    return COLOUR.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` as one line without colours."""
    return " ".join(plain(text).split())
