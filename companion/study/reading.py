"""What the book rests on: the lines of the study's repository that were read, as links, with hashes."""

from __future__ import annotations

from companion.study import tables
from companion.study.names import COMMIT, DATE, REPOSITORY, link

Lines = tuple[int, ...]

READ: dict[str, tuple[tuple[str, Lines], ...]] = {
    "code/loss.py": (
        (r"NELBO coefficient of $\epsilon$", (22,)),
        ("of $x$", (55,)),
        ("of $v$", (96,)),
        ("the guarded target of $s$", (128,)),
        (r"the coefficient of $s$ that fits the published numbers, as a comment", (129,)),
        ("the coefficient of $s$ at this commit", (133,)),
        (r"rescaled $\epsilon$", (24,)),
        ("$v$", (98,)),
        ("$s$", (135,)),
    ),
    "code/utils.py": (
        ("the curves of its Figure 4", (788, 791)),
        ("the split into train and test", (38, 44)),
    ),
    "code/train2D.py": (("the test loss, measured before the epoch's updates", (52, 63)),),
    "code/sampling.py": (
        (r"samplers of $\epsilon$", (4, 25)),
        ("$x$", (28, 48)),
        ("$v$", (51, 69)),
        ("$s$", (72, 91)),
    ),
    "code/evaluation_metrics.py": (("the two moment distances", (7, 16)),),
    "code/datasets/gaussian_clusters.py": (("the clusters", (6, 24)),),
    "code/datasets/ring.py": (("the rings", (4, 31)),),
    "code/datasets/swiss_roll.py": (("the roll", (4, 34)),),
    "code/datasets/waves.py": (("the waves", (5, 22)),),
    "code/model.py": (("the time of the image network, made an integer", (357,)),),
    "code/trainImages.py": (
        ("how an FID is computed", (149, 181)),
        ("of which images", (184, 211)),
    ),
    "README.md": (("which losses are comparable", (5, 6)),),
    "code/assets/general/LF_Table.png": (("the table of loss formulations", ()),),
    "code/assets/general/2D_results.png": (("the table of 2-D results", ()),),
    "code/assets/general/image_results.png": (("the table of image results", ()),),
}
"""By file: what was read, and in which lines; none of a picture."""


def evidence() -> str:
    """Repository, commit, date, and every line read as a link that opens it, with each file's SHA-256."""
    hashes = tables.files().set_index("file")["sha256"]
    rows = ["| file, SHA-256 | what was read in it |", "|---|---|"]
    for path, places in READ.items():
        links = "; ".join(
            f"{what}: [{_numbers(lines)}]({link(path, *lines)})" for what, lines in places
        )
        rows.append(f"| [`{path}`]({link(path)}) `{hashes[path]}` | {links} |")
    return (
        f"The code and the results are those of [{REPOSITORY}](https://{REPOSITORY}/tree/{COMMIT}) "
        f"at commit `{COMMIT}` ({DATE}).\n\n" + "\n".join(rows)
    )


def _numbers(lines: tuple[int, ...]) -> str:
    if not lines:
        return "picture"
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[1]}"
