"""A good call of every public function and class of diffcore, argument by argument with its kind.

A kind says which wrong values an argument can be given (`tests/campaign/wrong.py`). A public callable without
a call here fails a test, so a new one is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

import diffcore as dc
from diffcore import networks, training
from diffcore.networks import StudyMLP, TimeMLP

from .choices import CHOICES


@dataclass(frozen=True)
class Call:
    """A good call.

    Attributes:
        name: of the callable, with its method.
        function: what is called.
        arguments: the value and the kind of each argument; kind "" is left alone.
        random: whether the numbers are drawn: no two precisions then draw the same.
        least: the result is never less than this.
    """

    name: str
    function: Callable[..., Any]
    arguments: dict[str, tuple[Any, str]]
    random: bool = False
    least: float | None = field(default=None)


def zero_net(z: Tensor, t: Tensor) -> Tensor:
    """The simplest network."""
    return torch.zeros_like(z)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in float64."""
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    """A fresh source of randomness."""
    return torch.Generator().manual_seed(seed)


B, D = 4, 2
T = torch.linspace(0.1, 0.9, B, dtype=torch.float64)
COSINE = dc.schedules.Cosine()
SCHEDULES = (
    "Cosine",
    "LinearBeta",
    "OffsetCosine",
    "RectifiedFlow",
    "SubVP",
    "VarianceExploding",
)
FUNCTIONS = ("alpha", "sigma", "alpha_prime", "sigma_prime", "log_snr", "log_snr_prime")


def calls() -> Iterator[Call]:
    """Every call; made anew each time, for generators move on."""
    yield from (Call(kind.__name__, kind, fields) for kind, fields in CHOICES.items())
    yield from _functions_of_noise()
    yield from _losses_and_bounds()
    yield from _exact()
    yield from _masked()
    yield from _networks()


def _functions_of_noise() -> Iterator[Call]:
    for name in SCHEDULES:
        schedule = getattr(dc.schedules, name)()
        for function in FUNCTIONS:
            arguments = {"t": (T, "times")}
            yield Call(f"{name}.{function}", getattr(schedule, function), arguments)
        lam = torch.linspace(-5.0, 5.0, B, dtype=torch.float64)
        yield Call(f"{name}.time_of", schedule.time_of, {"log_snr": (lam, "log-SNRs")})
        window = {"asked": ((-4.0, 4.0), "range")}
        yield Call(f"{name}.log_snr_window", schedule.log_snr_window, window)
    for sampler in (
        dc.times.Uniform(), dc.times.UniformLogSNR(), dc.times.LogitNormal(), dc.times.LogNormalSigma(),
        dc.times.Stratified(), dc.times.SharedOffset(),
    ):  # fmt: skip
        name = type(sampler).__name__
        closed = isinstance(sampler, dc.times.UniformLogSNR)  # whose ends are finite
        quantiles = {"u": (T, "times" if closed else "quantiles"), "schedule": (COSINE, "")}
        yield Call(f"{name}.quantile", sampler.quantile, quantiles)
        drawn = {
            "n": (B, "count"),
            "schedule": (COSINE, "choice"),
            "generator": (generator(), "generator"),
        }
        yield Call(f"{name}.sample", sampler.sample, drawn, random=True)
    arguments = {"n": (B, "count"), "generator": (generator(), "generator")}
    yield Call("uniform", dc.times.uniform, arguments, random=True, least=0.0)
    z = numbers(B, D)
    for source, to in ((dc.V, dc.X), (dc.EPS, dc.SCORE), (dc.X, dc.VELOCITY)):
        conversion = {
            "prediction": (numbers(B, D, seed=1), "like"),
            "z": (z, "data"),
            "t": (T, "times of examples"),
            "schedule": (COSINE, "choice"),
            "source": (source, "choice"),
            "to": (to, "choice"),
        }
        yield Call("convert", dc.convert, conversion)
    for target in dc.targets.TARGETS.values():
        arguments = {"schedule": (COSINE, ""), "t": (T, "times"), "target": (target, "")}
        yield Call("error_scale", dc.error_scale, arguments)
        yield Call("plain_error_scale", dc.targets.plain_error_scale, arguments)
        truth = {
            "x": (z, "data"),
            "eps": (numbers(B, D, seed=1), "like"),
            "t": (T, "times of examples"),
            "schedule": (COSINE, ""),
        }
        yield Call(f"{type(target).__name__}.of", target.of, truth)
    yield Call("like", dc.targets.like, {"coefficient": (T, "floats"), "data": (z, "")})
    step = {"log_snr_s": (T + 1, "floats"), "log_snr_t": (T, "floats")}
    yield Call("step_weight", dc.bounds.step_weight, step, least=0.0)


