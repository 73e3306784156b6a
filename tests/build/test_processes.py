"""Everything below a build ends with it, however it ends, and the next build is not disturbed by it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from miniature import Miniature, notebook

from companion.build import processes
from companion.errors import UserError

WAITS_FOR_EVER = "while not pathlib.Path('go').exists():\n    time.sleep(0.05)"
WAITS = notebook(
    "Waits",
    "import os, pathlib, time\npathlib.Path(f'started-{os.getpid()}').touch()",
    WAITS_FOR_EVER,
    "print('the old page')",
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Miniature]:
    """One notebook that waits until it may go on; temporary files in a folder of their own."""
    project = Miniature.make(tmp_path / "project", {"01_waits": WAITS})
    temporary = Path(tempfile.mkdtemp(prefix="t"))  # short: it will hold sockets
    project.environment["TMPDIR"] = str(temporary)
    yield project
    for process in project.family():  # of a test that has failed
        process.kill()
    shutil.rmtree(temporary)


def start(project: Miniature, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line in a session of its own, with the signals as a terminal gives them."""

    def as_in_a_terminal() -> None:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env=project.env,
        start_new_session=True,
        preexec_fn=as_in_a_terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


ENDINGS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
INTERRUPTED = "error: interrupted; run it again to go on where it stopped\n"


