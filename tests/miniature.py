"""A miniature of the project in an empty folder: the real pipeline, small notebooks.

The pipeline's behaviour (what runs again, what an interruption leaves, what an error says) is
tested on it by real edits, so that no test touches the repository's own build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # {title}

# %% tags=["parameters"]
profile = "standard"
"""

PIPELINE = ["Snakefile", "Makefile", "_config.yml", "jupytext.toml", "pyproject.toml"]
PIPELINE += ["requirements.lock", "requirements-torch.lock"]


def notebook(title: str, *cells: str) -> str:
    """Return the source of a notebook with the given code cells."""
    return HEADER.format(title=title) + "".join(f"\n# %%\n{cell}\n" for cell in cells)


@dataclass
class Miniature:
    """A small project at ``root``; ``run`` runs its command line."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, notebooks: dict[str, str]) -> Miniature:
        """Lay the project out: the real machinery, the given notebooks, a page of prose."""
        root.mkdir(parents=True, exist_ok=True)
        for name in PIPELINE:
            shutil.copy(ROOT / name, root / name)
        without = shutil.ignore_patterns("chapters", "peers", "study")
        shutil.copytree(ROOT / "companion", root / "companion", ignore=without)
        (root / "notebooks").mkdir()
        for name, text in notebooks.items():
            (root / "notebooks" / f"{name}.py").write_text(text, encoding="utf-8")
        shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
        (root / "book" / "intro.md").write_text("# A miniature\n\nProse.\n", encoding="utf-8")
        (root / "book" / "references.bib").write_text("", encoding="utf-8")
        pages = "".join(
            f"  - file: {name}\n" for name in [*notebooks, "every_step", "notation", "reproduced"]
        )
        (root / "book" / "_toc.yml").write_text(
            f"format: jb-book\nroot: intro\nchapters:\n{pages}", encoding="utf-8"
        )
        return cls(root)

    def copied(self, root: Path) -> Miniature:
        """Another at ``root``, with whatever has been built in this one."""
        return Miniature(Path(shutil.copytree(self.root, root)), dict(self.environment))

    def run(self, *arguments: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run ``python -m companion`` in the project."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def family(self) -> list[psutil.Process]:
        """Every process with the project in its command line, its environment or its folder."""
        found = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values(), process.cwd()]
            except psutil.Error:
                continue
            if any(str(self.root) in word for word in words):
                found.append(process)
        return found

    def execute(self, profile: str = "quick") -> set[str]:
        """Have Snakemake, by hand, bring all notebooks up to date; return those that it executed."""
        names = sorted(path.stem for path in (self.root / "notebooks").glob("*.py"))
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--config"]
        command += [f"profile={profile}", "--", *(f"records/{name}.json" for name in names)]
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
        said = [line.strip().split() for line in done.stdout.splitlines()]
        return {words[0] for words in said if words[1:3] == ["executed", "in"]}

    def stale(self, profile: str = "quick") -> set[str]:
        """Return what the next build would make again."""
        done = self.run("stale", "--profile", profile)
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stdout.splitlines() if not line.startswith("nothing")]
        return {line.split(":")[0] for line in lines}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of ``python -m companion``."""
        return [sys.executable, "-m", "companion", *arguments]

    @property
    def env(self) -> dict[str, str]:
        """Return the environment: this one, with the project's own modules first."""
        return os.environ | {"PYTHONPATH": str(self.root)} | self.environment

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace ``old`` by ``new`` in a file; it must be there."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def page(self, name: str, profile: str = "quick") -> Path:
        """Return where the executed notebook ``name`` is."""
        return self.root / "_build" / profile / "book" / f"{name}.ipynb"

    @property
    def html(self) -> Path:
        """Return the folder of rendered pages."""
        return self.root / "_build" / "quick" / "html"
