"""Training many small models as one batched model.

Models that differ in their objective or their seed, but not in their architecture, are stacked along a
leading axis with ``torch.func`` and trained together: one batched matrix product instead of many
small ones. Adam is elementwise, so every model sees exactly the updates that it would see alone.

Models with the same seed start from the same weights and see the same data, noise and uniform numbers
(common random numbers), so what differs between them is the objective and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from diffcore.denoisers import Net
from diffcore.losses import Loss, noise_like, noised
from diffcore.networks import initialised


@dataclass(frozen=True)
class Plan:
    """How long and how hard to train.

    Attributes:
        steps: optimiser steps.
        batch: examples per step and model.
        learning_rate: Adam's, at the start.
        final_learning_rate: at the end of a cosine decay; None keeps it constant.
        ema: decay of the averaged weights that are evaluated; 0 evaluates the last weights.
    """

    steps: int
    batch: int = 256
    learning_rate: float = 1e-3
    final_learning_rate: float | None = None
    ema: float = 0.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1 or not 0 <= self.ema < 1:
            raise ValueError(f"steps >= 1, batch >= 1 and 0 <= ema < 1 expected: got {self}")


class Trainer:
    """Trains one model for each (loss, seed), all at once, and can stop and resume at any step.

    Args:
        make_net: makes one network; called once per distinct seed.
        losses: one per model.
        seeds: one per model; equal seeds share initial weights and random numbers.
        data: (examples, ...); its dtype and device are those of the training.
        plan: how long and how hard.

    Raises:
        ValueError: if ``losses`` and ``seeds`` differ in length or are empty.
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
        self.losses, self.seeds, self.data, self.plan = list(losses), list(seeds), data, plan
        self._template = make_net().to(data)
        modules = [initialised(make_net, seed).to(data) for seed in seeds]
        params, self._buffers = stack_module_state(modules)
        self.params: dict[str, Tensor] = {k: p.detach().requires_grad_() for k, p in params.items()}
        self.averaged = {name: p.detach().clone() for name, p in self.params.items()}
        self.step_count = 0
        self._adam = torch.optim.Adam(list(self.params.values()), lr=plan.learning_rate)
        self._generators = {
            seed: Generator(device=data.device).manual_seed(seed) for seed in dict.fromkeys(seeds)
        }

    def step(self) -> Tensor:
        """One optimiser step of every model; returns their batch-mean losses, (models,), in nats."""
        drawn = {seed: self._draw(generator) for seed, generator in self._generators.items()}
        z, t, examples = [], [], []
        for loss, seed in zip(self.losses, self.seeds, strict=True):
            x, eps, u = drawn[seed]
            times = loss.times.quantile(u[type(loss.times).__name__], loss.schedule)
            z.append(noised(x, eps, times.t, loss.schedule))
            t.append(times.t.to(x.dtype))
            examples.append((x, eps, times))
        predictions = self._apply(self.params, torch.stack(z), torch.stack(t))
        values = torch.stack(
            [
                loss.of_prediction(prediction, *example).mean()
                for loss, prediction, example in zip(
                    self.losses, predictions, examples, strict=True
                )
            ]
        )
        self._adam.zero_grad()
        values.sum().backward()
        for group in self._adam.param_groups:
            group["lr"] = self._learning_rate()
        self._adam.step()
        self.step_count += 1
        with torch.no_grad():
            for name, p in self.params.items():
                self.averaged[name].lerp_(p, 1 - self.plan.ema)
        return values.detach()

    def net(self, index: int) -> Net:
        """Model ``index`` with its averaged weights, as a plain ``net(z, t)`` without gradients."""
        weights = {name: p[index] for name, p in (self.averaged | self._buffers).items()}

        @torch.no_grad()
        def net(z: Tensor, t: Tensor) -> Tensor:
            return functional_call(self._template, weights, (z, t))

        return net

    def state(self) -> dict[str, Tensor]:
        """Everything that the rest of the training depends on, as named tensors."""
        state = {f"param.{k}": p.detach() for k, p in self.params.items()}
        state |= {f"average.{k}": p for k, p in self.averaged.items()}
        for name, p in self.params.items():
            for key, value in self._adam.state.get(p, {}).items():
                state[f"adam.{key}.{name}"] = value
        state |= {f"generator.{s}": g.get_state() for s, g in self._generators.items()}
        return state | {"step": torch.tensor(self.step_count)}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Continue from :meth:`state`.

        Raises:
            ValueError: if the state was saved by a trainer of other models.
        """
        expected = {name.split(".", 1)[1] for name in self.state() if name.startswith("param.")}
        if {k.split(".", 1)[1] for k in state if k.startswith("param.")} != expected or any(
            f"generator.{seed}" not in state for seed in self._generators
        ):
            raise ValueError("the saved state belongs to other models: train again from the start")
        for name, p in self.params.items():
            p.data.copy_(state[f"param.{name}"])
            self.averaged[name].copy_(state[f"average.{name}"])
            moments = {
                k: state[f"adam.{k}.{name}"].clone()
                for k in ("step", "exp_avg", "exp_avg_sq")
                if f"adam.{k}.{name}" in state
            }
            if moments:
                self._adam.state[p] = moments
        for seed, generator in self._generators.items():
            generator.set_state(state[f"generator.{seed}"].to(torch.uint8))
        self.step_count = int(state["step"])

    def _draw(self, generator: Generator) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        rows = torch.randint(
            len(self.data), (self.plan.batch,), generator=generator, device=self.data.device
        )
        x = self.data[rows]
        samplers = {type(loss.times).__name__: loss.times for loss in self.losses}
        u = {name: sampler.draw(self.plan.batch, generator) for name, sampler in samplers.items()}
        return x, noise_like(x, generator), u

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
        progress = torch.tensor(self.step_count / self.plan.steps, dtype=torch.float64)
        return last + (first - last) * float(1 + torch.cos(torch.pi * progress)) / 2
