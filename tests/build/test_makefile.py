"""The Makefile: what it says of itself, what it refuses in one line, what it hands on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from companion import paths

ROOT = paths.ROOT


def as_by_hand() -> dict[str, str]:
    """The environment without what a make that runs the suite hands down: its flags and variables."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }


def test_make_installs_by_hash_and_torch_after_it() -> None:
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", "env"]
    for uv in ("", "/somewhere/uv"):
        said = subprocess.run(
            [*command, f"UV={uv}", "VENV=.venv"],
            cwd=ROOT, env=as_by_hand(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        installs = [line for line in said.stdout.splitlines() if "pip install" in line]
        assert "--no-deps --require-hashes -r requirements.lock" in installs[0]
        assert installs[0].startswith(uv or ".venv/bin/python -m pip")
        assert "-r requirements-torch.lock" in installs[1]


def test_the_makefile_says_what_each_target_does() -> None:
    command = ["make", "--no-print-directory", "help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = said.stdout.splitlines()
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    assert {line.split()[0] for line in lines} == set(targets[1].split())
    assert all(len(line.split()) > 2 for line in lines)


@pytest.mark.parametrize("name", ["name", "profile", "nb", "seed"])
def test_a_variable_in_the_wrong_case_is_refused_and_not_ignored(name: str) -> None:
    command = ["make", "--no-print-directory", "help"]
    asked = subprocess.run([*command, f"{name}=x"], cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 2
    assert f"{name}= is not read: expected {name.upper()}=" in asked.stderr
    meant = subprocess.run([*command, f"{name.upper()}=x"], cwd=ROOT, capture_output=True)
    assert meant.returncode == 0
    elsewhere = os.environ | {name: "x"}  # a variable of the shell is nobody's mistake
    assert subprocess.run(command, cwd=ROOT, env=elsewhere, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("mutants N=-3", "N=-3: expected a whole number of at least 1, as in N=200"),
        ("mutants N=0", "N=0: expected a whole number of at least 1"),
        ("mutants N=", "N=: expected a whole number of at least 1"),
        ("mutants SEED=-1", "SEED=-1: expected a whole number, as in SEED=0"),
        ("test JOBS=two", "JOBS=two: expected a whole number of at least 1, as in JOBS=2"),
        ("serve PORT=x", "PORT=x: expected a port or 0 for any free one, as in PORT=0"),
        ("serve PORT=08", "PORT=08: expected a port"),
        ("book PROFILE=", "PROFILE= is empty: expected quick, standard or paper"),
        ("verify PROFILE=quick", "make verify reads no PROFILE=: its steps are the same under all"),
        (
            "verify NAME=--help",
            "NAME=--help: expected a step, a chain or a chapter, got an option:",
        ),
        ("mutants PACKAGE=-h", "PACKAGE=-h: expected diffcore or companion, as in make mutants"),
        ("env PYTHON=", "PYTHON=: expected Python 3.11 or newer, got no Python: name one, as in"),
        ("env PYTHON=/nowhere", "PYTHON=/nowhere: expected Python 3.11 or newer, got no Python"),
        ("env PYTHON=echo", "PYTHON=echo: expected Python 3.11 or newer, got no Python: name one"),
    ],
)
def test_what_make_cannot_use_is_one_line_before_anything_is_done(
    arguments: str, says: str
) -> None:
    command = ["make", "--no-print-directory", *arguments.split()]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 2
    assert says in asked.stderr
    assert len(asked.stderr.splitlines()) == 1
    assert asked.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (["notebook", "NB=*"], "companion book --only '*' --profile 'standard'"),
        (["notebook", "NB=a'b; c"], r"--only 'a'\''b; c' --profile"),
        (["verify", "NAME=a/* b"], "companion verify 'a/*' 'b'"),
        (["book", "verify", "PROFILE=quick"], "companion book --profile 'quick'"),
        (["mutants", "N=5", "SEED=0"], "'diffcore' -n 5 --seed 0"),
        (["verify", "NAME=a-b"], "companion verify 'a-b'"),
        (["serve", "PORT=0"], "--port 0"),
        (["serve", "PORT=8123"], "--port 8123"),
    ],
)
def test_make_hands_on_what_was_typed(arguments: list[str], runs: str) -> None:
    command = ["make", "--dry-run", "--no-print-directory", *arguments]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert runs in shown.stdout


def a_python(folder: Path, version: str) -> Path:
    """This Python, which takes itself for one of another version."""
    program = folder / version
    code = f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0); $2"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}"\n')
    program.chmod(0o755)
    return program


def env(*variables: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "--always-make", "--no-print-directory", "env", *variables]
    return subprocess.run(command, cwd=ROOT, env=as_by_hand(), capture_output=True, text=True)


def test_the_python_that_is_named_must_be_new_enough_and_that_of_the_environment(
    tmp_path: Path,
) -> None:
    old, new = (a_python(tmp_path, version) for version in ("3.10", "3.99"))
    asked = env(f"PYTHON={old}", f"VENV={tmp_path / 'none'}")
    assert asked.returncode == 2
    assert f"PYTHON={old}: expected Python 3.11 or newer, got Python 3.10: name" in asked.stderr
    created = env(f"PYTHON={new}", f"VENV={tmp_path / 'none'}")
    assert created.returncode == 0
    assert f"'{new}' -m venv {tmp_path / 'none'}" in created.stdout
    made = tmp_path / "made" / "bin"
    made.mkdir(parents=True)
    (made / "python").symlink_to(sys.executable)
    ours = "Python {}.{}".format(*sys.version_info)
    other = env(f"PYTHON={new}", f"VENV={made.parent}")
    assert other.returncode == 2
    assert f"expected {ours}, which {made.parent} is made of, got Python 3.99: rem" in other.stderr
    for refused in (asked, other):
        assert len(refused.stderr.splitlines()) == 1
        assert refused.stdout == ""
    assert env(f"PYTHON={sys.executable}", f"VENV={made.parent}").returncode == 0
    assert env(f"VENV={made.parent}").returncode == 0
