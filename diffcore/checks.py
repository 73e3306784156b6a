"""What public functions expect of their arguments: one check for each kind, and one form of words.

That is "thing: expected ..., got ...": a TypeError for something of another kind, a ValueError for a shape,
a number or the values of a tensor.

Types, shapes and plain numbers are always checked. The values of a tensor are looked at only where that
waits for nothing: on the CPU, outside of ``torch.func`` transforms and ``torch.compile``. Elsewhere a value
that has no meaning gives a result that has none.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

LARGEST_LOG_SNR = 2 * 53 * math.log(2)
"""73.5 nats: beyond it, on either side, float64 rounds ``z`` to the data alone, or to the noise alone."""

ROUNDING = 8
"""How many units of rounding a time may lie outside [0, 1]: the inverse of a log-SNR is rounded too."""


def number(name: str, value: Any) -> float:
    """A finite number, as a float; no text that could be read as one, and no bool."""
    try:
        found = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        found = None
    if found is None or isinstance(value, str | bytes | bytearray | bool):
        raise TypeError(f"{name}: expected a number, got {described(value)}")
    if not math.isfinite(found):
        raise ValueError(f"{name}: expected a finite number, got {found}")
    return found


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``."""
    try:
        found = operator.index(value)
    except (TypeError, ValueError, RuntimeError):
        found = None
    if found is None or isinstance(value, bool):
        raise TypeError(f"{name}: expected an integer >= {least}, got {described(value)}")
    if found < least:
        raise ValueError(f"{name}: expected an integer >= {least}, got {found}")
    return found


