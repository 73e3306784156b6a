"""Zip archives that are the same bytes whenever they are made of the same files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path


def zipped(files: dict[str, Path]) -> bytes:
    """A zip archive of ``files``: the name of each in the archive, and where it is."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # without a time
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return memory.getvalue()
