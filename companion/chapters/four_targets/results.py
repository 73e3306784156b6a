"""What the chapter "One algebra, four targets" tabulates: one network under all losses, the study's table.

The study's table is regenerated from the 2x2 algebra, by ``diffcore``'s own rows on SymPy symbols. For
each target the coefficient of its squared error in the NELBO is one formula,
-1/2 SNR'(t) (sigma / D)^2; here it is set beside the study's table and the study's published code
(before the code adds its guard), and the constant factors between them are computed.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import sympy as sp
import torch
from torch import Generator, Tensor

from companion.derivation.written import Written
from diffcore.catalogue.min_snr import MinSNR
from diffcore.losses import Loss, noise_like, noised, squared_norm
from diffcore.networks import StudyMLP, initialised
from diffcore.published import Published
from diffcore.schedules.cosine import Cosine
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import EPS, TARGETS, Row, Target, V, X, convert, error_scale
from diffcore.times import UniformLogSNR
from diffcore.weightings import Native

SCHEDULE = Cosine()
RANGE = UniformLogSNR(-8.0, 8.0)

alpha, sigma, guard = sp.symbols("alpha sigma g", positive=True)
alpha_prime, sigma_prime = sp.symbols("alpha' sigma'", real=True)
snr = alpha**2 / sigma**2
snr_prime = 2 * snr * (alpha_prime / alpha - sigma_prime / sigma)

COSINE = {alpha_prime: -sp.pi / 2 * sigma, sigma_prime: sp.pi / 2 * alpha}
"""The cosine schedule's derivatives, with alpha^2 + sigma^2 = 1."""

STUDY_TABLE: dict[str, sp.Expr] = {
    "x": -sp.S.One,
    "eps": -1 / snr,
    "v": -(sigma**2) / (alpha**2 + sigma**2),
    "score": -(sigma**4) / alpha**2,
}
"""The study's NELBO coefficient divided by SNR'(t): its table of losses, code/assets/general/LF_Table.png."""


SYMBOLS = Pointwise(alpha, sigma, alpha_prime, sigma_prime)


def convert_row(
    a: Tensor,
    b: Tensor,
    a_to: Tensor,
    b_to: Tensor,
    alpha_t: Tensor,
    sigma_t: Tensor,
    y: Tensor,
    z_t: Tensor,
) -> Tensor:
    """diffcore's `convert`, from row (a, b) to row (a_to, b_to), at one time; y and z_t are (n, d)."""
    return convert(y, z_t, ANY_TIME, Pointwise(alpha_t, sigma_t), Row(a, b), Row(a_to, b_to))


def squared_error_in_y(
    a: Tensor, b: Tensor, alpha_t: Tensor, sigma_t: Tensor, x: Tensor, x_hat: Tensor
) -> Tensor:
    """The squared error of the row (a, b), by diffcore's `error_scale`; x and x_hat are (n, d)."""
    scale = error_scale(Pointwise(alpha_t, sigma_t), ANY_TIME, Row(a, b))
    return (scale * alpha_t / sigma_t) ** 2 * squared_norm(x - x_hat)


def x_error_factor(target: Target) -> sp.Expr:
    """c with (x - x_hat)^2 = c (y - y_hat)^2: (sigma / D)^2."""
    return sp.factor(
        (error_scale(SYMBOLS, ANY_TIME, X) / error_scale(SYMBOLS, ANY_TIME, target)) ** 2
    )


def nelbo_coefficient(target: Target) -> sp.Expr:
    """The coefficient of (y - y_hat)^2 in the NELBO's integrand: -1/2 SNR'(t) (sigma / D)^2."""
    return -snr_prime / 2 * x_error_factor(target)


def on_cosine(expr: sp.Expr) -> sp.Expr:
    """The expression on the cosine schedule, simplified with alpha^2 + sigma^2 = 1."""
    phi = sp.Symbol("phi", positive=True)
    angle = {alpha: sp.cos(phi), sigma: sp.sin(phi)}
    return sp.simplify(expr.subs(COSINE).subs(angle))


LOSS_TABLE_SHOWN: dict[str, Any] = {
    "caption": "The study's losses, regenerated from one formula; each is an expectation over $t$ "
    r"and $\epsilon$. *Weighted*: the squared error. *Rescaled*, *NELBO*: the coefficient in "
    "front of it. *Code*: the NELBO's coefficient in the published code, with its guard $g = "
    "0.01$; of $s$, the one that fits the published numbers, a comment there. *÷ table*, *÷ code*: "
    "our NELBO coefficient divided by that of the study's table and by that of its code with $g = 0$.",
    "columns": {
        "target": "target",
        "weighted": "weighted",
        "rescaled": "rescaled",
        "NELBO": "NELBO",
        "code": "code",
        "from the table": "÷ table",
        "from the code": "÷ code",
    },
}
"""How `loss_table` is shown."""


