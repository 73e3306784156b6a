"""The pipeline through a real SLURM, and that nothing is left of it: ``make test-slurm``, as root.

Plain pytest does not collect this file. Each test starts a SLURM of its own (`with_slurm`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from with_slurm import CONFIGURATION, DAEMONS, FOLDER_PREFIX

ROOT = Path(__file__).resolve().parents[2]
BESIDE_SLURM = [sys.executable, str(Path(__file__).with_name("with_slurm.py"))]


def left_behind() -> list[str]:
    """What there is of SLURM on this machine, installed packages aside."""
    folders = Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*")
    daemons = [p.info["name"] for p in psutil.process_iter(["name"]) if p.info["name"] in DAEMONS]
    files = [path for path in (CONFIGURATION, *folders) if path.exists()]
    return [*daemons, *map(str, files)]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    assert left_behind() == []
    yield
    assert left_behind() == []


def refusal(**environment: str) -> str:
    done = subprocess.run(
        [*BESIDE_SLURM, "touch", "/nowhere/never"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_refuses_where_slurm_is_configured():
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text("ClusterName=somebody\n")
    try:
        assert "slurm.conf is there already: expected a machine without SLURM" in refusal()
        assert CONFIGURATION.read_text() == "ClusterName=somebody\n"
    finally:
        CONFIGURATION.unlink()


def test_it_refuses_where_another_slurm_is_meant():
    assert "SLURM_CONF is /far/slurm.conf" in refusal(SLURM_CONF="/far/slurm.conf")


@pytest.mark.parametrize("name", ["munged", "slurmctld", "slurmd"])
def test_it_refuses_where_a_daemon_is_running(name: str, tmp_path: Path):
    shutil.copy(shutil.which("sleep") or "", tmp_path / name)
    with subprocess.Popen([tmp_path / name, "100"]) as stranger:
        try:
            assert f"{name} is running (process {stranger.pid})" in refusal()
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("command", ["true", "false"])
def test_it_gives_the_command_s_status_and_takes_everything_down(command: str):
    done = subprocess.run([*BESIDE_SLURM, command], check=False)
    assert done.returncode == (command == "false")


def sleeping(seconds: int) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if process.info["cmdline"] == ["sleep", str(seconds)]]


JOBS = """\
for _ in 1 2 3; do sbatch --quiet --output=/dev/null --wrap 'sleep 9753'; done
until squeue -h -t R | grep -q .; do sleep 0.1; done
touch "$0/running"
exec sleep 9754
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_however_it_ends_it_takes_everything_down(number: int, status: int, tmp_path: Path):
    """The jobs too: some are running, others wait. As Ctrl-C does, the signal goes to the whole group."""
    command = [*BESIDE_SLURM, "bash", "-c", JOBS, str(tmp_path)]
    with subprocess.Popen(command, start_new_session=True) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "running").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert set(DAEMONS[:2]) < set(left_behind())
        os.killpg(process.pid, number)
        assert process.wait(30) == status
    deadline = time.monotonic() + 15
    while left_behind() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sleeping(9753) == []
    assert sleeping(9754) == []


TARGET = "records/06_small_images.json"
"""A notebook, and the two shards of training runs that it waits for."""


def copy_of_the_repository(folder: Path) -> Path:
    """The tracked and new files, which bring no build, no runs and no environment along."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def words_of(root: Path, *command: str) -> str:
    """Run a command in a copy of the repository; return its words."""
    ours = ("PYTHONPATH", "COMPANION_RUNS", "SLURM_")
    done = subprocess.run(
        command,
        cwd=root,
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def results(root: Path) -> dict[str, bytes]:
    """What training and the notebook have made, by path."""
    build = root / "_build" / "quick"
    made = [*(root / "runs").rglob("*.*"), *(build / "figures").rglob("*.*")]
    made.append(build / "book" / "06_small_images.ipynb")
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in made
        if p.suffix != ".lock" and p.is_file()
    }


@pytest.mark.timeout(1200)  # two minutes on two idle cores
def test_the_pipeline_through_slurm_gives_the_bytes_of_a_run_by_hand(tmp_path: Path):
    """By hand, the notebook's kernel trains the models of a budget as one; on the cluster jobs share them."""
    local = copy_of_the_repository(tmp_path / "local")
    words_of(local, sys.executable, "-m", "companion", "notebook", "06", "--profile", "quick")

    remote = copy_of_the_repository(tmp_path / "remote")
    jobs, grids = (remote / "companion" / path for path in ("build/shards.py", "runs/grids.py"))
    for file, old, new in (
        (jobs, "SHORT = 1_000_000", "SHORT = 0"),
        (jobs, "WORTH = 8_000_000", "WORTH = 0"),
        (grids, "MOST = 24", "MOST = 8"),
    ):
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
    report = tmp_path / "jobs.txt"
    words = words_of(
        remote,
        *(*BESIDE_SLURM, "bash", "-c", f'"$@" && scontrol --oneliner show jobs > {report}', "bash"),
        *(sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm"),
        *("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-keep-successful-logs"),
        *("--slurm-init-seconds-before-status-checks", "8"),
        *("--config", "profile=quick", "--", TARGET),
    )

    submitted = re.findall(r"has been submitted with SLURM jobid (\d+) \(log: (.*)\)", words)
    assert len(submitted) == 6
    known = dict(re.findall(r"^JobId=(\d+) .*? JobState=(\S+)", report.read_text(), re.MULTILINE))
    assert known == {number: "COMPLETED" for number, _ in submitted}
    said = [Path(log).read_text() for _, log in submitted]
    assert sum("8 of 8 runs of small_images trained in" in text for text in said) == 4
    assert sum("06_small_images executed in" in text for text in said) == 1
    assert "trained in" not in words

    here, there = results(local), results(remote)
    assert len([name for name in here if name.endswith("finished.json")]) == 36
    assert there.keys() == here.keys()
    assert [name for name in here if here[name] != there[name]] == []
