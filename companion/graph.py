"""What each notebook depends on: the repository's modules that it imports, and other notebooks.

The build reads this to run again only what a change can reach.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from modulefinder import ModuleFinder
from pathlib import Path

from companion.errors import UnknownName, UserError
from companion.paths import NOTEBOOKS, ROOT

#: The notebooks whose saved tables a notebook reads. Nothing else orders the notebooks.
READS_TABLES_OF: dict[str, tuple[str, ...]] = {
    "99_verdicts": ("04_four_targets", "05_published_numbers", "06_real_images"),
}

#: The notebooks that take longest, longest first: started early, they keep all cores busy.
LONGEST = ("06_real_images", "05_published_numbers", "04_four_targets")


def notebooks() -> list[str]:
    """Return the names of all notebooks, in reading order."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.py"))


def find(name: str) -> str:
    """Return the notebook that ``name`` means: a name, its number, or a path to it.

    Raises:
        UnknownName: if there is none.
    """
    known = notebooks()
    stem = Path(name).stem
    matches = [stem] if stem in known else [n for n in known if n.split("_")[0] == stem]
    if not matches:
        raise UnknownName("notebook", name, known)
    return matches[0]


def source(name: str) -> Path:
    """Return the ``.py`` that notebook ``name`` is made from."""
    return NOTEBOOKS / f"{name}.py"


@cache
def modules(name: str) -> list[Path]:
    """Return the files of this repository that notebook ``name`` imports, directly or not.

    A data file beside a module belongs to it when the module's text names it.

    Raises:
        UserError: if one of the files does not parse.
    """
    finder = ModuleFinder(path=[str(ROOT)])
    script = source(name)
    try:
        with _silent():
            finder.run_script(str(script))
    except SyntaxError as error:
        raise UserError(
            f"{error.filename or script}, line {error.lineno}: {error.msg}: "
            "expected Python that parses; mend the line"
        ) from error
    files = (getattr(module, "__file__", None) for module in finder.modules.values())
    found = {Path(file).resolve() for file in files if file}
    found.discard(script.resolve())
    return sorted(found | {datum for path in found for datum in _data_of(path)})


def reads(name: str) -> list[str]:
    """Return the notebooks that must have run before notebook ``name``."""
    known = notebooks()
    return [other for other in READS_TABLES_OF.get(name, ()) if other in known]


def priority(name: str) -> int:
    """Return how early notebook ``name`` should start, compared with the others."""
    return len(LONGEST) - LONGEST.index(name) if name in LONGEST else 0


def _data_of(module: Path) -> list[Path]:
    """Return the data files, in ``data/`` beside ``module``, that its text names."""
    folder = module.parent / "data"
    if not folder.is_dir():
        return []
    text = module.read_text(encoding="utf-8")
    return [path for path in sorted(folder.iterdir()) if path.name in text or path.stem in text]


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what the module finder prints off the terminal."""
    stdout, sys.stdout = sys.stdout, io.StringIO()
    try:
        yield
    finally:
        sys.stdout = stdout
