"""The digits: the values that they take, and a held-out set that is one."""

import torch
from sklearn.datasets import load_digits

from companion.datasets import digits

TRAIN, TRAIN_LABELS, TEST, TEST_LABELS = digits.load()


def rows(images: torch.Tensor) -> set[bytes]:
    return {row.numpy().tobytes() for row in digits.counts(images).flatten(1)}


def test_every_image_is_in_one_half_and_none_is_changed():
    original = torch.tensor(load_digits().data).long()
    assert TRAIN.shape == (1437, 8, 8)
    assert TEST.shape == (360, 8, 8)
    assert len(rows(TRAIN)) == 1437
    assert len(rows(TEST)) == 360
    assert not rows(TRAIN) & rows(TEST)
    assert rows(TRAIN) | rows(TEST) == {row.numpy().tobytes() for row in original}


def test_no_held_out_image_is_nearly_a_training_image():
    nearest = torch.cdist(8 * TEST.flatten(1), 8 * TRAIN.flatten(1)).min()
    assert float(nearest) > 5  # grey levels; the closest two of all 1,797 are 5.3 apart


def test_labels_stay_with_their_images_and_classes_are_shared_fairly():
    data = load_digits()
    label = {
        row.tobytes(): int(y) for row, y in zip(data.data.astype(int), data.target, strict=True)
    }
    for images, labels in ((TRAIN, TRAIN_LABELS), (TEST, TEST_LABELS)):
        found = [label[row.numpy().tobytes()] for row in digits.counts(images).flatten(1)]
        assert found == labels.tolist()
    share = torch.bincount(TEST_LABELS, minlength=10) / torch.bincount(
        torch.cat([TRAIN_LABELS, TEST_LABELS]), minlength=10
    )
    assert float((share - 0.2).abs().max()) < 0.005


def test_values_are_the_seventeen_levels_exactly():
    assert TRAIN.dtype == torch.float32
    assert len(digits.LEVELS) == 17
    assert (digits.LEVELS[0], digits.LEVELS[-1]) == (-1, 1)
    assert set(torch.cat([TRAIN, TEST]).unique().tolist()) == set(digits.LEVELS.tolist())
    assert torch.equal(digits.LEVELS[digits.counts(TEST)].float(), TEST)


def test_the_split_is_always_the_same():
    digits.load.cache_clear()
    again = digits.load()
    assert torch.equal(again.test, TEST)
    assert digits.counts(TEST).sum().item() == 112350
