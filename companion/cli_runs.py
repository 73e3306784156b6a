"""The command line of training runs: ``python -m companion runs``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from companion.paths import FINISHED

app = typer.Typer(
    help="List the training runs that the chapters name; train them; remove the others.",
    rich_markup_mode=None,
)
ProfileOption = Annotated[str, typer.Option("--profile", help="quick, standard or paper.")]


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, profile: ProfileOption = "standard") -> None:
    """List the runs that the chapters name, with state, size and folder."""
    if context.invoked_subcommand is not None:
        return
    from companion.runs import folders

    rows = folders.statuses(profile)
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        typer.echo(f"{row.name:<{width}}  {row.id}  {_megabytes(row.size):>9}  {row.state}")
    done = sum(row.state == "finished" for row in rows)
    total = _megabytes(sum(row.size for row in rows))
    typer.echo(f"{done} of {len(rows)} runs of profile {profile} finished, {total}")


@app.command()
def train(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Grids, runs or beginnings of their names, shards, ids, or their finished.json."
        ),
    ],
    profile: ProfileOption = "standard",
) -> None:
    """Train the named runs, with one thread each process; what is finished is not trained again."""
    import torch

    from companion.runs import grids, training

    torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
    started = time.monotonic()
    chosen = grids.find(map(_id_in, names), profile)
    todo = [name for name, run in chosen.items() if not run.finished]
    training.train([*chosen.values()])
    seconds = time.monotonic() - started
    of = ", ".join(dict.fromkeys(name.partition("/")[0] for name in chosen))
    typer.echo(f"{len(todo)} of {len(chosen)} runs of {of} trained in {seconds:.0f} s")


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would be.")] = False,
) -> None:
    """Remove the runs that no chapter names under any profile, but those that are being trained."""
    from companion.runs import folders

    found = folders.prune(dry=dry_run)
    gone = [folder for folder in found if not folder.busy]
    for folder in found:
        verb = "left, being trained" if folder.busy else "would remove" if dry_run else "removed"
        typer.echo(f"{folder.id}  {_megabytes(folder.size):>9}  {verb}")
    verb = "would be removed" if dry_run else "removed"
    typer.echo(f"{len(gone)} runs {verb}, {_megabytes(sum(folder.size for folder in gone))}")


def _id_in(name: str) -> str:
    """The name of the folder, where a name is the path of the marker in it: what Snakemake gives."""
    path = Path(name)
    return path.parent.name if path.name == FINISHED else name


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
