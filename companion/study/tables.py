"""The tables of published numbers. Each is checked when it is read: a damaged one is named in one line."""

from __future__ import annotations

from importlib.resources import files as resources

import pandas as pd

from companion.files import heading
from companion.study import check
from companion.study.names import IMAGE_SAMPLERS, SAMPLERS

_SAMPLERS = {"moments": SAMPLERS, "images": IMAGE_SAMPLERS}


def losses() -> pd.DataFrame:
    """The 32 published test losses of the 2-D experiments.

    Columns: dataset, target, objective; ``printed``, the table's value; ``execution_1`` to ``_3``, the
    saved final losses, their ``mean`` and ``sd`` (n - 1); ``last20_mean`` and ``last20_sd`` over the last 20
    epochs of all three; ``initial`` of an untrained network; ``train``, the final training loss.

    Raises:
        UserError: if the file is damaged; so do the other tables.
    """
    return table("losses")


def bins() -> pd.DataFrame:
    """The 9,600 published training losses of the 2-D experiments by noise level.

    Columns: dataset, target, objective, execution; ``bin``, of the times in [bin/100, (bin + 1)/100);
    ``mean`` and ``sd`` over the last 20 epochs.
    """
    return table("bins")


def epochs() -> pd.DataFrame:
    """The published losses of the 2-D experiments by epoch, 9,600 rows.

    Columns: dataset, target, objective, execution, ``epoch`` from 0; ``test``, measured before the epoch's
    updates, and ``train``, the mean over the epoch.
    """
    return table("epochs")


def bins_at_epochs() -> pd.DataFrame:
    """The published training losses of the first execution by noise level, at `BINNED_EPOCHS`: 9,600 rows.

    Columns: dataset, target, objective, epoch, ``bin`` as in `bins`, ``loss``.
    """
    return table("bins_at_epochs")


def epoch_variances() -> pd.DataFrame:
    """What the study calls the variance of the weighted loss at a noise level, 1,600 rows.

    The variance over epochs of the mean training loss in a bin, averaged over executions, squares of code
    units: columns dataset, target, bin, ``variance``.
    """
    return table("epoch_variances")


def moments() -> pd.DataFrame:
    """Published distances between the moments of samples and data, 2-D experiments.

    The column ``sampler`` says how the study drew the samples.
    """
    return table("moments")


def images() -> pd.DataFrame:
    """Published CIFAR-10 losses and FIDs, one execution each, with the ``sampler``."""
    return table("images")


def files() -> pd.DataFrame:
    """Every file of the study's repository that was read, with its SHA-256: columns file, sha256."""
    return table("files")


def table(name: str) -> pd.DataFrame:
    """One of the tables losses, bins, epochs, bins_at_epochs, epoch_variances, moments, images, files.

    Raises:
        UserError: if the file is damaged.
    """
    frame = check.checked(name, _text(name))
    if name in _SAMPLERS:
        frame["sampler"] = frame["target"].map(_SAMPLERS[name])
    return frame


def source(name: str) -> str:
    """Where a table is from: the comment at its head, as one line."""
    return heading(_text(name))


def _text(name: str) -> str:
    path = resources("companion.study") / "data" / f"{name}.csv"
    if not path.is_file():
        raise check.damaged(name, "it is missing")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise check.damaged(name, "it is not UTF-8") from error