def loss_table() -> pd.DataFrame:
    """One row for each target of the study; LaTeX in dollar signs.

    The columns ``from the table`` and ``from the code`` are the constants by which the derived
    NELBO must be divided to give theirs, on the cosine schedule. The code of the score is the one
    that its published numbers used.

    Raises:
        ValueError: if such a ratio is not a constant: the two are then not the same loss.
    """
    rows = []
    for name, stated_coefficient in STUDY_TABLE.items():
        target = TARGETS[name]
        derived = nelbo_coefficient(target)
        code = Published("nelbo", name, guard=guard).coefficient(alpha, sigma)
        written = Published("nelbo", name, guard=Written("g")).coefficient(
            Written(r"\alpha"), Written(r"\sigma")
        )
        stated = on_cosine(derived / (stated_coefficient * snr_prime))
        coded = on_cosine(derived / code.subs(guard, 0))
        if not (stated.is_constant() and coded.is_constant()):
            raise ValueError(f"{name}: not a constant multiple: {stated}, {coded}")
        factor = "" if x_error_factor(target) == 1 else sp.latex(x_error_factor(target))
        rows.append(
            {
                "target": name,
                "weighted": rf"$\lVert {target.symbol} - \hat {target.symbol} \rVert^2$",
                "rescaled": f"${factor or 1}$",
                "NELBO": rf"$-\frac12 {factor} \mathrm{{SNR}}'$",
                "code": f"${written}$",
                "from the table": f"${sp.latex(stated)}$",
                "from the code": f"${sp.latex(coded)}$",
            }
        )
    return pd.DataFrame(rows)


LOSSES_SHOWN: dict[str, Any] = {
    "caption": "One random network, five names for its output. *NELBO*: nats, 2 dimensions, over "
    r"$-8 < \lambda < 8$. *Spread*: largest relative difference to the $x$ row, example by "
    "example. *Weighted*: the plain squared error. *Rescaled*: the plain squared error times the "
    "factor from it to that of $x$. 4,096 examples, seed 0, float64.",
    "digits": {"nelbo_spread": ".0e", "rescaled_spread": ".0e"},
    "columns": {
        "target": "target",
        "nelbo": "NELBO",
        "nelbo_spread": "spread",
        "weighted": "weighted",
        "rescaled": "rescaled",
        "rescaled_spread": "spread ",
    },
}
"""How `losses_of_one_network` is shown."""


def losses_of_one_network(n: int, seed: int) -> pd.DataFrame:
    """NELBO, weighted and rescaled losses of one random network read as every target.

    Returns:
        A row for each target: means over ``n`` examples, and the largest relative difference, example
        by example, to the x row. NELBO in nats; all sums over the 2 dimensions.
    """
    generator = Generator().manual_seed(seed)
    x = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    times = RANGE.sample(n, SCHEDULE, generator)
    eps = noise_like(x, generator)
    z = noised(x, eps, times.t, SCHEDULE)
    net = initialised(lambda: StudyMLP(2, width=64, depth=3), seed).to(x)
    with torch.no_grad():
        x_hat = net(z, times.t)
    results: dict[str, dict[str, Tensor]] = {}
    for name, target in TARGETS.items():
        prediction = convert(x_hat, z, times.t, SCHEDULE, X, target)
        plain = squared_norm(target.of(x, eps, times.t, SCHEDULE) - prediction)
        scale = error_scale(SCHEDULE, times.t, X) / error_scale(SCHEDULE, times.t, target)
        results[name] = {
            "nelbo": Loss(SCHEDULE, target).of_prediction(prediction, x, eps, times),
            "weighted": plain,
            "rescaled": plain * scale**2,
        }
    return pd.DataFrame(
        [
            {"target": name}
            | {kind: float(value.mean()) for kind, value in row.items()}
            | {
                f"{kind}_spread": float((row[kind] / results["x"][kind] - 1).abs().max())
                for kind in ("nelbo", "rescaled")
            }
            for name, row in results.items()
        ]
    )


GAMMA = 5.0
"""Of the Min-SNR that is tabulated."""

MIN_SNR_SHOWN: dict[str, Any] = {
    "caption": rf"Three public formulas for Min-SNR ($\gamma = {GAMMA:g}$) on the $v$-error, divided by "
    r"the weight that follows from the definition on the $\epsilon$-error; 1 is right. Largest and "
    r"smallest ratio over $-10 \le \lambda \le 10$.",
    "digits": 6,
}
"""How `min_snr_in_v` is shown."""


def min_snr_in_v(gamma: float = GAMMA) -> pd.DataFrame:
    """Public formulas for Min-SNR on the v-error, relative to what the definition implies."""
    lam = torch.linspace(-10, 10, 2001, dtype=torch.float64)
    ratio, time = lam.exp(), SCHEDULE.time_of(lam)
    right = MinSNR(gamma)(lam, SCHEDULE) / Native(V)(lam, SCHEDULE)
    formulas = {
        "min(SNR, γ) / SNR + 1": ratio.clamp(max=gamma) / ratio + 1,
        "min(SNR + 1, γ) / (SNR + 1)": (ratio + 1).clamp(max=gamma) / (ratio + 1),
        "min(SNR, γ) / (SNR + 1)": ratio.clamp(max=gamma) / (ratio + 1),
    }
    # The same through the library's own conversion, so that two routes give the right weight.
    by_scale = (
        torch.minimum(torch.ones_like(ratio), gamma / ratio)
        / (error_scale(SCHEDULE, time, V) / error_scale(SCHEDULE, time, EPS)).square()
    )
    torch.testing.assert_close(by_scale, right, rtol=1e-9, atol=0)
    return pd.DataFrame(
        [
            {
                "formula": name,
                "smallest": float((weight / right).min()),
                "largest": float((weight / right).max()),
            }
            for name, weight in formulas.items()
        ]
    )
