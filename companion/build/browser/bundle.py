"""Beside the pages: the ledger's source, each chapter's derivation cells, and Pyodide where it was fetched.

The cells are those of the executed notebooks, from which the pages are made; a chain is of the cell that
shows it.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from companion import notebooks, paths
from companion.build.browser.archive import zipped
from companion.build.browser.fetch import fetched
from companion.files import read_text, write_bytes, write_text

FOLDER = "_static/check"
"""Where it is in the site."""

CHAIN = re.compile('data-chain="([^"]+)"')


def sources() -> list[Path]:
    """The files that are copied into the site, beside those of the book itself."""
    return [*_ledger().values(), *fetched()]


def write(site: Path, profile: str) -> None:
    """Write what the buttons of ``profile``'s pages need into the rendered ``site``.

    ``about.json`` lists what a check loads, nothing where Pyodide was not fetched; ``NN_name.json`` has the
    ``cells`` of a chapter and, of each of its ``chains``, the index of its cell.
    """
    folder = site / FOLDER
    folder.mkdir(parents=True)
    write_bytes(folder / "ledger.zip", zipped(_ledger()))
    for name in notebooks.names():
        write_text(
            folder / f"{name}.json", json.dumps(chapter(paths.pages_dir(profile) / f"{name}.ipynb"))
        )
    runtime = fetched()
    for file in runtime:
        shutil.copy(file, folder)
    archives = [file.name for file in runtime if file.name.startswith("sympy")]
    about = {"archives": [*archives, "ledger.zip"] if archives else []}
    write_text(folder / "about.json", json.dumps(about))


def chapter(page: Path) -> dict[str, Any]:
    """The derivation cells of an executed notebook, and the index of the cell of each chain that it shows."""
    cells: list[str] = []
    chains: dict[str, int] = {}
    for cell in json.loads(read_text(page))["cells"]:
        if cell["cell_type"] == "code" and "derivation" in cell["metadata"].get("tags", []):
            shown = [output.get("data", {}).get("text/markdown", "") for output in cell["outputs"]]
            names = CHAIN.findall("".join(part for text in shown for part in text))
            chains |= dict.fromkeys(names, len(cells))
            cells.append("".join(cell["source"]))
    return {"cells": cells, "chains": chains}


def _ledger() -> dict[str, Path]:
    """The source of the ledger: the name of each file in the archive, and where it is."""
    files = [paths.ROOT / "companion" / "__init__.py"]
    files += (paths.ROOT / "companion" / "derivation").rglob("*.py")
    return {file.relative_to(paths.ROOT).as_posix(): file for file in sorted(files)}
