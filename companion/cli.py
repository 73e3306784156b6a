"""The command line: ``python -m companion``."""

from __future__ import annotations

import errno
import logging
import sys
import time
from typing import Annotated

import typer

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
ProfileOption = Annotated[str, typer.Option("--profile", help="quick, standard or paper.")]


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

    page = builder.build(profile, only=only, jobs=jobs)
    typer.echo(f"open {page.as_uri() if only is None else page}")


@app.command()
def notebook(name: str, profile: ProfileOption = "standard") -> None:
    """Execute one notebook, whether or not anything has changed."""
    from companion import graph
    from companion.build import execute
    from companion.build.book import SAYS

    started = time.monotonic()
    name = graph.find(name)
    execute.execute(name, profile, progress=sys.stderr.isatty())
    typer.echo(f"{SAYS}{name} executed in {time.monotonic() - started:.0f} s")


@app.command(hidden=True)
def render(profile: ProfileOption = "standard") -> None:
    """Render the executed notebooks and the prose as HTML (a step of `book`)."""
    from companion.build import book as builder

    started = time.monotonic()
    builder.render(profile)
    typer.echo(f"{builder.SAYS}pages rendered in {time.monotonic() - started:.0f} s")


@app.command("list")
def list_() -> None:
    """List the notebooks and the profiles."""
    from companion import graph, profiles

    for name in graph.notebooks():
        typer.echo(name)
    for profile in profiles.PROFILES.values():
        typer.echo(f"{profile.name}: {profile.summary}")


@app.command()
def check(
    profile: ProfileOption = "standard",
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to execute at once.")] = 2,
) -> None:
    """Execute everything again from nothing; name the figures and tables that differ."""
    from companion.build import check as cold

    different = cold.run(profile, jobs)
    for line in different:
        typer.echo(line)
    typer.echo(f"{len(different)} files differ" if different else "every file has the same bytes")
    raise typer.Exit(1 if different else 0)


@app.command()
def pair() -> None:
    """Make each notebook's .ipynb from its .py."""
    from companion.build import pairs

    for name in pairs.write():
        typer.echo(f"notebooks/{name}.ipynb")


@app.command()
def lock() -> None:
    """Write requirements.lock from what pyproject.toml asks for, as installed here."""
    from companion.build import lock as locking

    typer.echo(f"requirements.lock pins {locking.write()} packages")


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
