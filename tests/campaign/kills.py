"""Builds that are ended at random moments, and what the next build makes of what they leave behind.

A round begins cold, finished, or with what the last round left; sources are edited before builds and during
them; a build is ended by SIGKILL, SIGTERM, SIGHUP or SIGINT, to its head alone or to its process group, and
after some such ends one build may finish. What it made must be what an undisturbed cold build of the same
sources makes, byte for byte, with no process and no temporary file left.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import psutil

from tests.miniature import Miniature, notebook

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
VERSIONS = 4
PATIENCE = 60.0
"""Seconds for a build to end once it has got a signal, on a busy machine."""

STARTING = "Fatal Python error: init_import_site"
"""What Python says of Ctrl-C before it has started: its own words and exit status 1, none of our code."""

OPEN = "from factor import FACTOR\nfrom companion.evidence.artifacts import Artifacts"
NOTEBOOKS = {
    "01_numbers": notebook(
        "Numbers",
        f"{OPEN}\nimport pandas as pd\nnumbers = pd.DataFrame({{'n': [FACTOR * i for i in range(9)]}})",
        "Artifacts('01_numbers', profile).table(numbers, 'numbers', caption='Numbers.')",
    ),
    "02_sums": notebook(
        "Sums",
        f"{OPEN}\nfrom companion.evidence import style\nartifacts = Artifacts('02_sums', profile)",
        "sums = artifacts.load('numbers').cumsum()\nartifacts.table(sums, 'sums', caption='Sums.')",
        "import matplotlib.pyplot as plt\nstyle.use()\nfigure, axes = plt.subplots()\n"
        "axes.plot(sums['n'])\n"
        "artifacts.figure(figure, 'sums_drawn', caption='Sums.', alt='A curve.')",
    ),
}
TIMED = ("reproduced", "searchindex")
"""In the names of files that say how long each notebook took."""

CHECKSUM = re.compile(rb"\?v=[0-9a-f]{8}")
"""What Sphinx adds to the link of a style sheet, unless an extension has yet to write it."""

COUNTED = [
    "kills",
    "amid jobs",
    "builds",
    "survivors",
    "lost",
    "wrong",
    "litter",
    "temporary",
    "failed",
    "raw",
]
"""What is counted, in the order in which it is said; all but the first three must be 0."""


class Project(Miniature):
    """A small book with a table that another notebook reads, and a figure."""

    @classmethod
    def at(cls, root: Path, temporary: Path) -> Project:
        """Lay it out in ``root``, with its temporary files in ``temporary``."""
        project = cls.make(root, NOTEBOOKS)
        assert isinstance(project, cls)
        project.environment["TMPDIR"] = str(temporary)
        project.edit_to(0)
        return project

    def edit_to(self, version: int) -> None:
        """Make the sources those of a version: the prose, and in half of them a module, differ."""
        (self.root / "factor.py").write_text(f"FACTOR = {1 + version // 2}\n")
        (self.root / "book/intro.md").write_text(f"# A small book\n\nVersion {version}.\n")

    def clear(self) -> None:
        """Go back to a cold checkout."""
        shutil.rmtree(self.root / "_build", ignore_errors=True)

    def made(self) -> dict[str, str]:
        """The hash of every file that a build makes for a reader, or for the next build."""
        build = self.root / "_build" / "quick"
        places = [build / "book", build / "figures", build / "html"]
        files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
        return {
            path.relative_to(build).as_posix(): sha256(
                CHECKSUM.sub(b"", path.read_bytes())
            ).hexdigest()
            for path in files
            if not any(word in path.name for word in TIMED)
        }


class Campaign:
    """Rounds on one project; ``counts`` says what happened."""

    def __init__(self, project: Project, temporary: Path, seed: int) -> None:
        self.project, self.temporary = project, temporary
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.undisturbed: dict[int, dict[str, str]] = {}
        self.version = 0
        self.seconds = 0.0  # of the last undisturbed build
        self.reference()

    def round(self, kills: int) -> None:
        """End some builds, finish one, and compare it."""
        if self.random.random() < 0.3:
            self.project.clear()
        wanted = self.counts["kills"] + kills
        while self.counts["kills"] < wanted:
            self.edit()
            self.kill()
        self.finish()

    def edit(self) -> None:
        """Move to a version of the sources, which may be the one that they are."""
        self.version = self.random.randrange(VERSIONS)
        self.project.edit_to(self.version)

    def kill(self) -> None:
        """Start a build, and end it at a random moment, early ones more often, if it still runs."""
        number, whole_group = self.random.choice(SIGNALS), self.random.random() < 0.5
        moment = self.seconds * self.random.random() ** 2
        edited = moment * self.random.random() if self.random.random() < 0.3 else None
        head = self.start()
        if edited is not None:
            time.sleep(edited)
            self.edit()
        with suppress(subprocess.TimeoutExpired):
            head.wait(moment - (edited or 0.0))
        if head.returncode is not None:
            self.check_exit(head.communicate()[1], head.returncode, 0, "no signal")
            return
        if len(self.project.family()) > len(["the head", "Snakemake"]):
            self.counts["amid jobs"] += 1
        (os.killpg if whole_group else os.kill)(head.pid, number)
        try:
            _, stderr = head.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            head.kill()
            _, stderr = head.communicate()
            self.note("failed", f"{number.name} did not end the build")
        self.check_exit(stderr, head.returncode, number, f"{number.name} after {moment:.2f} s")
        left = self.project.family()
        _, alive = psutil.wait_procs(left, timeout=3 if number == signal.SIGKILL else 0.1)
        for process in alive:
            self.note("survivors", f"{number.name}: {process}")
        self.counts["kills"] += 1

    def check_exit(self, stderr: str, status: int, number: int, when: str) -> None:
        """A build ends as the signal says, or has just finished, and says at most one line."""
        ours = str(self.project.root) in stderr  # not of Python, before it comes to our code
        if stderr.startswith(STARTING):
            return
        if "Traceback" in stderr and ours:
            self.note("raw", f"{when}: {stderr}")
        elif status not in (0, -number, 128 + number) or (len(stderr.splitlines()) > 1 and ours):
            self.note("failed", f"{when}: exit status {status}: {stderr}")

    def finish(self) -> None:
        """Let one build finish, and compare what it made with what an undisturbed one makes."""
        if not self.build():
            return
        found = self.project.made()
        wanted = self.reference()
        for path in sorted(found.keys() | wanted.keys()):
            if path not in found:
                self.note("lost", path)
            elif path not in wanted and not path.startswith(
                "html"
            ):  # Sphinx keeps older pages' images
                self.note("litter", path)
            elif path in wanted and found[path] != wanted[path]:
                self.note("wrong", path)
        for process in self.project.family():
            self.note("survivors", f"after a finished build: {process}")

    def build(self) -> bool:
        """Build to the end; say whether it succeeded."""
        done = self.project.run("book", "--profile", "quick", timeout=600)
        self.counts["builds"] += 1
        if done.returncode:
            self.note("failed", f"a build that may finish: {done.stderr}")
        for path in self.temporary.iterdir():
            self.note("temporary", path.name)
        return done.returncode == 0

    def reference(self) -> dict[str, str]:
        """What an undisturbed cold build makes of this version, in the same place."""
        if self.version not in self.undisturbed:
            aside = self.project.root.with_name("aside")
            (self.project.root / "_build").mkdir(exist_ok=True)  # the first time there is none
            (self.project.root / "_build").rename(aside)
            started = time.monotonic()
            self.build()
            self.seconds = time.monotonic() - started
            self.undisturbed[self.version] = self.project.made()
            self.project.clear()
            aside.rename(self.project.root / "_build")
        return self.undisturbed[self.version]

    def start(self) -> subprocess.Popen[str]:
        """Start a build in a group of its own, with the signals as a terminal gives them."""

        def as_in_a_terminal() -> None:
            for number in SIGNALS[1:]:
                signal.signal(number, signal.SIG_DFL)

        return subprocess.Popen(
            self.project.command("book", "--profile", "quick"),
            cwd=self.project.root,
            env=self.project.env,
            start_new_session=True,
            preexec_fn=as_in_a_terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def note(self, kind: str, words: str) -> None:
        """Count something that should not be, and say what it is."""
        self.counts[kind] += 1
        print(f"  {kind}: {words}", flush=True)

    @property
    def line(self) -> str:
        """The counts in a line."""
        return ", ".join(f"{self.counts[kind]} {kind}" for kind in COUNTED)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, and nothing left behind."""
        return not any(self.counts[kind] for kind in COUNTED[3:])


@contextmanager
def campaign(seed: int) -> Iterator[Campaign]:
    """A campaign on a project of its own, which is removed at the end."""
    place = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        temporary = place / "t"
        temporary.mkdir()
        project = Project.at(place / "project", temporary)
        try:
            yield Campaign(project, temporary, seed)
        finally:  # where the campaign itself is interrupted
            for process in project.family():
                process.kill()
    finally:
        shutil.rmtree(place)


def run(n: int, seed: int) -> bool:
    """End ``n`` builds in rounds; say the counts after each round, and whether nothing was lost."""
    with campaign(seed) as chosen:
        while (left := n - chosen.counts["kills"]) > 0:
            chosen.round(min(left, chosen.random.randint(1, 9)))
            print(f"{chosen.line} (seed {seed})", flush=True)
        return chosen.clean