def _losses_and_bounds() -> Iterator[Call]:
    x = numbers(B, D)
    for target in dc.targets.TARGETS.values():
        loss = dc.Loss(COSINE, target, times=dc.times.UniformLogSNR(-6, 6))
        training_call = {
            "net": (zero_net, "net"),
            "x": (x, "finite data"),
            "generator": (generator(), "generator"),
        }
        yield Call("Loss.__call__", loss, training_call, random=True, least=0.0)
        times = loss.times.quantile(T, COSINE)
        one = {
            "prediction": (numbers(B, D, seed=1), "like"),
            "x": (x, "finite data"),
            "eps": (numbers(B, D, seed=2), "like"),
            "times": (times, ""),
        }
        yield Call("Loss.of_prediction", loss.of_prediction, one, least=0.0)
        judged = dc.NetDenoiser(zero_net, COSINE, target)
        asked = {
            "z": (x, "data"),
            "t": (T, "times of examples"),
            "target": (dc.X, "choice"),
        }
        yield Call("NetDenoiser.predict", judged.predict, asked)
    made = {
        "net": (zero_net, "function"),
        "schedule": (COSINE, "choice"),
        "target": (dc.X, "choice"),
    }
    yield Call("NetDenoiser", dc.NetDenoiser, made)
    oracle = dc.exact.clusters().denoiser(COSINE)
    exact = {"posterior": (oracle.posterior, "function"), "schedule": (COSINE, "choice")}
    yield Call("ExactDenoiser", dc.ExactDenoiser, exact)
    for denoiser in (oracle, dc.exact.rings().denoiser(COSINE)):
        bound = {
            "denoiser": (denoiser, "denoiser"),
            "x": (x, "precise data"),
            "generator": (generator(), "generator"),
            "log_snr": ((-6.0, 6.0), "range or none"),
            "steps": (3, "count or none"),
            "draws": (2, "count"),
        }
        yield Call("nelbo", dc.nelbo, bound, random=True)
        above = {
            "denoiser": (dc.NetDenoiser(zero_net, COSINE, dc.X), "denoiser"),
            "oracle": (denoiser, "denoiser"),
            "x": (x, "precise data"),
            "generator": (generator(), "generator"),
            "weighting": (dc.weightings.Elbo(), "choice"),
            "times": (dc.times.UniformLogSNR(-6, 6), "choice"),
        }
        yield Call("excess", dc.excess, above, random=True, least=0.0)
        for name, sampler in {"sample": dc.sample, "trajectory": dc.trajectory}.items():
            chain = {
                "denoiser": (denoiser, "denoiser"),
                "shape": ((B, D), "shape"),
                "steps": (3, "count"),
                "generator": (generator(), "generator"),
                "solver": (dc.samplers.DDIM(eta=0.5), "choice"),
                "grid": (dc.samplers.UniformLogSNR(), "choice"),
                "log_snr": ((-6.0, 6.0), "range or none"),
                "dtype": (torch.float64, "dtype"),
            }
            yield Call(name, sampler, chain, random=True)
        followed = {
            "denoiser": (denoiser, "denoiser"),
            "x": (x, "precise data"),
            "generator": (generator(), "generator"),
            "divergence": (dc.likelihood.Hutchinson(), "choice"),
            "method": (dc.likelihood.RungeKutta(4), "choice"),
            "log_snr": ((-6.0, 6.0), "range or none"),
        }
        yield Call("log_likelihood", dc.log_likelihood, followed, random=True)
        moved = {
            "denoiser": (denoiser, "denoiser"),
            "u": (x, "data"),
            "log_snr": (T, "log-SNRs of examples"),
        }
        yield Call("velocity", dc.likelihood.velocity, moved)
    yield from _estimates(x, oracle)
    end = {"x": (x, "precise data"), "log_snr": (-6.0, "log-SNR")}
    yield Call("prior_kl", dc.bounds.prior_kl, end, least=0.0)
    yield Call("reconstruction_gaussian", dc.bounds.reconstruction_gaussian, end)
    levels = torch.linspace(-1.0, 1.0, 5, dtype=torch.float64)
    on_levels = levels[torch.arange(B * D).reshape(B, D) % 5]
    index = {"x": (on_levels, "floats"), "levels": (levels, "levels")}
    yield Call("level_index", dc.bounds.level_index, index, least=0.0)
    decoded = {
        "x": (on_levels, "precise data"),
        "levels": (levels, "levels"),
        "log_snr": (4.0, "log-SNR"),
        "generator": (generator(), "generator"),
    }
    yield Call(
        "reconstruction_levels", dc.bounds.reconstruction_levels, decoded, random=True, least=0.0
    )