@pytest.mark.parametrize("system", ["linux", "elsewhere"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_page_of_a_build_that_was_ended_never_comes_after_the_next(
    project: Miniature, number: signal.Signals, system: str
) -> None:
    if system == "elsewhere":  # the system does not end a child when its parent dies
        project.edit("companion/build/launcher.py", '== "linux"', '== "elsewhere"')
    build = start(project, "book", "--only", "01", "--profile", "quick")
    wait_for(lambda: list(project.root.glob("started-*")))
    build.send_signal(number)  # to the head alone
    _, stderr = build.communicate(timeout=40)
    if number == signal.SIGTERM:
        assert (build.returncode, stderr) == (128 + number, INTERRUPTED)
        assert not project.family()
    elif system == "linux":
        wait_for(lambda: not project.family(), 5)
    else:
        assert project.family()

    project.edit("notebooks/01_waits.py", "while not pathlib.Path('go').exists()", "while False")
    project.edit("notebooks/01_waits.py", "the old page", "the new page")
    again = project.run("book", "--only", "01", "--profile", "quick")
    assert again.returncode == 0, again.stderr
    (project.root / "go").touch()
    assert not project.family()
    assert "the new page" in project.page("01_waits").read_text()
    assert not list(Path(project.environment["TMPDIR"]).iterdir())


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_what_is_executed_by_hand_ends_its_kernel(
    project: Miniature, number: signal.Signals
) -> None:
    if number == signal.SIGKILL and sys.platform == "linux":
        # deep in one call, so that the kernel's own thread, which looks for its parent, never runs
        backtracking = "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"
        project.edit("notebooks/01_waits.py", WAITS_FOR_EVER, backtracking)
    command = start(project, "notebook", "01", "--profile", "quick")
    wait_for(lambda: list(project.root.glob("started-*")))
    command.send_signal(number)
    _, stderr = command.communicate(timeout=40)
    if number == signal.SIGHUP:
        assert (command.returncode, stderr) == (128 + number, INTERRUPTED)
    wait_for(lambda: not project.family(), 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_check_ends_its_inner_build(project: Miniature, number: signal.Signals) -> None:
    check = start(project, "check")
    cold = project.root / "_build/standard/cold"
    wait_for(lambda: list(cold.glob("started-*")) or check.poll())
    assert check.poll() is None, check.communicate()
    assert len(project.family()) > 4
    check.send_signal(number)
    _, stderr = check.communicate(timeout=40)
    if number == signal.SIGTERM:
        assert (check.returncode, stderr) == (128 + number, INTERRUPTED)
    wait_for(lambda: not project.family(), 5)


@pytest.mark.parametrize(
    ("number", "send"),
    [*((number, os.killpg) for number in ENDINGS), (signal.SIGTERM, os.kill)],
    ids=["TERM-group", "HUP-group", "INT-group", "TERM-head"],
)
def test_a_verify_that_is_ended_says_one_line(
    project: Miniature, number: signal.Signals, send: Callable[[int, int], None]
) -> None:
    command = proving(project)
    send(command.pid, number)
    _, stderr = command.communicate(timeout=40)
    assert (command.returncode, stderr) == (128 + number, INTERRUPTED)
    wait_for(lambda: not project.family(), 5)


def test_what_a_verify_has_started_ends_with_it(project: Miniature) -> None:
    command = proving(project)
    command.kill()
    command.communicate(timeout=40)
    wait_for(lambda: not project.family(), 5)


def test_a_killed_prover_is_one_line(project: Miniature) -> None:
    command = proving(project)
    (started, *_) = project.root.glob("started-*")
    os.kill(int(started.name.removeprefix("started-")), signal.SIGKILL)
    _, stderr = command.communicate(timeout=40)
    assert (command.returncode, stderr.count("\n")) == (1, 1)
    assert "a process that proves steps was killed" in stderr


def proving(project: Miniature) -> subprocess.Popen[str]:
    """A verify whose workers have begun, and wait."""
    project.edit("notebooks/01_waits.py", WAITS, PROVES)
    project.edit("companion/build/proving/prove.py", PROVED, WAITS_IN_A_WORKER)
    command = start(project, "verify")
    wait_for(lambda: list(project.root.glob("started-*")) or command.poll() is not None)
    assert command.poll() is None, command.communicate()
    return command


CHAINS = "".join(
    f'\n# %% tags=["derivation"]\nd.chain("cube-{n}", x * x**2, (x**3, "one power more"))\n'
    for n in range(9)  # more than are proved in one process
)
OPENING = """
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import symbol
x = symbol("x")
d = Derivation("ends", title="Ends")
"""
PROVES = notebook("Proves") + OPENING + CHAINS
PROVED = "    return _prove(name, _loaded[0])"
WAITS_IN_A_WORKER = "    Path(f'started-{os.getpid()}').touch()\n    time.sleep(60)\n" + PROVED


def test_what_a_dying_kernel_says_is_in_the_log(project: Miniature) -> None:
    dying = "get_ipython().kernel.log.error('KeyboardInterrupt caught in kernel')"
    words = f"import atexit\natexit.register(lambda: {dying})"
    project.edit("notebooks/01_waits.py", WAITS_FOR_EVER, words)
    done = project.run("notebook", "01", "--profile", "quick")
    assert done.returncode == 0
    assert done.stderr == ""
    log = project.root / "_build/quick/logs/01_waits.log"
    assert "KeyboardInterrupt caught in kernel" in log.read_text()


def test_a_temporary_directory_too_long_for_a_socket_is_one_line(
    project: Miniature, tmp_path: Path
) -> None:
    project.environment["TMPDIR"] = str(tmp_path / ("long" * 25))
    Path(project.environment["TMPDIR"]).mkdir()
    done = project.run("book", "--only", "01", "--profile", "quick")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the temporary directory is too long for a kernel's sockets" in done.stderr
    assert "set TMPDIR to a shorter folder" in done.stderr


def sleeper(marks: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env=os.environ | {processes.MARKS: marks})


def test_what_carries_the_mark_is_ended_and_nothing_else() -> None:
    ours, nested, other = sleeper("0a"), sleeper("0b 0a"), sleeper("0b 0ab")
    try:
        processes.end("0a")
        assert ours.wait(1) == nested.wait(1) == -signal.SIGKILL
        assert other.poll() is None
        processes.end("0b")
        assert other.wait(1) == -signal.SIGKILL
    finally:
        for process in (ours, nested, other):
            process.kill()
            process.wait()


def test_a_process_that_cannot_be_ended_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    process = sleeper("0c")
    monkeypatch.setattr(psutil.Process, "kill", lambda self: None)
    monkeypatch.setattr(processes, "PATIENCE", 0.1)
    try:
        with pytest.raises(UserError, match=f"end them by kill -9 {process.pid}$"):
            processes.end("0c")
    finally:
        process.kill()
        process.wait()


def test_folders_of_the_dead_are_removed_and_those_of_the_living_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    ours, others = (processes.mark_of(Path(name)) for name in ("ours", "others"))
    living = psutil.Process().ppid()
    names = [
        f"{ours}-{gone.pid}",
        f"{ours}-{living}",
        f"{others}-{gone.pid}",
        f"{ours}-{os.getpid()}",
    ]
    for name in names:
        (tmp_path / f"companion-{name}" / "socket").mkdir(parents=True)
    with processes.temporary(Path("ours")) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not list(folder.iterdir())
        assert {path.name for path in tmp_path.iterdir()} == {f"companion-{n}" for n in names[1:]}
    assert not folder.exists()

    folder.symlink_to(tmp_path)  # another's, with a name that anyone can guess
    with (
        pytest.raises(UserError, match="set TMPDIR to another folder"),
        processes.temporary(Path("ours")),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_launched_process_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys; from companion.build import processes\n"
        "child = subprocess.Popen(processes.launched(['sleep', '60']))\n"
        "print(child.pid, flush=True); child.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        wait_for(lambda: child.name() == "sleep")
        parent.kill()
        _, alive = psutil.wait_procs([child], timeout=5)
        assert not alive


def test_a_process_launched_by_a_parent_that_has_died_does_nothing() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    command = processes.launched(["echo", "done"])
    assert subprocess.check_output(command) == b"done\n"
    command[command.index(str(os.getpid()))] = str(gone.pid)
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with processes.interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(processes.Interrupted) as raised:
                os.kill(os.getpid(), signal.SIGTERM)
        assert raised.value.status == 143
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_while_modules_load_shows_no_traceback(project: Miniature) -> None:
    project.edit("companion/cli.py", "import logging", LOADS)
    command = start(project, "list")
    wait_for((project.root / "loading").exists)
    command.send_signal(signal.SIGINT)
    assert command.communicate(timeout=40)[1] == ""
    assert command.returncode == -signal.SIGINT


LOADS = "import logging, pathlib, time\npathlib.Path('loading').touch()\ntime.sleep(60)"
