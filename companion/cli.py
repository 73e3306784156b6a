"""The command line: ``python -m companion``."""

from __future__ import annotations

import errno
import logging
import sys
from typing import Annotated

import typer

from companion import cli_runs
from companion.cli_runs import ProfileOption
from companion.errors import UserError

#: What typer makes of Ctrl-C.
INTERRUPTED = 130

#: No room: the disk is full, a quota is used up, a file has reached its limit.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

app = typer.Typer(
    name="companion",
    help="Check, execute and build the executable companion.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_runs.app, name="runs")


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Steps, chains or chapters; all when none is given.")
    ] = None,
) -> None:
    """Check every derivation step, or the named ones, verbosely."""
    from companion.build import verify as ledger

    raise typer.Exit(ledger.run(names or [], verbose=bool(names)))


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
        status = app(arguments, prog_name="companion", standalone_mode=False)
    except UserError as error:
        return _complain(str(error), error.exit_status)
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = error.filename or "a file"
        return _complain(f"cannot write {where}: {error.strerror}: expected room; make some", 2)
    except Exception as error:
        message = getattr(error, "format_message", None)  # a mistake in the arguments
        if message is None:
            raise
        return _complain(f"{message()}; see python -m companion --help", 2)
    if status == INTERRUPTED:
        return _complain("interrupted; run it again to go on where it stopped", status)
    return status or 0


def _complain(message: str, status: int) -> int:
    typer.echo(f"error: {message}", err=True)
    return status
