"""Many models trained as one: each as it would be alone, resumable at any step."""

import dataclasses
from functools import partial
from itertools import chain
from zlib import crc32

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import diffcore as dc
from diffcore.levels import Levels
from diffcore.networks import StudyMLP, TimeMLP, initialised
from diffcore.times import Stratified, Uniform, UniformLogSNR
from diffcore.training import Plan, Trainer

COSINE = dc.schedules.Cosine()
NET = partial(StudyMLP, dims=2, width=16, depth=2)
DATA = torch.randn(100, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
IN_LOG_SNR = UniformLogSNR(-6.0, 6.0)
LOSSES = [
    dc.Loss(COSINE, dc.X, times=IN_LOG_SNR),
    dc.Loss(COSINE, dc.EPS, times=Stratified(IN_LOG_SNR)),
    dc.Loss(COSINE, dc.V, dc.catalogue.MinSNR(5), times=Stratified(Uniform())),
    dc.Loss(dc.schedules.RectifiedFlow(), dc.VELOCITY, dc.catalogue.Sigmoid(), times=IN_LOG_SNR),
]
SEEDS = [3, 3, 4, 3]
PLAN = Plan(steps=12, batch=16, learning_rate=3e-3, final_learning_rate=1e-4, ema=0.9)


def trained(losses: list[dc.Loss], seeds: list[int], plan: Plan = PLAN) -> Trainer:
    trainer = Trainer(NET, losses, seeds, DATA, plan)
    for _ in range(plan.steps):
        trainer.step()
    return trainer


def distance(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def by_hand(loss: dc.Loss, seed: int, plan: Plan, make=NET, weightings=()) -> dict[str, Tensor]:
    """One model by the plainest of loops: ``Loss.of_prediction``, ``torch.optim.Adam``.

    If ``weightings`` are given, one for each step, they take the place of the loss's own.
    """
    net = initialised(make, seed).to(DATA)
    average = {name: p.detach().clone() for name, p in net.named_parameters()}
    adam = torch.optim.Adam(net.parameters(), lr=plan.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
        adam, plan.steps, eta_min=plan.final_learning_rate
    )
    for step in range(plan.steps):
        if weightings:
            loss = dataclasses.replace(loss, weighting=weightings[step])
        x = DATA[torch.randint(len(DATA), (plan.batch,), generator=generator)]
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        times = loss.times.sample(plan.batch, loss.schedule, generator)
        alpha, sigma = loss.schedule.alpha(times.t)[:, None], loss.schedule.sigma(times.t)[:, None]
        prediction = net(alpha * x + sigma * eps, times.t)
        adam.zero_grad()
        loss.of_prediction(prediction, x, eps, times).mean().backward()
        adam.step()
        cosine.step()
        for name, p in net.named_parameters():
            average[name] = plan.ema * average[name] + (1 - plan.ema) * p.detach()
    return average


def test_models_trained_together_are_those_trained_alone():
    together = trained(LOSSES, SEEDS)
    for index, (loss, seed) in enumerate(zip(LOSSES, SEEDS, strict=True)):
        alone = trained([loss], [seed])
        assert distance(together.weights(index), alone.weights(0)) <= 1e-10
        assert distance(together.state(index), alone.state(0)) <= 1e-10


def test_the_trainer_is_a_plain_training_loop():
    together = trained(LOSSES, SEEDS)
    for index, (loss, seed) in enumerate(zip(LOSSES, SEEDS, strict=True)):
        assert distance(together.weights(index), by_hand(loss, seed, PLAN)) <= 1e-10


def test_a_curriculum_is_a_plain_loop_whose_weighting_changes():
    parts = (dc.weightings.Elbo(), dc.weightings.Native(dc.V), dc.catalogue.Sigmoid(-3.0))
    turns = dataclasses.replace(LOSSES[0], weighting=dc.weightings.InTurn(parts))
    together = trained([turns, LOSSES[0]], [3, 3])
    each = [part for part in parts for _ in range(PLAN.steps // len(parts))]
    assert distance(together.weights(0), by_hand(turns, 3, PLAN, weightings=each)) <= 1e-10
    assert distance(together.weights(1), by_hand(LOSSES[0], 3, PLAN)) <= 1e-10
    assert distance(together.weights(0), together.weights(1)) > 1e-4


def test_models_of_one_seed_are_given_the_same_images_and_noise():
    seen = {}

    same = [dc.Loss(COSINE, target, times=IN_LOG_SNR) for target in (dc.X, dc.EPS, dc.SCORE)]
    trainer = Trainer(NET, same, [1, 1, 2], DATA, PLAN)
    apply = trainer._apply

    def record(params: dict[str, Tensor], z: Tensor, t: Tensor) -> Tensor:
        seen["z"], seen["t"] = z, t
        return apply(params, z, t)

    trainer._apply = record
    trainer.step()
    assert torch.equal(seen["z"][0], seen["z"][1])
    assert torch.equal(seen["t"][0], seen["t"][1])
    assert not torch.equal(seen["z"][0], seen["z"][2])
    first = [p[:2] for p in Trainer(NET, same, [1, 1, 2], DATA, PLAN).params.values()]
    assert all(torch.equal(p[0], p[1]) for p in first)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 11), st.booleans())
def test_resuming_at_any_step_changes_nothing(stop: int, equalised: bool):
    plan = EQUALISED if equalised else PLAN
    whole = trained(LOSSES, SEEDS, plan)
    first = Trainer(NET, LOSSES, SEEDS, DATA, plan)
    for _ in range(stop):
        first.step()
    second = Trainer(NET, LOSSES, SEEDS, DATA, plan)
    second.load_states([first.state(i) for i in range(len(LOSSES))])
    while second.step_count < plan.steps:
        second.step()
    for i in range(len(LOSSES)):
        assert distance(whole.state(i), second.state(i)) == 0
        assert distance(whole.weights(i), second.weights(i)) == 0


def test_a_state_resumes_in_other_company():
    whole = trained(LOSSES, SEEDS)
    first = Trainer(NET, LOSSES, SEEDS, DATA, PLAN)
    for _ in range(5):
        first.step()
    second = Trainer(NET, [LOSSES[2], LOSSES[0]], [SEEDS[2], SEEDS[0]], DATA, PLAN)
    second.load_states([first.state(2), first.state(0)])
    while second.step_count < PLAN.steps:
        second.step()
    assert distance(whole.weights(2), second.weights(0)) <= 1e-10
    assert distance(whole.weights(0), second.weights(1)) <= 1e-10


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_models_are_asked_together_is_what_each_is_asked_alone(dtype):
    """Bit for bit, though losses of one time sampler, schedule and seeds share their noise levels."""
    shared = [dc.Loss(COSINE, y, times=Stratified(IN_LOG_SNR)) for y in (dc.X, dc.V)]
    losses = [*LOSSES, *shared, *shared, LOSSES[2]]
    seeds = [*SEEDS, 7, 7, 5, 5, 4]
    trainer = Trainer(NET, losses, seeds, DATA.to(dtype), PLAN)
    drawn = trainer._draws.of_step(0)
    together = trainer._tasks(drawn)
    for model, (loss, seed) in enumerate(zip(losses, seeds, strict=True)):
        x, eps, u = drawn[seed]
        alone = loss.task(x, eps, loss.times.quantile(u[loss.times], loss.schedule))
        assert all(torch.equal(a[model], b) for a, b in zip(together, alone, strict=True))


@pytest.mark.parametrize(
    ("make", "dims", "batch", "steps"),
    [
        (partial(TimeMLP, dims=64, width=128, depth=2, schedule=COSINE), 64, 128, 3),
        (partial(TimeMLP, dims=2, width=48, depth=2, schedule=COSINE), 2, 256, 40),
        (partial(StudyMLP, dims=2, width=64), 2, 256, 40),
        (partial(StudyMLP, dims=3, width=15, depth=2), 3, 50, 40),
    ],
)
def test_a_float32_run_does_not_depend_on_its_company_by_one_bit(make, dims, batch, steps):
    """With one thread; weights, what Adam remembers, averages, and the recorded losses."""
    data = torch.randn(300, dims, generator=torch.Generator().manual_seed(0))
    losses = [
        dc.Loss(COSINE, target, weighting, Stratified(IN_LOG_SNR))
        for target in (dc.X, dc.EPS, dc.V, dc.SCORE)
        for weighting in (dc.weightings.Elbo(), dc.weightings.Native(target))
    ]
    plan = Plan(steps, batch=batch, learning_rate=4e-3, ema=0.9, bins=4, equalised=steps == 40)
    states, recorded = {}, {}
    for company in ([*range(8)], [4], [6], [5, 0, 6], [3, 6]):
        trainer = Trainer(make, [losses[i] for i in company], [0] * len(company), data, plan)
        values = torch.stack([trainer.step() for _ in range(steps)], 1)
        for place, i in enumerate(company):
            states.setdefault(i, []).append(trainer.state(place))
            recorded.setdefault(i, []).append(values[place])
    for i, (first, *others) in states.items():
        assert all(distance(first, other) == 0 for other in others)
        assert all(torch.equal(recorded[i][0], other) for other in recorded[i][1:])


def test_a_state_and_the_weights_have_the_shapes_of_the_module():
    module = initialised(NET, SEEDS[0]).to(DATA)
    trainer = Trainer(NET, LOSSES, SEEDS, DATA, PLAN)
    state, weights = trainer.state(0), trainer.weights(0)
    for name, p in module.named_parameters():
        assert torch.equal(weights[name], p)
        assert torch.equal(state[f"param.{name}"], p)
        assert weights[name].is_contiguous()


def test_a_saved_state_does_not_change_when_training_goes_on():
    trainer = Trainer(NET, LOSSES, SEEDS, DATA, PLAN)
    trainer.step()
    saved = trainer.state(0)
    copy = {name: value.clone() for name, value in saved.items()}
    trainer.step()
    assert distance(saved, copy) == 0


def test_the_state_of_other_models_is_refused():
    trainer = Trainer(NET, LOSSES[:1], [0], DATA, PLAN)
    wider = Trainer(partial(StudyMLP, 2, 32, 2), LOSSES[:1], [0], DATA, PLAN).state(0)
    deeper = Trainer(partial(StudyMLP, 2, 16, 3), LOSSES[:1], [0], DATA, PLAN).state(0)
    for other in (wider, deeper, {}):
        with pytest.raises(ValueError, match="belongs to another model"):
            trainer.load_states([other])
    with pytest.raises(ValueError, match="1 states expected, one a model: got 2"):
        trainer.load_states([trainer.state(0)] * 2)
    assert trainer.step_count == 0


def test_states_of_different_steps_or_random_numbers_are_refused():
    pair = Trainer(NET, LOSSES[:2], [0, 0], DATA, PLAN)
    start = pair.state(0)
    pair.step()
    with pytest.raises(ValueError, match=r"states of one step expected: got steps \[0, 1\]"):
        pair.load_states([start, pair.state(1)])
    other = Trainer(NET, LOSSES[:1], [1], DATA, PLAN)
    other.step()
    with pytest.raises(ValueError, match="different random numbers"):
        pair.load_states([pair.state(0), other.state(0)])


def test_training_reaches_the_bayes_floor_of_gaussian_data():
    """For x ~ N(0, I) the best eps has error d sigmoid(log-SNR): 6 nats over (-6, 6) in 2 dimensions."""
    plan = Plan(steps=300, batch=64, learning_rate=3e-3, ema=0.9)
    trainer = Trainer(NET, LOSSES[1:2], [0], DATA, plan)
    losses = torch.stack([trainer.step() for _ in range(plan.steps)])
    assert losses.shape == (300, 1)
    assert losses[:5].mean() > 10
    assert losses[-100:].mean() == pytest.approx(6, rel=0.1)


def test_the_trained_net_is_free_of_gradients_and_keeps_its_weights():
    trainer = Trainer(NET, LOSSES, SEEDS, DATA, PLAN)
    net, z, t = trainer.net(1), DATA[:5], torch.full((5,), 0.3, dtype=torch.float64)
    before = net(z, t)
    trainer.step()
    assert not before.requires_grad
    assert torch.equal(before, net(z, t))


@pytest.mark.parametrize("ema", [0.0, 0.6])
def test_the_average_follows_the_weights(ema: float):
    """An exponential average of the start and of every step: weights ema^k (1 - ema)."""
    trainer = Trainer(NET, LOSSES, SEEDS, DATA, Plan(steps=4, batch=8, ema=ema))
    seen = [{k: p.detach().clone() for k, p in trainer.params.items()}]
    for _ in range(4):
        trainer.step()
        seen.append({k: p.detach().clone() for k, p in trainer.params.items()})
    share = [ema**4] + [(1 - ema) * ema**k for k in (3, 2, 1, 0)]
    for name, average in trainer.averaged.items():
        expected = sum(w * past[name] for w, past in zip(share, seen, strict=True))
        torch.testing.assert_close(average, expected, rtol=1e-12, atol=1e-15)
        moved = (seen[-1][name] - average).abs().max()
        assert (moved == 0) if ema == 0 else (moved > 1e-4)


def test_making_a_trainer_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    Trainer(NET, LOSSES, SEEDS, DATA, PLAN).step()
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("losses", "seeds"), [([], []), (LOSSES, [1])])
def test_one_seed_for_each_loss(losses: list[dc.Loss], seeds: list[int]):
    with pytest.raises(ValueError, match="one seed for each loss"):
        Trainer(NET, losses, seeds, DATA, PLAN)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 0}, {"ema": 1.0}, {"ema": -0.1}])
