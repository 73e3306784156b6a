"""The page *Every step*: its rows, its picture, and what stops the build."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from companion import paths
from companion.build import arcs, every_step
from companion.build.arcs import Node
from companion.build.collect import Chapter, LedgerError
from companion.derivation import Derivation, deferred
from companion.derivation.vocabulary import x, x_hat

SQUARE = (x + x_hat) ** 2, (x**2 + 2 * x * x_hat + x_hat**2, "expand the square")


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chapter:
    """A chapter, executed: a chain that rests on a statement in words that comes first on the page."""
    d = Derivation("one", title="First")
    said = d.prose("average", "One may average.", "Expectation is linear.")
    chain = d.chain("square", *SQUARE, rests_on=["one/average"], cites="Euclid")
    shown = [said._repr_markdown_(), chain._repr_markdown_(), "a table"]
    cells = [{"outputs": [{"data": {"text/markdown": text}}]} for text in shown]
    (tmp_path / "01_first.ipynb").write_text(json.dumps({"cells": [{}, *cells]}))
    monkeypatch.setattr(paths, "pages_dir", lambda profile: tmp_path)
    return Chapter("01_first", [d])


def test_each_step_has_a_row_with_its_proof_and_its_premises(chapter: Chapter) -> None:
    page = every_step.page([chapter], "quick")
    assert "**1 steps proved by machine; 1 statements in words.**" in page
    rows = page.split("\n* - ")
    assert rows[1].startswith("step")
    assert rows[2].startswith("{ref}`one/average <step-one-average>`\n  - One may average.\n  - ✎")
    assert rows[3].startswith("{ref}`one/square.1 <step-one-square-1>`\n  - $(x + \\hat{x})^{2} = ")
    tactic = chapter.chains[0].outcomes[0].proof.tactic
    assert (
        f"expand the square.\n  - ✓ {tactic}\n  - {{ref}}`one/average <step-one-average>`" in page
    )
    assert "(derivation-one)=\n## First" in page


def test_a_statement_of_several_paragraphs_stays_in_its_cell(chapter: Chapter) -> None:
    chapter.derivations[0].prose("two", "One line.\n\n$$a = b$$\n\nAnother.", "Because.")
    page = every_step.page([chapter], "quick")
    assert "\n  - One line.\n    \n    $$a = b$$\n    \n    Another.\n  - ✎ in words\n" in page


def test_a_step_that_its_chapter_does_not_show_as_proved_stops_the_build(chapter: Chapter) -> None:
    with deferred():
        chapter.derivations[0].chain("unseen", *SQUARE)
    with pytest.raises(LedgerError) as stopped:
        every_step.page([chapter], "quick")
    assert str(stopped.value).startswith(
        "the executed chapter 01_first shows no proof of one/unseen.1: expected one; end"
    )


def test_the_picture_has_a_link_for_each_step_and_an_arc_for_each_premise(chapter: Chapter) -> None:
    page = every_step.page([chapter], "quick")
    drawn = page.split("```{raw} html\n")[1].split("```")[0]
    assert "\n\n" not in drawn  # a blank line would end it
    picture = ElementTree.fromstring(drawn)
    links = {link.get("data-name"): link.get("href") for link in picture.iter("a")}
    assert links == {
        "one": "#derivation-one",
        "one/average": "01_first.html#step-one-average",
        "one/square": "01_first.html#step-one-square",
    }
    (arc,) = picture.iter("path")
    assert (arc.get("data-from"), arc.get("data-to")) == ("one/average", "one/square")


def test_arcs_across_derivations_are_told_apart_and_a_missing_end_is_refused() -> None:
    nodes = [Node("a/b", "#", "chain"), Node("c/d", "#", "chain", ("a/b",))]
    assert 'class="across"' in arcs.svg(nodes)
    with pytest.raises(ValueError, match="c/d rests on 'a/b', which is not in the picture"):
        arcs.svg(nodes[1:])


def test_arcs_stay_in_the_picture_and_names_beside_them() -> None:
    many = [Node(f"a/{k}", "#", "chain", ("a/0",) if k else ()) for k in range(200)]
    for path in ElementTree.fromstring(arcs.svg(many)).iter("path"):
        width = float(path.get("d", "").split("A")[1].split()[0])
        assert 0 < width < arcs.ARCS
