"""Named tensors as safetensors files that say whether they are what was saved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor


class DamagedTensors(ValueError):
    """A file of tensors is not what was saved."""


def digest(tensors: Mapping[str, Tensor], owner: str) -> str:
    """Return the SHA-256 of whose tensors these are, their names, types, shapes and bytes."""
    total = hashlib.sha256(f"{owner}\0".encode())
    for name, value in sorted(tensors.items()):
        total.update(f"{name} {value.dtype} {tuple(value.shape)}\0".encode())
        plain = value.detach().cpu().contiguous().reshape(-1)
        total.update(plain.view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def pack(tensors: Mapping[str, Tensor], owner: str) -> bytes:
    """Return the tensors as the bytes of a safetensors file that holds their digest."""
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    return save(plain, metadata={"sha256": digest(plain, owner)})


def unpack(path: Path, owner: str) -> dict[str, Tensor]:
    """Read back what `pack` made, on the CPU.

    Raises:
        DamagedTensors: if the file is missing, cut short, has been changed, or is another owner's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            # Copies: what is read is a map of the file, which would change or vanish with it.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            expected = (file.metadata() or {}).get("sha256")
    except (OSError, SafetensorError) as error:
        raise DamagedTensors(" ".join(str(error).split())) from error
    if digest(tensors, owner) != expected:
        raise DamagedTensors("its tensors are not those that this run saved")
    return tensors
