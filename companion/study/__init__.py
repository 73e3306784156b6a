"""The study's published numbers as data: each with its file and key, and checked whenever it is read.

Targets and data sets are named as in this book (``eps``, ``score``; ``clusters``, ``rings``,
``swiss_roll``, ``waves``); objectives are ``nelbo`` and ``weighted``. Losses are in *code units*: see
:mod:`diffcore.published`.
"""

from __future__ import annotations

from companion.study.names import (
    BINNED_EPOCHS,
    BINS,
    COMMIT,
    DATASETS,
    DATE,
    EPOCHS,
    EPOCHS_IN_BINS,
    EPOCHS_IN_LAST20,
    EXECUTIONS,
    GROUPS,
    IMAGE_SAMPLERS,
    OBJECTIVE_TITLES,
    OBJECTIVES,
    REPOSITORY,
    SAMPLERS,
    TARGETS,
    TEST_POINTS,
    TITLES,
    TRAIN_POINTS,
    link,
)
from companion.study.origins import Origin, origin
from companion.study.reading import READ, evidence
from companion.study.tables import (
    bins,
    bins_at_epochs,
    epoch_variances,
    epochs,
    files,
    images,
    losses,
    moments,
    source,
    table,
)

__all__ = [
    "BINNED_EPOCHS",
    "BINS",
    "COMMIT",
    "DATASETS",
    "DATE",
    "EPOCHS",
    "EPOCHS_IN_BINS",
    "EPOCHS_IN_LAST20",
    "EXECUTIONS",
    "GROUPS",
    "IMAGE_SAMPLERS",
    "OBJECTIVES",
    "OBJECTIVE_TITLES",
    "READ",
    "REPOSITORY",
    "SAMPLERS",
    "TARGETS",
    "TEST_POINTS",
    "TITLES",
    "TRAIN_POINTS",
    "Origin",
    "bins",
    "bins_at_epochs",
    "epoch_variances",
    "epochs",
    "evidence",
    "files",
    "images",
    "link",
    "losses",
    "moments",
    "origin",
    "source",
    "table",
]
