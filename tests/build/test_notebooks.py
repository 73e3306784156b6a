"""The notebooks: pairs that agree, one parameters cell, and executions without a complaint."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

from companion import notebooks, paths
from companion.build import every_step, execute, notation_page, pairs, reproduced
from companion.errors import UserError

NAMES = notebooks.names()
LONGEST_CELL = 45  # lines; a reader need not scroll


def test_there_are_notebooks_and_the_book_has_them_all() -> None:
    toc = yaml.safe_load((paths.BOOK / "_toc.yml").read_text())
    pages = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    assert NAMES
    assert {page for page in pages if page[0].isdigit()} == set(NAMES)
    made = {Path(module.PAGE).stem for module in (every_step, notation_page, reproduced)}
    written = {path.stem for path in paths.BOOK.glob("*.md")} | made
    assert {page for page in pages if not page[0].isdigit()} <= written


@pytest.mark.parametrize("name", NAMES)
def test_the_pair_agrees(name: str) -> None:
    made = nbformat.reads(pairs.made(name), 4)
    kept = nbformat.read(pairs.path(name), 4)
    nbformat.validate(kept)
    assert [(c.cell_type, c.source, c.metadata) for c in kept.cells] == [
        (c.cell_type, c.source, c.metadata) for c in made.cells
    ], "run make pair"
    assert pairs.agrees(name), "run make pair"
    assert all(not c.outputs and c.execution_count is None for c in code(kept))


@pytest.mark.parametrize("name", NAMES)
def test_one_parameters_cell_and_a_kernel(name: str) -> None:
    notebook = jupytext.read(notebooks.source(name))
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert [cell.source for cell in tagged] == ['profile = "standard"']
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.language == "python"
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short_and_one_thought_each(name: str) -> None:
    notebook = jupytext.read(notebooks.source(name))
    long = [c.source.split("\n")[0] for c in code(notebook) if lines(c) > LONGEST_CELL]
    assert long == []


@pytest.mark.parametrize("name", NAMES)
def test_it_executes_under_quick_without_a_complaint(name: str, quick_book: Path) -> None:
    executed = nbformat.read(paths.pages_dir("quick") / f"{name}.ipynb", 4)
    source = jupytext.read(notebooks.source(name))
    assert len(executed.cells) == len(source.cells) + 1  # papermill's cell of parameters
    assert 'profile = "quick"' in "".join(c.source for c in code(executed))
    assert [c.execution_count for c in code(executed)] == list(range(1, len(code(executed)) + 1))
    outputs = [out for cell in code(executed) for out in cell.outputs]
    assert outputs
    assert [out for out in outputs if out.output_type == "error"] == []
    assert [out.text for out in outputs if out.get("name") == "stderr"] == []
    addresses = re.findall(r" at 0x[0-9a-f]{6,}", str(outputs))
    assert addresses == [], "an address in memory differs from run to run"


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def lines(cell: nbformat.NotebookNode) -> int:
    return cell.source.count("\n") + 1


def test_a_solution_is_folded_away_whole() -> None:
    shown = "$$\nx &= 1\n$$ (eq-a-b)\n\n1. because"
    outputs = [nbformat.v4.new_output("display_data", {"text/markdown": shown})]
    cells = [
        nbformat.v4.new_code_cell("d.chain()", metadata={"tags": tags}, outputs=deepcopy(outputs))
        for tags in (["derivation", "solution"], ["derivation"])
    ]
    cells[0].outputs.append(nbformat.v4.new_output("stream", text="printed"))
    notebook = nbformat.v4.new_notebook(
        cells=cells, metadata=jupytext.read(notebooks.source(NAMES[0])).metadata
    )
    solution, step = execute.clean(notebook).cells
    assert solution.outputs[0].data == {
        "text/markdown": f"::::{{dropdown}} Solution\n{shown}\n::::"
    }
    assert solution.outputs[1].text == "printed"
    assert step.outputs == outputs


def test_a_null_byte_is_one_clear_line(tmp_path, monkeypatch):
    source = tmp_path / "01_first.py"
    source.write_bytes(b"# %%\nx = 1\x00\n")
    monkeypatch.setattr(pairs.notebooks, "source", lambda name: source)
    with pytest.raises(UserError, match="null bytes: expected Python that parses"):
        pairs.made("01_first")
