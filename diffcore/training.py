"""Training many small models as one batched model.

Models that differ in their objective or their seed, but not in their architecture, are stacked along a
leading axis with ``torch.func`` and trained together: one batched matrix product instead of many
small ones. Adam is elementwise, so every model sees exactly the updates that it would see alone.

Models with the same seed start from the same weights and see the same data, noise and uniform numbers
(common random numbers), so what differs between them is the objective and nothing else.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import pad

from diffcore import checks
from diffcore.choice import Choice, Count, NonNegative, Positive
from diffcore.denoisers import Net, checked
from diffcore.draws import Draw, Draws
from diffcore.levels import Levels
from diffcore.losses import Loss, Task
from diffcore.memoized import memoized
from diffcore.networks.weights import frozen, initialised
from diffcore.schedules.base import Schedule
from diffcore.times import TimeSampler

MOMENTS = ("exp_avg", "exp_avg_sq")
"""What Adam remembers of each weight."""

LANES = 16
"""Numbers that a processor computes at once, at most, in float32."""


@dataclass(frozen=True)
class Plan(Choice):
    """How long and how hard to train.

    Attributes:
        steps: optimiser steps.
        batch: examples per step and model.
        learning_rate: Adam's, at the start.
        final_learning_rate: at the end of a cosine decay; None keeps it constant.
        ema: decay of the averaged weights that are evaluated; 0 evaluates the last weights.
        shuffled: go through the data in a new order in each pass, as a data loader does, the last batch of a
            pass being what remains; if not, every batch is drawn with replacement.
        every: steps in one row of what is recorded; 0 makes at most 200 rows.
        bins: equally likely parts of the noise levels whose mean loss is recorded too; 0 for none.
        equalised: divide the loss of each example by the size of its slope in the network's output, a
            running mean in its bin, so that all noise levels pull alike; the losses recorded stay undivided.

    Raises:
        ValueError: if a number is outside its domain, or ``equalised`` has no bins.
    """

    steps: Count
    batch: Count = 256
    learning_rate: Positive = 1e-3
    final_learning_rate: float | None = None
    ema: NonNegative = 0.0
    shuffled: bool = False
    every: int = 0
    bins: int = 0
    equalised: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("every", "bins"):
            checks.count(f"Plan.{name}", getattr(self, name), least=0)
        self._require(self.bins > 0 or not self.equalised, "bins >= 1 if equalised")
        self._require(self.ema < 1, "0 <= ema < 1")
        self._require((self.final_learning_rate or 0) >= 0, "final_learning_rate >= 0")


class Trainer:
    """Trains one model for each (loss, seed), all at once, and can stop and resume at any step.

    Args:
        make_net: makes one network; called once per distinct seed.
        losses: one per model.
        seeds: one per model; equal seeds share initial weights and random numbers.
        data: (examples, ...); its dtype and device are those of the training.
        plan: how long and how hard.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``losses`` and ``seeds`` differ in length or are empty, or ``data`` has no examples.
    """

    def __init__(
        self,
        make_net: Callable[[], nn.Module],
        losses: Sequence[Loss],
        seeds: Sequence[int],
        data: Tensor,
        plan: Plan,
    ) -> None:
        if len(losses) != len(seeds) or not losses:
            raise ValueError(
                f"one seed for each loss expected: got {len(losses)} losses and {len(seeds)} seeds"
            )
        for loss in losses:
            checks.instance("losses", loss, Loss)
        seeds = [checks.count("seeds", seed, least=0) for seed in seeds]
        checks.batch("data", data)
        checks.instance("plan", plan, Plan)
        self.losses, self.seeds, self.data, self.plan = list(losses), list(seeds), data, plan
        self._groups = _grouped(losses, seeds)
        self._template = initialised(make_net, seeds[0]).to(data)
        modules = [initialised(make_net, seed).to(data) for seed in seeds]
        params, self._buffers = stack_module_state(modules)
        # Weights of linear layers are kept as (models, in, out): their products and the gradients are
        # then contiguous, which saves a copy of each at every step. A model's share of any tensor is padded
        # to whole vectors of the processor, since what is left over it may round in another way.
        self._transposed = {
            f"{name}.weight" if name else "weight"
            for name, module in self._template.named_modules()
            if isinstance(module, nn.Linear)
        }
        self._shapes = {name: p.shape[1:] for name, p in params.items()}
        self.params: dict[str, Tensor] = {
            name: self._kept(name, p.detach()).requires_grad_() for name, p in params.items()
        }
        self.averaged = {name: p.detach().clone() for name, p in self.params.items()}
        self.step_count = 0
        self._adam = torch.optim.Adam(list(self.params.values()), lr=plan.learning_rate, fused=True)
        samplers = dict.fromkeys(loss.times for loss in losses)
        self._draws = Draws(data, plan.batch, seeds, samplers, shuffled=plan.shuffled)
        self.levels = Levels(len(seeds), plan.bins, data.device) if plan.bins else None

    def step(self) -> Tensor:
        """One optimiser step of every model; returns their batch-mean losses, (models,), in nats.

        Raises:
            ValueError: if the network does not return the shape of its input.
        """
        drawn = self._draws.of_step(self.step_count)
        z, t, truth, factor = self._tasks(drawn)
        weights = {name: self._shaped(name, p) for name, p in self.params.items()}
        predictions = self._apply(weights, z, t)
        checked(predictions[0], z[0])
        every = Task(*(part.flatten(0, 1) for part in (z, t, truth, factor)))
        each = every.value(predictions.flatten(0, 1)).reshape(factor.shape)
        values = each.mean(1)
        self._adam.zero_grad()
        self._objective(each, values, factor, drawn).sum().backward()
        for group in self._adam.param_groups:
            group["lr"] = self._learning_rate()
        self._adam.step()
        self.step_count += 1
        with torch.no_grad():
            for name, p in self.params.items():
                self.averaged[name].lerp_(p, 1 - self.plan.ema)
        return values.detach()

    def _objective(
        self, each: Tensor, means: Tensor, factor: Tensor, drawn: Mapping[int, Draw]
    ) -> Tensor:
        """What is minimised, (models,), of losses and factors (models, batch); what is kept of each level."""
        if self.levels is None:
            return means
        models = zip(self.losses, self.seeds, strict=True)
        bins = self.levels.bin_of(torch.stack([drawn[seed].u[loss.times] for loss, seed in models]))
        losses = each.detach()
        self.levels.add(bins, losses)
        if not self.plan.equalised:
            return means
        return (each / self.levels.steepness(bins, losses, factor)).mean(1)

    def weights(self, index: int) -> dict[str, Tensor]:
        """The averaged weights and the buffers of model ``index``, by name."""
        averaged = {name: self._of_model(index, name, p) for name, p in self.averaged.items()}
        return averaged | {name: b[index].clone() for name, b in self._buffers.items()}

    def net(self, index: int) -> Net:
        """Model ``index`` with its averaged weights, as a plain ``net(z, t)`` without gradients."""
        return frozen(self._template, self.weights(index))

    def state(self, index: int) -> dict[str, Tensor]:
        """Everything that the rest of the training of model ``index`` depends on.

        It does not depend on the models that are trained beside it, so models saved at the same step
        may be resumed in any company.
        """
        state = {"step": torch.tensor(self.step_count)}
        state["generator"] = self._draws.generators[self.seeds[index]].get_state()
        for name, p in self.params.items():
            adam = self._adam.state.get(p, {})
            kept = {"param": p, "average": self.averaged[name]} | {
                moment: adam[moment] if adam else torch.zeros_like(p) for moment in MOMENTS
            }
            for kind, value in kept.items():
                state[f"{kind}.{name}"] = self._of_model(index, name, value)
        return state | (self.levels.state(index) if self.levels else {})

    def load_states(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Continue from one :meth:`state` for each model, in order.

        Raises:
            ValueError: if a state is of another architecture, or they are not all at the same step,
                or models with the same seed have seen different random numbers.
        """
        if len(states) != len(self.seeds):
            raise ValueError(f"{len(self.seeds)} states expected, one a model: got {len(states)}")
        for index, state in enumerate(states):
            shapes = {name: value.shape for name, value in self.state(index).items()}
            if {name: value.shape for name, value in state.items()} != shapes:
                raise ValueError(
                    "the saved state belongs to another model: train it from the start"
                )
        steps = {int(state["step"]) for state in states}
        if len(steps) != 1:
            raise ValueError(f"states of one step expected: got steps {sorted(steps)}")
        self.step_count = steps.pop()
        for seed, state in zip(self.seeds, states, strict=True):
            self._draws.generators[seed].set_state(state["generator"].cpu())
        if any(
            not torch.equal(self._draws.generators[seed].get_state(), state["generator"].cpu())
            for seed, state in zip(self.seeds, states, strict=True)
        ):
            raise ValueError("states of equal seeds have seen different random numbers")

        if self.levels:
            self.levels.load(states)

        def stacked(kind: str, name: str) -> Tensor:
            values = torch.stack([state[f"{kind}.{name}"] for state in states]).to(self.data)
            return self._kept(name, values)

        for name, p in self.params.items():
            p.data.copy_(stacked("param", name))
            self.averaged[name].copy_(stacked("average", name))
            if self.step_count:
                self._adam.state[p] = {moment: stacked(moment, name) for moment in MOMENTS}
                self._adam.state[p]["step"] = torch.tensor(float(self.step_count), device=p.device)

    def _tasks(self, drawn: Mapping[int, Draw]) -> Task:
        """What the models are given and asked, each part (models, batch, ...), in the models' order."""
        found: dict[int, Task] = {}
        done = self.step_count / self.plan.steps
        for group in self._groups:
            draws = [drawn[seed] for seed in group.seeds]
            x, eps = torch.cat([d.x for d in draws]), torch.cat([d.eps for d in draws])
            schedule = memoized(group.schedule)
            u = torch.cat([d.u[group.times] for d in draws])
            times = group.times.quantile(u, schedule)
            for loss, models in group.models.items():
                task = replace(loss.at(done), schedule=schedule).task(x, eps, times)
                parts = (part.unflatten(0, (len(draws), -1)).unbind() for part in task)
                found |= {m: Task(*part) for m, part in zip(models, zip(*parts), strict=True)}
        tasks = (found[model] for model in range(len(self.losses)))
        return Task(*(torch.stack(part) for part in zip(*tasks, strict=True)))

    def _kept(self, name: str, p: Tensor) -> Tensor:
        """Parameters of many models, (models, ...) as their modules have them, as they are kept."""
        if name in self._transposed:
            p = p.mT
        left_over = self._shapes[name].numel() % LANES
        flat = p.reshape(len(p), -1)
        return pad(flat, (0, LANES - left_over)) if left_over else p.contiguous()

    def _shaped(self, name: str, kept: Tensor) -> Tensor:
        """The reverse of `_kept`."""
        shape = self._shapes[name]
        turned = name in self._transposed
        if shape.numel() % LANES:
            inner = shape[::-1] if turned else shape
            kept = kept[:, : shape.numel()].reshape(len(kept), *inner)
        return kept.mT if turned else kept

    def _of_model(self, index: int, name: str, p: Tensor) -> Tensor:
        """A copy of what belongs to one model, as its module has it."""
        one = self._shaped(name, p.detach()[index : index + 1])[0]
        return one.clone(memory_format=torch.contiguous_format)

    def _apply(self, params: dict[str, Tensor], z: Tensor, t: Tensor) -> Tensor:
        def one(
            weights: dict[str, Tensor], buffers: dict[str, Tensor], z: Tensor, t: Tensor
        ) -> Tensor:
            return functional_call(self._template, (weights, buffers), (z, t))

        return vmap(one)(params, self._buffers, z, t)

    def _learning_rate(self) -> float:
        first, last = self.plan.learning_rate, self.plan.final_learning_rate
        if last is None:
            return first
        return (
            last + (first - last) * (1 + math.cos(math.pi * self.step_count / self.plan.steps)) / 2
        )


class _Group(NamedTuple):
    """Losses that share time sampler and schedule, on the same seeds; which models each is of."""

    times: TimeSampler
    schedule: Schedule
    seeds: tuple[int, ...]
    models: dict[Loss, list[int]]


def _grouped(losses: Sequence[Loss], seeds: Sequence[int]) -> list[_Group]:
    """Models whose noise levels are computed at once."""
    of_loss: dict[Loss, list[int]] = {}
    for model, loss in enumerate(losses):
        of_loss.setdefault(loss, []).append(model)
    groups: dict[tuple, _Group] = {}
    for loss, models in of_loss.items():
        key = loss.times, loss.schedule, tuple(seeds[model] for model in models)
        groups.setdefault(key, _Group(*key, {})).models[loss] = models
    return list(groups.values())
