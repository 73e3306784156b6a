"""One-line changes of a Python file: what a careless edit could do to it.

Every change replaces one span of text on one line and leaves the rest of the file as it is. Strings,
annotations and what an f-string holds are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

COMPARISONS = {"<=": "<", ">=": ">", "==": "!=", "!=": "==", "<": "<=", ">": ">="}
COMPARISONS |= {"is not": "is", "is": "is not", "not in": "in", "in": "not in"}
ARITHMETIC = {"**": "*", "//": "/", "+": "-", "-": "+", "*": "/", "/": "*", "%": "*"}
BOOLEAN = {"and": "or", "or": "and"}
DELETED = (ast.AugAssign, ast.Raise, ast.Assert, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Mutant:
    """The text ``before`` at ``line`` and ``column`` (in bytes) of ``file`` becomes ``after``.

    ``statement`` is the first and last line of the statement (of a compound one, its header) and
    ``scope`` those of the definition around it: what coverage is asked about.
    """

    file: str
    line: int
    column: int
    kind: str
    before: str
    after: str
    statement: tuple[int, int]
    scope: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.kind}: {self.before} -> {self.after}"

    def apply(self, source: str) -> str | None:
        """Return the changed source; None where the change is no Python or changes nothing."""
        lines = source.encode().splitlines(keepends=True)
        text, start = lines[self.line - 1], self.column
        end = start + len(self.before.encode())
        assert text[start:end].decode() == self.before, f"{self}: not what stands there"
        lines[self.line - 1] = text[:start] + self.after.encode() + text[end:]
        changed = b"".join(lines).decode()
        try:
            same = ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source))
        except SyntaxError:
            return None
        return None if same else changed


def of_file(root: Path, file: str) -> list[Mutant]:
    """Return every mutant of ``root / file``, in the order of its text."""
    source = (root / file).read_bytes()
    found = _Finder(file, source.splitlines()).within(ast.parse(source), (1, 1), (1, 10**9))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.column, mutant.kind))


class _Finder:
    def __init__(self, file: str, lines: list[bytes]) -> None:
        self.file, self.lines = file, lines

    def within(
        self, node: ast.AST, statement: tuple[int, int], scope: tuple[int, int]
    ) -> Iterator[Mutant]:
        """Find the mutants of ``node`` and of all below it."""
        if isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(d.lineno for d in decorators)])
            last = body[0].lineno - 1 if body and hasattr(body[0], "lineno") else node.end_lineno
            statement = (first, max(first, last or first))
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                scope = (first, node.end_lineno or first)
        for start, end, kind, after in self.changes(node):
            if start[0] == end[0]:  # on one line
                before = self.lines[start[0] - 1][start[1] : end[1]].decode()
                yield Mutant(self.file, *start, kind, before, after(before), statement, scope)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "type_params"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        yield from self.within(child, statement, scope)

    def changes(self, node: ast.AST) -> Iterator[tuple]:
        """Yield (start, end, kind, text before -> text after) of the changes at ``node`` itself."""
        match node:
            case ast.Constant(value=bool()):
                yield *_span(node), "constant", lambda _: repr(not node.value)
            case ast.Constant(value=int()):
                yield *_span(node), "constant", lambda _: repr(node.value + 1)
            case ast.Constant(value=float()):
                yield *_span(node), "constant", lambda _: repr(2 * node.value or 1.0)
            case ast.UnaryOp(op=ast.USub()):
                yield *_span(node), "sign", lambda text: text.removeprefix("-")
            case ast.UnaryOp(op=ast.Not()):
                yield *_span(node), "dropped not", lambda text: text.removeprefix("not ")
            case ast.BinOp():
                yield from self.operators("arithmetic", ARITHMETIC, [node.left, node.right])
            case ast.BoolOp():
                yield from self.operators("boolean", BOOLEAN, node.values)
            case ast.Compare():
                yield from self.operators("comparison", COMPARISONS, [node.left, *node.comparators])
            case ast.AugAssign():
                yield from self.operators("arithmetic", ARITHMETIC, [node.target, node.value])
            case ast.IfExp():
                whole = _span(node)
                test, body, other = (
                    self.text(part) for part in (node.test, node.body, node.orelse)
                )
                yield *whole, "other branch", lambda _: f"({other} if {test} else {body})"
            case ast.If() | ast.While():
                yield *_span(node.test), "other branch", lambda text: f"not ({text})"
            case ast.Call(args=[first, second, *_]):
                start, end = _span(first)[0], _span(second)[1]
                swapped = self.text(second) + ", " + self.text(first)
                if not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred):
                    yield start, end, "swapped arguments", lambda _: swapped
        stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if (
            called
            or isinstance(node, DELETED)
            or (stored and not isinstance(node.targets[0], ast.Tuple))
        ):
            yield *_span(node), "deleted statement", lambda _: "pass"

    def operators(
        self, kind: str, table: dict[str, str], operands: list[ast.expr]
    ) -> Iterator[tuple]:
        """Yield the change of the operator between each two neighbours of ``operands``."""
        for left, right in pairwise(operands):
            start, end = _span(left)[1], _span(right)[0]
            if start[0] != end[0]:
                continue
            between = self.lines[start[0] - 1][start[1] : end[1]].decode()
            for symbol in sorted(table, key=len, reverse=True):
                if symbol in between:
                    at = start[1] + between.index(symbol)
                    spot = (start[0], at), (start[0], at + len(symbol))
                    yield *spot, kind, lambda _, symbol=symbol: table[symbol]
                    break

    def text(self, node: ast.expr) -> str:
        """Return the source of a node that stands on one line."""
        start, end = _span(node)
        return self.lines[start[0] - 1][start[1] : end[1]].decode()


def _span(node: ast.AST) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
