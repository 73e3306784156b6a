"""Wrong values of every kind of argument, and odd ones that may serve.

A *wrong* value has no meaning where it is given: only an error will do. An *odd* one (another precision, a
number that is not finite) may give an error, or a result: the right one, or one that is not finite either.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

import diffcore as dc


class Given(NamedTuple):
    """A value, and whether it is wrong rather than odd."""

    words: str
    value: Any
    wrong: bool = True


NAN, INF = math.nan, math.inf
NOT_NUMBERS = [Given(repr(v), v) for v in (NAN, INF, -INF, None, "one", "1", b"1", True, 1j, [])]
NOT_POSITIVE = [*NOT_NUMBERS, Given("0", 0.0), Given("-1", -1.0), Given("-1e-9", -1e-9)]
NOT_NEGATIVE = [*NOT_NUMBERS, Given("-1", -1.0)]
NOT_COUNTS = [Given(repr(v), v) for v in (0, -3, 2.5, 3.0, NAN, "2", [1], True, 1j)]
NOT_THINGS = [Given(repr(v), v) for v in (None, "cosine", 3, dc.Loss, [])]
NOT_RANGES = [
    Given(repr(v), v)
    for v in (
        (5.0, -5.0), (3.0, 3.0), (NAN, 1.0), (-INF, INF), (-2000.0, 2000.0), (0.0, INF), (1.0,),
        (-1.0, 0.0, 1.0), "ab", 5.0, ("a", "b"), ("-5", "5"), (1j, 2.0), (False, True),
    )
]  # fmt: skip


def wrong(kind: str, value: Any) -> list[Given]:
    """What an argument of this kind and with this good value can be given instead."""
    if kind not in KINDS:
        raise LookupError(f"tests/campaign/wrong.py has no kind {kind!r}")
    made = KINDS[kind]
    return made(value) if callable(made) else list(made)


def _other_dtypes(value: Tensor) -> list[Given]:
    kinds = (torch.int64, torch.int8, torch.bool)
    given = [Given(f"{kind}", value.to(kind)) for kind in kinds]
    if value.is_complex() or not value.is_floating_point():
        return given
    return [*given, Given("complex", value.to(torch.complex128))]


def _not_tensors(value: Tensor) -> list[Given]:
    plain = value.tolist()
    return [
        Given("None", None),
        Given("a list", plain),
        Given("an array", value.numpy()),
        Given("'x'", "x"),
    ]


def _lower(value: Tensor) -> list[Given]:
    low = (torch.float32, torch.float16, torch.bfloat16)
    return [Given(f"{kind}", value.to(kind), wrong=False) for kind in low]


def _floats(value: Tensor) -> list[Given]:
    return [*_other_dtypes(value), *_not_tensors(value)]


def _with(value: Tensor, number: float) -> Tensor:
    changed = value.clone()
    changed.reshape(-1)[0] = number
    return changed


def _shapes(value: Tensor) -> list[Given]:
    """Another number of rows or columns, none, one axis less or more."""
    found = [
        Given("no rows", value[:0]),
        Given("no axis", value.new_tensor(0.5)),
        Given("one row more", torch.cat([value, value[:1]])),
        Given("one row", value[:1]),
    ]
    if value.ndim > 1:
        found += [
            Given("one column", value[:, :1]),
            Given("no columns", value[:, :0]),
            Given("turned", value.mT.contiguous()),
            Given("an axis before", value[None]),
        ]
    return found


def _times(value: Tensor) -> list[Given]:
    outside = [-1e-3, -1.0, 1.001, 7.0, NAN, INF, -INF]
    return [
        *_floats(value),
        *_lower(value),
        *(Given(f"a time {n}", _with(value, n)) for n in outside),
    ]


def _quantiles(value: Tensor) -> list[Given]:
    outside = [0.0, 1.0, -1e-3, 1.5, NAN, INF]
    return [*_floats(value), *(Given(f"a quantile {n}", _with(value, n)) for n in outside)]


def _not_finite(value: Tensor, wrong: bool = False) -> list[Given]:
    return [Given(f"a value {n}", _with(value, n), wrong) for n in (NAN, INF, -INF)]


def _data(value: Tensor, finite: bool = False) -> list[Given]:
    empty = [Given("no rows", value[:0]), Given("no axis", value.new_tensor(0.5))]
    return [*_floats(value), *_lower(value), *_not_finite(value, wrong=finite), *empty]


def _net(_: Any) -> list[Given]:
    bad: dict[str, Callable[[Tensor, Tensor], Any]] = {
        "(batch, 1)": lambda z, t: z[:, :1],
        "(1, dims)": lambda z, t: z[:1],
        "(batch,)": lambda z, t: z[:, 0],
        "integers": lambda z, t: z.long(),
        "None": lambda z, t: None,
        "turned": lambda z, t: z.mT,
    }
    return [Given(f"a net that returns {words}", net) for words, net in bad.items()]


def _denoiser(value: Any) -> list[Given]:
    nets = [
        Given(given.words, dc.NetDenoiser(given.value, value.schedule, dc.EPS))
        for given in _net(None)
    ]
    return [*NOT_THINGS, *nets]


def _other_schedule(value: Any) -> list[Given]:
    return [
        Given("of another schedule", dc.exact.clusters().denoiser(dc.schedules.RectifiedFlow()))
    ]


KINDS: dict[str, list[Given] | Callable[[Any], list[Given]]] = {
    "number": [*NOT_NUMBERS, Given("1e300", 1e300, wrong=False)],
    "positive": NOT_POSITIVE,
    "not negative": NOT_NEGATIVE,
    "number not negative": [Given(repr(v), v) for v in (NAN, INF, -1.0)],
    "probability": [*NOT_NUMBERS, Given("1", 1.0), Given("-0.1", -0.1), Given("2", 2.0)],
    "share": [*NOT_NUMBERS, Given("-0.1", -0.1), Given("1.1", 1.1)],
    "flag": [Given(repr(v), v) for v in (1, "yes", None)],
    "scalar": [Given(repr(v), v) for v in (NAN, INF, "1")],
    "count": [*NOT_COUNTS, Given("None", None)],
    "count or none": NOT_COUNTS,
    "count of two": [*NOT_COUNTS, Given("None", None), Given("1", 1)],
    "positive share": [*NOT_NUMBERS, Given("0", 0.0), Given("-0.1", -0.1), Given("1.1", 1.1)],
    "seed": [Given(repr(v), v) for v in (-1, 2.5, "0", None)],
    "log-SNR": [Given(repr(v), v) for v in (NAN, INF, -INF, 2000.0, -2000.0, "a", "5", True, 1j)],
    "range": NOT_RANGES,
    "range or none": NOT_RANGES,
    "heights": [
        Given(repr(v), v)
        for v in (
            (),
            (1.0,),
            (1.0, 0.0),
            (1.0, -1.0),
            (1.0, NAN),
            (1.0, "2"),
            [1.0, 2.0],
            3.0,
            None,
        )
    ],
    "text": [Given(repr(v), v) for v in (None, 3)],
    "weightings": [Given(repr(v), v) for v in ((), (None,), ("a",), [], 3, None)],
    "name": [Given(repr(v), v) for v in ("nothing", None, 3)],
    "choice": NOT_THINGS,
    "list of choices": [Given(repr(v), v) for v in ([], [None], ["a"])],
    "list of seeds": [Given(repr(v), v) for v in ([], [0, 1], [2.5], ["a"])],
    "function": [Given(repr(v), v) for v in (None, 3, "net")],
    "generator": [Given(repr(v), v) for v in (None, 0, "g")],
    "dtype": [Given(repr(v), v) for v in (torch.int64, torch.bool, "float32", torch.complex64)],
    "shape": [
        Given(repr(v), v)
        for v in ((), (0, 2), (2, 0), (-1, 2), (2.5, 2), 5, "ab", None, (4, 3), (4,))
    ],
    "weights of a net": [Given("none", {}), Given("None", {"w": torch.zeros(1)})],
    "net": _net,
    "denoiser": _denoiser,
    "floats": _floats,
    "times": _times,
    "times of examples": lambda v: [*_times(v), *(g for g in _shapes(v) if g.words != "no axis")],
    "times of examples, each its own": lambda v: [*_floats(v), *_shapes(v)],
    "quantiles": _quantiles,
    "log-SNRs": lambda v: [*_floats(v), Given("NaN", _with(v, NAN))],
    "log-SNRs of examples": lambda v: [
        *_floats(v),
        Given("NaN", _with(v, NAN)),
        *(g for g in _shapes(v) if g.words != "no axis"),
    ],
    "log-SNRs, some": lambda v: [
        *_floats(v),
        Given("NaN", _with(v, NAN)),
        Given("none", v[:0]),
        Given("2000", _with(v, 2000.0)),
    ],
    "like": lambda v: [*_floats(v), *_shapes(v)],
    "data": _data,
    "finite data": lambda v: _data(v, finite=True),
    "precise data": lambda v: [
        *_floats(v),
        *_not_finite(v, wrong=True),
        *_shapes(v)[:2],
    ],
    "rows": lambda v: [*_floats(v), *_shapes(v)],
    "scales": lambda v: [
        *_floats(v),
        *_lower(v),
        *(Given(f"a scale {n}", _with(v, n)) for n in (-0.5, NAN, INF)),
        *(g for g in _shapes(v) if g.words != "no axis"),
    ],
    "weights": lambda v: [
        *_floats(v),
        *(Given(f"a weight {n}", _with(v, n)) for n in (-0.5, NAN, 3.0)),
    ],
    "means": lambda v: [*_floats(v), Given("NaN", _with(v, NAN)), *_shapes(v)],
    "covariances": lambda v: [
        *_floats(v),
        *(Given(f"an entry {n}", _with(v, n)) for n in (-3.0, NAN)),
        *(g for g in _shapes(v) if g.words != "turned"),
    ],
    "law": lambda v: [
        *_floats(v),
        *(Given(f"a probability {n}", _with(v, n)) for n in (-0.5, 0.0, NAN, 3.0)),
        *(Given(words, wrong) for words, wrong in (("no axis", v[0, 0]), ("not square", v[:2]))),
    ],
    "model": lambda v: [
        *_floats(v),
        Given("one token less", v[..., :1, :]),
        Given("no axis", v[0, 0, 0, 0]),
    ],
    "levels": lambda v: [
        *_floats(v),
        Given("NaN", _with(v, NAN)),
        Given("none", v[:0]),
        Given("2-D", v[None]),
    ],
}
"""By kind."""
