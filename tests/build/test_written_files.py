"""A file is on the disk before it takes its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from companion.files import write_bytes


def test_what_takes_the_name_was_written_to_the_disk_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename may reach the disk before what it renames; after a power cut the file would be empty."""
    synced = []
    path = tmp_path / "file"

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced.append((status.st_ino, status.st_size, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(path, b"content")
    assert synced == [(path.stat().st_ino, 7, False)]
