"""Files are written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from companion.errors import UserError


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``: beside it first, then renamed, so that no half is ever seen.

    Raises:
        UserError: if the disk is full, the folder cannot be written, and the like.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise UserError(
            f"cannot write {path}: {error.strerror}; "
            f"expected room for {len(content):,} bytes in a folder that can be written"
        ) from error


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` as UTF-8, whole or not at all; raises like `write_bytes`."""
    write_bytes(path, content.encode())


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