def floating(name: str, value: Any) -> Tensor:
    """A tensor of floating-point numbers."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise TypeError(
            f"{name}: expected a tensor of floating-point numbers, got {described(value)}"
        )
    return value


def batch(name: str, value: Any) -> Tensor:
    """Data: floating-point numbers of shape (batch, ...), at least one of them."""
    if floating(name, value).ndim == 0 or value.numel() == 0:
        raise ValueError(
            f"{name}: expected shape (batch, ...), at least 1 along every axis, got {tuple(value.shape)}"
        )
    return dense(name, value)


def dense(name: str, value: Tensor) -> Tensor:
    """A tensor that holds every number: not sparse, and not on the device `meta`, which holds none."""
    if value.layout != torch.strided:
        kind = str(value.layout).removeprefix("torch.")
        raise TypeError(f"{name}: expected a dense tensor, got one of {kind}: call to_dense()")
    if value.is_meta:
        raise TypeError(f"{name}: expected a tensor with values, got one on the meta device")
    return value


def matrix(name: str, value: Any, columns: int) -> Tensor:
    """Floating-point numbers of shape (batch, columns), at least one row."""
    if floating(name, value).ndim != 2 or value.shape[1] != columns or len(value) == 0:
        raise ValueError(
            f"{name}: expected shape (batch, {columns}), batch >= 1, got {tuple(value.shape)}"
        )
    return dense(name, value)


def alike(name: str, value: Any, other: Tensor) -> Tensor:
    """Floating-point numbers of the shape of ``other``."""
    if floating(name, value).shape != other.shape:
        raise ValueError(f"{name}: expected shape {tuple(other.shape)}, got {tuple(value.shape)}")
    return value


def for_each(name: str, value: Any, examples: int) -> Tensor:
    """One number for each example, (examples,), or one for all, ()."""
    if floating(name, value).ndim and value.shape != (examples,):
        raise ValueError(f"{name}: expected shape () or ({examples},), got {tuple(value.shape)}")
    return value


def scales(alpha: Any, sigma: Any, examples: int) -> tuple[Tensor, Tensor]:
    """Signal and noise scales, one of each for each example, (examples,); () stands for all."""
    for name, scale in (("alpha", alpha), ("sigma", sigma)):
        positive(name, for_each(name, scale, examples), or_zero=True)
    if readable(alpha) and readable(sigma) and _both_zero(alpha, sigma):
        raise ValueError("alpha and sigma: expected one of them above 0, got 0 and 0")
    return alpha.expand(examples), sigma.expand(examples)


def times(t: Any, name: str = "t") -> Tensor:
    """Times, or other numbers, in [0, 1], of any shape."""
    if readable(floating(name, t)):
        low, high = _least_and_most(t)
        slack = ROUNDING * torch.finfo(t.dtype).eps
        if not (low >= -slack and high <= 1 + slack):
            raise ValueError(f"{name}: expected numbers in [0, 1], got {_ends(low, high)}")
    return t


def predictions(where: str, *values: Tensor) -> None:
    """What a denoiser predicts, or what is made of it, at some ``where``: finite numbers."""
    for value in values:
        if readable(value) and not _all_finite(value):
            low, high = _least_and_most(value)
            found = "nan" if math.isnan(low) else _ends(low, high)
            raise ValueError(
                f"{where}: expected finite predictions of the denoiser, got {found}: look at the network "
                "there"
            )


def quantiles(u: Any) -> Tensor:
    """Numbers strictly between 0 and 1, of any shape."""
    if readable(floating("u", u)):
        low, high = _least_and_most(u)
        if not (low > 0 and high < 1):
            raise ValueError(f"u: expected numbers in (0, 1), got {_ends(low, high)}")
    return u


def positive(name: str, value: Any, *, or_zero: bool = False) -> Tensor:
    """Positive finite numbers, of any shape."""
    if readable(floating(name, value)):
        low, high = _least_and_most(value)
        if not (low > 0 or (or_zero and low == 0)) or not high < math.inf:
            kind = "non-negative" if or_zero else "positive"
            raise ValueError(f"{name}: expected {kind} finite numbers, got {_ends(low, high)}")
    return value


def finite(name: str, value: Any) -> Tensor:
    """Finite floating-point numbers, of any shape."""
    if readable(floating(name, value)) and not _all_finite(value):
        raise ValueError(f"{name}: expected finite numbers, got {_ends(*_least_and_most(value))}")
    return value


def precise(name: str, value: Any) -> Tensor:
    """Finite data (batch, ...) in float32 or float64."""
    if batch(name, value).dtype not in (torch.float32, torch.float64):
        raise TypeError(f"{name}: expected float32 or float64, got {described(value)}: convert it")
    return finite(name, value)


def float_dtype(dtype: Any) -> torch.dtype:
    """A floating-point dtype."""
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise TypeError(f"dtype: expected a floating-point dtype, got {described(dtype)}")
    return dtype


def log_snr(name: str, value: Any) -> float:
    """A log-SNR that float64 resolves, in nats."""
    found = number(name, value)
    if abs(found) > LARGEST_LOG_SNR:
        raise ValueError(
            f"{name}: expected a log-SNR between -{LARGEST_LOG_SNR:.4g} and {LARGEST_LOG_SNR:.4g} nats, "
            f"which float64 resolves, got {found:g}"
        )
    return found


def resolved(name: str, value: Any) -> Tensor:
    """Log-SNRs that float64 resolves, of any shape, at least one."""
    if floating(name, value).numel() == 0:
        raise ValueError(f"{name}: expected at least one number, got shape {tuple(value.shape)}")
    if readable(value):
        for end in value.detach().aminmax():
            log_snr(name, end)
    return value


def log_snr_range(asked: Any) -> tuple[float | None, float | None]:
    """Two log-SNRs (low, high) in nats, of which either may be None."""
    name = "log-SNR range"
    if not isinstance(asked, Sequence) or isinstance(asked, str) or len(asked) != 2:
        raise TypeError(f"{name}: expected (low, high), got {described(asked)}")
    low, high = (None if end is None else log_snr(name, end) for end in asked)
    if low is not None and high is not None and not low < high:
        raise ValueError(f"{name}: expected low < high, got ({low:g}, {high:g})")
    return low, high


def sample_shape(shape: Any) -> tuple[int, ...]:
    """The shape (batch, ...) of samples, at least 1 along every axis."""
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise TypeError(f"shape: expected (batch, ...), got {described(shape)}")
    if not shape:
        raise ValueError("shape: expected (batch, ...), got ()")
    return tuple(count("shape", size) for size in shape)


def generator(value: Any) -> Generator:
    """The source of randomness."""
    if not isinstance(value, Generator):
        raise TypeError(f"generator: expected a torch.Generator, got {described(value)}")
    return value


def instance(name: str, value: Any, kind: type) -> None:
    """Something of the class ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected a {kind.__name__}, got {described(value)}")


def function(name: str, value: Any, words: str) -> None:
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{name}: expected {words}, got {described(value)}")


def readable(value: Tensor) -> bool:
    """Whether the values of a tensor can be looked at without waiting for a device, or being in the way."""
    return (
        value.device.type == "cpu"
        and value.numel() > 0
        and not torch.compiler.is_compiling()
        # torch.func has no public way to ask; under vmap a value is many, and cannot be read.
        and not torch._C._functorch.is_functorch_wrapped_tensor(value)
    )


def described(value: Any) -> str:
    """A few words on what was given."""
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"a tensor of {dtype} of shape {tuple(value.shape)}"
    words = " ".join(repr(value).split())
    return words if len(words) <= 60 else f"{words[:57]}..."


def _least_and_most(value: Tensor) -> tuple[float, float]:
    if value.ndim == 0:
        only = value.item()
        return only, only
    low, high = torch.aminmax(value.detach())
    return low.item(), high.item()


def _both_zero(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are zero in the same place."""
    if one.ndim == other.ndim == 0:
        return one.item() == other.item() == 0
    return bool(((one == 0) & (other == 0)).any())


def _all_finite(value: Tensor) -> bool:
    """Whether all numbers are finite; told from their sum, unless it overflows."""
    if math.isfinite(value.detach().sum().item()):
        return True
    low, high = _least_and_most(value)
    return -math.inf < low and high < math.inf


def _ends(low: float, high: float) -> str:
    return f"{low:.6g}" if low == high else f"numbers from {low:.6g} to {high:.6g}"
