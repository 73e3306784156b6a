"""Every test of training runs has a folder of runs of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"
