"""What torch hands to MKL is called alone before threads call it together."""

import subprocess
import sys

import pytest
import torch

from diffcore.first_calls import FUNCTIONS

WATCHED = """
import torch
seen = []
def watched(name, function):
    def call(value):
        seen.append((name, str(value.dtype), value.numel(), value.device.type))
        return function(value)
    return call
names = {names}
for name in names:
    setattr(torch, name, watched(name, getattr(torch, name)))
import diffcore
wanted = [(n, f"torch.float{{bits}}", 1, "cpu") for bits in (32, 64) for n in names]
assert seen[:len(wanted)] == wanted, seen[:3]
"""


def test_importing_diffcore_calls_each_function_once_for_one_number():
    code = WATCHED.format(names=[function.__name__ for function in FUNCTIONS])
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize(
    "name", ["sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "log1p", "expm1"]
)
def test_what_the_project_uses_most_is_among_them(name):
    assert getattr(torch, name) in FUNCTIONS
