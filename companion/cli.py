"""The command line: ``python -m companion``. Every failure is one line; see `companion.errors`."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from companion import cli_runs, paths
from companion.build import processes
from companion.cli_runs import ProfileOption
from companion.errors import NO_ROOM, UserError, cannot, one_line

#: What typer makes of Ctrl-C.
INTERRUPTED = 130
AGAIN = "interrupted; run it again to go on where it stopped"

#: A mistake of ours.
BUG = 3

#: Set it to see where an error comes from.
TRACEBACK = "COMPANION_TRACEBACK"

app = typer.Typer(
    name="companion",
    help="Check, execute and build the executable companion.",
    epilog="Exit status: 0 all is well; 1 what was asked for failed; 2 it could not be tried; "
    "3 a mistake of ours; 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_runs.app, name="runs")


@app.callback(invoke_without_command=True)
def companion(context: typer.Context) -> None:
    """Check, execute and build the executable companion; without a command, this help."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Steps, chains or chapters; all when none is given.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Of named ones, every point and wrong variant too.")
    ] = False,
) -> None:
    """Check every derivation step, or the named ones, which are printed as they are read."""
    from companion.build import verify as ledger

    raise typer.Exit(ledger.run(names or [], verbose=verbose))


@app.command()
def book(
    profile: ProfileOption = "standard",
    only: Annotated[str | None, typer.Option(help="One notebook instead of the book.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to execute at once.")] = 2,
) -> None:
    """Bring the book up to date: execute what has changed, render it, say where it is."""
    from companion.build import book as builder
    from companion.build import reproduced

    page = builder.build(profile, only=only, jobs=jobs)
    if only is None:
        for line in reproduced.complaints(profile):
            typer.echo(f"not reproduced: {line}")
    typer.echo(f"open {page.as_uri() if only is None else page}")


@app.command()
def browser() -> None:
    """Fetch Pyodide with npm, so that the next `book` can check chains in its pages."""
    from companion.build.browser import fetch

    size = fetch.fetch()
    typer.echo(f"{size / 1e6:.1f} MB for the browser; the next make book copies them into the site")


@app.command()
def serve(
    profile: ProfileOption = "standard",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8000,
) -> None:
    """Serve the rendered book to this machine alone, until Ctrl-C."""
    from companion.build import serve as serving

    serving.serve(profile, port)


@app.command()
def notebook(name: str, profile: ProfileOption = "standard") -> None:
    """Execute one notebook, whether or not anything has changed."""
    from companion import notebooks
    from companion.build import execute, records

    name = notebooks.find(name)
    made_from = records.needs(name)
    seconds = execute.execute(name, profile, progress=sys.stderr.isatty())
    records.write(name, profile, made_from, seconds)
    typer.echo(f"{name} executed in {seconds:.0f} s")


@app.command(hidden=True)
def render(profile: ProfileOption = "standard") -> None:
    """Render the executed notebooks and the prose as HTML (a step of `book`)."""
    from companion.build import book as builder

    builder.render(profile)


@app.command("list")
def list_() -> None:
    """List the notebooks and the profiles."""
    from companion import notebooks, profiles

    for name in notebooks.names():
        typer.echo(name)
    for profile in profiles.PROFILES.values():
        typer.echo(f"{profile.name}: {profile.summary}")


@app.command()
def stale(profile: ProfileOption = "standard") -> None:
    """Say what the next `book` would make again, and why."""
    from companion.build import records

    found = records.stale(profile)
    for name, reason in found.items():
        typer.echo(f"{name}: {reason}")
    if not found:
        typer.echo("nothing: the book is up to date")


@app.command()
def figures() -> None:
    """Make the figures and tables of the last standard build the results of record; say what changed."""
    from companion.build import results

    changed = results.update()
    for line in changed:
        typer.echo(line)
    typer.echo(f"{len(changed)} figures and tables changed" if changed else "nothing changed")


@app.command()
def check(
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to execute at once.")] = 2,
) -> None:
    """Execute everything again from nothing; fail if the results of record are not reproduced."""
    from companion.build import check as cold

    found = cold.run(jobs)
    different = [c for c in found if not c.outcome.agrees]
    for comparison in different:
        typer.echo(comparison.words)
    typer.echo(f"{len(found) - len(different)} of {len(found)} figures and tables reproduced")
    raise typer.Exit(1 if different else 0)


@app.command()
def clean() -> None:
    """Delete what was built, unless something is being built; training runs are kept."""
    from companion.build import clean as cleaning

    cleaning.clean()


@app.command()
def pair() -> None:
    """Make each notebook's .ipynb from its .py."""
    from companion.build import pairs

    for name in pairs.write():
        typer.echo(f"notebooks/{name}.ipynb")


@app.command()
def lock() -> None:
    """Write the lock from what pyproject.toml asks for, as installed here; needs uv, for the hashes."""
    from companion.build import lock as locking

    typer.echo(f"the lock pins {locking.write()} packages")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status; a user's mistake is one line on stderr."""
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' words are not the user's
    try:
        with processes.interruptible():
            status = app(arguments, prog_name="companion", standalone_mode=False)
    except processes.Interrupted as signalled:
        return _complain(AGAIN, signalled.status)
    except KeyboardInterrupt:  # where typer does not look
        return _complain(AGAIN, INTERRUPTED)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        return _complain(*_in_words(error))
    return _complain(AGAIN, status) if status == INTERRUPTED else status or 0


def _in_words(error: Exception) -> tuple[str, int]:
    """The line for an error, and the exit status."""
    match error:
        case UserError():
            return str(error), error.exit_status
        case OSError():
            return cannot("write" if error.errno in NO_ROOM else "use", error), 2
        case SyntaxError() if error.filename and error.filename.startswith(str(paths.ROOT)):
            where = f"{error.filename}, line {error.lineno}"
            return f"{where}: {error.msg}: expected Python that parses; mend the line", 2
        case ImportError():
            return (
                f"{error}: expected this repository and the packages of its lock; run make env",
                2,
            )
    message = getattr(error, "format_message", None)  # a mistake in the arguments
    if message is not None:
        return f"{message().rstrip('.')}; see python -m companion --help", 2
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return (
        f"a mistake of ours, {type(error).__name__} in {where}: {error}; please report it; "
        f"{TRACEBACK}=1 shows where it comes from"
    ), BUG


def _complain(message: str, status: int) -> int:
    typer.echo(f"error: {one_line(message)}", err=True)
    return status
