"""The networks of this chapter: the study's 2-D protocol, every constant in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product

from torch import Generator, Tensor

from companion import study
from companion.profiles import Profile
from companion.runs import Run
from diffcore.exact.data2d import DATASETS
from diffcore.networks import StudyMLP
from diffcore.published import Published
from diffcore.training import Plan

Key = tuple[str, str, str, int]
"""Data set, predicted target, objective, execution (from 1)."""


FIRST_SEED = 100
"""The seed of execution n is n more: seeds 1 to 3 were a pilot, after which rules on samples were mended."""


@dataclass(frozen=True)
class Protocol:
    """How the study trains a network on its 2-D data; the defaults are its own numbers.

    The rest is in the code that is called: ReLU layers with torch's first weights (`StudyMLP`), times even
    in [0, 1) with a fresh time and noise for each point (`Published.loss`), Adam with a constant rate, no
    average of the weights.

    Attributes:
        width, depth: of the hidden layers.
        batch: points a step.
        epoch: steps an epoch, the last of which takes what remains of the points.
        epochs: in all.
        learning_rate: Adam's.
        executions: networks of each loss and data set.
        points: training points of a data set.
        bins: of time, in which the losses of an epoch are kept.
    """

    width: int = 512
    depth: int = 7
    batch: int = 1_024
    epoch: int = 79
    epochs: int = study.EPOCHS
    learning_rate: float = 1e-3
    executions: int = study.EXECUTIONS
    points: int = study.TRAIN_POINTS
    bins: int = study.BINS

    @property
    def draws(self) -> int:
        """Independent draws with the variance of an epoch's recorded loss, a mean of the means of batches.

        The last batch of a pass is smaller and counts as much, so they are fewer than its points.
        """
        full, rest = divmod(self.points, self.batch)
        if self.epoch <= full or not rest:
            return self.epoch * self.batch
        return round(self.epoch**2 / (full / self.batch + 1 / rest))

    @property
    def plan(self) -> Plan:
        """The same for the trainer: a row of the record an epoch."""
        return Plan(
            steps=self.epochs * self.epoch,
            batch=self.batch,
            learning_rate=self.learning_rate,
            shuffled=True,
            every=self.epoch,
            bins=self.bins,
        )


PROTOCOL = Protocol()
"""The study's own."""

SCALED = replace(PROTOCOL, width=64, batch=256, epoch=20)
"""The same with networks and epochs that a laptop trains in minutes: narrower layers, fewer points."""

TINY = replace(PROTOCOL, width=12, depth=3, batch=64, epoch=2, executions=2)
"""The same in seconds, for tests."""


def protocol(profile: Profile) -> Protocol:
    """The protocol of a profile: in ``paper`` the study's."""
    return profile.pick(quick=TINY, standard=SCALED, paper=PROTOCOL)


@cache
def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, drawn once, (points, 2)."""
    return DATASETS[name]().sample(PROTOCOL.points, Generator().manual_seed(0)).float()


def keys(profile: Profile) -> list[Key]:
    """Data set, target, objective and execution of every run, in order."""
    executions = range(1, protocol(profile).executions + 1)
    return list(product(study.DATASETS, study.TARGETS, study.OBJECTIVES, executions))


def name(key: Key) -> str:
    """The name of one run in the `grid`."""
    return "/".join(map(str, key))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/objective/execution``.

    Networks of one execution have one seed: they have the same first weights, and on one data set
    the same batches, times and noise.
    """
    used = protocol(profile)
    net = partial(StudyMLP, width=used.width, depth=used.depth)
    return {
        name(key): Run(
            Published(key[2], key[1]).loss(), FIRST_SEED + key[3], net, data(key[0]), used.plan
        )
        for key in keys(profile)
    }
