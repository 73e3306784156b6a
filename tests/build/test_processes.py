"""Everything below a build ends with it, however it ends, and the next build is not disturbed by it."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from miniature import Miniature, notebook

WAITS = notebook(
    "Waits",
    "import os, pathlib, time\npathlib.Path(f'started-{os.getpid()}').touch()",
    "while not pathlib.Path('go').exists():\n    time.sleep(0.05)",
    "print('the old page')",
)


@pytest.fixture
def project(tmp_path: Path) -> Miniature:
    """One notebook that waits until it may go on; temporary files in a folder of their own."""
    project = Miniature.make(tmp_path / "project", {"01_waits": WAITS})
    temporary = Path(tempfile.mkdtemp(dir="/tmp", prefix="t"))  # short: it will hold sockets
    project.environment["TMPDIR"] = str(temporary)
    return project


def start(project: Miniature, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line in a session of its own, with the signals as a terminal gives them."""

    def as_in_a_terminal() -> None:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_DFL)

    return subprocess.Popen(
        project.command(*arguments, "--profile", "quick"),
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


def family(project: Miniature) -> list[psutil.Process]:
    """Every process that names the project in its command line, its environment or its folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values(), process.cwd()]
        except psutil.Error:
            continue
        if any(str(project.root) in word for word in words):
            found.append(process)
    return found


ENDINGS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


@pytest.mark.parametrize("number", [*ENDINGS, signal.SIGKILL], ids=lambda number: number.name)
def test_the_page_of_a_build_that_was_ended_never_comes_after_the_next(
    project: Miniature, number: signal.Signals
) -> None:
    build = start(project, "book", "--only", "01")
    wait_for(lambda: list(project.root.glob("started-*")))
    build.send_signal(number)  # to the head alone
    _, stderr = build.communicate(timeout=40)
    if number == signal.SIGKILL:
        assert build.returncode == -number
    else:
        assert build.returncode == 128 + number
        assert stderr == "error: interrupted; run it again to go on where it stopped\n"
        assert not family(project)

    project.edit("notebooks/01_waits.py", "while not pathlib.Path('go').exists()", "while False")
    project.edit("notebooks/01_waits.py", "the old page", "the new page")
    again = project.run("book", "--only", "01", "--profile", "quick")
    assert again.returncode == 0, again.stderr
    (project.root / "go").touch()
    wait_for(lambda: not family(project))
    assert "the new page" in project.page("01_waits").read_text()
    assert not list(Path(project.environment["TMPDIR"]).iterdir())
