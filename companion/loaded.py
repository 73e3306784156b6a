"""The code that this process runs: the files of our packages as they were when it began.

What is kept under the name of some code must have been made by it. A process that outlives an edit, as a
notebook's kernel does, still runs the old code.
"""

from __future__ import annotations

from pathlib import Path

from companion.files import sha256
from companion.paths import ROOT

PACKAGES = (ROOT / "companion", ROOT / "diffcore")


def packages() -> dict[Path, str]:
    """Every file of our packages, and the hash of its bytes."""
    found = [path for package in PACKAGES for path in sorted(package.rglob("*"))]
    return {p: sha256(p) for p in found if p.is_file() and "__pycache__" not in p.parts}


LOADED = packages()
"""As they were when this process began."""
