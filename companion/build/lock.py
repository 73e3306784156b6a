"""Write ``requirements.lock``: the exact version of every package that the project needs.

The lock is the closure of ``pyproject.toml``'s requirements over what is installed here, as plain
``name==version`` lines, so that it holds for any package index.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from companion.errors import UserError
from companion.files import write_text
from companion.paths import ROOT

LOCK = ROOT / "requirements.lock"

#: Asked for by a peer library for parts that the book does not touch, and heavy to install.
LEFT_OUT = {
    "torchvision": "azula's image plugins; has no CPU-only wheel on the package index",
    "gdown": "azula's downloads of pretrained weights",
}

HEADER = """\
# Exact versions of everything the book, its tests and its peers need. Written by `make lock`.
# Install with `make env`, or `pip install --no-deps -r requirements.lock`.
"""


def requirements(
    extras: tuple[str, ...] = ("book", "test", "peers", "cluster"),
) -> list[Requirement]:
    """Return what ``pyproject.toml`` asks for, with the given extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Return name -> version of ``wanted`` and all that they require, as installed here.

    Raises:
        UserError: if a package is not installed, or not in a version that is asked for.
    """
    versions: dict[str, str] = {}
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


def read(path: Path = LOCK) -> dict[str, str]:
    """Return name -> version of a lock file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return dict(pins)


def write() -> int:
    """Write the lock file and return how many packages it pins."""
    versions = closure(requirements())
    write_text(LOCK, HEADER + "".join(f"{n}=={v}\n" for n, v in sorted(versions.items())))
    return len(versions)
