"""The public face of `diffcore`: its doctest, its names, its documentation, what it imports."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import diffcore as dc

MODULES = sorted(m.name for m in pkgutil.walk_packages(dc.__path__, "diffcore."))
LEAVES = ("catalogue", "exact", "masked", "published")


def public(module):
    """(name, object) of the functions and classes that a module defines for others."""
    return [
        (f"{module.__name__}.{name}", thing)
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == module.__name__
    ]


def members(cls):
    """(name, function) of the public methods and properties that a class defines itself."""
    for name, thing in vars(cls).items():
        function = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def documented(cls, name):
    """Documented here, or overriding what a base class documents."""
    return any(inspect.getdoc(vars(base).get(name)) for base in cls.__mro__ if name in vars(base))


def test_the_first_example_runs_as_written():
    result = doctest.testmod(dc)
    assert result.attempted >= 6
    assert result.failed == 0


def test_every_exported_name_exists_and_nothing_else_leaks():
    assert all(hasattr(dc, name) for name in dc.__all__)
    assert len(set(dc.__all__)) == len(dc.__all__)
    loaded = {name for name in vars(dc) if not name.startswith("_")}
    submodules = {name.split(".")[1] for name in MODULES} | {*LEAVES}
    lazily = {"TYPE_CHECKING", "ModuleType", "import_module"}  # how the mixtures are imported late
    assert loaded - set(dc.__all__) - lazily <= submodules


def test_leaves_are_imported_when_used_and_not_before():
    core = [name for name in MODULES if name.split(".")[1] not in LEAVES]
    code = f"""
import importlib, sys
import diffcore as dc
for name in {core}:
    importlib.import_module(name)
leaves = [name for name in sys.modules if name.startswith({tuple("diffcore." + x for x in LEAVES)})]
assert leaves == [], leaves
dc.exact.Mixture; dc.exact.rings; dc.published.Published
dc.catalogue.MinSNR(5)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dc.nothing  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__, name
    undocumented = [path for path, thing in public(module) if not inspect.getdoc(thing)]
    undocumented += [
        f"{path}.{method}"
        for path, thing in public(module)
        if inspect.isclass(thing)
        for method, _ in members(thing)
        if not documented(thing, method)
    ]
    assert undocumented == []


@pytest.mark.parametrize("name", MODULES)
def test_everything_public_is_typed(name):
    functions = [
        (path, thing)
        for path, thing in public(importlib.import_module(name))
        if inspect.isfunction(thing)
    ]
    bare = [
        f"{path}({parameter.name})"
        for path, function in functions
        for parameter in inspect.signature(function).parameters.values()
        if parameter.annotation is inspect.Parameter.empty
    ]
    bare += [
        f"{path} ->"
        for path, function in functions
        if inspect.signature(function).return_annotation is inspect.Signature.empty
    ]
    assert bare == []


def test_the_core_imports_torch_and_numpy_and_nothing_of_the_book():
    code = """
import sys, torch, numpy
before = {name.partition(".")[0] for name in sys.modules}
import diffcore
import pkgutil, importlib
for module in pkgutil.walk_packages(diffcore.__path__, "diffcore."):
    importlib.import_module(module.name)
after = {name.partition(".")[0] for name in sys.modules}
book = {"companion", "sympy", "matplotlib", "pandas", "papermill", "scipy", "sklearn", "mpmath"}
print(sorted((after - before - {"diffcore"}) & (book | {"azula", "flow_matching", "diffusers"})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_no_guard_hides_in_the_core(name):
    """No clamp and no epsilon in a denominator, except where published behaviour is reproduced."""
    source = inspect.getsource(importlib.import_module(name))
    if name.startswith("diffcore.published"):
        return
    guards = [
        word for word in ("nan_to_num", "+ 1e-", "eps=1e-", "clamp(min=1e-") if word in source
    ]
    assert guards == []
