"""What this chapter rests on: the lines of the study's repository that were read, as links, with hashes."""

from __future__ import annotations

from companion import study

Lines = tuple[int, ...]

READ: dict[str, tuple[tuple[str, Lines], ...]] = {
    "code/loss.py": (
        (r"NELBO coefficient of $\epsilon$", (22,)),
        ("of $x$", (55,)),
        ("of $v$", (96,)),
        ("the guarded target of $s$", (128,)),
        (r"the coefficient of $s$ that made the published numbers, as a comment", (129,)),
        ("the coefficient of $s$ at this commit", (133,)),
        (r"rescaled $\epsilon$", (24,)),
        ("$v$", (98,)),
        ("$s$", (135,)),
    ),
    "code/utils.py": (
        ("the curves of its Figure 4", (788, 791)),
        ("the split into train and test", (38, 44)),
    ),
    "code/sampling.py": (
        (r"samplers of $\epsilon$", (4, 25)),
        ("$x$", (28, 48)),
        ("$v$", (51, 69)),
        ("$s$", (72, 91)),
    ),
    "code/evaluation_metrics.py": (("the two moment distances", (7, 16)),),
    "code/assets/general/2D_results.png": (("the table of 2-D results", ()),),
}


def evidence() -> str:
    """Repository, commit, date, and every line read as a link that opens it, with each file's SHA-256."""
    hashes = study.files().set_index("file")["sha256"]
    rows = ["| file, SHA-256 | what was read in it |", "|---|---|"]
    for path, places in READ.items():
        links = "; ".join(
            f"{what}: [{_numbers(lines)}]({study.link(path, *lines)})" for what, lines in places
        )
        rows.append(f"| [`{path}`]({study.link(path)}) `{hashes[path]}` | {links} |")
    return (
        "The code and the results are those of "
        f"[{study.REPOSITORY}](https://{study.REPOSITORY}/tree/{study.COMMIT}) at commit "
        f"`{study.COMMIT}` ({study.DATE}).\n\n" + "\n".join(rows)
    )


def _numbers(lines: tuple[int, ...]) -> str:
    if not lines:
        return "picture"
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[1]}"
