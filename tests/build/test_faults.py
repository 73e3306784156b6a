"""Bad input, a full disk, an interruption: one clear line, and nothing half-written is finished."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from miniature import Miniature, notebook

from companion import cli

SLOW = notebook("Slow", "import pathlib, time", 'pathlib.Path("started").touch(); time.sleep(60)')


@pytest.fixture
def project(tmp_path: Path) -> Miniature:
    return Miniature.make(tmp_path / "project", {"01_first": notebook("First", "x = 1\nx")})


def one_line(stderr: str) -> str:
    """Return the one line of ``stderr``; there must be no other."""
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("book --profile quik", ["unknown profile 'quik'", "did you mean 'quick'?"]),
        ("book --only 98", ["unknown notebook '98'", "expected one of", "01_"]),
        ("notebook nope", ["unknown notebook 'nope'", "expected one of"]),
        ("notebook 01 --profile huge", ["unknown profile 'huge'", "quick, standard, paper"]),
        ("notebook", ["Missing argument 'name'; see", "--help"]),
        ("nonsense", ["No such command 'nonsense'", "--help"]),
        ("book --jobs many", ["valid integer", "--help"]),
        ("book --jobs 0", ["greater than or equal to 1", "--help"]),
        ("verify no-such-step", ["no-such-step"]),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(
    arguments: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments.split()) == 2
    said = one_line(capsys.readouterr().err)
    for word in words:
        assert word in said


def test_a_notebook_that_raises_is_one_line_and_a_log(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "x = 1", "x = 1\n1 / 0")
    built = project.run("book", "--profile", "quick")
    assert built.returncode == 1
    said = one_line(built.stderr)
    assert (
        "notebook 01_first, notebooks/01_first.py:21, `1 / 0`, raised ZeroDivisionError: division by zero"
        in said
    )
    log = project.root / "_build/quick/logs/01_first.log"
    assert str(log.relative_to(project.root)) in said
    assert "1 / 0" in log.read_text()
    assert not project.page("01_first").exists()
    assert not project.html.exists()


def test_a_failure_takes_nothing_that_was_good_for_new(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "x = 1", "x = 2; undefined")
    assert project.run("book", "--only", "01", "--profile", "quick").returncode == 1
    assert not project.page("01_first").exists()
    project.edit("notebooks/01_first.py", "; undefined", "")
    assert project.execute() == {"01_first"}


def test_a_kernel_that_dies_is_one_line(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "x = 1", "import os; os.kill(os.getpid(), 9)")
    done = project.run("notebook", "01", "--profile", "quick")
    assert done.returncode == 1
    assert "its kernel died" in one_line(done.stderr)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('# %% tags=["parameters"]', "# %%", "0 cells tagged `parameters`: expected one"),
        ("#     language: python\n", "", "names no kernelspec with a language"),
    ],
)
def test_a_malformed_notebook_is_one_line(
    project: Miniature, old: str, new: str, words: str
) -> None:
    project.edit("notebooks/01_first.py", old, new)
    done = project.run("notebook", "01", "--profile", "quick")
    assert done.returncode == 2
    assert words in one_line(done.stderr)


def test_a_notebook_that_does_not_parse_is_one_line(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "x = 1", "def (")
    built = project.run("book", "--only", "01", "--profile", "quick")
    assert built.returncode == 2
    assert "notebooks/01_first.py, line 20: invalid syntax" in one_line(built.stderr)


def test_a_warning_of_sphinx_stops_the_book_every_time(project: Miniature) -> None:
    project.edit("book/intro.md", "Prose.", "[nowhere](no_such_page.md)")
    for _ in range(2):
        built = project.run("book", "--profile", "quick")
        assert built.returncode == 1
        said = one_line(built.stderr)
        assert "the book does not render: " in said
        assert "no_such_page" in said
        assert "_build/quick/logs/sphinx.log" in said
        assert not (project.html / "index.html").exists()


def test_a_killed_build_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    project = Miniature.make(tmp_path, {"01_slow": SLOW})
    command = project.command("book", "--only", "01", "--profile", "quick")
    build = subprocess.Popen(command, cwd=project.root, env=project.env, start_new_session=True)
    wait_for(project.root / "started")
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    assert not project.page("01_slow").exists()

    project.edit("notebooks/01_slow.py", "time.sleep(60)", "time.sleep(0)")
    again = project.run("book", "--only", "01", "--profile", "quick")
    assert again.returncode == 0, again.stderr  # no lock left behind, nothing taken for finished
    assert "01_slow executed" in again.stdout


@pytest.mark.parametrize("interrupt", [os.killpg, os.kill], ids=["all", "lost on the way"])
def test_an_interrupted_build_says_so(
    tmp_path: Path, interrupt: Callable[[int, int], None]
) -> None:
    project = Miniature.make(tmp_path, {"01_slow": SLOW})
    command = project.command("book", "--only", "01", "--profile", "quick")
    build = subprocess.Popen(
        command,
        cwd=project.root,
        env=project.env,
        start_new_session=True,
        # a suite that was started in the background may have inherited that Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(project.root / "started")
    below = psutil.Process(build.pid).children(recursive=True)
    interrupt(build.pid, signal.SIGINT)  # Ctrl-C interrupts all; what runs below may not notice
    _, stderr = build.communicate(timeout=40)
    assert build.returncode == 130
    assert one_line(stderr) == "error: interrupted; run it again to go on where it stopped"
    assert not project.page("01_slow").exists()
    _, alive = psutil.wait_procs(below, timeout=10)
    assert below
    assert not alive  # nothing goes on building unseen


def test_two_builds_at_once_do_not_meet(project: Miniature) -> None:
    command = project.command("book", "--only", "01", "--profile", "quick")
    builds = [
        subprocess.Popen(command, cwd=project.root, env=project.env, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = b"".join(build.communicate(timeout=120)[0] for build in builds)
    assert [build.returncode for build in builds] == [0, 0]
    assert said.count(b"01_first executed") == 1


def limited(project: Miniature, room: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line where no file can grow beyond ``room`` bytes."""
    return subprocess.run(
        project.command(*arguments, "--profile", "quick"),
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        check=False,
    )


def test_a_full_disk_is_one_line(project: Miniature) -> None:
    big = 'print("x" * 400_000)'
    project.edit("notebooks/01_first.py", "x = 1", f"x = 1\n{big}")

    done = limited(project, 100_000, "notebook", "01")
    assert done.returncode == 2
    said = one_line(done.stderr)
    assert "cannot write" in said
    assert "01_first.ipynb" in said
    assert "expected room for" in said
    assert not list(project.page("01_first").parent.iterdir()), "no half, no temporary file"


def test_a_disk_too_full_for_a_log_is_one_line(project: Miniature) -> None:
    built = limited(project, 1_000, "book")
    assert built.returncode == 2
    assert "cannot write" in one_line(built.stderr)


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.1)
