"""The one kind of error that a user is meant to read: one line, and an exit status.

The exit status of ``python -m companion`` is 0 if all is well; 1 if what was asked for was tried and failed
(a notebook, a derivation, a training run, a page, a comparison); 2 if it could not be tried: a mistake in the
arguments or the files, or a system that refuses; 3 for a mistake of ours; 130 after Ctrl-C.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

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
        close = closest(name, names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}? " if close else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}expected one of {', '.join(names)}")
        self.kind = kind
        self.name = name


def closest(name: str, known: Iterable[str], n: int, cutoff: float) -> list[str]:
    """Up to ``n`` of the known names that are most like ``name``, whatever the case of its letters.

    Args:
        name: what was given.
        known: what there is.
        n: how many at most.
        cutoff: how alike they must be, from 0 to 1; see `difflib.get_close_matches`.
    """
    spelled: dict[str, list[str]] = {}
    for each in dict.fromkeys(known):
        spelled.setdefault(each.casefold(), []).append(each)
    close = get_close_matches(name.casefold(), spelled, n=n, cutoff=cutoff)
    return [each for folded in close for each in spelled[folded]][:n]


#: No room: the disk is full, a quota is used up, a file has reached its limit.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: What to expect and how to mend it, by what the system says.
_MENDS = {
    NO_ROOM: "expected {room}; make some",
    (errno.EACCES, errno.EPERM): "expected one that you may read and write; mend its permissions",
    (errno.EROFS,): "expected one that can be written; work in a copy elsewhere",
    (errno.ENOTDIR, errno.EEXIST, errno.ELOOP): "expected a folder; move what is there away",
    (errno.EISDIR,): "expected a file; move the folder away",
    (errno.ENOENT,): "expected it to be there; restore it",
}


def cannot(verb: str, error: OSError, path: Path | None = None, room: str = "room") -> str:
    """The one line for what the system refuses: what it is about, its reason, the mend.

    Args:
        verb: what was tried: ``read``, ``write``, ``use``.
        error: what the system says.
        path: what it was about, where the error does not know.
        room: what is wanted of a disk.
    """
    about = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
    reason = error.strerror or str(error)
    if isinstance(error, shutil.Error):  # of many files: the first
        about, _, reason = error.args[0][0]
    if about is not None and error.errno in (errno.ENOTDIR, errno.EEXIST):
        places = [about, *about.parents]
        about = next((p for p in places if os.path.lexists(p) and not p.is_dir()), about)
    mends = (mend for numbers, mend in _MENDS.items() if error.errno in numbers)
    mend = next(mends, "expected the system to let us; mend that").format(room=room)
    return f"cannot {verb} {about or 'a file'}: {reason}; {mend}"


def plain(text: str) -> str:
    """Return ``text`` without a terminal's colours."""
    return COLOUR.sub("", text)


def one_line(text: str) -> str:
    """Return ``text`` as one line without colours; what cannot be printed is escaped."""
    line = " ".join(plain(text).split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
