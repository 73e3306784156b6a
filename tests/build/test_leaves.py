"""What grows is a leaf: in a copy of the repository, one of each is added, and what would run is counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from companion.build import check
from companion.paths import ROOT

#: Pretends that everything has just been built, without building it.
BUILT = """
from companion import notebooks, paths
from companion.build import records
from companion.files import write_text
saved = {table: other for n in notebooks.names() for table, other in notebooks.reads(n).items()}
for table in saved:
    write_text(paths.figures_dir("quick") / f"{table}.csv", "a\\n1\\n")
for name in notebooks.names():
    write_text(paths.pages_dir("quick") / f"{name}.ipynb", "{}")
    records.write(name, "quick", records.needs(name), 1.0)
records.write(records.HTML, "quick", records.needs(records.HTML), 1.0)
"""

STALE = """
import json
from companion.build import records
print(json.dumps(records.stale("quick")))
"""

#: What a training run's code is known by; see `companion.runs`.
RUNS = """
import json
from companion import graph
from companion.runs import grids
named = grids.named("quick")
print(json.dumps({name: run.id for name, run in named.items()}))
"""

SCHEDULE = '''
from dataclasses import dataclass
from diffcore.schedules.cosine import Cosine

@dataclass(frozen=True)
class Another(Cosine):
    """Another schedule."""
'''

CATALOGUE = '''
from dataclasses import dataclass
from diffcore.weightings import Elbo

@dataclass(frozen=True)
class Another(Elbo):
    """Another objective."""
'''


@dataclass(frozen=True)
class Copy:
    """A copy of the repository, in which code can be run."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Copy:
        """Copy what a build is made from."""
        for name in check.SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name)
            elif (ROOT / name).is_file():
                shutil.copy2(ROOT / name, root / name)
        return cls(root)

    def copied(self, root: Path) -> Copy:
        """Another, with whatever has been built in this one."""
        return Copy(Path(shutil.copytree(self.root, root)))

    def run(self, code: str) -> str:
        """Run ``code`` there; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stale(self) -> set[str]:
        """What the next build would make again, and nothing is said of the pages, which always follow."""
        return set(json.loads(self.run(STALE))) - {"html"}

    def runs(self) -> dict[str, str]:
        """The folder of every training run that the book names."""
        return json.loads(self.run(RUNS))

    def append(self, file: str, text: str) -> None:
        """Add ``text`` to a file, which need not exist."""
        path = self.root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which everything has just been built."""
    made = Copy.make(tmp_path_factory.mktemp("leaves") / "copy")
    made.run(BUILT)
    assert made.stale() == set()
    return made


@pytest.fixture(scope="module")
def runs(built: Copy) -> dict[str, str]:
    """Its training runs."""
    return built.runs()


@pytest.fixture
def copy(built: Copy, tmp_path: Path) -> Copy:
    return built.copied(tmp_path / "copy")


def test_growing_tables_are_leaves(copy: Copy, runs: dict[str, str]) -> None:
    assert len(runs) > 10

    copy.append("diffcore/schedules/another.py", SCHEDULE)
    copy.append(
        "diffcore/schedules/__init__.py", "from diffcore.schedules.another import Another\n"
    )
    assert copy.stale() == set()

    copy.append("diffcore/catalogue/another.py", CATALOGUE)
    copy.append(
        "diffcore/catalogue/__init__.py", "from diffcore.catalogue.another import Another\n"
    )
    assert copy.stale() == set()

    copy.append("companion/chapters/another/__init__.py", '"""Another chapter."""\n')
    copy.append("companion/chapters/another/results.py", "def table(): ...\n")
    copy.append("companion/chapters/another/claims.py", "CLAIMS = ()\n")
    assert copy.stale() == {"99_verdicts"}

    shutil.copy(
        copy.root / "notebooks/02_forward_process.py", copy.root / "notebooks/50_another.py"
    )
    assert copy.stale() == {"50_another", "99_verdicts"}
    assert copy.runs() == runs


@pytest.mark.parametrize(
    ("file", "again"),
    [
        (
            "diffcore/schedules/linear_beta.py",
            {
                "01_conventions",
                "02_forward_process",
                "08_weightings",
                "17_data_sets",
                "24_what_to_use",
                "99_verdicts",
            },
        ),
        ("diffcore/masked/schedules.py", {"10_masked_diffusion"}),
        (
            "diffcore/catalogue/min_snr.py",
            {
                "04_four_targets",
                "08_weightings",
                "12_reweighted",
                "19_equal_footing",
                "24_what_to_use",
                "25_weightings_from_kernels",
                "99_verdicts",
            },
        ),
        (
            "companion/chapters/published_numbers/results.py",
            {"05_published_numbers", "99_verdicts"},
        ),
        ("companion/chapters/small_images/claims.py", {"99_verdicts"}),
        (
            "companion/study/data/losses.csv",
            {
                "05_published_numbers",
                "13_one_scale",
                "15_sampling_steps",
                "18_as_published",
                "20_metrics",
                "23_full_length",
                "24_what_to_use",
                "99_verdicts",
            },
        ),
    ],
)
def test_an_edit_runs_again_what_uses_it_and_nothing_else(
    copy: Copy, file: str, again: set[str]
) -> None:
    copy.append(file, "\nEDITED = 1\n" if file.endswith(".py") else "\n")
    assert copy.stale() == again


def test_what_trains_a_model_is_part_of_its_identity(copy: Copy, runs: dict[str, str]) -> None:
    copy.append("diffcore/training.py", "\nEDITED = 1\n")
    after = copy.runs()
    assert after.keys() == runs.keys()
    assert not set(after.values()) & set(runs.values())


def test_a_new_network_orphans_no_run_and_an_edited_one_its_own(
    copy: Copy, runs: dict[str, str]
) -> None:
    copy.append(
        "diffcore/networks/another.py",
        "from diffcore.networks.time_mlp import TimeMLP\n\n\nclass Another(TimeMLP):\n    pass\n",
    )
    copy.append("diffcore/networks/__init__.py", "from diffcore.networks.another import Another\n")
    assert copy.runs() == runs
    copy.append("diffcore/networks/study_mlp.py", "\nEDITED = 1\n")
    changed = {name for name, mark in copy.runs().items() if mark != runs[name]}
    assert changed == {name for name in runs if name.startswith("as_published/")}
    copy.append("diffcore/networks/time_mlp.py", "\nEDITED = 1\n")
    assert not set(copy.runs().values()) & set(runs.values())
