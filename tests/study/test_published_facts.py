"""What was read of the study, held against a second copy that was typed from it: a list of facts by section.

The sections are those of the notes on the study (STUDY.md). The tables' checksums and relations notice
a change; only a second copy notices a number or a constant that was wrong, or was changed together with them.
"""

import csv
import hashlib
from io import StringIO

import pandas as pd
import pytest

from companion import study
from companion.errors import UserError
from companion.study import check, tables

DATASETS = {"Cluster": "clusters", "Ring": "rings", "Swiss": "swiss_roll", "Waves": "waves"}
TARGETS = {"x": "x", "eps": "eps", "v": "v", "s": "score"}

#: Section 4.1, the study's table of 2-D results as printed.
PRINTED_2D = """\
dataset,target,NELBO,NELBO_mean_dist,NELBO_cov_dist,Weighted_loss,W_mean_dist,W_cov_dist
Cluster,x,0.6777,0.1754,0.5746,0.4754,0.4300,0.2715
Cluster,eps,2.3636,0.0364,0.0706,0.3522,0.0634,0.1430
Cluster,v,2.5396,0.0307,0.0409,0.8264,0.0389,0.0363
Cluster,s,0.7657,0.2279,0.1498,2.6934,0.2688,0.1633
Ring,x,0.8785,0.2744,0.3807,0.4932,0.2807,0.3974
Ring,eps,2.5700,0.0914,0.1107,0.4266,0.0983,0.0366
Ring,v,2.5452,0.0459,0.0718,0.9227,0.0453,0.0088
Ring,s,0.9577,0.2254,0.1563,3.0981,0.2220,0.1637
Swiss,x,0.8640,0.1133,0.2645,0.4934,0.5256,0.6875
Swiss,eps,2.5324,0.0689,0.0941,0.4261,0.0857,0.0824
Swiss,v,2.4861,0.0418,0.0598,0.9171,0.0427,0.0269
Swiss,s,0.9493,0.1266,0.1972,3.0274,0.0893,0.1227
Waves,x,0.9104,0.1593,0.5559,0.4939,0.1869,0.6911
Waves,eps,2.6805,0.0405,0.0757,0.4500,0.0748,0.0778
Waves,v,2.6873,0.0447,0.0738,0.9411,0.0131,0.0271
Waves,s,1.0210,0.0353,0.1369,3.4165,0.0178,0.1676
"""

#: Section 4.3, its table of image results as printed, and the full numbers of its FID files.
PRINTED_IMAGES = """\
target,NELBO_printed,NELBO_FID_printed,Weighted_loss_printed,Weighted_FID_printed,NELBO_FID_full,Weighted_FID_full
x,0.09,13.54,0.05,16.96,13.54193481445312,16.96029174804688
eps,0.84,24.26,0.06,13.75,24.26474395751953,13.75848205566406
v,0.86,18.18,0.12,18.24,18.18385070800781,18.24214172363281
"""

#: Section 4.4, the saved image losses: (objective, target) -> final, mean and sd of the last 20 epochs.
SAVED_IMAGES = {
    ("nelbo", "x"): (0.0931805900, 0.093100, 0.001173),
    ("nelbo", "eps"): (0.8540828077, 0.873753, 0.059040),
    ("nelbo", "v"): (0.8538715990, 0.874126, 0.059028),
    ("weighted", "x"): (0.0519716770, 0.052366, 0.000622),
    ("weighted", "eps"): (0.0634624747, 0.063140, 0.000926),
    ("weighted", "v"): (0.1137223546, 0.114341, 0.001134),
}


def rows(text):
    return list(csv.DictReader(StringIO(text)))


def test_the_constants_are_those_of_the_protocol():
    assert study.REPOSITORY == "github.com/dibyanshu100/Master_thesis_code"  # the notes' head
    assert study.COMMIT == "a37ca19357a75d9e67d669740309c96c63b96fbf"
    assert study.DATE == "2 June 2025"
    points, test_part = 100_000, 0.2  # sections 3.1 and 3.2
    assert points * test_part == study.TEST_POINTS
    epochs, executions = 20, 3  # section 4.2
    assert epochs * executions == study.EPOCHS_IN_LAST20


def test_the_samplers_are_those_of_the_code():
    kinds = {"x": "ancestral", "eps": "ancestral", "v": "deterministic", "score": "Langevin-like"}
    assert kinds == study.SAMPLERS  # section 3.5
    clamped = {"eps": ", clamped"}  # sections 3.5 and 5.5: on images, and eps alone
    trained = {t: kinds[t] + clamped.get(t, "") for t in ("x", "eps", "v")}  # 3.6: no score
    assert trained == study.IMAGE_SAMPLERS


