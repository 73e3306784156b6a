"""What the pages tell a reader to type exists."""

import re

import pytest

from companion import notebooks
from companion.build import collect, verify
from companion.paths import BOOK, ROOT

PAGES = [ROOT / "README.md", *sorted(BOOK.glob("*.md"))]


def told(variable):
    """(page, value) of every ``VARIABLE=value`` that a page tells the reader to type."""
    pattern = re.compile(rf"\b{variable}=([\w/.-]+)")
    return [(page.name, value) for page in PAGES for value in pattern.findall(page.read_text())]


@pytest.fixture(scope="module")
def steps():
    return {step.name: chapter.name for chapter in collect.collect() for step in chapter.steps}


def test_every_notebook_that_a_page_names_exists():
    assert told("NB")
    for page, name in told("NB"):
        assert notebooks.find(name), page


def test_every_step_that_a_page_names_exists(steps):
    assert told("NAME")
    for page, name in told("NAME"):
        assert verify.select([name], steps), (page, name)
