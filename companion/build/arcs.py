"""What rests on what, as a picture: the steps in order, one a line, and an arc from each to its premises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from companion.derivation.render import MARK

LINE = 18
"""Height of a line, pixels."""

ARCS = 150
"""Width of the space for arcs, pixels: names begin to the right of it."""

WIDTH = ARCS + 265


@dataclass(frozen=True)
class Node:
    """A line of the picture.

    Attributes:
        name: what is printed, and what others rest on.
        href: where it leads.
        kind: ``"derivation"``, ``"chain"`` or ``"words"``; the style is by it.
        below: names of earlier lines that it rests on.
    """

    name: str
    href: str
    kind: str
    below: tuple[str, ...] = ()


def svg(nodes: Sequence[Node]) -> str:
    """The picture as an SVG element without a blank line, so that it can stand in Markdown.

    Raises:
        ValueError: if a node rests on none of them.
    """
    heights = {node.name: LINE * number + LINE for number, node in enumerate(nodes)}
    total = LINE * (len(nodes) + 1)
    lines = [
        f'<svg class="arcs" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" '
        'role="group" aria-label="Which step rests on which; the tables below say the same">'
    ]
    for node in nodes:
        lines += [_arc(node, below, heights) for below in dict.fromkeys(node.below)]
    lines += [_line(node, heights[node.name]) for node in nodes]
    return "\n".join([*lines, "</svg>"])


def _arc(node: Node, below: str, heights: dict[str, int]) -> str:
    if below not in heights:
        raise ValueError(f"{node.name} rests on {below!r}, which is not in the picture")
    start, end = heights[below] - 4, heights[node.name] - 4
    radius = abs(end - start) / 2
    width = min(ARCS - 12, 10 + radius * 0.4)
    across = node.name.partition("/")[0] != below.partition("/")[0]
    sweep = 0 if end > start else 1
    return (
        f'<path class="{"across" if across else "within"}" data-from="{escape(below)}" '
        f'data-to="{escape(node.name)}" d="M{ARCS - 6} {start} A{width:.1f} {radius:.1f} 0 0 {sweep} '
        f'{ARCS - 6} {end}"/>'
    )


def _line(node: Node, height: int) -> str:
    mark = f"{MARK} " if node.kind == "words" else ""
    return (
        f'<a href="{escape(node.href)}" class="{node.kind}" data-name="{escape(node.name)}">'
        f'<circle cx="{ARCS - 4}" cy="{height - 4}" r="2.5"/>'
        f'<text x="{ARCS + 6}" y="{height}">{mark}{escape(node.name)}</text></a>'
    )
