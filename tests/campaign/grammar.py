"""Malformed inputs, drawn by rules from a seed: arguments, JSON, CSV, headers, and files that are none."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROFILES = ["quick", "standard", "paper"]
ODD = [
    "", " ", "0", "-1", "1", "001", "99999", "1.5", "1e9", "nan", "10" * 20, "é", "\u202e", "a\nb", "\t",
    "\x1b[31mred", "\udcff", "a" * 5_000, "..", "../01_first", "/etc/passwd", "notebooks", "$(touch x)",
    "'; touch x; '", '"', "--", "-", "--profile", "--nonsense", "-x", "quik", "Quick", "*", "{n}", "%s",
    "01_first.txt", "notebooks/01.txt", "/01_first.py", "tiny/", "tiny/v/9", "tiny.00000000", "finished.json",
]  # fmt: skip
"""Values that are seldom what a command wants."""

COMMANDS = [
    "verify", "book", "notebook", "list", "stale", "figures", "pair", "render", "runs",
    "runs train", "runs prune",
]  # fmt: skip
OPTIONS = {
    "book": ["--profile", "--only", "--jobs"],
    "notebook": ["--profile"],
    "stale": ["--profile"],
    "runs": ["--profile"],
    "runs train": ["--profile"],
    "runs prune": ["--dry-run"],
}
JUNK: list[Any] = [
    None, True, 0, -1, 1e400, float("nan"), 10**400, "", "x", "../../precious", "/etc/passwd", "é\u2028", [],
    {}, [[]], {"": None}, ["a"], {"files": 1}, "0" * 64,
]  # fmt: skip
NEVER_RUN = {"render"}
"""What starts Sphinx if its arguments are fine."""


def arguments(draw: random.Random) -> list[str]:
    """A command line with something odd in it."""
    command = draw.choice(COMMANDS)
    words = [*command.split()]
    for _ in range(draw.choice([0, 1, 1, 1, 2, 3])):
        option = draw.choice([*OPTIONS.get(command, []), "", "", "--nonsense"])
        value = draw.choice(ODD) if draw.random() < 0.8 else draw.choice([*PROFILES, "01", "tiny"])
        words += [w for w in (option, value) if w or not option]
    if draw.random() < 0.1:
        words.insert(draw.randrange(len(words) + 1), draw.choice(ODD))
    if draw.random() < 0.1:
        words.pop(draw.randrange(len(words)))
    if NEVER_RUN & set(words):
        words += ["--profile", draw.choice(["", "quik", "Quick"])]
    return words


def json_bytes(draw: random.Random, whole: bytes) -> bytes:
    """JSON with one node that is not what it was."""
    value = json.loads(whole)
    parents = [(value, key) for key in value] if value else []
    for parent, key in parents:  # grows while it is walked: every node
        child = parent[key]
        if isinstance(child, dict | list):
            parents += [
                (child, k) for k in (child if isinstance(child, dict) else range(len(child)))
            ]
    if not parents:
        return json.dumps(draw.choice(JUNK)).encode()
    parent, key = draw.choice(parents)
    match draw.choice(["replace", "replace", "remove", "add", "rename"]):
        case "replace":
            parent[key] = draw.choice(JUNK)
        case "remove":
            del parent[key]
        case "add" if isinstance(parent, dict):
            parent[draw.choice(["../../precious", "", "/etc/passwd", "x"])] = draw.choice(JUNK)
        case "rename" if isinstance(parent, dict):
            parent["../" + key] = parent.pop(key)
    return json.dumps(value).encode()


def csv_bytes(draw: random.Random, whole: bytes) -> bytes:
    """A CSV with a cell, a row or a column that is not what it was."""
    lines = whole.decode().split("\n")
    table = [k for k, line in enumerate(lines) if line and not line.startswith("#")]
    k = draw.choice(table)
    cells = lines[k].split(",")
    c = draw.randrange(len(cells))
    match draw.choice(
        ["cell", "cell", "digit", "drop", "twice", "swap", "columns", "short", "comment"]
    ):
        case "cell":
            cells[c] = draw.choice(
                ["", "nan", "inf", "-1", "1e9", "x", '"', "0x1p3", "١", " " + cells[c]]
            )
        case "digit":
            cells[c] = cells[c].translate(str.maketrans("0123456789", "9012345678"))
        case "short":
            cells.pop(c)
        case "columns":
            other = draw.randrange(len(cells))
            for row in table:
                parts = lines[row].split(",")
                parts[c], parts[other] = parts[other], parts[c]
                lines[row] = ",".join(parts)
            return "\n".join(lines).encode()
        case "drop":
            return "\n".join(lines[:k] + lines[k + 1 :]).encode()
        case "twice":
            return "\n".join([*lines[:k], lines[k], *lines[k:]]).encode()
        case "swap":
            other = draw.choice(table)
            lines[k], lines[other] = lines[other], lines[k]
            return "\n".join(lines).encode()
        case "comment":
            lines[k] = "#" + lines[k]
            return "\n".join(lines).encode()
    lines[k] = ",".join(cells)
    return "\n".join(lines).encode()


def source_bytes(draw: random.Random, whole: bytes) -> bytes:
    """A notebook's source with a line of its header or a cell's mark that is not what it was."""
    lines = whole.decode().split("\n")
    k = draw.choice([i for i, line in enumerate(lines) if line.startswith("#")])
    lines[k] = draw.choice([
        "", "#", "# ---", "#   kernelspec: [", "#   kernelspec: 5", "#\tkernelspec:", "#   : :", "# - a",
        "#     language: [python]", "#     name: {}", "#   jupytext: null", "#     format_name: nope",
        "# %% tags=5", '# %% tags=["parameters", 5]', '# %% {"a": }', "# %% [markdown", "# &a *b",
        "# !!python/name:x",
        lines[k].replace(":", ""), lines[k] + " }", lines[k].replace("#", ""), "'", "# \x07", "# é",
    ])  # fmt: skip
    return "\n".join(lines).encode()


def any_bytes(draw: random.Random, whole: bytes) -> bytes:
    """Bytes that are cut, changed, encoded otherwise, or of another file altogether."""
    k = draw.randrange(len(whole) + 1)
    return draw.choice([
        b"", b"null", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe\x00", b"\0" * 100, whole[:k], whole[k:],
        whole[:k] + bytes([draw.randrange(256)]) + whole[k + 1 :], b"\xef\xbb\xbf" + whole,
        whole.decode("utf-8", "replace").encode("utf-16"), whole.replace(b"\n", b"\r\n"), whole + whole,
    ])  # fmt: skip


def no_file(draw: random.Random) -> Callable[[Path], None]:
    """Something in a file's place that is none, or nothing."""

    def pipe(path: Path) -> None:
        os.mkfifo(path)

    def link(path: Path) -> None:
        path.symlink_to(draw.choice([path.name, path.parent / "nowhere", path.parent]))

    return draw.choice([Path.mkdir, pipe, link, lambda path: None])


def damage(draw: random.Random, path: Path, mutate: Callable[[random.Random, bytes], bytes]) -> str:
    """Damage the file at ``path`` by ``mutate``, or in a way that suits all files; say how."""
    whole = path.read_bytes()
    kind = draw.choice([mutate, mutate, mutate, any_bytes, no_file])
    if kind is no_file:
        path.unlink()
        no_file(draw)(path)
    else:
        path.write_bytes(kind(draw, whole))
    return f"{kind.__name__} of {path.name}"


def remove(path: Path) -> None:
    """Remove whatever is at ``path``."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
