"""Whatever is wrong with the checkout, its build or the machine: one line, with what, why and the mend."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Miniature, notebook

from companion import errors
from companion.build import verify

PR_CAPBSET_DROP = 24
OVERRIDE = (1, 2, 10)
"""From Linux's ``<linux/capability.h>``: by what root reads and writes what its permissions forbid."""

Spoil = Callable[[Path], None]


def mortal() -> None:
    """In a child before it becomes a command: hold root to the permissions of files."""
    for capability in OVERRIDE:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)


def run(project: Miniature, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        project.command(*arguments),
        cwd=project.root, env=project.env, capture_output=True, text=True, timeout=120,
        preexec_fn=mortal, check=False,
    )  # fmt: skip


def write(path: str, content: bytes = b"") -> Spoil:
    def spoil(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return spoil


def forbid(path: str, mode: int = 0) -> Spoil:
    return lambda root: (root / path).chmod(mode)


def unread(path: str) -> Spoil:
    """Forbid a module that was never imported before: nothing is left of it in ``__pycache__``."""

    def spoil(root: Path) -> None:
        shutil.rmtree((root / path).parent / "__pycache__", ignore_errors=True)
        (root / path).chmod(0)

    return spoil


def remove(path: str) -> Spoil:
    return lambda root: (root / path).unlink()


def replace(path: str, old: str, new: str) -> Spoil:
    return lambda root: Miniature(root).edit(path, old, new)


def dangling(path: str) -> Spoil:
    return lambda root: (root / path).symlink_to(root / "nowhere")


def pipe(path: str) -> Spoil:
    """A pipe in the place of a file: who reads from it waits for somebody who writes."""

    def spoil(root: Path) -> None:
        (root / path).unlink()
        os.mkfifo(root / path)

    return spoil


def grid(runs: str, folder: str = "") -> Spoil:
    """A chapter with such runs, and a folder where their shards would be locked or remembered."""

    def spoil(root: Path) -> None:
        for file, text in (("__init__", ""), ("grid", f"def grid(profile): return {runs}")):
            write(f"companion/chapters/a/{file}.py", text.encode())(root)
        (root / "_build/quick" / folder).mkdir(parents=True)

    return spoil


NOTEBOOK = "notebooks/01_first.py"
LISTING = "_build/quick/figures/01_first.manifest.json"
BOOK = "book --profile quick"
FOUND_ON_THE_WAY = ("requirements.lock", "book/intro.md", "01_first: its kernel did not start")

BEFORE = {
    # read-only and unreadable
    "read-only": (
        forbid(".", 0o555),
        BOOK,
        ["_build", "Permission denied", "mend its permissions"],
    ),
    "lock": (forbid("requirements.lock"), BOOK, ["requirements.lock", "Permission denied"]),
    "notebook": (forbid(NOTEBOOK), BOOK, [NOTEBOOK, "Permission denied"]),
    "notebooks": (forbid("notebooks"), BOOK, ["notebooks", "Permission denied"]),
    "module": (unread("companion/build/book.py"), BOOK, ["book.py", "Permission denied"]),
    "prose": (forbid("book/intro.md"), BOOK, ["book/intro.md", "Permission denied"]),
    # something else in the place of a folder or file
    "_build is a file": (write("_build"), BOOK, ["_build: ", "expected a folder; move"]),
    "_build dangles": (dangling("_build"), BOOK, ["_build: ", "expected a folder; move"]),
    "logs is a file": (write("_build/quick/logs"), BOOK, ["logs: ", "expected a folder; move"]),
    "notebook is a pipe": (pipe(NOTEBOOK), BOOK, ["no notebooks in", "expected NN_topic.py"]),
    "pipe to verify": (pipe(NOTEBOOK), "verify", [NOTEBOOK, "is no file", "remove what is"]),
    "page is a pipe": (pipe("book/intro.md"), BOOK, ["book/intro.md", "is a named pipe"]),
    "no notebooks": (remove(NOTEBOOK), BOOK, ["no notebooks in", "expected NN_topic.py"]),
    "no Snakefile": (remove("Snakefile"), BOOK, ["Snakefile", "restore it (git checkout"]),
    "lock is a folder": (grid("{}", ".shards.lock"), BOOK, [".shards.lock", "move the folder"]),
    "memory is a folder": (grid("{}", "shards.json"), BOOK, ["shards.json", "move the folder"]),
    # what does not read
    "grid of no runs": (grid("5"), BOOK, ["companion/chapters/a/grid.py", "a function grid"]),
    "binary notebook": (write(NOTEBOOK, b"\xff\x00"), BOOK, [NOTEBOOK, "not UTF-8"]),
    "null byte": (write(NOTEBOOK, b"x = '\x00'"), BOOK, [NOTEBOOK, "expected Python that parses"]),
    "module does not parse": (
        write("companion/build/book.py", b"def ("),
        BOOK,
        ["companion/build/book.py, line 1", "invalid syntax", "mend the line"],
    ),
    "no module": (remove("companion/build/book.py"), BOOK, ["cannot import name", "make env"]),
    "header": (
        replace(NOTEBOOK, "#   kernelspec:", "#   kernelspec: ["),
        "notebook 01 --profile quick",
        [NOTEBOOK, "does not read as a notebook", "copy the header"],
    ),
    "kernelspec of another kind": (
        replace(NOTEBOOK, "#   kernelspec:\n", "#   kernelspec: 5\n#   other:\n"),
        "pair",
        [NOTEBOOK, "does not read as a notebook"],
    ),
    "pair that does not parse": (
        replace(NOTEBOOK, "x = 1", "x = ("),
        "pair",
        [f"{NOTEBOOK}, line ", "expected Python that parses", "mend the line"],
    ),
    "no such kernel": (
        replace(NOTEBOOK, "name: python3", "name: fortran77"),
        "notebook 01 --profile quick",
        ["01_first: its kernel did not start", "fortran77", "make env"],
    ),
    "manifest in the way": (
        write(LISTING, b"[]"),
        "render --profile quick",
        ["01_first.manifest.json", "a list"],
    ),
    # what is asked for
    "only nothing": (None, f"{BOOK} --only=", ["unknown notebook ''", "expected one of 01_first"]),
    "only elsewhere": (None, f"{BOOK} --only /etc/nowhere/01.txt", ["'/etc/nowhere/01.txt'"]),
    "only another kind": (None, f"{BOOK} --only notebooks/01.txt", ["'notebooks/01.txt'"]),
}


@pytest.fixture
def project(tmp_path: Path) -> Miniature:
    return Miniature.make(tmp_path / "project", {"01_first": notebook("First", "x = 1\nx")})


def line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr; there must be no other."""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert "mistake of ours" not in lines[0]
    return lines[0]


@pytest.mark.parametrize(("spoil", "arguments", "words"), BEFORE.values(), ids=BEFORE.keys())
def test_what_cannot_be_tried_is_one_line(
    project: Miniature, spoil: Spoil | None, arguments: str, words: list[str]
) -> None:
    if spoil is not None:
        spoil(project.root)
    done = run(project, *arguments.split())
    for path in (project.root, project.root / "notebooks"):
        path.chmod(0o755)  # for whoever removes it
    said = line(done)
    # 1 where it was found on the way: a job's line is the build's
    assert done.returncode == (1 if words[0] in FOUND_ON_THE_WAY else 2)
    for word in words:
        assert word in said


SLOW = {
    "toc": (write("book/_toc.yml", b"format: [jb-book"), "book/_toc.yml, line 1", "that parses"),
    "toc of another kind": (write("book/_toc.yml", b"5"), "does not render", "toc"),
    "toc names no page": (
        replace("book/_toc.yml", "01_first", "02_second"),
        "does not render",
        "02_second",
    ),
    "toc leaves a page out": (write("book/lost.md", b"# Lost\n"), "does not render", "lost.md"),
    "config": (write("_config.yml", b"a: 1\ntitle: [x"), "_config.yml, line 2", "that parses"),
    "header": (
        replace(NOTEBOOK, "#   kernelspec:", "#   kernelspec: ["),
        "does not read as",
        NOTEBOOK,
    ),
    "killed": (
        replace(NOTEBOOK, "x = 1", "import os; os.kill(os.getppid(), 9)"),
        "at notebook 01_first",
        "",
    ),
}


@pytest.mark.parametrize(("spoil", "first", "second"), SLOW.values(), ids=SLOW.keys())
def test_a_build_that_fails_says_at_what_in_one_line(
    project: Miniature, spoil: Spoil, first: str, second: str
) -> None:
    spoil(project.root)
    built = project.run(*BOOK.split())
    said = line(built)
    assert built.returncode == 1
    assert first in said
    assert second in said


def test_what_snakemake_remembers_does_not_matter(project: Miniature) -> None:
    def build() -> None:
        built = project.run(*BOOK.split(), "--only", "01")
        assert built.returncode == 0, built.stderr

    memory = project.root / "_build" / "quick" / ".snakemake"
    write("_build/quick/.snakemake", b"a file")(project.root)
    build()
    damaged = [path for path in memory.rglob("*") if path.is_file()]
    assert damaged
    for path in damaged:
        path.write_bytes(b"\xff\x00")
    project.edit(NOTEBOOK, "x = 1", "x = 2")
    build()
    shutil.rmtree(memory)
    memory.symlink_to(project.root / "nowhere")
    project.edit(NOTEBOOK, "x = 2", "x = 3")
    build()


def test_a_home_that_cannot_be_written_is_not_needed(project: Miniature, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    project.environment["HOME"] = str(home)
    built = run(project, *BOOK.split())
    assert built.returncode == 0, built.stderr
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("STANDARD", ["standard"]),
        ("Standrad", ["standard"]),
        ("QUICK", ["quick"]),
        ("nelbo-X", ["NELBO-x", "nelbo-x"]),
        ("nothing like it", []),
    ],
)
def test_a_name_is_recognised_in_any_case(name: str, close: list[str]) -> None:
    known = ["quick", "standard", "NELBO-x", "nelbo-x", "quick"]
    assert errors.closest(name, known, n=2, cutoff=0.6) == close
    assert errors.closest(name, known, n=1, cutoff=0.6) == close[:1]


def test_an_unknown_name_in_another_case_is_suggested() -> None:
    said = str(errors.UnknownName("profile", "QUICK", ["quick", "standard"]))
    assert said == "unknown profile 'QUICK': did you mean 'quick'? expected one of quick, standard"
    with pytest.raises(errors.UserError, match=r"did you mean nelbo-x/step"):
        verify.select(["NELBO-X/STEP"], {"nelbo-x/step.1": "03_nelbo_in_x"})
