"""What has been proved is kept, and proved again when anything that it depends on has changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from companion import loaded
from companion.build import verify
from companion.build.proving import keys, pool, prove, store

NOTEBOOK = """\
# %% tags=["derivation"]
from companion.derivation import Between, Derivation
from companion.derivation.vocabulary import x, x_hat
d = Derivation("one")
# %% tags=["derivation"]
d.chain("square", (x + x_hat)**2, (x**2 + 2*x*x_hat + x_hat**2, "expand"),
        (x*(x + 2*x_hat) + x_hat**2, "expand again"), domain=Between(x, 0, 1))
d.prose("words", "It is so.", "Because.")
"""


@dataclass
class Book:
    """A folder with one notebook, its kept proofs, and what verify says of it."""

    folder: Path
    kept_in: Path
    capsys: pytest.CaptureFixture[str]
    status: int = 0

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "a.py"
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def verify(self, *names: str) -> str:
        self.status = verify.run(list(names), folder=self.folder, kept_in=self.kept_in)
        return self.capsys.readouterr().out

    def files(self) -> list[Path]:
        return sorted(self.kept_in.glob("*.json"))


@pytest.fixture
def book(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Book:
    # operators that other tests have registered in this process have no source that could be found
    monkeypatch.setattr(keys, "_registered", list)
    made = Book(tmp_path / "notebooks", tmp_path / "proofs", capsys)
    made.folder.mkdir()
    (made.folder / "a.py").write_text(NOTEBOOK)
    assert "2 of 2 steps accepted, 16 wrong" in made.verify()
    return made


def test_what_has_not_changed_is_not_proved_and_not_even_gathered(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(folder: Path) -> None:
        raise AssertionError("gathered")

    monkeypatch.setattr(prove, "collect", never)
    shown = book.verify()
    assert "2 of 2 steps accepted (2 proved before), 16 wrong variants refuted" in shown
    assert shown.count("kept\n") == 2
    assert "in words, not checked by machine: one/words (a)" in shown


def test_the_way_to_what_is_kept_loads_neither_sympy_nor_torch() -> None:
    code = "import sys; from companion.build import verify; print({'sympy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


KEYS = """
import sys
from pathlib import Path
from companion.build.proving.prove import Ledger, _prove