def test_impossible_plans_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="expected"):
        Plan(**({"steps": 1} | wrong))


class TransposedOutput(nn.Module):
    """Returns (batch, 1) where (batch, 2) is asked: it would broadcast."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        return self.layer(z)


def test_a_prediction_that_would_broadcast_is_refused():
    with pytest.raises(ValueError, match=r"shape of its input, \(16, 2\), got \(16, 1\)"):
        Trainer(TransposedOutput, LOSSES[:1], [0], DATA, PLAN).step()


EQUALISED = Plan(steps=14, batch=16, learning_rate=3e-3, shuffled=True, bins=5, equalised=True)
"""A pass over the 100 examples is 7 batches, the last of them of 4: some of the 5 bins stay empty then."""


def by_hand_equalised(loss: dc.Loss, seed: int, plan: Plan) -> tuple[dict[str, Tensor], Tensor]:
    """The weights by a plain loop with slopes from autograd, and the mean loss in each bin."""
    net = initialised(NET, seed).to(DATA)
    adam = torch.optim.Adam(net.parameters(), lr=plan.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    seen: list[list[float]] = [[] for _ in range(plan.bins)]
    running = [(0.0, 0.0)] * plan.bins
    orders = [
        torch.randperm(
            100, generator=torch.Generator().manual_seed(crc32(f"{seed} {done}".encode()))
        )
        for done in range(2)
    ]
    for step in range(plan.steps):
        x = DATA[orders[step // 7][step % 7 * 16 :][:16]]
        eps = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        u = loss.times.draw(len(x), generator)
        times = loss.times.quantile(u, loss.schedule)
        alpha, sigma = loss.schedule.alpha(times.t)[:, None], loss.schedule.sigma(times.t)[:, None]
        prediction = net(alpha * x + sigma * eps, times.t)
        values = loss.of_prediction(prediction, x, eps, times)
        (slopes,) = torch.autograd.grad(values.sum(), prediction, retain_graph=True)
        scale = torch.empty(len(x), dtype=torch.float64)
        for part in range(plan.bins):
            inside = (u >= part / plan.bins) & (u < (part + 1) / plan.bins)
            seen[part] += values[inside].tolist()
            if inside.any():
                mean, weight = running[part]
                square = float(slopes[inside].square().sum(1).mean())
                running[part] = 0.99 * mean + 0.01 * square, 0.99 * weight + 0.01
                scale[inside] = (running[part][0] / running[part][1]) ** 0.5
        adam.zero_grad()
        (values / scale).mean().backward()
        adam.step()
    means = torch.tensor([sum(part) / len(part) for part in seen], dtype=torch.float64)
    return {name: p.detach() for name, p in net.named_parameters()}, means


def test_levels_that_pull_alike_are_those_of_a_plain_loop():
    together = trained(LOSSES, SEEDS, EQUALISED)
    found = together.levels.read()
    for index, (loss, seed) in enumerate(zip(LOSSES, SEEDS, strict=True)):
        weights, means = by_hand_equalised(loss, seed, EQUALISED)
        assert distance(together.weights(index), weights) <= 1e-10
        torch.testing.assert_close(found[index], means, rtol=1e-10, atol=0)
    assert together.levels.read().isnan().all(), "what has been read is counted anew"


def test_what_is_kept_of_the_levels_changes_no_weight():
    for plan in (PLAN, dataclasses.replace(PLAN, bins=4, every=3)):
        found = trained(LOSSES, SEEDS, plan)
        expected = trained(LOSSES, SEEDS)
        assert all(distance(found.weights(i), expected.weights(i)) == 0 for i in range(4))


def test_a_pass_shows_every_example_once_and_each_pass_in_another_order():
    data = torch.arange(10.0)[:, None].repeat(1, 2)
    plan = Plan(steps=6, batch=4, shuffled=True)
    trainer = Trainer(NET, [dc.Loss(COSINE), dc.Loss(COSINE)], [1, 2], data, plan)
    seen: dict[int, list[list[float]]] = {1: [], 2: []}
    for step in range(6):
        for seed, draw in trainer._draws.of_step(step).items():
            seen[seed].append(draw.x[:, 0].tolist())
    for batches in seen.values():
        assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    passes = [
        [*chain(*batches[first : first + 3])] for batches in seen.values() for first in (0, 3)
    ]
    assert all(sorted(order) == list(range(10)) for order in passes)
    assert len({tuple(order) for order in passes}) == 4


def test_bins_are_equal_parts_in_the_order_of_time():
    levels = Levels(1, 4, torch.device("cpu"))
    u = torch.tensor([1e-9, 0.25 - 1e-9, 0.25 + 1e-9, 0.75, 1 - 1e-9], dtype=torch.float64)
    assert levels.bin_of(u).tolist() == [0, 0, 1, 3, 3]
    window = UniformLogSNR(-6.0, 6.0)
    assert window.quantile(u, COSINE).log_snr.diff().lt(0).all(), "the cleanest first"


@pytest.mark.parametrize("wrong", [{"bins": -1}, {"every": -1}, {"equalised": True}])
def test_a_plan_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"bins|every"):
        Plan(steps=3, **wrong)


class OfAnyShape(nn.Module):
    """Parameters of no axis, of one and of three, beside a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.row = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.randn(2))
        self.block = nn.Parameter(torch.randn(3, 2, 5))
        self.last = nn.Linear(2, 2)

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        return self.scale * self.last(z + self.row) + t[:, None] * self.block.sum((0, 2))


def test_parameters_of_any_shape_are_trained_as_by_a_plain_loop() -> None:
    loss = dc.Loss(COSINE, dc.V, times=IN_LOG_SNR)
    trainer = Trainer(OfAnyShape, [loss, LOSSES[0]], [3, 3], DATA, PLAN)
    for _ in range(PLAN.steps):
        trainer.step()
    net = initialised(OfAnyShape, 3).to(DATA)
    found = trainer.weights(0)
    assert {n: p.shape for n, p in net.named_parameters()} == {n: p.shape for n, p in found.items()}
    assert distance(found, by_hand(loss, 3, PLAN, OfAnyShape)) <= 1e-10
