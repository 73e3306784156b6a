"""Which cells may write chains: looked at before anything is executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion import notebooks
from companion.build import cells

FIRST = """\
# %% tags=["derivation"]
from companion.derivation import Derivation
d = Derivation("one")
d.chain("square", x, (x, "why"))
"""
TWO = FIRST + 'd.chain("cube", x, (x, "why"))\n'
IN_WORDS = FIRST + 'd.prose("said", "what", "why")\n'
NOT_LAST = FIRST + "y = 1\n"
LOOSE = FIRST + '# %%\nd.chain("cube", x, (x, "why"))\n'
LOOP = FIRST.replace('d.chain("square"', 'for x in (1, 2):\n    d.chain("square"')
KEPT = FIRST.replace('d.chain("square"', 'shown = d.chain("square"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TWO, r'a\.py: a cell writes d\.chain\("square"\) and d\.chain\("cube"\), of'),
        (IN_WORDS, r'a\.py: a cell writes d\.chain\("square"\) and d\.prose\("said"\), of which'),
        (NOT_LAST, r'a\.py: the cell of d\.chain\("square"\) does not end with it'),
        (LOOP, r'a\.py: the cell of d\.chain\("square"\) does not end with it'),
        (KEPT, r'a\.py: the cell of d\.chain\("square"\) does not end with it'),
        (LOOSE, r"a\.py: a cell writes d\.chain without the tag 'derivation'"),
    ],
)  # fmt: skip
def test_a_cell_of_which_no_page_would_show_the_proof_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "a.py"
    path.write_text(text)
    with pytest.raises(cells.CellError, match=words) as caught:
        cells.check(path)
    assert "\n" not in str(caught.value)


def test_one_chain_that_ends_its_cell_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(FIRST + '# %%\n%time 1\n# %%\nd.refute("no", x, 2 * x, "why")\n')
    cells.check(path)


@pytest.mark.parametrize("name", notebooks.names())
def test_every_notebook_passes(name: str) -> None:
    cells.check(notebooks.source(name))
