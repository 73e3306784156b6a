"""The published numbers: any change of any cell is noticed, and named in one line."""

import hashlib
import random
import statistics
from importlib.resources import files

import pytest

from companion import paths, study
from companion.errors import UserError
from companion.study import check

BY_EPOCH = ("epochs", "bins_at_epochs", "epoch_variances")
NAMES = ("losses", "bins", *BY_EPOCH, "moments", "images", "files")
PRINTED = {"losses": "printed", "images": "printed_fid"}


def text(name):
    return (files("companion.study") / "data" / f"{name}.csv").read_text(encoding="utf-8")


def cells(name):
    """Head, and the rows of cells with the header first."""
    lines = text(name).splitlines()
    body = [line.split(",") for line in lines if not line.startswith("#")]
    return [line for line in lines if line.startswith("#")], body


def joined(head, body):
    return "\n".join([*head, *(",".join(row) for row in body)]) + "\n"


def digest(changed):
    return hashlib.sha256("\n".join(changed.splitlines()).encode()).hexdigest()


def other(cell, draw):
    """The cell with one character changed: another digit for a digit, another letter for a letter."""
    places = [k for k, c in enumerate(cell) if c.isalnum()]
    place = draw.choice(places)
    pool = "0123456789" if cell[place].isdigit() else "abcdefgh"
    new = draw.choice([c for c in pool if c != cell[place].lower()])
    return cell[:place] + new + cell[place + 1 :]


def refused(name, changed):
    with pytest.raises(UserError) as error:
        check.checked(name, changed)
    message = str(error.value)
    assert message.startswith(f"published table {name}.csv is damaged: ")
    assert message.endswith(f"restore it (git checkout companion/study/data/{name}.csv)")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", NAMES)
def test_every_single_cell_is_watched(name):
    head, body = cells(name)
    draw = random.Random(f"attack on {name}")
    for row, line in enumerate(body):
        if len(body) > 1000 and draw.random() > 0.0005:
            continue  # of a long table a sample
        for column in range(len(line)):
            changed = [list(r) for r in body]
            changed[row][column] = other(line[column], draw)
            refused(name, joined(head, changed))


@pytest.mark.parametrize("name", NAMES)
def test_rows_and_comments_are_watched(name):
    head, body = cells(name)
    refused(name, joined(head, body[:-1]))
    refused(name, joined(head, [*body, body[-1]]))
    refused(name, joined(head, [body[0], body[2], body[1], *body[3:]]))  # an exchange of two rows
    refused(name, joined([line.upper() for line in head], body))
    refused(name, joined(head, [body[0][:-1], *(row[:-1] for row in body[1:])]))
    refused(name, joined(head, [*body[:-1], [*body[-1], "1"]]))
    refused(name, "")


@pytest.mark.parametrize(
    ("name", "column", "change", "says"),
    [
        ("losses", "execution_2", 1e-5, "mean is not the executions'"),
        ("losses", "mean", 1e-5, "mean is not the executions'"),
        ("losses", "mean", 2e-6, "mean is not the executions'"),
        ("losses", "sd", 2e-6, "sd is not the executions'"),
        ("losses", "sd", 1e-5, "sd is not the executions'"),
        ("losses", "printed", 1e-4, "printed is not mean"),
        ("losses", "last20_mean", 0.6, "last20_mean"),
        ("losses", "train", 0.6, "train is not near mean"),
        ("images", "fid", 0.02, "printed_fid is not fid"),
        ("images", "printed_fid", 0.02, "printed_fid is not fid"),
        ("images", "printed_loss", 0.04, "printed_loss is off"),
        ("images", "last20_mean", 0.25, "last20_mean and final_loss"),
    ],
)
def test_relations_hold_apart_from_the_checksum(monkeypatch, name, column, change, says):
    head, body = cells(name)
    place = body[0].index(column)
    for row in range(1, len(body)):
        changed = [list(r) for r in body]
        decimals = len(changed[row][place].split(".")[1])
        changed[row][place] = f"{float(changed[row][place]) + change:.{decimals}f}"
        damaged = joined(head, changed)
        monkeypatch.setitem(check.SHA256, name, digest(damaged))  # as if somebody had pinned it
        assert says in refused(name, damaged) or "expected between" in refused(name, damaged)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("clusters,x,nelbo", "clusters,x,nelbow", "it has a row clusters x nelbow"),
        ("clusters,x,nelbo", "clusters,v,nelbo", "it has 2 rows clusters v nelbo: expected one"),
        ("0.6777,", "0.677,", "row 1, printed: '0.677': expected a number with 4 decimals"),
        ("0.6777,", "nan,", "row 1, printed: 'nan': expected a number with 4 decimals"),
        ("0.6777,", "-0.6777,", "expected a number with 4 decimals"),
        ("16.3267,", "96.3267,", "initial: '96.3267': expected between 0 and 20"),
        ("16.3267,", "0.5000,", "an untrained network (initial) scores below a trained one"),
        ("printed,", "typed,", "its columns are dataset, target, objective, typed"),
    ],
)
def test_the_line_says_what_is_wrong(monkeypatch, old, new, says):
    damaged = text("losses").replace(old, new, 1)
    assert damaged != text("losses")
    monkeypatch.setitem(check.SHA256, "losses", digest(damaged))
    assert says in refused("losses", damaged)


