"""What is remembered of a file's syntax is what reading it says, whatever is in the memory."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from companion import graph, paths, syntax
from companion.errors import UserError

SOURCE = '''
"""Words."""
import pkg.a
from . import near
from ..far import *
from .near import One as Two
VALUE = Two.three("pkg.b.C", "numbers.csv")
'''


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file beside a build folder, in a process that knows of nothing yet."""
    (tmp_path / "_build").mkdir()
    path = tmp_path / "source.py"
    path.write_text(SOURCE)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    syntax._known.cache_clear()
    yield path
    syntax._known.cache_clear()


def kept(source: Path) -> Path:
    """The memory, as the process leaves it."""
    syntax.of(source)
    syntax.keep()
    syntax._known.cache_clear()
    return source.parent / "_build" / "syntax.json"


def test_a_file_says_what_it_imports_binds_and_names(source: Path) -> None:
    said = syntax.of(source)
    assert said.binds == {
        "pkg": ["pkg"],
        "near": [".near"],
        "*": ["..far.*"],
        "Two": [".near.One"],
        "VALUE": [syntax.OWN],
    }
    assert said.aliases == {"pkg": ["pkg"], "near": [".near"], "Two": [".near.One"]}
    assert (said.whole, said.modules, said.stars) == (["pkg"], ["pkg.a"], ["..far"])
    assert (said.chains, said.strings) == (["Two.three"], ["numbers.csv", "pkg.b.C"])
    assert said.words == ["Words.", "numbers.csv", "pkg.b.C"]


BINDING = """
async def one(): ...
class two: ...
three: int = 1
four += 1
with a: five = 1
try: six = 1
except E: seven = 1
else: eight = 1
finally: nine = 1
"""


def test_every_statement_that_binds_at_the_top_is_seen() -> None:
    names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert syntax.read(ast.parse(BINDING)).binds == {name: [syntax.OWN] for name in names}


@pytest.mark.parametrize("head", ["def f():", "async def f():", "class f:"])
def test_words_mean_nothing_and_an_empty_string_is_words(head: str) -> None:
    bodies = [f"{head}\n {words} x" for words in ("", "'pkg.a';", "'';")]
    assert len({syntax.read(ast.parse(body)).meaning for body in bodies}) == 1
    assert syntax.read(ast.parse(bodies[1])).strings == []
    assert syntax.read(ast.parse("x = 'pkg.a is words'")).strings == []


def test_what_is_remembered_is_not_parsed_again(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = syntax.of(source)
    kept(source)
    monkeypatch.setattr(syntax, "read", lambda *_: pytest.fail("parsed again"))
    assert syntax.of(source) == said


def test_another_text_is_read_anew_though_its_date_is_the_same(source: Path) -> None:
    before = syntax.of(source)
    kept(source)
    stat = source.stat()
    source.write_text(SOURCE.replace("Two.three", "Two.threw"))
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = syntax.of(source)
    assert after.chains == ["Two.threw"]
    assert after.meaning != before.meaning


def test_a_memory_that_is_damaged_or_anothers_does_not_count(source: Path) -> None:
    said, memory = syntax.of(source), kept(source)
    whole = memory.read_text()
    content = json.loads(whole)
    false = [
        whole[: len(whole) // 2],
        "[]",
        whole.replace("Two.three", "Two.threw"),
        json.dumps(content | {"files": None}),
        json.dumps(content | {"writer": "another"}),
    ]
    for text in false:
        memory.write_text(text)
        syntax._known.cache_clear()
        assert syntax._known() == {}
        assert syntax.of(source) == said
    memory.write_text(whole)
    syntax._known.cache_clear()
    assert len(syntax._known()) == 1


def test_what_an_edited_module_would_read_otherwise_is_not_kept_as_its_own(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that outlives an edit of this module, as a kernel does, still reads by the old one."""
    own = Path(syntax.__file__).read_bytes()
    edited = source.with_name("edited.py")
    edited.write_bytes(own + b"EDITED = 1")
    monkeypatch.setattr(syntax, "__file__", str(edited))
    writer = json.loads(kept(source).read_text())["writer"]
    assert writer == f"{sys.version} {hashlib.sha256(own).hexdigest()}"


def test_what_is_learned_after_keeping_is_kept_too_and_nothing_is_written_twice(
    source: Path,
) -> None:
    memory = kept(source)
    before = memory.stat().st_ino
    syntax.of(source)
    syntax.keep()
    assert memory.stat().st_ino == before
    other = source.with_name("other.py")
    other.write_text("import json")
    syntax.of(other)
    syntax.keep()
    assert memory.stat().st_ino != before
    assert len(json.loads(memory.read_text())["files"]) == len(syntax._known()) == 2


def test_what_another_process_learned_meanwhile_is_kept_too(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syntax.of(source)
    program = "import sys; from pathlib import Path; from companion import paths, syntax; "
    program += "paths.ROOT = Path(sys.argv[1]); syntax.of(paths.ROOT / 'other.py')"
    (source.parent / "other.py").write_text("import json")
    subprocess.run([sys.executable, "-c", program, str(source.parent)], check=True)
    memory = kept(source)
    assert len(json.loads(memory.read_text())["files"]) == 2
    monkeypatch.setattr(syntax, "MOST", 1)  # then only what this process asked for
    monkeypatch.setattr(syntax, "_asked", set())
    broken = source.with_name("broken.py")
    broken.write_text("def (")
    with pytest.raises(UserError):  # of which nothing is known
        syntax.of(broken)
    kept(source)


def test_nothing_is_kept_where_nothing_is_built_or_can_be(source: Path) -> None:
    memory = kept(source)
    memory.unlink()
    memory.mkdir()
    assert kept(source).is_dir()  # it cannot be written, and that is all
    memory.rmdir()
    memory.parent.rmdir()
    assert not kept(source).parent.exists()


def test_what_does_not_parse_is_said_each_time(source: Path) -> None:
    source.write_text("def (")
    for _ in range(2):
        with pytest.raises(UserError, match=r"source.py, line 1: invalid syntax: expected Python"):
            syntax.of(source)
    # this parses, and nests too deep to be read
    source.write_text("x = " + " + ".join(["1"] * 2_000))
    with pytest.raises(UserError, match=r"source.py: maximum recursion depth .*: expected Python"):
        syntax.of(source)
    graph.forget()