before, after = Ledger(Path(sys.argv[1])), Ledger(Path(sys.argv[1]))
(_, _, listed), *_ = before.listed()
print(_prove("one/square.1", after).key == listed)
"""


def test_a_proof_has_one_key_before_and_after_the_first_check(book: Book) -> None:
    """The provers that a check loads register rules of their own: the key of what was listed knew none."""
    done = subprocess.run(
        [sys.executable, "-c", KEYS, str(book.folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_a_reason_that_is_edited_has_the_notebook_read_again_and_nothing_proved(book: Book) -> None:
    book.edit('"expand"', '"multiply out"')
    assert "(2 proved before)" in book.verify()
    assert len(book.files()) == 4  # two proofs, two lists


def test_where_nothing_can_be_kept_all_is_proved_every_time_and_that_is_said(book: Book) -> None:
    book.kept_in = book.folder / "a.py"  # a file: nothing can be written below it
    for _ in range(2):
        shown = book.verify()
        assert "proofs are not kept: cannot write" in shown
        assert "2 of 2 steps accepted, 16 wrong variants refuted" in shown
        assert book.status == 0


def test_an_edited_step_is_proved_again_and_its_neighbour_is_not(book: Book) -> None:
    book.edit("(x*(x + 2*x_hat) + x_hat**2,", "(x_hat*(x_hat + 2*x) + x**2,")
    assert "2 of 2 steps accepted (1 proved before)" in book.verify()
    assert book.status == 0


def test_a_planted_false_step_is_found_every_time(book: Book) -> None:
    book.edit("(x*(x + 2*x_hat) + x_hat**2,", "(x*(x + 2*x_hat) - x_hat**2,")
    for _ in range(2):
        shown = book.verify()
        assert book.status == 1
        assert "1 of 2 steps accepted (1 proved before)" in shown
        assert "not accepted: one/square.2: numeric check failed" in shown


def test_a_domain_that_is_edited_is_proved_again(book: Book) -> None:
    book.edit("Between(x, 0, 1)", "Between(x, 0, 2)")
    assert "2 of 2 steps accepted, " in book.verify()


def test_a_renamed_step_is_proved_again(book: Book) -> None:
    book.edit('"square"', '"binomial"')
    assert "2 of 2 steps accepted, " in book.verify()


def test_an_edited_module_of_the_ledger_has_all_proved_again(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "derivation"
    shutil.copytree(keys.LEDGER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(keys, "LEDGER", copy)
    monkeypatch.setattr(loaded, "PACKAGES", (copy,))
    monkeypatch.setattr(loaded, "LOADED", loaded.packages())
    assert "(2 proved before)" in book.verify()  # the same bytes elsewhere
    for module in ("symbolic.py", "operators/kl.py"):
        path = copy / module
        path.write_text(path.read_text() + "\nEDITED = True\n")
        monkeypatch.setattr(loaded, "LOADED", loaded.packages())
        assert "2 of 2 steps accepted, " in book.verify()
        assert "(2 proved before)" in book.verify()


def test_nothing_is_kept_by_a_process_whose_code_was_edited_since_it_began(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "PACKAGES", (tmp_path / "none",))  # no longer what was loaded
    book.edit('"square"', '"binomial"')
    for _ in range(2):
        assert "2 of 2 steps accepted, " in book.verify()


DAMAGE: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "a digit": lambda text: text.replace('"points": 24', '"points": 25').replace('1"', '2"'),
    "no seal": lambda text: json.dumps({"value": json.loads(text)["value"]}),
    "a list": lambda text: "[]",
    "a number": lambda text: "3",
}


@pytest.mark.parametrize("how", list(DAMAGE))
def test_a_damaged_file_is_not_believed(book: Book, how: str) -> None:
    assert len(book.files()) == 3  # two proofs and the list of steps
    for path in book.files():
        text = path.read_text()
        path.write_text(DAMAGE[how](text))
        assert path.read_text() != text
    assert "2 of 2 steps accepted, 16" in book.verify()
    assert "(2 proved before)" in book.verify()


def test_another_steps_proof_is_not_believed(book: Book) -> None:
    first, second, third = book.files()
    shutil.copy(first, second)
    shutil.copy(first, third)
    assert "2 of 2 steps accepted" in book.verify()
    assert {path.read_text() for path in book.files()} != {first.read_text()}
    assert "(2 proved before)" in book.verify()


def test_a_named_step_is_always_proved_afresh(book: Book) -> None:
    (name, _, key), _ = store.load(book.kept_in, store.stamp(book.folder))["steps"]
    outcome = store.load(book.kept_in, key)
    store.save(book.kept_in, key, outcome | {"points": 999})  # sealed: believed when not named
    assert "999" in book.verify()
    shown = book.verify(name)
    assert "999" not in shown
    assert "kept" not in shown


def test_many_steps_are_proved_on_all_cores(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prove.os, "sched_getaffinity", lambda pid: set(range(3)), raising=False)
    assert prove.processes() == 3
    monkeypatch.setattr(prove.os, "sched_getaffinity", lambda pid: set(range(200)))
    assert prove.processes() == 61
    monkeypatch.undo()
    here = {row.step: row.found for row in prove.prove_all(["one/square.1"], *_ledger(book))}

    started = []

    class Pool(pool.ProcessPoolExecutor):
        def __init__(self, workers: int, *options: object) -> None:
            started.append(workers)
            super().__init__(workers, *options)

    monkeypatch.setattr(pool, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(prove, "FEW", 0)
    (row,) = prove.prove_all(["one/square.1"], *_ledger(book))
    assert started == [1]  # no more workers than steps
    wanted = here[row.step]
    assert row.found is not None
    assert wanted is not None
    assert replace(row.found, seconds=0) == replace(wanted, seconds=0)
    assert row.key is not None


def _ledger(book: Book) -> tuple[prove.Ledger, Path]:
    return prove.Ledger(book.folder), book.folder
