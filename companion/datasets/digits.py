"""Real images that come with scikit-learn: 1,797 handwritten digits of 8 x 8 pixels, 17 grey levels.

They are the test set of the Optical Recognition of Handwritten Digits data (Alpaydin and Kaynak, 1998,
UCI Machine Learning Repository): bitmaps of 32 x 32 whose 4 x 4 blocks were counted, so that each
pixel is a count from 0 to 16. No two of the 1,797 images are equal.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

#: The grey levels that a pixel can take: counts 0 to 16, scaled to [-1, 1]; exact in float32.
LEVELS = torch.arange(17, dtype=torch.float64) / 8 - 1
TEST_SHARE = 0.2
SPLIT_SEED = 0


class Digits(NamedTuple):
    """The split: images (n, 8, 8) with values among `LEVELS`, labels (n,) from 0 to 9."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


@cache
def load() -> Digits:
    """Return the digits in float32, a fifth of each class held out; always the same split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    train, test, train_labels, test_labels = train_test_split(
        pixels, labels, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=labels
    )
    return Digits(
        _images(train), torch.tensor(train_labels), _images(test), torch.tensor(test_labels)
    )


def counts(images: Tensor) -> Tensor:
    """Return the counts from 0 to 16 behind images, as integers of the same shape."""
    return ((images + 1) * 8).round().long()


def _images(pixels: object) -> Tensor:
    return (torch.tensor(pixels, dtype=torch.float32) / 8 - 1).reshape(-1, 8, 8)
