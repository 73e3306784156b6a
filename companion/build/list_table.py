"""Tables whose cells hold whole paragraphs, formulas and links."""

from __future__ import annotations

from collections.abc import Iterable


def list_table(rows: Iterable[Iterable[str]], style: str, title: str = "") -> str:
    """A table as a MyST directive: the first row is its head, ``style`` its CSS class."""
    cells = [(k, cell.replace("\n", "\n    ")) for row in rows for k, cell in enumerate(row)]
    head = [f"```{{list-table}} {title}".rstrip(), ":header-rows: 1", f":class: {style}", ""]
    return "\n".join([*head, *(f"{'  -' if k else '* -'} {cell}" for k, cell in cells), "```"])
