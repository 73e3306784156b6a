"""The symbols of the book, once: names, assumptions, LaTeX.

``alpha`` and ``sigma`` are abstract schedules, functions of time; ``alpha(s)`` prints as a subscript.
Torch counterparts receive them by name: ``alpha(t)`` is ``alpha_t``, its derivative is
``alpha_prime_t``; ``x_hat`` is ``x_hat``.
"""

from __future__ import annotations

import sympy as sp

from .latex import latex as printed
from .notation import function, symbol
from .operators import Abbreviation, Normal

# times: 0 = data, 1 = noise, s before t before u
r, s, t, u = (symbol(n, positive=True) for n in "rstu")
h = symbol("h", positive=True)
T = symbol("T", positive=True, integer=True)
i = symbol("i", positive=True, integer=True)

# one dimension of the data, the noise, the latents, and their predictions
x, x_hat = symbol("x"), symbol("x_hat", r"\hat{x}")
eps, eps_hat = symbol("eps", r"\epsilon"), symbol("eps_hat", r"\hat{\epsilon}")
z, z_s, z_t, z_u = symbol("z"), symbol("z_s"), symbol("z_t"), symbol("z_u")

alpha = function("alpha", r"\alpha", subscript=True, positive=True)
sigma = function("sigma", r"\sigma", subscript=True, positive=True)


def snr(time: sp.Expr) -> sp.Expr:
    """SNR(t) = alpha_t^2 / sigma_t^2."""
    latex = rf"\mathrm{{SNR}}({sp.latex(time)})"
    return Abbreviation(latex, alpha(time) ** 2 / sigma(time) ** 2, positive=True)


def log_snr(time: sp.Expr) -> sp.Expr:
    """lambda_t = log SNR(t)."""
    latex = rf"\lambda_{{{sp.latex(time)}}}"
    return Abbreviation(latex, sp.log(alpha(time) ** 2 / sigma(time) ** 2))


def alpha_step(later: sp.Expr = t, earlier: sp.Expr = s) -> sp.Expr:
    """alpha_{t|s} = alpha_t / alpha_s."""
    latex = rf"\alpha_{{{sp.latex(later)}|{sp.latex(earlier)}}}"
    return Abbreviation(latex, alpha(later) / alpha(earlier), positive=True)


def var_step(later: sp.Expr = t, earlier: sp.Expr = s) -> sp.Expr:
    """sigma_{t|s}^2 = sigma_t^2 - alpha_{t|s}^2 sigma_s^2, positive because the SNR falls."""
    latex = rf"\sigma_{{{sp.latex(later)}|{sp.latex(earlier)}}}^2"
    definition = sigma(later) ** 2 - alpha_step(later, earlier) ** 2 * sigma(earlier) ** 2
    return Abbreviation(latex, definition, positive=True)


def var_q() -> sp.Expr:
    """sigma_Q^2 = sigma_{t|s}^2 sigma_s^2 / sigma_t^2, the variance of q(z_s | z_t, x)."""
    return Abbreviation(r"\sigma_Q^2", var_step() * sigma(s) ** 2 / sigma(t) ** 2, positive=True)


def mean_q(clean: sp.Expr = x, latent: sp.Expr = z_t) -> sp.Expr:
    """mu_Q(z_t, x), the mean of q(z_s | z_t, x), at any guess of the clean data; of vectors, if both are."""
    latex = rf"\mu_Q(z_t, {printed(clean, inline=True)})"
    from_z = alpha_step() * sigma(s) ** 2 / sigma(t) ** 2 * latent
    return Abbreviation(latex, from_z + alpha(s) * var_step() / sigma(t) ** 2 * clean)


def marginal(latent: sp.Expr = z_t, time: sp.Expr = t, clean: sp.Expr = x) -> Normal:
    """q(z_t | x) = N(z_t; alpha_t x, sigma_t^2)."""
    return Normal(latent, alpha(time) * clean, sigma(time) ** 2)


def transition(
    later: sp.Expr = z_t, earlier: sp.Expr = z_s, t2: sp.Expr = t, t1: sp.Expr = s
) -> Normal:
    """q(z_t | z_s) = N(z_t; alpha_{t|s} z_s, sigma_{t|s}^2)."""
    return Normal(later, alpha_step(t2, t1) * earlier, var_step(t2, t1))


def posterior(clean: sp.Expr = x) -> Normal:
    """q(z_s | z_t, x) = N(z_s; mu_Q(z_t, x), sigma_Q^2)."""
    return Normal(z_s, mean_q(clean), var_q())
