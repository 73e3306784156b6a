"""Where the tables that take hours are kept, with what made them at their head."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock

from companion import paths
from companion.chapters import full_length
from companion.files import text_sha256, write_text

DATA = Path(full_length.__file__).parent / "data"


def read(name: str) -> pd.DataFrame:
    """A table, as far as it has been made; empty at first."""
    path = DATA / name
    return pd.read_csv(path, comment="#") if path.exists() else pd.DataFrame()


def append(row: Mapping[str, Any], name: str, program: str, what: str) -> None:
    """Add a row to a table, which another process may do at the same time."""
    with FileLock(paths.runs_dir() / f".{name}.lock"):
        save(pd.concat([read(name), pd.DataFrame([row])]), name, program, what)


def save(frame: pd.DataFrame, name: str, program: str, what: str) -> None:
    """Write a table, and say its SHA-256, for `companion.chapters.full_length.measured.FILES`."""
    found = text(frame, program, what, "one thread, float32")
    write_text(DATA / name, found)
    print(f'    "{name}": "{text_sha256(found)}",', flush=True)  # noqa: T201


def text(frame: pd.DataFrame, program: str, what: str, how: str) -> str:
    """A table as it is kept: what it is and what made it at its head, six digits."""
    version = torch.__version__.partition("+")[0]
    head = f"# {what}\n# Made by python -m tests.benchmarks.{program}; "
    head += f"torch {version}, {platform.machine()}, {how}.\n"
    return head + frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
