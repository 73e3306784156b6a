"""The dependency graph: what is found by reading, against what Python really runs."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from companion import graph, notebooks
from companion.errors import UnknownName, UserError
from companion.paths import ROOT

NAMES = notebooks.names()


def relative(name: str) -> set[str]:
    return set(graph.contents(notebooks.source(name)))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository with a package that re-exports, a table that grows, and data."""
    files = {
        "pkg/__init__.py": """
            from typing import TYPE_CHECKING
            from pkg import shapes
            from pkg.base import Base as Root
            from .shapes import Circle, Square
            if TYPE_CHECKING:
                from pkg import typed
            OWN = 1
            def __getattr__(name): ...
            """,
        "pkg/base.py": "class Base: ...",
        "pkg/typed.py": "",
        "pkg/lazy.py": "X = 1",
        "pkg/shapes/__init__.py": "from .circle import Circle\nfrom pkg.shapes.square import Square\n",
        "pkg/shapes/circle.py": "from ..base import Base\nclass Circle(Base): ...",
        "pkg/shapes/square.py": "import pkg\nclass Square(pkg.Root): ...",
        "pkg/named/__init__.py": "from .named import named",
        "pkg/named/named.py": "def named(): ...",
        "pkg/reads.py": "def table(): return open('numbers.csv')",
        "pkg/composes.py": "def table(n): return HERE / 'data' / f'{n}.csv'",
        "pkg/data/numbers.csv": "a\n1\n",
        "pkg/data/deep/other.csv": "a\n1\n",
        "pkg/either.py": """
            try:
                from .shapes import Circle as Best
            except ImportError:
                from .lazy import X as Best
            if FAST:
                from .shapes.square import Square as Fast
            else:
                Fast = 1
            """,
        "pkg/choice/__init__.py": """
            if FAST:
                from pkg.shapes.circle import Circle as One
            else:
                from pkg.lazy import X as One
            """,
        "pkg/own/__init__.py": """
            if FAST:
                from pkg.shapes.circle import Circle as One
            else:
                def One(): ...
            """,
        "pkg/tried/__init__.py": """
            from typing import TYPE_CHECKING
            try:
                from pkg.shapes.circle import Circle as One
            except ImportError:
                from pkg.lazy import X as One
            if TYPE_CHECKING:
                from pkg.typed import Two
            else:
                from pkg.lazy import X as Two
            """,
        "pkg/mixed/__init__.py": """
            if FAST:
                from json import loads as One
            else:
                from pkg.lazy import X as One
            """,
        "pkg/stems.py": "def table(load): return load('numbers')",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.setattr(graph, "ROOT", tmp_path)
    return tmp_path


def used(repository: Path, code: str) -> set[str]:
    script = repository / "script.py"
    script.write_text(textwrap.dedent(code))
    graph.forget()
    return {p.relative_to(repository).as_posix() for p in graph.needs(script)}


CIRCLE = {"pkg/shapes/circle.py", "pkg/base.py"}
PACKAGE = {"pkg/__init__.py", "pkg/base.py", "pkg/shapes/circle.py", "pkg/shapes/square.py"}
WHOLE_SHAPES = {"pkg/shapes/__init__.py", "pkg/shapes/circle.py", "pkg/shapes/square.py"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from pkg import Circle", CIRCLE),
        ("from pkg.shapes import Circle as Round", CIRCLE),
        ("import pkg\npkg.Circle", CIRCLE),
        ("import pkg as p\np.shapes.Circle()", CIRCLE),
        ("import pkg.shapes\npkg.shapes.Circle.area", CIRCLE),
        ("from pkg import shapes\nshapes.Circle", CIRCLE),
        ("from pkg import shapes\nprint(shapes)", WHOLE_SHAPES | {"pkg/base.py"}),
        ("from pkg import Root", {"pkg/base.py"}),
        ("from pkg import OWN", PACKAGE | WHOLE_SHAPES),
        ("from pkg.shapes import *", WHOLE_SHAPES | {"pkg/base.py"}),
        ("import pkg\npkg.lazy.X", {"pkg/lazy.py"}),
        ("from pkg.named import named", {"pkg/named/named.py"}),
        ("where = 'pkg.shapes:Circle'", CIRCLE),
        ("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import pkg.lazy", {"pkg/lazy.py"}),
        ("import json, os.path\njson.loads('pkg')", set()),
        ("'pkg.shapes.circle.Circle'", CIRCLE),
        ("f = 'pkg.shapes.*'", WHOLE_SHAPES - {"pkg/shapes/__init__.py"} | {"pkg/base.py"}),
        ("def f():\n    '''pkg.lazy'''\n    from pkg.lazy import X", {"pkg/lazy.py"}),
        ("import pkg.reads", {"pkg/reads.py", "pkg/data/numbers.csv"}),
        ("import pkg.composes", {"pkg/composes.py", "pkg/data/numbers.csv", "pkg/data/deep/other.csv"}),
        ("from pkg.choice import One", CIRCLE | {"pkg/lazy.py"}),
        ("from pkg.own import One", CIRCLE | {"pkg/own/__init__.py"}),
        ("import pkg", PACKAGE | WHOLE_SHAPES),
        ("import pkg\nimport pkg.lazy as lazy", PACKAGE | WHOLE_SHAPES | {"pkg/lazy.py"}),
        ("if t.TYPE_CHECKING:\n    import pkg.typed\nelse:\n    import pkg.lazy", {"pkg/lazy.py"}),
        ("import pkg.stems", {"pkg/stems.py", "pkg/data/numbers.csv"}),
        ("from pkg.mixed import One", {"pkg/mixed/__init__.py", "pkg/lazy.py"}),
        ("from pkg.tried import One", CIRCLE | {"pkg/lazy.py"}),
        ("from pkg.tried import Two", {"pkg/lazy.py"}),
        ("try:\n    from pkg.choice import One as A\nexcept E:\n    from pkg.lazy import X as A\nA.b",
         CIRCLE | {"pkg/lazy.py"}),
        ("if A:\n    import pkg.shapes as s\nelse:\n    import pkg.named as s\ns.Circle\ns.named",
         CIRCLE | {"pkg/named/named.py", "pkg/named/__init__.py"} | WHOLE_SHAPES),
        ("import pkg.either", {"pkg/either.py", "pkg/lazy.py", "pkg/shapes/square.py"} | CIRCLE),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.lazy", set()),
    ],
)  # fmt: skip
def test_a_name_is_followed_to_the_file_that_defines_it(
    repository: Path, code: str, expected: set[str]
) -> None:
    if "'pkg.shapes.circle" in code:
        code = f"where = {code}"
    assert used(repository, code) == expected