def test_names_are_those_of_the_study_in_this_books_words():
    assert tuple(TARGETS.values()) == study.TARGETS
    assert tuple(DATASETS.values()) == study.DATASETS
    assert study.OBJECTIVES == ("nelbo", "weighted")
    assert set(study.TITLES) == set(study.DATASETS)


def test_the_2d_tables_hold_what_is_printed():
    losses = study.losses().set_index(["dataset", "target", "objective"])["printed"]
    moments = study.moments().set_index(["dataset", "target", "objective"])
    printed = rows(PRINTED_2D)
    assert len(printed) * 2 == len(losses) == len(moments)
    for row in printed:
        for objective, loss, short in (
            ("nelbo", "NELBO", "NELBO"),
            ("weighted", "Weighted_loss", "W"),
        ):
            key = (DATASETS[row["dataset"]], TARGETS[row["target"]], objective)
            assert losses[key] == float(row[loss]), key
            assert moments.loc[key, "mean_distance"] == float(row[f"{short}_mean_dist"]), key
            assert moments.loc[key, "cov_distance"] == float(row[f"{short}_cov_dist"]), key


def test_the_image_table_holds_what_is_printed_and_saved():
    images = study.images().set_index(["objective", "target"])
    for row in rows(PRINTED_IMAGES):
        for objective, loss, fid in (
            ("nelbo", "NELBO_printed", "NELBO_FID"),
            ("weighted", "Weighted_loss_printed", "Weighted_FID"),
        ):
            found = images.loc[(objective, row["target"])]
            assert found["printed_loss"] == float(row[loss])
            assert found["printed_fid"] == float(row[f"{fid}_printed"])
            assert found["fid"] == float(row[f"{fid}_full"])
    saved = ["final_loss", "last20_mean", "last20_sd"]
    assert {key: tuple(row) for key, row in images[saved].iterrows()} == SAVED_IMAGES


def test_origins_name_the_studys_own_files_and_keys():
    at = {"target": "eps", "objective": "weighted"}
    run = study.origin("losses", "execution_3", dataset="swiss_roll", **at)
    folder = "code/saved_data"
    name = "diffusion_loss_epsilon"
    assert run.files == (f"{folder}/2Dim/Weighted/Execution_3/{name}_training_results",)
    assert run.key == "Swiss_roll_data.test_loss[99]"  # after 99 epochs: section 3.4
    image = study.origin("images", "final_loss", **at)
    assert image.files == (f"{folder}/Images/Weighted/{name}_results",)
    assert image.key == "test_loss[599]"  # of 600 epochs: section 4.4
    assert study.origin("images", "fid", **at).files == (f"code/FID/Weighted/{name}_50000",)
    hashes = study.files().set_index("file")["sha256"]
    assert run.sha256 == (hashes[run.files[0]],)


def damaged(monkeypatch, content):
    """What is said when ``losses.csv`` holds ``content``; None removes the file."""

    class Folder:
        def __truediv__(self, part):
            return self

        def is_file(self):
            return content is not None

        def read_bytes(self):
            return content

    monkeypatch.setattr(tables, "resources", lambda package: Folder())
    with pytest.raises(UserError) as error:
        study.losses()
    assert "\n" not in str(error.value)
    assert str(error.value).endswith("restore it (git checkout companion/study/data/losses.csv)")
    return str(error.value)


def test_a_file_that_is_none_is_told_in_one_line(monkeypatch):
    whole = tables._text("losses").encode()
    assert "it is missing" in damaged(monkeypatch, None)
    assert "not UTF-8" in damaged(monkeypatch, whole.replace(b"Kumar", b"K\xfcmar"))
    assert "not UTF-8" in damaged(monkeypatch, whole.decode().encode("utf-16"))
    assert "SHA-256" in damaged(monkeypatch, b"\xef\xbb\xbf" + whole)


@pytest.mark.parametrize(("left", "right"), [("execution_1", "execution_2"), ("mean", "printed")])
def test_exchanged_columns_are_noticed(left, right):
    text = tables._text("losses")
    head = [line for line in text.splitlines() if line.startswith("#")]
    frame = pd.read_csv(StringIO(text), comment="#", dtype=str)
    frame[[left, right]] = frame[[right, left]].to_numpy()  # under the same headings
    changed = "\n".join([*head, frame.to_csv(index=False, lineterminator="\n")])
    with pytest.raises(UserError):
        check.checked("losses", changed)


def test_digits_of_another_script_are_no_digits(monkeypatch):
    changed = tables._text("losses").replace("0.6777,", "0.677\u0667,", 1)
    digest = hashlib.sha256("\n".join(changed.splitlines()).encode()).hexdigest()
    monkeypatch.setitem(check.SHA256, "losses", digest)
    with pytest.raises(UserError, match="expected a number with 4 decimals"):
        check.checked("losses", changed)
