"""The study's table of losses, regenerated from the 2x2 algebra, symbolically.

For each target the coefficient of its squared error in the NELBO is one formula,
-1/2 SNR'(t) (sigma / D)^2; here it is set beside the study's table and the study's published code
(before the code adds its guard), and the constant factors between them are computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import sympy as sp

alpha, sigma = sp.symbols("alpha sigma", positive=True)
alpha_prime, sigma_prime = sp.symbols("alpha' sigma'", real=True)
snr = alpha**2 / sigma**2
snr_prime = 2 * snr * (alpha_prime / alpha - sigma_prime / sigma)

COSINE = {alpha_prime: -sp.pi / 2 * sigma, sigma_prime: sp.pi / 2 * alpha}
"""The cosine schedule's derivatives, with alpha^2 + sigma^2 = 1."""


@dataclass(frozen=True)
class Row:
    """One target of the study: its row (a, b), and its coefficients as stated elsewhere.

    Attributes:
        symbol: LaTeX.
        a, b: y = a x + b eps.
        table: the study's NELBO coefficient divided by SNR'(t), from its table of losses.
        code: the published code's NELBO coefficient before the guard is added. For the score this is
            the coefficient that its published numbers used.
        code_text: the same as the code writes it, with the guard g.
    """

    symbol: str
    a: sp.Expr
    b: sp.Expr
    table: sp.Expr
    code: sp.Expr
    code_text: str


ROWS: dict[str, Row] = {
    "x": Row("x", sp.S.One, sp.S.Zero, -sp.S.One, alpha / sigma**3, r"\alpha/(\sigma^3 + g)"),
    "eps": Row(
        r"\epsilon", sp.S.Zero, sp.S.One, -1 / snr, 1 / (sigma * alpha), r"1/(\sigma\alpha + g)"
    ),
    "v": Row(
        "v",
        -sigma,
        alpha,
        -(sigma**2) / (alpha**2 + sigma**2),
        alpha / (sigma * (alpha**2 + sigma**2)),
        r"\alpha/(\sigma(\alpha^2 + \sigma^2) + g)",
    ),
    "score": Row(
        "s",
        sp.S.Zero,
        -1 / sigma,
        -(sigma**4) / alpha**2,
        sigma / alpha,
        r"\sigma/(\alpha + g)",
    ),
}


def x_error_factor(row: Row) -> sp.Expr:
    """c with (x - x_hat)^2 = c (y - y_hat)^2: (sigma / D)^2."""
    determinant = alpha * row.b - sigma * row.a
    return sp.factor((sigma / determinant) ** 2)


def nelbo_coefficient(row: Row) -> sp.Expr:
    """The coefficient of (y - y_hat)^2 in the NELBO's integrand: -1/2 SNR'(t) (sigma / D)^2."""
    return -snr_prime / 2 * x_error_factor(row)


def on_cosine(expr: sp.Expr) -> sp.Expr:
    """The expression on the cosine schedule, simplified with alpha^2 + sigma^2 = 1."""
    phi = sp.Symbol("phi", positive=True)
    angle = {alpha: sp.cos(phi), sigma: sp.sin(phi)}
    return sp.simplify(expr.subs(COSINE).subs(angle))


def table() -> pd.DataFrame:
    """One row for each target of the study; LaTeX in dollar signs.

    The columns ``from the table`` and ``from the code`` are the constants by which the derived
    NELBO must be divided to give theirs, on the cosine schedule.

    Raises:
        ValueError: if such a ratio is not a constant: the two are then not the same loss.
    """
    rows = []
    for name, row in ROWS.items():
        derived = nelbo_coefficient(row)
        stated = on_cosine(derived / (row.table * snr_prime))
        coded = on_cosine(derived / row.code)
        if not (stated.is_constant() and coded.is_constant()):
            raise ValueError(f"{name}: not a constant multiple: {stated}, {coded}")
        factor = "" if x_error_factor(row) == 1 else sp.latex(x_error_factor(row))
        rows.append(
            {
                "target": name,
                "weighted": rf"$\lVert {row.symbol} - \hat {row.symbol} \rVert^2$",
                "rescaled": f"${factor or 1}$",
                "NELBO": rf"$-\frac12 {factor} \mathrm{{SNR}}'$",
                "code": f"${row.code_text}$",
                "from the table": f"${sp.latex(stated)}$",
                "from the code": f"${sp.latex(coded)}$",
            }
        )
    return pd.DataFrame(rows)