def test_a_table_that_grows_is_a_leaf(repository: Path) -> None:
    before = {name: used(repository, f"from pkg import {name}") for name in ("Circle", "Root")}
    (repository / "pkg/shapes/triangle.py").write_text("class Triangle: ...")
    with (repository / "pkg/shapes/__init__.py").open("a") as file:
        file.write("from .triangle import Triangle\n")
    after = {name: used(repository, f"from pkg import {name}") for name in ("Circle", "Root")}
    assert after == before
    assert "pkg/shapes/triangle.py" in used(repository, "from pkg.shapes import Triangle")


def test_content_is_what_a_file_means(repository: Path) -> None:
    path = repository / "pkg/base.py"
    first = graph.content(path)
    path.write_text('"""Words."""\n\n\nclass Base:  # more words\n    """And more."""\n\n    ...\n')
    assert graph.content(path) == first
    path.write_text("class Base: x = 1")
    assert graph.content(path) != first
    datum = repository / "pkg/data/numbers.csv"
    first = graph.content(datum)
    datum.write_text("a\n1 \n")
    assert graph.content(datum) != first


def test_digests_see_what_is_used_and_nothing_else(repository: Path) -> None:
    circle = graph.digest(["pkg.shapes.Circle"])
    (repository / "pkg/shapes/square.py").write_text("class Square: ...")
    assert graph.digest(["pkg.shapes.Circle"]) == circle
    (repository / "pkg/base.py").write_text("class Base: x = 1")
    assert graph.digest(["pkg.shapes.Circle"]) != circle
    every = graph.digest("pkg.shapes.*")
    (repository / "pkg/shapes/square.py").rename(repository / "pkg/shapes/squares.py")
    graph.forget()
    assert graph.digest("pkg.shapes.*") != every  # a name that is matched is part of what is said


