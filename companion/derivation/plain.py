r"""Mathematics in one line of Unicode, for the terminal: from the LaTeX that is printed on the page.

Fractions have slashes already (``latex(expr, inline=True)``). What is read here is the LaTeX that the book's
printer and the reasons use; an unknown command is printed by its name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import sympy as sp

from .latex import latex
from .step import Outcome

_SMALL = dict(zip("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ"))
_LOW = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"))

_SIGNS = {
    "int": "∫", "sum": "Σ", "prod": "Π", "infty": "∞", "to": "→", "ne": "≠", "le": "≤", "ge": "≥",
    "cdot": "·", "partial": "∂", "epsilon": "ε", "sqrt": "√", "sim": "~", "dots": "…", "approx": "≈",
    "times": "×", "pm": "±", "langle": "⟨", "rangle": "⟩",
    "E": "E", "KL": "KL", "SNR": "SNR", "N": "N", "|": "‖", "in": "∈", "mid": "|", "propto": "∝",
}  # fmt: skip
_DROPPED = re.compile(
    r"(left|right|middle|[bB]ig{1,2}[lr]?|math(rm|cal|bb|sf)|text|operatorname|limits|[,;!: ]|quad)$"
)
_TOKEN = re.compile(r"\\([A-Za-z]+|.)|([{}^_])|(\s+)|([^\\{}^_\s]+)")


def plain(expr: sp.Expr) -> str:
    """An expression in one line of Unicode."""
    return unicode_of(latex(expr, inline=True))


def provided(outcome: Outcome) -> list[str]:
    """What must not be zero for a link to say anything, and what it takes for granted."""
    away = [f"where {plain(part)} ≠ 0" for part in outcome.excluded]
    return [*away, *map(words, outcome.assumed)]


def words(text: str) -> str:
    """Markdown with its mathematics between dollars in Unicode."""
    return re.sub(r"\$([^$]+)\$", lambda found: unicode_of(found[1]), text)


def unicode_of(text: str) -> str:
    """LaTeX in one line of Unicode."""
    shown, _ = _read(list(_tokens(text)), 0)
    shown = re.sub(r" +", " ", shown).strip()
    for pattern, instead in _TIDY:
        shown = re.sub(pattern, instead, shown)
    return shown


_TIDY = (
    (r"(^|[(\[=,]) ?- ", r"\1-"),  # a sign, not a difference
    (r" - ", " − "),
    (r"(log|sin|cos|tan|cot|lim) ([(_²⁴'])", r"\1\2"),
    (r"D_\(KL\)", "KL"),
    (r"\((d|∂)\)/\(\1 (\w)\)|(d|∂)/\((?:d|∂) (\w)\)", r"\1\3/\1\3\2\4"),
)
"""What to look for in the result, and what to put there."""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for command, sign, space, letters in _TOKEN.findall(text):
        if command:
            yield "command", command
        elif sign:
            yield sign, sign
        elif space:
            yield "space", " "
        else:
            yield from (("letter", letter) for letter in letters)


def _read(tokens: list[tuple[str, str]], start: int) -> tuple[str, int]:
    """What stands from ``start`` to the end of the group, and where the group ends."""
    out, place = "", start
    while place < len(tokens) and tokens[place][0] != "}":
        part, place = _one(tokens, place)
        out += part
    return out, place


def _one(tokens: list[tuple[str, str]], place: int) -> tuple[str, int]:
    """One token with its arguments, and where the next begins."""
    kind, value = tokens[place]
    if kind == "{":
        inside, end = _read(tokens, place + 1)
        return inside, end + 1
    if kind in "^_":
        inside, end = _argument(tokens, place + 1)
        return _script(inside.strip(), kind), end
    if kind != "command":
        return value, place + 1
    if value.endswith("frac"):
        above, middle = _argument(tokens, place + 1)
        below, end = _argument(tokens, middle)
        return f"{_closed(above)}/{_closed(below)}", end
    if value in ("hat", "bar", "tilde"):
        inside, end = _argument(tokens, place + 1)
        accents = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
        return unicodedata.normalize("NFC", inside + accents[value]), end
    if _DROPPED.match(value):
        return " " if value in (",", ";", ":", " ", "quad") else "", place + 1
    return _SIGNS.get(value) or _greek(value), place + 1


def _argument(tokens: list[tuple[str, str]], place: int) -> tuple[str, int]:
    while tokens[place][0] == "space":
        place += 1
    return _one(tokens, place)


def _script(text: str, kind: str) -> str:
    table = _SMALL if kind == "^" else _LOW
    if all(letter in table for letter in text):
        return "".join(table[letter] for letter in text)
    return f"{kind}{text}" if len(text) == 1 else f"{kind}({text})"


def _closed(text: str) -> str:
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def _greek(name: str) -> str:
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    letter = "LAMDA" if name.lower() == "lambda" else name.upper()
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {letter}")
    except KeyError:
        return f"{name} "
