"""Two sets of figures and tables, compared by their numbers within the tolerance that each states."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.evidence import drawn
from companion.evidence.compare import ROUNDING, Outcome, compare, difference


def entry(kind: str = "table", tolerance: float = 1e-6) -> dict[str, object]:
    return {"kind": kind, "tolerance": tolerance, "notebook": "04_four_targets"}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    return old, new


def outcome(
    folders: tuple[Path, Path], one: pd.DataFrame, two: pd.DataFrame, tolerance: float = 1e-6
):
    old, new = folders
    one.to_csv(old / "t.csv", index=False)
    two.to_csv(new / "t.csv", index=False)
    recorded, made = entry(tolerance=tolerance), entry(tolerance=tolerance)
    (found,) = compare(old, {"t": recorded}, new, {"t": made})
    return found


TABLE = pd.DataFrame({"target": ["x", "v"], "loss": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (TABLE, Outcome.SAME),
        (TABLE.assign(loss=[1.0, 2.0 * (1 + 0.9e-6)]), Outcome.WITHIN),
        (TABLE.assign(loss=[1.0, 2.0 * (1 + 1.1e-6)]), Outcome.OUT),
        (TABLE.assign(loss=[1.0, -2.0]), Outcome.OUT),
        (TABLE.assign(loss=[1.0, np.nan]), Outcome.OUT),
        (TABLE.assign(target=["x", "s"]), Outcome.OTHER),
        (TABLE[:1], Outcome.OTHER),
        (TABLE.rename(columns={"loss": "cost"}), Outcome.OTHER),
        (TABLE.assign(loss=[1, 2]), Outcome.OTHER),
        (TABLE.assign(loss=[True, 2.0]), Outcome.OTHER),
        (TABLE.assign(loss=["1.0", "2.0.0"]), Outcome.OTHER),
    ],
)
def test_a_table_is_compared_number_by_number(folders, changed, expected) -> None:
    found = outcome(folders, TABLE, changed)
    assert found.outcome is expected
    assert (found.name, found.entry["kind"]) == ("t", "table")


@pytest.mark.parametrize(("loss", "expected"), [(2.1, Outcome.OUT), (2.0, Outcome.OTHER)])
def test_a_build_cannot_loosen_what_it_is_judged_by(folders, loss, expected) -> None:
    outcome(folders, TABLE, TABLE.assign(loss=[1.0, loss]))
    (found,) = compare(folders[0], {"t": entry()}, folders[1], {"t": entry(tolerance=1.0)})
    assert found.outcome is expected
    assert found.detail == ("in 'loss'" if loss > 2 else "another tolerance")
    assert found.outcome.agrees == (expected in (Outcome.SAME, Outcome.WITHIN))


@pytest.mark.parametrize(
    ("one", "other"),
    [("007", "7"), ("1", "True"), (2**60, 2**60 + 1), (10, 11), ("1e5x", "1e5y"), ("", "0")],
)
def test_names_counts_and_truth_values_have_no_tolerance(folders, one, other) -> None:
    before, after = TABLE.assign(id=[one, one]), TABLE.assign(id=[one, other])
    assert outcome(folders, before, after, tolerance=1.0).outcome is Outcome.OTHER


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("caption", "else"),
        ("alt", "else"),
        ("n", 5),
        ("seeds", [1]),
        ("kind", "figure"),
        ("tolerance", 1e-3),
        ("negligible", 1e-3),
    ],
)
def test_what_the_reader_is_told_is_compared(folders, key, value) -> None:
    old, new = folders
    for folder in folders:
        for ending in ("csv", "drawn.csv"):
            TABLE.to_csv(folder / f"t.{ending}", index=False)
    recorded = entry() | {"caption": "c", "alt": "a", "n": 4, "seeds": [0]}
    made = {"t": recorded | {"made_from": "other code", "runs": ["other"]}}
    assert compare(old, {"t": recorded}, new, made)[0].outcome is Outcome.SAME
    (found,) = compare(old, {"t": recorded}, new, {"t": recorded | {key: value}})
    assert found.outcome is Outcome.OTHER
    assert found.detail == f"another {key}"


def test_the_headings_of_a_table_are_compared(folders) -> None:
    old, new = folders
    for folder, heading in ((old, "loss [nats]"), (new, "loss [bits]")):
        TABLE.to_csv(folder / "t.csv", index=False)
        (folder / "t.md").write_text(f"| target | {heading}  |\n|:--|--:|\n| x | 1.0 |\n")
    (found,) = compare(old, {"t": entry()}, new, {"t": entry()})
    assert (found.outcome, found.detail) == (Outcome.OTHER, "other headings")
    (new / "t.md").write_text("|target| loss [nats] |\n|:--|--:|\n| x | 1.1 |\n")
    assert compare(old, {"t": entry()}, new, {"t": entry()})[0].outcome is Outcome.SAME


def test_the_record_and_not_the_build_says_what_is_tolerated(folders) -> None:
    assert (
        outcome(folders, TABLE, TABLE.assign(loss=[1.0, 2.1]), tolerance=1e-3).outcome
        is Outcome.OUT
    )


@pytest.mark.parametrize(("by", "expected"), [(0.0099, Outcome.WITHIN), (0.0101, Outcome.OUT)])
def test_differences_up_to_a_negligible_one_are_not_counted(folders, by, expected) -> None:
    # Beside a number near zero the same difference is 100 times as large, relatively, as beside 1.
    old, new = folders
    for folder, near in ((old, 1e-4), (new, 1e-4 + by)):
        pd.DataFrame({"grey": [near, 1.0]}).to_csv(folder / "t.csv", index=False)
    loosened = {"t": entry() | {"negligible": 0.01}}
    (found,) = compare(old, loosened, new, loosened)
    assert found.outcome is expected
    assert found.tolerated == "1e-06, 1e-02 absolute"
    (loose,) = compare(old, {"t": entry()}, new, loosened)
    assert loose.outcome is Outcome.OUT  # the record says what counts, not the build


def test_the_line_says_how_much_where_and_what_is_allowed(folders) -> None:
    found = outcome(folders, TABLE, TABLE.assign(loss=[1.0, 4.0]))
    assert found.words == (
        "t: out of tolerance, largest relative difference 5.0e-01 (tolerance 1e-06): in 'loss'"
    )


def test_what_is_in_one_folder_only_is_named(folders) -> None:
    old, new = folders
    TABLE.to_csv(old / "both.csv", index=False)
    found = compare(old, {"gone": entry(), "both": entry()}, new, {"new": entry(), "both": entry()})
    assert {c.name: c.outcome for c in found} == {
        "gone": Outcome.MISSING,
        "new": Outcome.NEW,
        "both": Outcome.MISSING,
    }
    assert "no both.csv in the build" in next(c.words for c in found if c.name == "both")


@given(
    st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=8),
    st.floats(1e-8, 0.5),
)
def test_a_relative_change_is_measured_as_such(values: list[float], change: float) -> None:
    old = np.array(values)
    assert difference(old, old) == 0
    largest = int(np.argmax(np.abs(old)))
    new = old.copy()
    new[largest] *= 1 + change
    if abs(old[largest]) > 1e-2:
        assert difference(old, new) == pytest.approx(change / (1 + change), rel=1e-6)
    assert difference(old, new) == difference(new, old)


def test_rounding_beside_large_numbers_is_no_difference_and_infinities_are() -> None:
    for scale in (1.0, 1e6):
        old = np.array([scale, 3e-16 * scale])
        assert difference(old, np.add(old, [0, 0.9 * ROUNDING * scale])) == 0
        assert difference(old, np.add(old, [0, 1.1 * ROUNDING * scale])) > 0.99
    assert difference(np.array([2e-16]), np.array([7e-16])) == 0
    assert difference(np.array([1.0, 1e-6]), np.array([1.0, 2e-6])) == 0.5
    assert difference(np.array([np.inf, 1]), np.array([np.inf, 1])) == 0
    assert difference(np.array([np.inf, 1]), np.array([-np.inf, 1])) == np.inf
    assert difference(np.array([np.nan]), np.array([0.0])) == np.inf


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    plt.close("all")


def figure(
    *,
    y: float = 1.0,
    word: str = "w",
    shade: float = 0.5,
    bar: float = 2.0,
    colours: tuple[str, str] = ("#0072B2", "#D55E00"),
    names: tuple[str, str] = ("$x$", "$v$"),
    ticks: tuple[str, str] = ("a", "b"),
    scale: str = "linear",
    top: float = 9.0,
    shown: bool = True,
    cmap: str = "gray",
):
    fig, (left, right) = plt.subplots(1, 2)
    left.plot([0, 1], [0, y], color=colours[0], label=names[0])
    left.plot([0, 1], [1, 1], color=colours[1], label=names[1], visible=shown)
    left.legend()
    left.set_xticks([0, 1], ticks)
    left.set(yscale=scale, ylim=(0.1, top))
    right.pcolormesh([[1.0, shade], [2.0, 3.0]], cmap=cmap)
    fig.legend(*left.get_legend_handles_labels())
    left.bar([0], [bar])
    left.set_title(word)
    right.imshow([[0.0, shade]])
    right.scatter([0], [y])
    right.fill_between([0, 1], [0, 0], [1, bar])
    return fig


@pytest.mark.parametrize(
    "change",
    [
        {"y": 1.1},
        {"word": "v"},
        {"shade": 0.4},
        {"bar": 2.1},
        {"colours": ("#D55E00", "#0072B2")},
        {"names": ("$v$", "$x$")},
        {"ticks": ("b", "a")},
        {"scale": "log"},
        {"top": 8.0},
        {"cmap": "viridis"},
    ],
)
def test_whatever_a_figure_draws_is_among_its_numbers(change: dict[str, object]) -> None:
    same, other = drawn.numbers(figure()), drawn.numbers(figure(**change))
    pd.testing.assert_frame_equal(same, drawn.numbers(figure()))
    assert not same.equals(other)
    parts = {part.split(" ")[1] for part in same["part"]}
    assert {"Line2D", "Rectangle", "AxesImage", "PathCollection", "QuadMesh", "legend"} <= parts
    assert len(drawn.numbers(figure(shown=False))) == len(same) - 2


def test_where_words_stand_is_a_matter_of_fonts() -> None:
    before, after = figure(), figure()
    after.canvas.draw()  # moves titles and labels
    pd.testing.assert_frame_equal(drawn.numbers(before), drawn.numbers(after))


def test_a_figure_out_of_tolerance_is_seen(folders) -> None:
    old, new = folders
    drawn.numbers(figure()).to_csv(old / "f.drawn.csv", index=False)
    manifest = {"f": entry("figure")}
    for y, expected in ((1.0, Outcome.SAME), (1 + 1e-8, Outcome.WITHIN), (1.01, Outcome.OUT)):
        drawn.numbers(figure(y=y)).to_csv(new / "f.drawn.csv", index=False)
        assert compare(old, manifest, new, manifest)[0].outcome is expected
    drawn.numbers(figure(word="v")).to_csv(new / "f.drawn.csv", index=False)
    assert compare(old, manifest, new, manifest)[0].outcome is Outcome.OTHER