def test_what_cannot_be_read_or_found_is_one_line(repository: Path) -> None:
    with pytest.raises(UserError, match=r"the code of __main__.f cannot be found again: expected"):
        graph.needs("__main__.f")
    (repository / "pkg/lazy.py").write_text("def (")
    with pytest.raises(UserError, match=r"lazy.py, line 1: invalid syntax: expected Python"):
        used(repository, "import pkg.lazy")


def test_every_page_with_derivations_uses_every_operator() -> None:
    operators = {p.name for p in (ROOT / "companion/derivation/operators").glob("[a-z]*.py")}
    assert len(operators) > 6
    for name in NAMES[:5]:
        used_here = {Path(f).name for f in relative(name) if "/operators/" in f}
        assert operators <= used_here, name


def test_a_package_does_nothing_but_pass_names_on() -> None:
    """What an ``__init__`` did when imported would be no dependency of what imports a name from it."""
    for path in [*ROOT.glob("diffcore/**/__init__.py"), *ROOT.glob("companion/**/__init__.py")]:
        for node in ast.parse(path.read_text()).body:
            plain = isinstance(
                node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.If
            )
            lazily = isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
            words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert plain or lazily or words, (path, ast.unparse(node))


TRACE = """
import sys
root = sys.argv[2] + "/"
called = set()
def seen(frame, event, argument):  # of a call; returning nothing, it is told of no line and no return
    code = frame.f_code
    function = code.co_flags & 1  # CO_OPTIMIZED: not the body of a module or of a class
    if function and code.co_filename.startswith(root):
        called.add(code.co_filename.removeprefix(root))
source = open(sys.argv[1]).read().replace('profile = "standard"', 'profile = "quick"')
import IPython.display
sys.settrace(seen)
exec(compile(source, sys.argv[1], "exec"), {"__name__": "notebook"})
sys.settrace(None)
print("\\n".join(sorted(f for f in called if not f.startswith(("<", ".venv")))))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["06_small_images"])
def test_every_function_that_a_notebook_calls_is_of_a_file_it_needs(
    name: str, tmp_path: Path
) -> None:
    """The graph is read from the code; here the notebook runs, and what it calls is written down."""
    done = subprocess.run(
        [sys.executable, "-c", TRACE, str(notebooks.source(name)), str(ROOT)],
        cwd=ROOT,
        env={"PATH": "", "COMPANION_RUNS": str(tmp_path), "COMPANION_BUILD": str(tmp_path)}
        | {"OMP_NUM_THREADS": "1"},  # as in a build
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    called = set(done.stdout.split()) - {notebooks.relative(notebooks.source(name))}
    assert len(called) > 8
    assert {f for f in called if not f.endswith("__init__.py")} <= relative(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_machinery_that_no_notebook_imports_is_no_dependency(name: str) -> None:
    files = relative(name)
    assert "companion/evidence/artifacts.py" in files
    assert not files & {"companion/cli.py", "companion/build/book.py", "diffcore/__init__.py"}
    assert all((ROOT / file).is_file() for file in files)
    assert not any(file.startswith((".venv", "tests", "notebooks")) for file in files)


def test_a_notebook_is_found_by_name_number_or_path() -> None:
    assert notebooks.find("1") == notebooks.find("01") == "01_conventions"
    with pytest.raises(UnknownName, match="unknown notebook '001'"):
        notebooks.find("001")
    for written in ("99", "99_verdicts", "notebooks/99_verdicts.py", "99_verdicts.ipynb"):
        assert notebooks.find(written) == "99_verdicts"
    with pytest.raises(UnknownName, match="did you mean '99_verdicts'"):
        notebooks.find("verdicts")


def test_the_verdicts_come_last_and_read_what_the_claims_name() -> None:
    assert NAMES[-1] == "99_verdicts"
    read = notebooks.reads("99_verdicts")
    assert read["floors"] == "05_published_numbers"
    assert set(notebooks.after("99_verdicts")) == set(read.values()) < set(NAMES)
    assert notebooks.reads("01_conventions") == {}
