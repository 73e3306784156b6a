"""Write the lock: the exact version of every package that the project needs, and what its files must hash to.

The lock is the closure of ``pyproject.toml``'s requirements over what is installed here. It is two files.
``requirements.lock`` has the hashes of every file that the package index has of each version, for all
platforms. ``requirements-torch.lock`` has torch alone, by version: its builds differ by where they come from
(for processors, for CUDA), and each pins the libraries of its platform itself.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from companion.errors import UserError, one_line
from companion.files import read_pins, read_text, write_text
from companion.paths import LOCKS, ROOT

LOCK, TORCH = (ROOT / name for name in LOCKS)
UNHASHED = {"torch"}

#: Asked for by a peer library for parts that the book does not touch, and heavy to install.
LEFT_OUT = {
    "torchvision": "azula's image plugins; has no CPU-only wheel on the package index",
    "gdown": "azula's downloads of pretrained weights",
}

HEADER = """\
# Exact versions of everything the book, its tests and its peers need but torch, with the hashes of all their
# files. Written by `make lock`; install with `make env`.
"""
TORCH_HEADER = """\
# torch, by version: its builds differ by where they come from. Installed after requirements.lock, which has
# everything else that it needs but the libraries of its platform; those each build pins itself.
"""


def requirements(
    extras: tuple[str, ...] = ("book", "test", "peers", "cluster"),
) -> list[Requirement]:
    """Return what ``pyproject.toml`` asks for, with the given extras.

    Raises:
        UserError: if it cannot be read.
    """
    try:
        project = _project()
        lines = list(project["dependencies"])
        for extra in extras:
            lines += project["optional-dependencies"][extra]
        return [Requirement(line) for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"pyproject.toml asks for nothing that can be read ({error!r}): expected dependencies and "
            f"the extras {', '.join(extras)}; mend it"
        ) from error


def oldest_python() -> str:
    """Return the first version of Python that ``pyproject.toml`` promises to run on."""
    return min((s.version for s in SpecifierSet(_project()["requires-python"])), key=Version)


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Return name -> version of ``wanted`` and all that they require, as installed here.

    Raises:
        UserError: if a package is not installed, not in a version that is asked for, or not made for
            the `oldest_python`.
    """
    versions: dict[str, str] = {}
    oldest = oldest_python()
    queue = list(wanted)
    done: set[str] = set()
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        key = f"{name}[{','.join(sorted(requirement.extras))}]"
        if name in LEFT_OUT:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise UserError(
                f"{requirement} is asked for but not installed: "
                f"expected it in this environment; run `pip install '{requirement}'`"
            ) from None
        if not requirement.specifier.contains(package.version, prereleases=True):
            raise UserError(
                f"{name} {package.version} is installed: expected {requirement}; "
                f"run `pip install '{requirement}'`"
            )
        needs = package.metadata["Requires-Python"] or ""
        if not SpecifierSet(needs).contains(oldest):
            raise UserError(
                f"{name} {package.version} needs Python {needs}: expected a version for {oldest}, which "
                f"pyproject.toml promises; run `pip install '{name}<{package.version}'`"
            )
        versions[name] = Version(package.version).public
        if key in done:
            continue
        done.add(key)
        for line in package.requires or []:
            needed = Requirement(line)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                queue.append(needed)
    return versions


def _project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(read_text(ROOT / "pyproject.toml"))["project"]
    return found


def read() -> dict[str, str]:
    """Return name -> version of the lock."""
    return read_pins(LOCK) | read_pins(TORCH)


def hashes() -> dict[str, int]:
    """Return name -> how many files of the package are known by their hash."""
    entries = LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return {line.split("==")[0]: line.count("--hash=sha256:") for line in entries if "==" in line}


def write() -> int:
    """Write the lock and return how many packages it pins.

    Raises:
        UserError: if a package is not as asked for, or uv is missing or does not find the hashes.
    """
    versions = closure(requirements())
    pins = {n: f"{n}=={v}\n" for n, v in sorted(versions.items())}
    hashed = _with_hashes("".join(line for n, line in pins.items() if n not in UNHASHED))
    write_text(LOCK, HEADER + hashed)
    write_text(TORCH, TORCH_HEADER + "".join(pins[n] for n in sorted(UNHASHED)))
    return len(versions)


def _with_hashes(pins: str) -> str:
    """The pins, each with the hash of every file that the package index has of it."""
    uv = shutil.which("uv")
    if uv is None:
        raise UserError(
            "uv is not on the PATH: expected it, to look up hashes; run `pip install uv`"
        )
    command = [
        uv,
        "pip",
        "compile",
        "--no-deps",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
    ]
    done = subprocess.run(
        [*command, "--quiet", "--python", sys.executable, "-"],
        input=pins, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise UserError(
            f"uv finds no hashes ({one_line(done.stderr)}): expected every pin on the package index; "
            "install versions that it has"
        )
    return done.stdout