def _estimates(x: Tensor, oracle: dc.Denoiser) -> Iterator[Call]:
    e, zero = dc.estimates, dc.NetDenoiser(zero_net, COSINE, dc.X)
    law, window = e.rows(x), ((-6.0, 6.0), "range or none")
    spread = {
        "points": (e.Sobol(), "choice"),
        "n": (4, "count"),
        "scrambles": (2, "count of two"),
    }
    common = {"generator": (generator(), "generator"), "log_snr": window}
    times = {"times": (dc.times.UniformLogSNR(-6, 6), "choice")}
    mean = {"denoiser": (oracle, "denoiser"), "data": (x, "precise data"), **common, **spread}
    yield Call("mean_nelbo", e.mean_nelbo, mean, random=True)
    above = {"denoiser": (zero, "denoiser"), "oracle": (oracle, "denoiser"), "data": mean["data"]}
    yield Call("mean_excess", e.mean_excess, {**above, **common, **spread}, random=True)
    given = {
        "integrand": (e.bound_integrand(oracle), "function"),
        "data": (law, "choice"),
        "schedule": (COSINE, "choice"),
        **common,
    }
    yield Call("integral", e.integral, {**given, **times, **spread}, random=True)
    seen = {
        "knots": (3, "count of two"),
        "n": (4, "count of two"),
        "stratified": (True, "flag"),
        "share": (0.1, "positive share"),
        "points": spread["points"],
    }
    yield Call("pilot", e.pilot, {**given, **seen}, random=True)
    yield Call("rows", e.rows, {"x": (x, "precise data")})
    parts = {"at": (law.at, "function"), "coordinates": (1, "count"), "shape": ((D,), "")}
    yield Call("Data", e.Data, parts)
    of_noise = {
        "x": (x, "data"),
        "eps": (numbers(B, D, seed=1), "like"),
        "log_snr": (T, "log-SNRs"),
    }
    yield Call("best_linear_excess", e.best_linear_excess, of_noise)
    yield Call(
        "excess_integrand",
        e.excess_integrand,
        {"denoiser": above["denoiser"], "oracle": above["oracle"]},
    )
    yield Call(
        "bound_integrand",
        e.bound_integrand,
        {"denoiser": mean["denoiser"], "controlled": (True, "flag")},
    )


def _exact() -> Iterator[Call]:
    z, scale = numbers(B, D), {"alpha": (T, "scales"), "sigma": (1 - T, "scales")}
    for name in dc.exact.DATASETS:
        make = getattr(dc.exact, name)
        sizes = {"centre": (5.0, "number"), "std": (1.0, "positive")} if name == "clusters" else {}
        yield Call(name, make, sizes)
        mixture = make()
        drawn = {
            "n": (B, "count"),
            "generator": (generator(), "generator"),
            "dtype": (torch.float64, "dtype"),
        }
        yield Call(f"{name}.sample", mixture.sample, drawn, random=True)
        for method in ("log_prob", "denoise", "score"):
            yield Call(f"{name}.{method}", getattr(mixture, method), {"z": (z, "rows"), **scale})
        least = {
            "log_snr": (torch.tensor([0.0], dtype=torch.float64), "log-SNRs, some"),
            "points": (16, "count"),
            "scrambles": (2, "count"),
        }
        yield Call(f"{name}.mmse", mixture.mmse, least, least=0.0)
        counts = {"points": (16, "count"), "scrambles": (2, "count")}
        yield Call(f"{name}.entropy", mixture.entropy, counts)
        if name != "clusters":
            widths = {"nodes": (12, "count"), "cutoff": (36.0, "positive")}
            widths |= {
                key: (getattr(mixture, key), "positive")
                for key in ("radius", "width", "noise")
                if hasattr(mixture, key)
            }
            yield Call(f"{name}, the class", type(mixture), widths)
    parts = {
        "weights": (torch.full((3,), 1 / 3, dtype=torch.float64), "weights"),
        "means": (numbers(3, D), "means"),
        "covariances": (
            torch.eye(D, dtype=torch.float64).expand(3, D, D).contiguous(),
            "covariances",
        ),
    }
    yield Call("GaussianMixture", dc.exact.GaussianMixture, parts)
    data = {"data": (numbers(9, D), "precise data")}
    yield Call("EmpiricalGaussian", dc.exact.EmpiricalGaussian, data)
    fitted = dc.exact.EmpiricalGaussian(numbers(9, D))
    yield Call("EmpiricalGaussian.posterior", fitted.posterior, {"z": (z, "rows"), **scale})
    levels = torch.linspace(-1.0, 1.0, 5, dtype=torch.float64)
    table = torch.full((D, 5), 0.2, dtype=torch.float64)
    made = {"probabilities": (table, "weights"), "levels": (levels, "levels")}
    yield Call("IndependentLevels", dc.exact.IndependentLevels, made)
    independent = dc.exact.IndependentLevels(table, levels)
    yield Call("IndependentLevels.posterior", independent.posterior, {"z": (z, "rows"), **scale})


