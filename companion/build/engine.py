"""What Snakemake and Sphinx say when they stop, in our words; and where Snakemake may write."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from companion.errors import one_line

_EXCEPTION = re.compile(r"(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Exit|Warning)\b(?=:|$)")
_RULE = re.compile(r"Error in rule (\w+):")
_OURS = re.compile(r"(execute|train)_(.*)")


def failure(words: str, status: int) -> str:
    """Say what stopped Snakemake: at which notebook or shard, and the first exception in its log.

    Args:
        words: its log.
        status: its exit status, negative where a signal ended it.
    """
    rule = _RULE.search(words)
    at = ""
    if rule:
        ours = _OURS.fullmatch(rule[1])
        what = {"execute": "notebook", "train": "training"}
        at = f" at {what[ours[1]]} {ours[2]}" if ours else f" at {rule[1]}"
    first = exception_in(words)
    reason = f" ({first})" if first else ""
    ended = f"was ended by signal {-status}" if status < 0 else "stopped"
    return f"Snakemake {ended}{at}{reason}"


def exception_in(words: str) -> str:
    """The first exception in a log, in one line; empty if there is none."""
    lines = [one_line(line) for line in words.splitlines()]
    for k, line in enumerate(lines):
        if _EXCEPTION.match(line):
            following = next(filter(None, lines[k + 1 :]), "")
            return (
                f"{line} {following}".strip() if re.search(r"(Exception|Error):?$", line) else line
            )
    return ""


def forget(folder: Path) -> None:
    """Remove what Snakemake remembers in ``folder``: records say what is made, and it may be damaged.

    Raises:
        OSError: if it cannot be removed.
    """
    place = folder / ".snakemake"
    with suppress(FileNotFoundError):
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()


def home(folder: Path) -> dict[str, str]:
    """The variables that give a build a home of its own in ``folder``, where the user's cannot be written.

    Snakemake, IPython and matplotlib each keep something there.
    """
    users = Path(os.environ.get("HOME") or "~").expanduser()
    if users.is_dir() and os.access(users, os.W_OK):
        return {}
    own = folder / "home"
    own.mkdir(exist_ok=True)
    return {"HOME": str(own)}
