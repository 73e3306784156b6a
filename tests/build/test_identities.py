"""What was to be proved: every identity names what proves it, or says what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.build import identities
from companion.build.collect import Chapter, collect
from companion.derivation import Derivation, deferred
from companion.derivation.vocabulary import x
from companion.errors import UserError

WHOLE = "- {title: a square, proved_in: [one/square]}"
PART = "- {title: a cube, proved_in: [one/square, one], left: all but the square}"
SAID = "- {title: a word, proved_in: [one/square, one/said]}"
GIVEN = "- {title: a root, proved_in: [one/square], assumes: a positive number}"
NONE = "- {title: a circle, left: it is not a polynomial}"


@pytest.fixture
def chapters() -> list[Chapter]:
    d = Derivation("one")
    with deferred():
        d.chain("square", (x + 1) ** 2, (x**2 + 2 * x + 1, "expand"))
        d.prose("said", "It is so.", "Because.")
    return [Chapter("01_first", [d])]


def listed(folder: Path, *entries: str) -> Path:
    path = folder / "identities.yml"
    path.write_text("\n".join(["Shapes:", *(f"  {entry}" for entry in entries)]) + "\n")
    return path


def test_they_are_counted_and_linked(chapters: list[Chapter], tmp_path: Path) -> None:
    text = identities.section(chapters, listed(tmp_path, WHOLE, PART, PART, NONE, *[SAID] * 3))
    assert "7 identities were set as a goal. 1 are proved by machine, 3 with a part" in text
    assert "(✎), 2 in part, 1 not at all: the last column says what is left. 0 hold under" in text
    assert "<step-one-square>`, {ref}`one/said <step-one-said>` ✎\n" in text
    assert "* - a square\n  - {ref}`one/square <step-one-square>`\n  - \n  - \n" in text
    assert "{ref}`one <step-one>`" in text or "{ref}`one <derivation-one>`" in text
    assert "* - a circle\n  - \n  - \n  - it is not a polynomial" in text


def test_a_hypothesis_is_printed_and_is_no_gap(chapters: list[Chapter], tmp_path: Path) -> None:
    text = identities.section(chapters, listed(tmp_path, GIVEN, WHOLE))
    assert "2 are proved by machine" in text
    assert "0 in part" in text
    assert "1 hold under a hypothesis beyond those of their chapter, which is printed." in text
    assert "* - identity\n  - proved in\n  - assumes\n  - left\n" in text
    assert "<step-one-square>`\n  - a positive number\n  - \n" in text


def test_without_a_list_nothing_is_said(chapters: list[Chapter], tmp_path: Path) -> None:
    assert identities.section(chapters, tmp_path / "none.yml") == ""


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            "- {title: a, proved_in: [one/round]}",
            "said to be proved in 'one/round', which no derivation",
        ),
        ("- {title: a}", "'a' has no proof: expected proved_in, or left"),
        ("- {title: a, assumes: b}", "'a' has no proof: expected proved_in, or left"),
        ("- {title: a, assumes: b, left: c}", "'a' assumes something and has no proof"),
        ("- {title: a, proved_in: [one], assumes: [b]}", "expected title"),
        ("- {proved_in: [one]}", "expected title"),
        ("- {title: a, proved: [one]}", "expected title"),
        ("- {title: a, proved_in: one}", "expected title"),
        ("- one", "expected title"),
        ("a: b", "expected subjects"),
        ("- {title: [", "expected YAML that parses"),
    ],
)
def test_what_is_wrong_with_the_list_is_one_line(
    chapters: list[Chapter], tmp_path: Path, entry: str, words: str
) -> None:
    with pytest.raises(UserError) as stopped:
        identities.section(chapters, listed(tmp_path, entry))
    assert words in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_the_books_own_list_holds_and_has_all_that_were_set() -> None:
    text = identities.section(collect())
    assert "60 identities were set as a goal" in text