def _masked() -> Iterator[Call]:
    for schedule in (
        dc.masked.CosineMasking(), dc.masked.LinearMasking(), dc.masked.PowerMasking(),
    ):  # fmt: skip
        name, time = type(schedule).__name__, {"t": (T, "times")}
        yield Call(f"{name}.kept", schedule.kept, time, least=0.0)
        yield Call(f"{name}.kept_prime", schedule.kept_prime, time)
    shares = {"alpha_s": (T, "times"), "alpha_t": (T / 2, "times")}
    yield Call("unmask_share", dc.masked.unmask_share, shares, least=0.0)
    rate = {"alpha_t": (T, "times"), "alpha_prime_t": (-T, "floats")}
    yield Call("cross_entropy_rate", dc.masked.cross_entropy_rate, rate, least=0.0)
    law = numbers(3, 3).flatten().softmax(0).reshape(3, 3)
    model = dc.masked.conditionals(law)
    yield Call("conditionals", dc.masked.conditionals, {"law": (law, "law")})
    counted = {"law": (law, "law"), "model": (model, "model")}
    yield Call("cross_entropies", dc.masked.cross_entropies, counted, least=0.0)
    by_count = {"by_count": (dc.masked.cross_entropies(law, model), "levels")}
    yield Call("bound", dc.masked.bound, by_count, least=0.0)
    at = by_count | {"kept": (T, "times")}
    yield Call("kept_cross_entropy", dc.masked.kept_cross_entropy, at, least=0.0)
    stepped = by_count | {
        "schedule": (dc.masked.LinearMasking(), "choice"),
        "steps": (3, "count"),
    }
    yield Call("bound_in_steps", dc.masked.bound_in_steps, stepped, least=0.0)


def _networks() -> Iterator[Call]:
    small = {"dims": (D, "count"), "width": (8, "count"), "depth": (2, "count")}
    yield Call("StudyMLP", StudyMLP, small)
    yield Call("TimeMLP", TimeMLP, small | {"frequencies": (4, "count")})
    for name, net in {
        "StudyMLP.forward": StudyMLP(D, 8, 2),
        "TimeMLP.forward": TimeMLP(D, 8, 2, schedule=COSINE),
    }.items():
        asked = {"z": (numbers(B, D), "rows"), "t": (T, "times of examples, each its own")}
        yield Call(name, net.double(), asked)
    make = {"make": (zero_module, "function"), "seed": (0, "seed")}
    yield Call("initialised", networks.initialised, make)
    module = StudyMLP(D, 8, 2)
    weights = {"module": (module, "choice"), "weights": (module.state_dict(), "weights of a net")}
    yield Call("frozen", networks.frozen, weights)
    trained = {
        "make_net": (zero_module, "function"),
        "losses": ([dc.Loss(COSINE)], "list of choices"),
        "seeds": ([0], "list of seeds"),
        "data": (numbers(9, D), "data"),
        "plan": (training.Plan(2, 4), "choice"),
    }
    yield Call("Trainer", training.Trainer, trained)


def zero_module() -> StudyMLP:
    """A small network."""
    return StudyMLP(D, 4, 1)
