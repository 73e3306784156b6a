"""Fetch Pyodide, which is Python for the browser, with npm; pack the installed SymPy and mpmath beside it."""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from companion.build.browser.archive import zipped
from companion.errors import UserError, one_line
from companion.files import write_bytes
from companion.paths import pyodide_dir

HERE = Path(__file__).parent
"""Where what npm is to fetch is pinned."""

RUNTIME = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide-lock.json",
    "python_stdlib.zip",
)
"""Those files of Pyodide that a browser loads."""

PACKED = ("sympy", "mpmath")


class FetchError(UserError):
    """npm or node did not do it; the message has the reason."""

    exit_status = 1


def packages() -> str:
    """The name of the archive of SymPy and mpmath in the installed versions."""
    return "-".join(f"{name}-{metadata.version(name)}" for name in PACKED) + ".zip"


def fetched() -> list[Path]:
    """Everything that was fetched and packed; nothing where a part is missing, or of another version."""
    if not pyodide_dir().is_dir():
        return []
    files = [pyodide_dir() / name for name in (*RUNTIME, packages())]
    return files if all(file.is_file() for file in files) else []


def fetch() -> int:
    """Fetch Pyodide as pinned, with its hash checked, and pack the packages; return how many bytes it is.

    Raises:
        UserError: if there is no npm or node, or the folder cannot be written.
        FetchError: if one of them fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            "npm is not on the PATH: expected it, to fetch Pyodide; install Node.js 18 or newer, or go "
            "without: make book does not need it"
        )
    folder = pyodide_dir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        for pins in HERE.glob("package*.json"):
            shutil.copy(pins, scratch)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], scratch)
        pyodide, fresh = Path(scratch) / "node_modules" / "pyodide", Path(scratch) / "fresh"
        archive = fresh / packages()
        write_bytes(archive, zipped(_installed()))
        _run(["node", str(HERE / "compile.mjs"), str(pyodide), str(archive)], scratch)
        for name in RUNTIME:
            shutil.copyfile(pyodide / name, fresh / name)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return sum(file.stat().st_size for file in fetched())


def _installed() -> dict[str, Path]:
    """The files of SymPy and mpmath as installed, licences too, but for their tests."""
    files = [file for name in PACKED for file in metadata.files(name) or ()]
    left_out = {"..", "__pycache__", "tests"}
    return {str(f): Path(str(f.locate())) for f in files if not left_out & set(f.parts)}


def _run(command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is not on the PATH: expected it beside npm") from error
    if done.returncode:
        name = Path(command[0]).stem
        raise FetchError(
            f"{name} does not get Pyodide ready ({_reason(done.stderr)}): expected it to; is the package "
            "registry reached? Then run make browser again"
        )


def _reason(words: str) -> str:
    """The first line of a complaint that says something."""
    lines = [one_line(line.removeprefix("npm error")) for line in words.splitlines()]
    return next(
        (line for line in lines if line and not line.startswith("code ")), "no reason given"
    )
