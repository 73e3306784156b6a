"""Published objectives as rows: one weighting, one file.

``MinSNR`` is in ``min_snr.py``, and so on: a class has the name of its file without the underscores.
A row is imported when it is first asked for, so a new one is a new file and changes nothing else.

>>> import diffcore as dc
>>> dc.catalogue.MinSNR(5)
MinSNR(gamma=5.0)
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from diffcore.weightings import Weighting


def _files() -> dict[str, str]:
    return {module.name.replace("_", ""): module.name for module in iter_modules(__path__)}


def __getattr__(name: str) -> Callable[..., Weighting]:
    if name.lower() in (files := _files()):
        module = import_module(f"{__name__}.{files[name.lower()]}")
        if name in vars(module):
            row: Callable[..., Weighting] = vars(module)[name]
            return row
    raise AttributeError(f"no objective {name!r} in the catalogue: it has {', '.join(__dir__())}")


def __dir__() -> list[str]:
    rows = []
    for key, file in _files().items():
        names = vars(import_module(f"{__name__}.{file}"))
        rows += [name for name in names if name.lower() == key]
    return sorted(rows)
