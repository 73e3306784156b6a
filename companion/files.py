"""Files are written whole or not at all, and read back with one reason where they cannot be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from companion.errors import UserError, cannot


class Unreadable(ValueError):
    """A file does not hold a JSON object; the message says why, in a few words."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``: beside it first, then renamed, so that no half is ever seen.

    Who may read it is what the user's umask says.

    Raises:
        UserError: if the disk is full, the folder cannot be written, and the like.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            error.filename = str(path)  # whoever reads it knows nothing of the other
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(cannot("write", error, path, f"room for {len(content):,} bytes")) from error


def remove_halves(folder: Path) -> None:
    """Remove what `write_bytes` was killed amid, in a folder in which nobody else writes now."""
    for path in folder.glob(f".*.{'[0-9a-f]' * 8}"):
        path.unlink()


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` as UTF-8, whole or not at all; raises like `write_bytes`."""
    write_bytes(path, content.encode())


def text_sha256(text: str) -> str:
    """The SHA-256 of a text; a line may end as the machine likes."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def heading(text: str) -> str:
    """The comment of a table's text, as one line: what follows each ``#`` at the beginning of a line."""
    return " ".join(line[1:].strip() for line in text.splitlines() if line.startswith("#"))


def read_text(path: Path) -> str:
    """Return what a text file says.

    Raises:
        UserError: if it is not UTF-8, or a pipe.
    """
    try:
        return _no_pipe(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 (byte {error.start}): expected text; save it as UTF-8"
        ) from error


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds.

    Raises:
        UserError: if it does not parse.
    """
    import yaml

    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        reason = getattr(error, "problem", None) or type(error).__name__
        raise UserError(
            f"{path}{where}: {reason}: expected YAML that parses; mend the line"
        ) from error


def read_pins(path: Path) -> dict[str, str]:
    """Return name -> version of every package that a lock pins.

    Raises:
        UserError: if it is not UTF-8.
    """
    return dict(re.findall(r"^([\w.-]+)==(\S+)", read_text(path), re.MULTILINE))


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``.

    Raises:
        Unreadable: if there is none.
    """
    if not path.is_file():  # a pipe would keep us waiting
        raise Unreadable("it is no file" if path.exists() else "it is missing")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    except RecursionError as error:
        raise Unreadable("it nests too deep") from error
    except ValueError as error:
        raise Unreadable(f"it does not parse: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"it holds a {type(value).__name__}, not an object")
    return value


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes.

    Raises:
        UserError: if it is a pipe.
    """
    return hashlib.sha256(_no_pipe(path).read_bytes()).hexdigest()


def _no_pipe(path: Path) -> Path:
    """The path, if reading from it would not wait for somebody who writes."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UserError(f"{path} is no file: expected one; remove what is in its place")
    return path
