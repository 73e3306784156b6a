"""Run a command beside a single-node SLURM that exists only meanwhile.

::

    python tests/slurm/with_slurm.py COMMAND...    # its exit status is the command's
    python tests/slurm/with_slurm.py               # only install what is missing, and check

It needs root and Debian's packages ``slurm-wlm`` and ``munge``, which it installs where they are missing.
It refuses where a SLURM configuration or a daemon of SLURM is there already. The one file that it writes
outside a temporary folder is ``/etc/slurm/slurm.conf``, because the ``srun`` of a job looks nowhere else.

A supervisor in a session of its own holds the daemons and waits for the end of a pipe. However this
process ends, killed or not, the pipe ends with it, and the supervisor takes everything down.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import psutil

CONFIGURATION = Path("/etc/slurm/slurm.conf")
PACKAGES = ("slurm-wlm", "munge")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue", "scontrol")
DAEMONS = ("slurmctld", "slurmd", "slurmstepd", "slurmdbd", "munged")
FOLDER_PREFIX = "companion-slurm-"
SUPERVISE = "--supervise"
PR_SET_CHILD_SUBREAPER = 36
SECONDS_TO_START = 30.0


class Refused(Exception):
    """Why there can be no SLURM of our own here, in one line."""


def refuse_another() -> None:
    """Raise `Refused` where SLURM is in use, or cannot be started."""
    if os.geteuid() != 0:
        raise Refused(
            "SLURM's daemons need root: expected to run as root; use a container or a machine of its own"
        )
    if "SLURM_CONF" in os.environ:
        raise Refused(
            f"SLURM_CONF is {os.environ['SLURM_CONF']}: expected no other SLURM; unset it, or test elsewhere"
        )
    if CONFIGURATION.exists():
        raise Refused(
            f"{CONFIGURATION} is there already: expected a machine without SLURM; test elsewhere, or "
            "remove it if no cluster uses it"
        )
    for process in psutil.process_iter(["name", "pid"]):
        if process.info["name"] in DAEMONS:
            raise Refused(
                f"{process.info['name']} is running (process {process.info['pid']}): expected a machine "
                "without SLURM; test elsewhere, or stop it if nothing uses it"
            )


def install() -> None:
    """Install the packages that are missing, and leave their services stopped."""
    if all(shutil.which(program) for program in PROGRAMS):
        return
    if not shutil.which("apt-get"):
        raise Refused(f"no apt-get here: expected Debian's {' and '.join(PACKAGES)}; install them")
    print(f"installing {' and '.join(PACKAGES)}", flush=True)  # noqa: T201
    quiet = {
        "stdout": subprocess.DEVNULL,
        "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    }
    get = ["apt-get", "-qq"]
    subprocess.run([*get, "update"], check=True, **quiet)
    subprocess.run(
        [*get, "install", "-y", "--no-install-recommends", *PACKAGES], check=True, **quiet
    )
    if Path("/run/systemd/system").is_dir():
        services = ["munge", "slurmctld", "slurmd"]
        subprocess.run(["systemctl", "--quiet", "disable", "--now", *services], check=False)


def configuration(folder: Path) -> str:
    """Return a slurm.conf for this machine alone; everything that it names is in ``folder``."""
    found = subprocess.run(["slurmd", "-C"], capture_output=True, text=True, check=True).stdout
    node = next(line for line in found.splitlines() if line.startswith("NodeName="))
    name = node.split()[0].removeprefix("NodeName=")
    return f"""\
# Written by {Path(__file__).name} for one test, and removed with it.
ClusterName=companion
SlurmctldHost={name}(127.0.0.1)
SlurmctldPort={_free_port()}
SlurmdPort={_free_port()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/meeting/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
KillWait=2
{node} NodeAddr=127.0.0.1 State=UNKNOWN
PartitionName=onenode Nodes={name} Default=YES MaxTime=INFINITE State=UP
"""


def supervise() -> None:
    """Start the daemons, say so, wait for stdin to end, take everything down."""
    # Handlers, not SIG_IGN, which the daemons and their jobs would inherit.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    # What the daemons start and leave behind becomes ours, to be ended with them.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    folder = Path(mkdtemp(prefix=FOLDER_PREFIX))
    ours = False
    try:
        folder.chmod(0o755)
        with CONFIGURATION.open("x", encoding="utf-8") as file:
            ours = True
            file.write(configuration(folder))
        _start(folder)
        print("ready", flush=True)  # noqa: T201
        sys.stdin.read()
    except Exception as error:
        print(f"SLURM did not start: {' '.join(str(error).split())}", flush=True)  # noqa: T201
    finally:
        if ours:
            _end_all()
            CONFIGURATION.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> None:
    key = folder / "munge" / "munge.key"
    key.parent.mkdir(mode=0o700)
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    for path in (key.parent, key):
        shutil.chown(path, "munge", "munge")
    private = [f"--{name}-file={key.parent / name}" for name in ("pid", "log", "seed")]
    munged = ["munged", "--foreground", f"--key-file={key}", *private]
    meeting = folder / "meeting"  # the key's folder is closed to all, the socket's open to all
    meeting.mkdir(mode=0o755)
    shutil.chown(meeting, "munge", "munge")
    log = (folder / "output").open("wb")
    options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": folder}
    daemons = [
        subprocess.Popen(
            [*munged, f"--socket={meeting / 'socket'}"], user="munge", group="munge", **options
        )
    ]
    _wait(lambda: (meeting / "socket").exists(), daemons, folder)
    daemons += [subprocess.Popen([name, "-D"], **options) for name in ("slurmctld", "slurmd")]
    _wait(lambda: _output("sinfo", "-h", "-o", "%T") == "idle", daemons, folder)


def _wait(true: Callable[[], bool], daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not true():
        dead = [daemon.args[0] for daemon in daemons if daemon.poll() is not None]  # type: ignore[index]
        if dead or time.monotonic() > deadline:
            words = [path.read_text(errors="replace") for path in sorted(folder.glob("*.log"))]
            words.append((folder / "output").read_text(errors="replace"))
            raise RuntimeError(f"{dead or 'no daemon'} ended: {' '.join(words)[-2000:]}")
        time.sleep(0.05)


def _end_all() -> None:
    """End the jobs, the daemons, and whatever these have left."""
    for _ in range(20):
        family = psutil.Process().children(recursive=True)
        if not family:
            return
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=1)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def beside_slurm(command: list[str]) -> int:
    """Run ``command`` while there is a SLURM, and return its exit status."""
    supervisor = subprocess.Popen(
        [sys.executable, __file__, SUPERVISE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    child: subprocess.Popen[bytes] | None = None
    try:
        if (answer := supervisor.stdout.readline().strip()) != "ready":
            raise Refused(answer or "SLURM did not start: its supervisor ended without a word")
        child = subprocess.Popen(command)
        return child.wait()
    finally:
        if child is not None and child.poll() is None:
            child.terminate()
            child.wait()
        supervisor.stdin.close()
        supervisor.wait()


def main(arguments: list[str]) -> int:
    """Run the command line; a refusal is one line on stderr and exit status 2."""
    if arguments == [SUPERVISE]:
        supervise()
        return 0
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        refuse_another()
        install()
        return beside_slurm(arguments) if arguments else 0
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except subprocess.CalledProcessError as error:
        print(f"error: {error}: expected to install {' and '.join(PACKAGES)}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
