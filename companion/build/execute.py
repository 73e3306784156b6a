"""Execute one notebook: from its ``.py``, with papermill, into the staged book.

The result is made in memory, cleaned of everything that differs from one run to the next, and
written whole or not at all. A notebook that raises leaves one line and a log, and no output.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from pathlib import Path
from typing import Any

from companion import notebooks, profiles
from companion.build import kernel, processes
from companion.errors import UserError, one_line, plain
from companion.files import write_text
from companion.paths import ROOT, build_dir, logs_dir, pages_dir

#: One thread and one hash seed: the same machine gives the same bytes.
STEADY = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class NotebookError(UserError):
    """A notebook raised; the message says where, and which log has the traceback."""

    exit_status = 1


def execute(name: str, profile: str, *, progress: bool = False) -> float:
    """Execute notebook ``name`` under ``profile`` into the staged book; return the seconds it took.

    Args:
        name: The notebook, as `companion.notebooks.find` understands it.
        profile: The profile to put in its ``parameters`` cell.
        progress: Show a bar, one step a cell.

    Raises:
        UserError: if the notebook or the profile is unknown, or the disk full.
        NotebookError: if the notebook raises, or its kernel dies.
    """
    name = notebooks.find(name)
    profile = profiles.get(profile).name
    notebook = read(name)
    log, output = logs_dir(profile) / f"{name}.log", pages_dir(profile) / f"{name}.ipynb"
    output.unlink(missing_ok=True)  # if this fails, nothing is left that looks finished
    started, began = time.strftime("%Y-%m-%d %H:%M:%S"), time.monotonic()
    with processes.temporary(build_dir(profile)) as scratch:
        connection = scratch / f"{name[:2]}.json"
        executed = _run(name, notebook, profile, log, connection, progress=progress)
        said = kernel.words_of(connection).read_text(encoding="utf-8", errors="replace")
    write_text(log, f"{name}, profile {profile}, {started}: done\n\n{_stderr(executed)}{said}")
    import nbformat

    write_text(output, nbformat.writes(clean(executed)) + "\n")
    return time.monotonic() - began


def read(name: str) -> Any:
    """Return notebook ``name`` from its ``.py``.

    Raises:
        UserError: unless exactly one cell is tagged ``parameters``, and the kernel is named.
    """
    path = notebooks.source(name)
    notebook = notebooks.parse(path)
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise UserError(
            f"{path.relative_to(ROOT)} has {len(tagged)} cells tagged `parameters`: "
            'expected one; start exactly one cell with # %% tags=["parameters"]'
        )
    if "language" not in notebook.metadata.get("kernelspec", {}):
        raise UserError(
            f"{path.relative_to(ROOT)} names no kernelspec with a language: papermill expected "
            "one in the header; copy the header of another notebook"
        )
    return notebook


def clean(notebook: Any) -> Any:
    """Strip from an executed notebook, in place, everything that a second run would change."""
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    for number, cell in enumerate(notebook.cells):
        tags = list(cell.metadata.get("tags", []))
        if "parameters" in tags or "injected-parameters" in tags:
            tags.append("remove-cell")
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if not _is_progress(out)]
            typeset = [out.data for out in cell.outputs if "text/markdown" in out.get("data", {})]
            for data in typeset:
                data.pop("text/plain", None)  # an object's text may name its address in memory
            if "derivation" in tags or typeset:
                tags.append("hide-input")  # what is typeset reads as text; its code is a click away
            if "solution" in tags:  # of an exercise: folded away until it is asked for
                for data in typeset:
                    folded = f"::::{{dropdown}} Solution\n{data['text/markdown']}\n::::"
                    data["text/markdown"] = folded
        cell.metadata = {"tags": tags} if tags else {}
        cell.id = f"cell-{number:03d}"
    return notebook


def _run(
    name: str, notebook: Any, profile: str, log: Path, connection: Path, *, progress: bool
) -> Any:
    """Return ``notebook`` executed; its errors become one line and a log."""
    os.environ.update(STEADY)
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # papermill's own, about its dependencies
            return execute_notebook(
                notebook,
                None,
                parameters={"profile": profile},
                cwd=ROOT,
                progress_bar=progress,
                config=kernel.config(connection),
                kernel_manager_class=kernel.LaunchedKernel,
            )
    except PapermillExecutionError as error:
        write_text(log, plain("\n".join(error.traceback)) + "\n")
        raise NotebookError(
            f"{_place(name, error)} raised {error.ename}: {one_line(error.evalue)}; "
            f"the traceback is in {log.relative_to(ROOT)}"
        ) from error
    except DeadKernelError as error:
        raise NotebookError(
            f"notebook {name}: its kernel died: expected it to live to the last cell; "
            "free some memory and run it again"
        ) from error
    except (NoSuchKernel, RuntimeError, OSError) as error:
        raise NotebookError(
            f"notebook {name}: its kernel did not start ({error}): expected the kernelspec of its "
            "header to be installed and to run; run make env"
        ) from error


def _place(name: str, error: Any) -> str:
    """Say where notebook ``name`` raised: the line of its ``.py``, and the line's text."""
    path = notebooks.source(name)
    text = path.read_text(encoding="utf-8")
    cell = error.source.strip("\n")
    within = re.findall(r"Cell In\[\d+\], line (\d+)", plain("\n".join(error.traceback)))
    start = text.find(cell)
    if start < 0 or not within:
        return f"notebook {name}, cell {error.exec_count},"
    line = text.count("\n", 0, start) + int(within[0])
    words = text.split("\n")[line - 1].strip()
    return f"notebook {name}, {path.relative_to(ROOT)}:{line}, `{words}`,"


def _is_progress(output: Any) -> bool:
    """Tell whether an output is a progress bar: drawn on stderr, over and over on one line."""
    return output.output_type == "stream" and output.name == "stderr" and "\r" in output.text


def _stderr(notebook: Any) -> str:
    """Return everything that the notebook's cells wrote to stderr, for the log."""
    return "".join(
        out.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for out in cell.outputs
        if out.output_type == "stream" and out.name == "stderr"
    )