def test_the_end_of_a_line_is_the_machines_choice():
    windows = text("losses").replace("\n", "\r\n")
    assert check.checked("losses", windows).equals(study.losses())


def test_means_and_spreads_are_those_of_the_executions():
    for row in study.losses().itertuples():
        runs = [row.execution_1, row.execution_2, row.execution_3]
        assert round(statistics.mean(runs), 4) == pytest.approx(row.printed, abs=1e-9)
        assert statistics.stdev(runs) == pytest.approx(row.sd, abs=1e-6)


def test_bins_average_to_the_losses_recorded_apart_from_them():
    keys = ["dataset", "target", "objective"]
    means = study.bins().groupby(keys)["mean"].mean()
    recorded = study.losses().set_index(keys)[
        "last20_mean"
    ]  # of test points, where bins are of training
    assert len(means) == len(recorded)
    assert (means / recorded - 1).abs().max() < 0.015


def test_epochs_hold_what_the_table_of_losses_was_worked_out_of():
    keys = ["dataset", "target", "objective"]
    epochs, known = study.epochs(), study.losses().set_index(keys)
    last = epochs[epochs["epoch"] == study.EPOCHS - 1]
    for n in range(1, study.EXECUTIONS + 1):
        test = last[last["execution"] == n].set_index(keys)["test"]
        assert (test / known[f"execution_{n}"] - 1).abs().max() < 1e-5
    assert (last.groupby(keys)["train"].mean() / known["train"] - 1).abs().max() < 2e-4
    first = epochs[epochs["epoch"] == 0].groupby(keys)["test"].mean()
    assert (first / known["initial"] - 1).abs().max() < 2e-4


def test_bins_at_an_epoch_average_to_the_loss_of_that_epoch():
    keys = ["dataset", "target", "objective", "epoch"]
    means = study.bins_at_epochs().groupby(keys)["loss"].mean()
    epochs = study.epochs()
    recorded = epochs[epochs["execution"] == 1].set_index(keys)["train"]
    assert (means / recorded[means.index] - 1).abs().max() < 0.02  # draws are not even over bins


def test_variances_over_epochs_are_no_less_than_that_of_the_last_epochs():
    keys = ["dataset", "target", "bin"]
    late = study.bins()
    late = late[late["objective"] == "weighted"].groupby(keys)["sd"].agg(lambda sd: (sd**2).mean())
    every = study.epoch_variances().set_index(keys)["variance"]
    # Of the squares about a mean the last 20 epochs have a part, and about their own mean the least.
    assert (every[late.index] > 19 / 100 * late).all()


def test_every_number_has_a_file_a_hash_and_a_key():
    for name in ("losses", "bins", *BY_EPOCH, "moments", "images"):
        frame = study.table(name)
        if "objective" not in frame:
            frame = frame.assign(objective="weighted")
        frame = frame.drop_duplicates(["target", "objective"])
        frame = frame.drop(columns=["execution", "epoch", "bin"], errors="ignore")
        keys = [c for c in ("dataset", "target", "objective") if c in frame]
        for row in frame[keys].to_dict("records"):
            for column in frame.columns.drop(keys).drop("sampler", errors="ignore"):
                origin = study.origin(name, column, **row)
                assert origin.files
                assert all(len(value) == 64 for value in origin.sha256)
                assert origin.key
    runs = study.origin("losses", "mean", target="eps", objective="nelbo", dataset="rings")
    assert [path.split("/")[4] for path in runs.files] == [f"Execution_{n}" for n in (1, 2, 3)]
    assert runs.key == "mean of Ring_data.test_loss[99]"
    with pytest.raises(KeyError):
        study.origin("losses", "sd", target="flow", objective="nelbo", dataset="rings")


def test_links_open_the_lines_at_the_commit_read():
    base = f"https://github.com/dibyanshu100/Master_thesis_code/blob/{study.COMMIT}"
    assert study.link("code/loss.py", 22) == f"{base}/code/loss.py#L22"
    assert study.link("code/utils.py", 788, 791) == f"{base}/code/utils.py#L788-L791"
    assert study.link("README.md") == f"{base}/README.md"
    assert set(study.files()["file"]) >= {"code/loss.py", "code/utils.py", "code/sampling.py"}


@pytest.mark.parametrize("page", ["book/intro.md"])
def test_pages_name_the_commit_the_lines_and_the_hashes_of_the_data(page):
    words = (paths.ROOT / page).read_text(encoding="utf-8")
    assert study.COMMIT in words
    assert study.DATE in words
    hashes = study.files().set_index("file")["sha256"]
    for path in ("code/loss.py", "code/utils.py", "code/sampling.py"):
        assert f"| `{path}` | `{hashes[path]}` |" in words
    for line in (22, 55, 96, 128, 129, 133):
        assert study.link("code/loss.py", line) in words
    assert study.link("code/utils.py", 788, 791) in words


def test_the_chapter_links_every_line_that_it_rests_on():
    shown = study.evidence()
    assert study.COMMIT in shown
    hashes = study.files().set_index("file")["sha256"]
    for path, places in study.READ.items():
        assert hashes[path] in shown
        for _, lines in places:
            assert f"({study.link(path, *lines)})" in shown
    read = {lines for _, lines in study.READ["code/loss.py"]}
    assert {(22,), (55,), (96,), (128,), (129,), (133,)} <= read
