r"""Brackets as large as what they hold: SymPy's ``\left(`` grows with every subscript."""

from __future__ import annotations

import re

_ENDS = re.compile(r"\\(left|right|middle)\s*(\\\||\\[{}]|[()\[\]|.])")

_COUNTED = re.compile(r"\\(sum|prod|lim)(?![a-z])")
_TALL = re.compile(r"\\(frac|int)(?![a-z])")


def fitted(latex: str) -> str:
    r"""LaTeX with brackets of a fitting size.

    Plain around one line, ``\bigl`` around other brackets, ``\biggl`` around sums with limits (which would
    blow up any bracket that grows), and growing ones around fractions and integrals.

    Raises:
        ValueError: if the brackets do not match.
    """
    out: list[str] = [""]
    opened: list[tuple[str, list[str]]] = []
    position = 0
    for end in _ENDS.finditer(latex):
        out[-1] += latex[position : end.start()]
        position = end.end()
        if end[1] == "left":
            opened.append((end[2], []))
            out.append("")
        elif not opened:
            raise ValueError(f"brackets do not match in {latex}")
        elif end[1] == "middle":
            opened[-1][1].append(end[2])
            out[-1] += f"\x00{len(opened[-1][1]) - 1}\x00"
        else:
            (left, bars), inside = opened.pop(), out.pop().strip()
            out[-1] += _sized(left, inside, end[2], bars)
    if opened:
        raise ValueError(f"brackets do not match in {latex}")
    whole = out[0] + latex[position:]
    return whole.replace(r"\!", "")


def _sized(left: str, inside: str, right: str, bars: list[str]) -> str:
    if _COUNTED.search(inside):
        size = ("\\biggl", "\\bigg", "\\biggr")
    elif _TALL.search(inside):
        size = ("\\left", "\\middle", "\\right")
    elif _nested(inside):
        size = ("\\bigl", "\\big", "\\bigr")
    else:
        size = ("", "", "")
    for number, bar in enumerate(bars):
        inside = inside.replace(f"\x00{number}\x00", f"{size[1]}{bar}")
    return f"{size[0]}{left}{inside}{size[2]}{right}"


def _nested(inside: str) -> bool:
    """Whether there is a bracket inside that holds more than one name."""
    starts: list[int] = []
    for place, sign in enumerate(inside):
        if sign == "(":
            starts.append(place)
        elif sign == ")" and starts and set(inside[starts.pop() : place]) & set("+-,;"):
            return True
    return False
