"""Build the book: Snakemake executes what has changed, Jupyter Book renders it.

Snakemake is the engine; this module starts it, shows a line for each thing done, keeps its own
words in a log, and says in one line what went wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from companion import graph, notebooks, profiles
from companion.build import cells, engine, processes, records, shards
from companion.build.browser import bundle
from companion.errors import UserError, one_line, plain
from companion.files import read_yaml, write_text
from companion.paths import BOOK, ROOT, build_dir, figures_dir, html_dir, logs_dir, pages_dir


class BuildError(UserError):
    """The build stopped; the message says at what."""

    exit_status = 1


def build(profile: str, *, only: str | None = None, jobs: int = 2) -> Path:
    """Bring the book, or ``only`` one notebook and what it depends on, up to date.

    Args:
        profile: The profile; its folder is ``_build/<profile>/``.
        only: A notebook, as `companion.notebooks.find` understands it, or None for the whole book.
        jobs: How many notebooks to execute at once.

    Returns:
        The file to open: the book's first page, or the executed notebook.

    Raises:
        UserError: if the profile or notebook is unknown.
        BuildError: if a notebook raises or the book does not render.
    """
    profile = profiles.get(profile).name
    target = records.HTML if only is None else notebooks.find(only)
    log = logs_dir(profile) / "snakemake.log"
    with processes.head(build_dir(profile), f"build of profile {profile}") as environment:
        log.parent.mkdir(exist_ok=True)
        stale = records.forget(profile)
        if target in stale:
            for name in notebooks.names() if only is None else (target,):
                if name in stale:
                    cells.check(notebooks.source(name))
            _snakemake(profile, target, jobs, log, list(stale), environment)
    return html_dir(profile) / "index.html" if only is None else records.page(target, profile)


def render(profile: str) -> None:
    """Render the staged book as HTML; a warning is an error.

    Raises:
        BuildError: if Sphinx warns; the message has the first warning.
    """
    profile = profiles.get(profile).name
    started, made_from = time.monotonic(), records.needs(records.HTML)
    for settings in (ROOT / "_config.yml", BOOK / "_toc.yml"):
        read_yaml(settings)
    stage(profile)
    cache, log = build_dir(profile) / "sphinx", logs_dir(profile) / "sphinx.log"
    # Sphinx would keep pages and images that are no more
    shutil.rmtree(cache / "_build" / "html", ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", str(pages_dir(profile))]
    command += ["--config", str(ROOT / "_config.yml"), "--toc", str(BOOK / "_toc.yml")]
    command += ["--path-output", str(cache), "-W", "-n", "--keep-going"]
    result = subprocess.run(
        processes.launched(command), capture_output=True, text=True, cwd=ROOT, check=False
    )
    write_text(log, plain(result.stdout + result.stderr))
    if result.returncode:
        # what was rendered with a warning would be kept, and silent next time
        shutil.rmtree(cache, ignore_errors=True)
        raise BuildError(
            f"the book does not render: {_first_problem(result.stderr)}; "
            f"all of Sphinx's words are in {log.relative_to(ROOT)}"
        )
    fresh = build_dir(profile) / "html.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(cache / "_build" / "html", fresh)
    bundle.write(fresh, profile)
    shutil.rmtree(html_dir(profile), ignore_errors=True)
    fresh.rename(html_dir(profile))
    records.write(records.HTML, profile, made_from, time.monotonic() - started)


def stage(profile: str) -> None:
    """Put prose and figures beside the executed notebooks; take away what is made no more."""
    from companion.build import every_step, identities, notation_page, reproduced
    from companion.build.collect import collect
    from companion.evidence import manifest

    manifest.prune(profile)
    pages = pages_dir(profile)
    pages.mkdir(parents=True, exist_ok=True)
    keep = {f"{name}.ipynb" for name in notebooks.names()}
    for path in pages.iterdir():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(BOOK, pages, dirs_exist_ok=True)
    write_text(pages / reproduced.PAGE, reproduced.page(profile))
    chapters = collect()
    write_text(
        pages / every_step.PAGE, every_step.page(chapters, profile, identities.section(chapters))
    )
    write_text(pages / notation_page.PAGE, notation_page.page(chapters))
    if figures_dir(profile).is_dir():
        shutil.copytree(figures_dir(profile), pages / "figures")


def _snakemake(
    profile: str,
    target: str,
    jobs: int,
    log: Path,
    waiting: list[str],
    environment: dict[str, str],
) -> None:
    """Have Snakemake make the record of ``target``; say what is done, keep its words in ``log``."""
    if not (ROOT / "Snakefile").is_file():
        raise UserError("there is no Snakefile: expected it; restore it (git checkout Snakefile)")
    command = [sys.executable, "-m", "snakemake", f"records/{target}.json"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--config", f"profile={profile}"]
    command += ["--cores", str(jobs), "--keep-going", "--scheduler", "greedy"]
    command += ["--rerun-triggers", "input"]
    command += ["--nolock"]  # `processes.head` locks, and that lock dies with its holder
    engine.forget(build_dir(profile))
    environment = environment | {"PYTHONUNBUFFERED": "1"} | engine.home(build_dir(profile))
    failures = []
    with (
        log.open("w", encoding="utf-8", errors="replace") as words,
        shards.found_meanwhile(profile, environment),
        subprocess.Popen(
            processes.launched(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=build_dir(profile),
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                words.write(line)
                waiting = _announce(profile, waiting)
                if line.startswith("error: "):
                    failures.append(line.removeprefix("error: ").strip())
        except BaseException:
            process.kill()  # or it would be waited for; `processes.head` ends what is below it
            raise
    _announce(profile, waiting)
    if process.returncode and failures:
        raise BuildError("; ".join(failures))
    if process.returncode:
        for name in notebooks.names():
            graph.needs(notebooks.source(name))  # a file that does not parse is told in our words
        shards.jobs(profile)  # and a grid that gives no runs
        raise BuildError(
            f"{engine.failure(log.read_text(encoding='utf-8'), process.returncode)}: expected it to finish; "
            f"all of Snakemake's words are in {log.relative_to(ROOT)}"
        )


def _announce(profile: str, waiting: list[str]) -> list[str]:
    """Say what has been made since the last time; return what is still waited for."""
    for name in list(waiting):
        if record := records.read(name, profile):
            done = "pages rendered" if name == records.HTML else f"{name} executed"
            print(f"{done} in {record['seconds']:.0f} s", flush=True)  # noqa: T201
            waiting.remove(name)
    return waiting


def _first_problem(words: str) -> str:
    """Return the first warning or error in what Sphinx said, in one line."""
    lines = [one_line(line) for line in words.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Traceback")]
    found = [x for x in lines if "WARNING" in x or "ERROR" in x]
    found += [engine.exception_in(words)] if not found else []
    first = next(filter(None, [*found, *lines[-1:]]), "Sphinx said nothing")
    return first.replace(f"{ROOT}/", "")
