"""Where everything is. One profile, one folder: what a build makes lives in ``_build/<profile>/``.

The results of record, committed in ``figures/``, are changed by `companion.build.results` alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from companion import profiles
from companion.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
RESULTS = ROOT / "figures"
RECORD = RESULTS / "manifest.json"
LOCKS = ("requirements.lock", "requirements-torch.lock")
"""What is installed; torch apart from the others, see `companion.build.lock`."""
FINISHED = "finished.json"
"""In the folder of a finished run: the hashes of its files; written last."""


def build_dir(profile: str) -> Path:
    """Return the folder of everything that ``profile`` generates."""
    return BUILD / profiles.get(profile).name


def pages_dir(profile: str) -> Path:
    """Return the folder of the book's staged sources: prose, figures, executed notebooks."""
    return build_dir(profile) / "book"


def html_dir(profile: str) -> Path:
    """Return the folder of the rendered book; open its ``index.html``."""
    return build_dir(profile) / "html"


def logs_dir(profile: str) -> Path:
    """Return the folder of logs, one file a notebook."""
    return build_dir(profile) / "logs"


def figures_dir(profile: str) -> Path:
    """Return the folder of figures and tables, and of the manifests that say how each was made."""
    return build_dir(profile) / "figures"


def records_dir(profile: str) -> Path:
    """Return the folder of records: what each page was made from, and what was made with it."""
    return build_dir(profile) / "records"


def pyodide_dir() -> Path:
    """Return the folder of Python for the browser, where `make browser` has fetched it."""
    return ROOT / "_build" / "pyodide"


def runs_dir() -> Path:
    """Return the folder of training runs; the environment's ``COMPANION_RUNS`` overrides it.

    A relative one is taken from the root, wherever a process works: jobs of a build work elsewhere.

    Raises:
        UserError: if something else is in its place, or in that of a folder above it.
    """
    folder = ROOT / (os.environ.get("COMPANION_RUNS") or "runs")
    places = (place for place in (folder, *folder.parents) if os.path.lexists(place))
    if (first := next(places, None)) is not None and not first.is_dir():
        raise UserError(
            f"training runs in {folder}: expected a folder, got something else at {first}: "
            "move that away, or name another folder in COMPANION_RUNS"
        )
    return folder
