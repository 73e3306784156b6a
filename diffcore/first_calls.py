"""Each function of MKL's vector maths is called once, alone, before threads may call it together.

MKL chooses the code of a function at its first call. Where several threads make that call at once, as the
first large ``torch.sqrt`` of a process does, one of them may compute its part to about 12 digits, in that one
call (https://github.com/pytorch/pytorch/issues/188792; MKL 2024.2, which torch brings). What is drawn from
a seed would then depend on chance, and with it the name of a training run.
"""

import torch

FUNCTIONS = (
    torch.acos, torch.asin, torch.atan, torch.cos, torch.cosh, torch.erf, torch.erfc, torch.erfinv,
    torch.exp, torch.exp2, torch.expm1, torch.lgamma, torch.log, torch.log10, torch.log1p, torch.log2,
    torch.rsqrt, torch.sin, torch.sinh, torch.sqrt, torch.tan, torch.tanh,
)  # fmt: skip
"""What torch may hand to MKL, elementwise; a superset but for trunc, which rounds nothing."""

# As diffcore is imported: its package only passes names on.
for _dtype in (torch.float32, torch.float64):
    for _function in FUNCTIONS:
        _function(torch.full((1,), 0.5, dtype=_dtype, device="cpu"))
