"""What is argued in words is marked as such: on the page, in the graph and by verify."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.build import verify
from companion.build.collect import LedgerError, collect
from companion.derivation import Derivation
from companion.derivation.vocabulary import x

NOTEBOOK = """\
# %% tags=["derivation"]
from companion.derivation import Derivation
from companion.derivation.vocabulary import x, x_hat
d = Derivation("one")
d.prose("average", "One may average.", "Expectation is linear.", rests_on={below})
d.chain("square", (x + x_hat)**2, (x**2 + 2*x*x_hat + x_hat**2, "expand"), rests_on=["one/average"])
"""


def notebook(folder: Path, below: list[str]) -> Path:
    (folder / "a.py").write_text(NOTEBOOK.format(below=below))
    return folder


def test_the_page_says_that_no_machine_checked_it() -> None:
    said = Derivation("p").prose("kl", "$D \\ge 0$.", "Jensen.", cites="Kullback (1951)")
    assert said._repr_markdown_() == (
        "(step-p-kl)=\n\n$D \\ge 0$.\n\nJensen.\n\n"
        '<small class="notes">✎ argument in words, not checked by machine'
        " · Kullback (1951) · `p/kl`</small>"
    )


def test_a_statement_needs_an_argument_and_a_name_of_its_own() -> None:
    d = Derivation("p")
    with pytest.raises(ValueError, match=r"statement 'kl' has no argument: give because="):
        d.prose("kl", "$D \\ge 0$.")
    d.prose("kl", "$D \\ge 0$.", cites="Kullback (1951)")
    with pytest.raises(ValueError, match="already has a statement 'kl'"):
        d.prose("kl", "again", "because")
    with pytest.raises(ValueError, match="already has a statement 'kl'"):
        d.chain("kl", (x + 1) ** 2, (x**2 + 2 * x + 1, "expand"))


def test_verify_lists_it_and_counts_it_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = notebook(tmp_path, [])
    assert verify.run([], folder=folder, kept_in=tmp_path / "proofs") == 0
    shown = capsys.readouterr().out
    assert "in words, not checked by machine: one/average (a)" in shown
    assert "1 of 1 steps accepted, 8 wrong variants refuted" in shown
    assert "; 1 in words, not checked by machine" in shown

    assert (
        verify.run(["one/average"], verbose=True, folder=folder, kept_in=tmp_path / "proofs") == 0
    )
    shown = capsys.readouterr().out
    assert "Expectation is linear." in shown
    assert "steps accepted" not in shown

    assert verify.run(["one/square"], folder=folder, kept_in=tmp_path / "proofs") == 0
    assert "in words" not in capsys.readouterr().out


def test_it_is_a_node_of_the_graph(tmp_path: Path) -> None:
    (chapter,) = collect(notebook(tmp_path, []))
    assert [said.name for said in chapter.in_words] == ["one/average"]
    with pytest.raises(
        LedgerError, match=r"a circular argument: .*one/average rests on one/square"
    ):
        collect(notebook(tmp_path, ["one/square"]))
    with pytest.raises(LedgerError, match="one/average rests on 'nothing', which no derivation"):
        collect(notebook(tmp_path, ["nothing"]))
