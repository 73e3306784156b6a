r"""What the letters of the book's derivations mean: one meaning a letter in each derivation.

An entry names every *form* in which a letter is printed, in the short spelling of `form`: no braces, ``()``
for any arguments, ``_t`` for any time (and for the score's ``_s``). What is left out, or given twice, is
found by `complaints`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from .notation import LATEX, SUBSCRIPTED, printed_name
from .step import Step
from .tree import opened


@dataclass(frozen=True)
class Meaning:
    """What one letter means.

    Attributes:
        shown: the letter as a reader meets it, LaTeX.
        words: its meaning, Markdown.
        forms: how it is printed, in the spelling of `form`.
        inside: the derivations in which it means that; empty for all that give it no other meaning.
        name: its name in ``diffcore``; empty where it has none.
        in_text: whether it stands in the text around derivations, and in no step.
    """

    shown: str
    words: str
    forms: tuple[str, ...]
    inside: tuple[str, ...] = ()
    name: str = ""
    in_text: bool = False

    @property
    def letter(self) -> str:
        """The letter itself, without hats, subscripts and arguments."""
        return letter(self.forms[0])


def _of(
    shown: str, words: str, forms: str, inside: str = "", name: str = "", text: bool = False
) -> Meaning:
    return Meaning(shown, words, tuple(forms.split()), tuple(inside.split()), name, text)


MEANINGS = (
    # throughout the book
    _of("t", "time, 0 at the data and 1 at the noise; $t_\\lambda$ that of a log-SNR",
      "t t_\\min t_\\lambda"),
    _of("s", "an earlier time than $t$", "s"),
    _of("u", "a later time than $t$", "u"),
    _of("x", "clean data; $\\hat x$ a prediction of it", "x \\hatx \\barx", name="X"),
    _of("\\epsilon", "noise, $\\N(0, 1)$; $\\hat\\epsilon$ a prediction of it", "\\epsilon \\hat\\epsilon",
      name="EPS"),
    _of("z_t", "noisy data at time $t$, $\\alpha_t x + \\sigma_t \\epsilon$; $z$ where the time is fixed",
      "z_t z"),
    _of("v", "the target $\\alpha_t \\epsilon - \\sigma_t x$", "v \\hatv", name="V"),
    _of("\\alpha_t", "signal scale; $\\alpha_{t|s} = \\alpha_t/\\alpha_s$ that of one step", "\\alpha_t",
      name="Schedule.alpha"),
    _of("\\sigma_t",
      "noise scale; $\\sigma_{t|s}^2$ the variance that one step adds, $\\sigma_Q^2$ that of the step back",
      "\\sigma_t \\sigma_Q \\bar\\sigma", name="Schedule.sigma"),
    _of("\\SNR(t)", "signal-to-noise ratio, $\\alpha_t^2/\\sigma_t^2$", "SNR()"),
    _of("\\lambda_t", "log-SNR; $\\lambda_0$ and $\\lambda_1$ at the clean and the noisy end",
      "\\lambda_t \\lambda \\lambda_0 \\lambda_1", name="Schedule.log_snr"),
    _of("\\mu_Q(z_t, x)", "mean of the step back $q(z_s|z_t, x)$", "\\mu_Q() \\mu_Q"),
    _of("q", "a density of the forward process; $q_i$ that of $z_i$ given $x$", "q() q_i"),
    _of("p", "a density of the model; $p_i$ its step from $z_i$ to $z_{i-1}$", "p() p_i"),
    _of("\\gamma", "the SNR as a variable; $\\gamma_0$ at the clean end", "\\gamma \\gamma_0"),
    _of("h", "a short step of time", "h"),
    _of("d", "number of dimensions of the data, any from 1 on", "d"),
    _of("w(\\lambda)", "the weight of a noise level in a loss", "w()", name="weightings.Weighting",
      text=True),
    _of("L", "a diffusion loss; $L_T$ of $T$ steps, $L_\\infty$ of infinitely many",
      "L L_T L_\\infty", text=True),
    # forward process
    _of("P", "precision of $z_s$, given $z_t$ and $x$", "P", "forward"),
    _of("m", "coefficient of $z_s$ in an exponent: $m/P$ is the mean", "m", "forward"),
    _of("c", "what does not contain $z_s$", "c", "forward"),
    # NELBO in x
    _of("T", "number of steps", "T", "nelbo-x"),
    _of("i", "number of a step", "i", "nelbo-x"),
    _of("b_i", "density of the step back from $z_i$, given $x$", "b_i", "nelbo-x"),
    _of("m", "means of two Gaussians, $m_1$ and $m_2$", "m_1 m_2", "nelbo-x"),
    _of("v", "variances of two Gaussians, $v_1$ and $v_2$", "v_1 v_2", "nelbo-x"),
    _of("S(t)", "the SNR as a smooth function of time; $S_1, S_2$ the coefficients of a quadratic one",
      "S() S_1 S_2", "nelbo-x"),
    _of("r(t)",
      "mean squared error of $\\hat x$, the risk; $r_0, r_1, r_2$ the coefficients of a quadratic one",
      "r() r_0 r_1 r_2", "nelbo-x"),
    _of("\\tau", "time, where it is integrated over", "\\tau", "nelbo-x"),
    _of("\\gamma", "the SNR as a variable; $\\gamma_1$ and $\\gamma_2$ at both ends of a step",
      "\\gamma \\gamma_1 \\gamma_2", "nelbo-x"),
    _of("\\omega", "by how much an error varies within a step", "\\omega", "nelbo-x"),
    _of("\\psi", "by how much less than that it falls", "\\psi()", "nelbo-x"),
    _of("f(\\lambda)", "half the mean squared error of $\\hat\\epsilon$", "f()", "nelbo-x"),
    _of("\\delta", "a short step of the log-SNR", "\\delta", "nelbo-x"),
    _of("y", "log-SNR, where it is integrated over", "y", "nelbo-x"),
    _of("c", "variance of Gaussian data", "c", "nelbo-x"),
    _of("\\beta", "factor of a step's divergence in a loss", "\\beta", "nelbo-x"),
    # four targets
    _of("a", "what a target has of $x$; $\\tilde a$ that of another target", "a \\tildea", "targets"),
    _of("b", "what a target has of $\\epsilon$; $\\tilde b$ that of another target", "b \\tildeb", "targets"),
    _of("y", "any target, $a x + b \\epsilon$; $y_1$ and $y_2$ two predictions",
      "y \\haty y_1 y_2", "targets", name="Row"),
    _of("D", "determinant of $z_t$ and $y$, $\\alpha_t b - \\sigma_t a$", "D", "targets"),
    _of("s", "the score $-\\epsilon/\\sigma_t$", "s \\hats", "targets", name="SCORE"),
    _of("u", "the velocity $\\alpha_t' x + \\sigma_t' \\epsilon$", "u \\hatu", "targets",
      name="VELOCITY"),
    _of("g_t^2", "variance that the noise adds per unit of time", "g_t", "targets"),
    _of("\\zeta", "scale of guidance", "\\zeta", "targets"),
    _of("p(\\lambda_t)", "density of the log-SNR where $t$ is uniform", "p()", "targets"),
    _of("\\kappa", "factor from the squared error of $\\epsilon$ to a target's",
      "\\kappa \\kappa_t \\kappa_\\epsilon \\kappa_v \\kappa_x", "targets guards one-scale",
      name="error_scale"),
    _of("\\rho", "$\\alpha_t/\\sigma_t$", "\\rho", "targets"),
    _of("\\mathrm{sech}", "the hyperbolic secant", "sech()", "targets"),
    # estimates
    _of("a", "the noisy end of a range of log-SNRs", "a", "estimates"),
    _of("b", "the clean end of a range of log-SNRs", "b", "estimates"),
    _of("f(\\lambda)", "half the mean squared error of $\\hat\\epsilon$", "f()", "estimates"),
    _of("g", "what is found at a level over the density there", "g", "estimates"),
    _of("p(\\lambda)", "density at which log-SNRs are visited", "p()", "estimates"),
    _of("m", "mean square of half the squared error of $\\hat\\epsilon$", "m", "estimates"),
    _of("n", "mean fourth power of half that squared error", "n", "estimates"),
    _of("\\ell", "a log-SNR up to which is integrated", "\\ell", "estimates"),
    _of("\\omega", "share of the points in the first of two strata", "\\omega", "estimates"),
    _of("s", "standard deviation in a stratum, times its width", "s_1 s_2", "estimates"),
    # published numbers
    _of("c", "coefficient of a published loss; $c_0$ that of $\\epsilon$ without guard",
      "c_0 c_\\epsilon c_t c_v c_x", "guards one-scale", name="published.Published"),
    _of("a", "what a target has of $x$", "a", "equal"),
    _of("b", "what a target has of $\\epsilon$", "b", "equal"),
    _of("y", "any target, $a x + b \\epsilon$", "y", "equal", name="Row"),
    # at full length
    _of("\\beta", "decay of averaged weights", "\\beta", "full-length"),
    _of("N", "number of the first of the averaged steps, counted back", "N", "full-length"),
    _of("i", "a step, counted back from the last", "i", "full-length"),
    _of("c", "variance of a weight from step to step", "c", "full-length"),
    _of("D", "determinant of $z_t$ and $y$, $\\alpha_t b - \\sigma_t a$", "D", "equal"),
    _of("c", "factor of $z_t$ in a linear guess", "c", "equal"),
    _of("c", "EDM's scales: $c_{\\mathrm{skip}}$ of $z_t/\\alpha_t$, $c_{\\mathrm{out}}$ of its network",
      "c_skip c_out", "exchanged"),
    _of("g", "guard: what is added to a denominator", "g", "guards one-scale"),
    _of("f", "factor of the squared error of $\\epsilon$ in a recorded loss", "f()", "one-scale", text=True),
    _of("e", "excess of the squared error of $\\epsilon$ over the least", "e()", "one-scale", text=True),
    _of("r", "the bound's factor over the recorded one", "r", "one-scale", text=True),
    _of("\\tau", "standard deviation of a component of the data", "\\tau", "guards"),
    _of("\\mu", "mean of a component of the data", "\\mu", "guards"),
    _of("\\sigma_t", "noise scale; $\\sigma$ where it is integrated over", "\\sigma_t \\sigma", "guards",
      name="Schedule.sigma"),
    _of("y", "$\\log(1 + \\gamma_0)$", "y", "guards"),
    _of("k", "less than no log-SNR of a range: it begins at $-k$", "k", "guards"),
    _of("m", "least mean squared error of $\\epsilon$ at a noise level", "m()", "guards", text=True),
    _of("\\Lambda", "width of a range of log-SNRs", "\\Lambda", "guards", text=True),
    _of("\\ell", "one draw of an estimator", "\\ell", "guards", text=True),
    # score matching
    _of("x", "clean data; $\\hat x$ a prediction, $\\bar x$ the best; $x_1, x_2$ two coordinates, or points",
      "x \\hatx \\barx x_1 x_2", "score"),
    _of("g", "the score of the noisy data; $\\hat g$ that of a model's", "g \\hatg", "score"),
    _of("r", "a short way along a direction", "r", "score"),
    _of("I", "the information that noisy data have about $x$", "I()", "score"),
    _of("D", "divergence of the noisy data from those of a model", "D()", "score"),
    _of("\\mathrm{mse}", "mean squared error of a model's $\\hat x$ at an SNR", "mse()", "score"),
    _of("\\epsilon", "noise, $\\N(0, 1)$; $\\epsilon_1$ and $\\epsilon_2$ two coordinates",
      "\\epsilon \\epsilon_1 \\epsilon_2", "score"),
    _of("z", "noisy data; $z_1$ and $z_2$ two coordinates", "z z_1 z_2", "score"),
    _of("q",
      "density of the noisy data, $q_\\nu$ where $\\nu$ varies; $\\hat q$ that of noisy data of a model",
      "q q() q_\\nu \\hatq()", "score"),
    _of("s", "a model of the score; $s_x$ the score of the kernel", "s s() s_x", "score", name="SCORE"),
    _of("y", "anything hidden behind $z$; $\\bar y$ its posterior mean", "y \\bary", "score"),
    _of("m_k", "mean of component $k$ of the data", "m_1 m_2", "score"),
    _of("c_k", "variance of component $k$ of the data; $c$ of Gaussian data", "c c_1 c_2", "score"),
    _of("b", "variance of a model's Gaussian data", "b", "score"),
    _of("S_k", "variance of component $k$ of the noisy data", "S_1 S_2", "score"),
    _of("P_k", "minus the score of component $k$ of the noisy data", "P_1 P_2", "score"),
    _of("\\omega_1", "posterior probability of component 1", "\\omega_1", "score"),
    _of("W", "average posterior variance of $\\epsilon$ within components", "W", "score"),
    _of("A", "Jacobian of a model of the score, a $d \\times d$ matrix", "A", "score"),
    _of("\\xi", "a random direction", "\\xi", "score"),
    _of("H", "Jacobian of a score, a symmetric matrix", "H", "score"),
    _of("\\nu", "variance of the noise where $\\alpha_t = 1$", "\\nu", "score"),
    _of("\\ell", "$\\log q/\\hat q$", "\\ell", "score"),
    _of("J", "Fisher information of the noisy data", "J", "score"),
    _of("\\mathrm{mmse}", "least mean squared error of $x$ at an SNR", "mmse()", "score",
      name="exact.mixtures.Mixture.mmse"),
    _of("\\gamma'", "the SNR, where it is integrated over", "\\gamma'", "score"),
    # what a loss weighs
    _of("f(t)", "density of the drawn times", "f()", "weightings", name="times.TimeSampler"),
    _of("\\omega(t)", "weight of the squared error of a target at time $t$", "\\omega()", "weightings"),
    _of("\\kappa", "factor from the squared error of $\\epsilon$ to a target's", "\\kappa", "weightings",
      name="error_scale"),
    _of("w", "the weight of a noise level in a loss", "w w()", "weightings", name="weightings.Weighting"),
    _of("p", "density of the log-SNR", "p p()", "weightings", name="times.Times"),
    _of("M", "weight of the squared error of $x$", "M", "weightings"),
    _of("\\gamma", "the SNR above which Min-SNR limits the weight", "\\gamma", "weightings",
      name="catalogue.MinSNR"),
    _of("\\sigma_t",
      "noise scale; $\\sigma$ in EDM, $\\sigma_0$ and $\\sigma_1$ at both ends, $\\sigma_d$ of the data",
      "\\sigma_t \\sigma \\sigma_0 \\sigma_1 \\sigma_d", "weightings", name="Schedule.sigma"),
    _of("\\log\\sigma", "logarithm of EDM's noise scale", "\\log\\sigma", "weightings"),
    _of("\\N", "density of a normal distribution, with mean and variance", "\\N()", "weightings"),
    _of("P", "mean and standard deviation of EDM's $\\log\\sigma$", "P_mean P_std", "weightings",
      name="catalogue.EDM"),
    _of("c_{\\mathrm{out}}", "scale of EDM's network", "c_out", "weightings"),
    _of("B_t", "integral of DDPM's noise rate", "B_t", "weightings"),
    _of("\\beta", "DDPM's noise rate; $\\beta_0$ and $\\beta_1$ at both ends", "\\beta_0 \\beta_1",
      "weightings",
      name="schedules.LinearBeta"),
    _of("\\mathrm{sig}", "the logistic function", "sig()", "weightings"),
    _of("\\mathrm{sech}", "the hyperbolic secant", "sech()", "weightings"),
    _of("b", "bias of a sigmoid weighting", "b", "weightings", name="catalogue.Sigmoid"),
    _of("g", "exponent of P2", "g", "weightings", name="catalogue.P2"),
    _of("L(\\lambda)", "loss from the noisiest level up to $\\lambda$", "L()", "weightings"),
    _of("a", "what a noise level adds to the loss; $a_0, a_1, a_2$ its coefficients in time",
      "a a() a_0 a_1 a_2", "weightings"),
    _of("n", "number of draws", "n", "weightings"),
    _of("i", "number of a draw", "i", "weightings"),
    _of("\\xi", "a uniform number", "\\xi", "weightings"),
    _of("\\zeta", "errors of strata, over their sizes", "\\zeta", "weightings"),
    _of("e", "sizes of the errors of strata", "e", "weightings"),
    _of("\\tau", "time at which a stratum begins", "\\tau", "weightings"),
    _of("y", "time, where it is integrated over", "y", "weightings"),
    _of("A", "the loss, the integral of $a$", "A", "weightings"),
    # dynamics
    _of("f_t", "rate at which the signal changes; $f$ at a fixed time", "f_t f", "dynamics"),
    _of("g_t^2", "variance that the noise adds per unit of time; $g^2$ at a fixed time", "g_t g", "dynamics"),
    _of("\\eta", "noise of a process back in time, in units of $g$", "\\eta", "dynamics"),
    _of("u",
      "the velocity $\\alpha_t' x + \\sigma_t' \\epsilon$; $u_x$ a path's, $\\bar u$ the flow's",
      "u u() u_x \\baru \\hatu \\hatu()", "dynamics", name="VELOCITY"),
    _of("q", "a density of the forward process; $q(x)$ that of the data, $q_t$ of $z_t$", "q() q_t",
      "dynamics"),
    _of("\\ell", "$\\log q/p$", "\\ell", "dynamics"),
    _of("\\sigma_t",
      "noise scale; $\\sigma$ where $\\alpha = 1$; $\\sigma_{t|s}^2$ and $\\sigma_Q^2$ variances of a step",
      "\\sigma_t \\sigma \\sigma_Q", "dynamics", name="Schedule.sigma"),
    _of("A", "Jacobian of a velocity, a $d \\times d$ matrix", "A", "dynamics"),
    _of("a", "an entry of its diagonal", "a", "dynamics"),
    _of("R", "what a new coordinate adds to a determinant, of second order", "R()", "dynamics"),
    _of("\\psi", "the score of a flow's density", "\\psi", "dynamics"),
    _of("\\xi", "a random direction", "\\xi", "dynamics"),
    _of("r", "a short way along a direction", "r", "dynamics"),
    _of("c", "variance of Gaussian data", "c", "dynamics"),
    _of("V_t", "variance of the noisy data", "V_t", "dynamics"),
    _of("k", "a wrong noise scale", "k", "dynamics"),
    # steps of samplers
    _of("\\epsilon", "noise, $\\N(0, 1)$; $\\hat\\epsilon$ a prediction of it, at a log-SNR of a path",
      "\\epsilon \\hat\\epsilon \\hat\\epsilon()", "steps", name="EPS"),
    _of("x", "clean data; $\\hat x$ a prediction of it, at a log-SNR of a path", "x \\hatx \\hatx()",
      "steps", name="X"),
    _of("\\delta", "a step of the log-SNR", "\\delta", "steps"),
    _of("y", "log-SNR, where it is integrated over", "y", "steps"),
    _of("\\kappa", "slope of $\\hat\\epsilon$ in $z_t/\\alpha_t$", "\\kappa", "steps"),
    _of("\\Delta", "how far a step moves $z_t/\\alpha_t$ along the exact path", "\\Delta", "steps"),
    _of("r", "what DDIM misses of it; $r_{1/2}$ of half a step", "r_1 r_1/2", "steps"),
    _of("M", "bound on a derivative of a prediction", "M", "steps"),
    _of("\\psi", "by how much less than that bound allows a slope has risen", "\\psi()", "steps"),
    _of("C", "what a step misses, over $\\delta^{m+1}$", "C", "steps"),
    _of("K", "by how much a step enlarges an error, over $\\delta$", "K", "steps"),
    _of("m", "order of a solver", "m", "steps"),
    _of("n", "number of steps", "n", "steps"),
    _of("B_n", "bound on the error after $n$ steps", "B_n", "steps"),
    _of("\\mu_s", "mean of a step back; $\\bar\\mu_s$ with $\\hat\\epsilon$ held",
      "\\mu_t \\bar\\mu_t", "steps"),
    _of("v_s", "its variance; $\\bar v_s$ with $\\hat\\epsilon$ held", "v_t \\barv_t", "steps"),
    _of("\\beta", "length of a Langevin step, over $\\sigma_t^2$", "\\beta", "steps"),
    _of("V", "variance that Langevin steps keep", "V", "steps"),
    _of("g", "the guard of the study's target", "g", "steps"),
    _of("\\zeta", "share by which a variance is too large", "\\zeta", "steps"),
    # the data sets
    _of("\\alpha_t", "signal scale; $\\alpha$ at a log-SNR", "\\alpha_t \\alpha", "corruption",
      name="Schedule.alpha"),
    _of("I", "the information that noisy data have about $x$", "I()", "corruption"),
    _of("\\mathrm{mmse}_\\epsilon", "least mean squared error of $\\epsilon$, summed over dimensions",
      "mmse_\\epsilon", "corruption", name="exact.mixtures.Mixture.eps_mmse"),
    _of("z", "noisy data; $z_1$ and $z_2$ two coordinates", "z z_1 z_2", "corruption"),
    _of("q", "density of the noisy data; $q_1$ and $q_2$ of their coordinates", "q q_1 q_2", "corruption"),
    _of("n", "density of pure noise; $n_1$ and $n_2$ of its coordinates", "n_1 n_2", "corruption"),
    _of("b", "standard deviation of a Gaussian", "b", "corruption"),
    _of("\\rho", "correlation of two coordinates", "\\rho", "corruption"),
    _of("r", "side of the box of the data; $r_1$ and $r_2$ both", "r_1 r_2", "corruption"),
    _of("m", "grid points along a side", "m", "corruption"),
    # as published
    _of("m_e", "expected loss of epoch $e$ in a bin of times", "m_e", "as-published"),
    _of("V", "variance of the loss of one draw there", "V", "as-published"),
    _of("n", "draws of an epoch in the bin", "n", "as-published"),
    _of("E", "number of epochs", "E", "as-published", text=True),
    _of("\\xi", "a standard normal number", "\\xi", "as-published"),
    _of("\\delta", "how far a time is from 1", "\\delta", "as-published"),
    # what metrics of samples see
    _of("\\tau", "standard deviation of the data", "\\tau", "metrics"),
    _of("r", "standard deviation of a blur", "r", "metrics"),
    # likelihood and samples
    _of("y", "the latent $z_t/\\alpha_t$", "y", "flow"),
    _of("\\rho", "$\\sigma_t/\\alpha_t = e^{-\\lambda/2}$", "\\rho", "flow"),
    _of("a", "signal scale at a log-SNR, if the variance is preserved", "a", "flow"),
    _of("b", "noise scale at a log-SNR, if the variance is preserved", "b", "flow"),
    _of("f", "velocity of a flow", "f()", "flow"),
    _of("q", "density of $y$", "q()", "flow"),
    _of("\\mathrm{Var}", "variance of the noise, given $y$", "Var", "flow"),
    _of("c", "variance of Gaussian data", "c", "flow"),
    _of("V", "variance of $y$", "V", "flow"),
    _of("\\ell", "an estimate of a log-likelihood", "\\ell", "flow"),
    _of("m", "mean of an estimate", "m", "flow"),
    _of("v", "variance of an estimate, or of an error", "v", "flow"),
    _of("\\tau", "log-SNR, where it is integrated over", "\\tau", "flow"),
    _of("F", "by what a small displacement has been multiplied", "F()", "flow"),
    _of("\\delta", "error of $\\hat\\epsilon$", "\\delta()", "flow"),
    _of("\\xi", "displacement of a sample", "\\xi", "flow"),
    _of("R", "by what the rest of the flow multiplies", "R", "flow"),
    _of("k", "kernel: how far an error of one unit per nat moves a sample", "k k_1 k_2", "flow"),
    _of("e", "root mean square error of $\\hat\\epsilon$", "e_1 e_2", "flow"),
    _of("w", "the weight of a noise level in a loss", "w_1 w_2", "flow", name="weightings.Weighting"),
    _of("r", "by what a range of levels moves a sample, over the error", "r", "flow"),
    _of("n", "number of steps", "n", "flow"),
    _of("i", "number of a step", "i", "flow"),
    # few steps
    _of("a", "what a target has of $x$", "a", "few"),
    _of("b", "what a target has of $\\epsilon$", "b", "few"),
    _of("y", "the right prediction of a target $a x + b \\epsilon$", "y", "few", name="Row"),
    _of("D", "determinant of $z_t$ and the target, $\\alpha_t b - \\sigma_t a$", "D", "few"),
    _of("\\Omega", "determinant of $z_s$ and the velocity, as $D$ is", "\\Omega", "few"),
    _of("\\delta", "error of a predicted target", "\\delta", "few"),
    _of("r", "by how much a sample may be moved", "r", "few"),
    # from errors to samples
    _of("p", "size of a push, $p_1$ and $p_2$; density of samples on a ridge", "p p_1 p_2", "carried"),
    _of("\\theta", "angle whose cosine is a correlation; a phase", "\\theta", "carried"),
    _of("\\epsilon'", "noise that is independent of $\\epsilon$", "\\epsilon'", "carried"),
    _of("m", "half the distance of two modes", "m", "carried"),
    _of("\\xi", "displacement of a sample", "\\xi", "carried"),
    _of("y", "the latent $z_t/\\alpha_t$", "y", "carried"),
    _of("\\rho", "$\\sigma_t/\\alpha_t = e^{-\\lambda/2}$", "\\rho", "carried"),
    _of("q", "density of $y$", "q()", "carried"),
    _of("\\delta", "error of $\\hat\\epsilon$", "\\delta()", "carried"),
    _of("s", "size of an error", "s", "carried"),
    _of("h", "change of a log-density, summed along a path", "h", "carried"),
    _of("c", "variance of Gaussian data", "c", "carried"),
    _of("e", "root mean square of an error of $\\hat\\epsilon$", "e", "carried"),
    _of("R", "by what the rest of the flow multiplies", "R", "carried"),
    _of("k", "kernel: how far an error of one unit per nat moves a sample", "k", "carried"),
    _of("\\kappa", "by how much a phase turns over the width of the noise", "\\kappa", "carried"),
    _of("\\tau", "log-SNR, from the top of a bump", "\\tau", "carried"),
    _of("W", "width of a bump in the log-SNR", "W", "carried"),
    # weightings from the kernels
    _of("k", "kernel: how far an error of one unit per nat moves a sample", "k k_1 k_2", "one-for-both"),
    _of("e", "root mean square error of $\\hat\\epsilon$; $e_0$ that of pilots", "e e_0 e_1 e_2",
      "one-for-both"),
    _of("u", "a squared error, or a sum of such", "u u_0 u_1 u_2", "one-for-both"),
    _of("w", "the weight of a noise level in a loss", "w", "one-for-both", name="weightings.Weighting"),
    _of("\\ell", "mean squared error of $\\hat\\epsilon$ against the noise: the loss that is left", "\\ell",
      "one-for-both"),
    _of("s", "a learned number: the logarithm of what a loss is divided by", "s", "one-for-both"),
    _of("\\epsilon'", "noise that is independent of $\\epsilon$", "\\epsilon'", "one-for-both"),
    _of("\\rho", "$\\sigma_t/\\alpha_t = e^{-\\lambda/2}$", "\\rho", "one-for-both"),
    _of("R", "by what the rest of the flow multiplies", "R", "one-for-both"),
    _of("c", "variance of Gaussian data", "c", "one-for-both"),
    _of("\\mathrm{Var}", "variance of the noise, given the latent", "Var", "one-for-both"),
    # real images
    _of("M(\\gamma)", "mean squared error of the exact denoiser at an SNR", "M()", "images"),
    # masked diffusion
    _of("\\alpha_t", "probability that a token is kept until $t$; $\\alpha$ where no time is named",
      "\\alpha_t \\alpha \\alpha_1 \\alpha_2 \\alpha_3", "masked", name="masked.Masking.kept"),
    _of("\\beta", "probability of being kept, where it is integrated over", "\\beta", "masked"),
    _of("V", "number of values of a token", "V", "masked"),
    _of("N", "number of tokens", "N", "masked"),
    _of("k", "number of masked tokens; a value that is summed over", "k", "masked"),
    _of("n", "number of visible tokens", "n", "masked"),
    _of("i", "state of a token, 0 for the mask; value of the first of two tokens", "i", "masked"),
    _of("j", "state of a token, 0 for the mask; value of the second of two tokens", "j", "masked"),
    _of("y", "state of a token, 0 for the mask; a value", "y", "masked"),
    _of("q", "law of a token's state, given that at $s$ or its value", "q_t()", "masked"),
    _of("\\mu", "guess of a value, given what is visible", "\\mu() \\mu_1() \\mu_2()", "masked"),
    _of("\\pi", "laws of two tokens", "\\pi_1() \\pi_2()", "masked"),
    _of("g", "joint probability of a value and what is visible, not normalised", "g() g_1() g_2()", "masked"),
    _of("G", "sum of $g$", "G", "masked"),
    _of("p", "a law of the model; joint law of two tokens, and law of the first; of what is drawn",
      "p() p_t() p_\\theta()", "masked"),
    _of("\\theta", "a parameter", "\\theta", "masked"),
    _of("f", "cost of what is drawn, $\\bar f$ its mean", "f() \\barf", "masked"),
    _of("\\psi", "score of its law, up to a constant", "\\psi()", "masked"),
    _of("K", "number of draws", "K", "masked"),
    _of("a", "number of a draw", "a", "masked"),
    _of("\\ell", "number of another draw", "\\ell", "masked"),
    _of("\\rho_t", "odds of being kept, $\\alpha_t/(1 - \\alpha_t)$", "\\rho_t", "masked"),
    _of("\\bar\\sigma_t", "total noise, $-\\log \\alpha_t$", "\\bar\\sigma_t", "masked"),
    _of("c", "cost of the masked tokens over their share", "c()", "masked", name="masked.kept_cross_entropy"),
    _of("C", "mean cost of $k$ masked tokens", "C() C_1 C_2 C_3", "masked", name="masked.cross_entropies"),
    _of("H", "mean entropy of $k$ tokens, or of what is visible; $H_{12}$ of tokens 1 and 2, ...",
      "H() H_1 H_2 H_3 H_12 H_13 H_23 H_123", "masked"),
    _of("m", "share that is masked; $m_0, m_1$ its ends, $m_r$ between", "m m_t m_0 m_1 m_r", "masked"),
    _of("r", "a number between 0 and 1", "r", "masked"),
    _of("b", "power of a schedule", "b", "masked", name="masked.PowerMasking"),
    # how tight is a bound
    _of("p", "a density of the model, at a point", "p", "bounds"),
    _of("q", "a density of the forward process, at a point; $q(x)$ that of the data, $q_\\nu$ with noise",
      "q q() q_\\nu q_\\nu()", "bounds"),
    _of("z_t", "noisy data at time $t$; $z$ at one time, $z_1$ and $z_2$ two coordinates of it",
      "z_t z z_1 z_2", "bounds"),
    _of("\\psi", "a coordinate of the score", "\\psi", "bounds"),
    _of("H", "matrix of second derivatives of $\\log q$", "H", "bounds"),
    _of("\\nu", "variance of the noise where $\\alpha_t = 1$", "\\nu", "bounds"),
    _of("\\mathrm{Var}(x|z)", "variance of $x$ given $z$", "Var()", "bounds"),
    _of("v", "a variance of the step back that is fixed", "v", "bounds"),
    _of("f", "rate at which the signal changes", "f", "bounds"),
    _of("g^2", "variance that the noise adds per unit of time", "g", "bounds"),
    _of("m", "mean of a step back, given $x$; $\\hat m$ that of a model", "m \\hatm", "bounds"),
    _of("\\omega", "a probability", "\\omega", "bounds"),
    _of("a_k", "weight of sample $k$ of a bound by several, $p(x, z)/q(z|x)$", "a_1 a_2 a_i", "bounds"),
    _of("u", "logarithm of a scale that is chosen freely", "u", "bounds"),
    _of("\\ell", "a loss", "\\ell \\ell()", "bounds"),
    _of("\\rho", "twice the cost of a step, $(\\SNR(s) - \\SNR(t))\\, r$", "\\rho", "bounds"),
    _of("c", "variance of Gaussian data", "c", "bounds"),
    _of("\\gamma", "the SNR as a variable; $\\gamma_1, \\gamma_2, \\gamma_3$ rising ones",
      "\\gamma \\gamma_1 \\gamma_2 \\gamma_3", "bounds"),
    _of("r(\\gamma)", "mean squared error of the exact denoiser at an SNR", "r()", "bounds",
      name="exact.mixtures.Mixture.mmse"),
    _of("y", "a positive random number; the mean weight of $K$ samples over $p(x)$", "y", "bounds"),
    _of("\\xi", "square root of the ratio of two densities", "\\xi", "bounds"),
    _of("\\delta", "distance of two levels, in units of the noise", "\\delta", "bounds"),
    _of("\\beta", "what twice $y$ exceeds 1 by", "\\beta", "bounds"),
    _of("b", "mean logarithm of the weights of $K$ samples over $p(x)$", "b", "bounds"),
    _of("\\eta", "a number that is chosen freely", "\\eta", "bounds"),
    _of("K", "number of samples", "K", "bounds"),
    _of("i", "number of a sample", "i", "bounds"),
    _of("S", "a sum: of the weights of all samples; of the squares $\\xi^2$ of levels", "S", "bounds"),
    _of("\\Delta", "width of a level", "\\Delta", "bounds"),
    _of("\\theta", "a parameter", "\\theta", "bounds"),
    _of("k", "a constant factor", "k", "bounds"),
    # what a reweighted loss bounds
    _of("w", "the weight of a noise level in a loss; $\\hat w$ that of a mask probability", "w() \\hatw()",
      "reweighted", name="weightings.Weighting"),
    _of("L", "the part of the NELBO's loss that is noisier than a level, or more masked", "L()",
      "reweighted"),
    _of("e(\\lambda)", "what a noise level adds: half an error, or half an excess", "e()", "reweighted"),
    _of("\\lambda'", "a log-SNR, where it is integrated over", "\\lambda'", "reweighted"),
    _of("F", "the loss from the clean end to a time", "F()", "reweighted"),
    _of("G", "the same as an integral over time", "G()", "reweighted"),
    _of("\\tau", "time, where it is integrated over", "\\tau", "reweighted"),
    _of("c", "variance of Gaussian data", "c", "reweighted"),
    _of("\\omega_k", "probability of value $k$ of the data, given $z_t$", "\\omega_1 \\omega_2",
      "reweighted"),
    _of("b_k", "density of the step back for value $k$ of the data; $\\bar b$ their mean", "b_1 b_2 \\barb",
      "reweighted"),
    _of("p", "density of the model's step back, at a point", "p", "reweighted"),
    _of("\\pi(\\lambda)", "density of the log-SNR", "\\pi()", "reweighted"),
    _of("\\mathrm{sech}", "the hyperbolic secant", "sech()", "reweighted"),
    _of("m", "probability that a token is masked", "m", "reweighted"),
)  # fmt: skip


_COUNTED = ("back", "model", "q_i", "weight_of")
"""Functions of the number of a step, which they have as a subscript."""

_TIMES = re.compile(r"_(?:[stu](?:\|[stu])?)(?![A-Za-z0-9])")


def form(printed: str) -> str:
    r"""A printed name in short spelling: ``\hatx`` for ``\hat{x}``, ``S()`` for ``S(\tau)``."""
    short = re.sub(r"\\mathrm|[{} ]", "", printed)
    short = re.sub(r"\^2$", "", re.sub(r"\(.*\)$", "()", short))
    return _TIMES.sub("_t", short)


def letter(short: str) -> str:
    """The letter of a form, without hats, subscripts and arguments."""
    return re.sub(r"^\\(hat|bar|tilde)", "", short).partition("_")[0].partition("(")[0]


def forms(expr: Any) -> Iterator[str]:
    """The forms of every symbol, function and name in an expression, those inside of names too."""
    if isinstance(expr, sp.Symbol | sp.MatrixSymbol):
        yield form(LATEX.get(expr.name) or sp.latex(expr))
    elif isinstance(expr, AppliedUndef):
        head = expr.func.__name__
        yield form(
            printed_name(head)
            + ("_i" if head in _COUNTED else "_t" if head in SUBSCRIPTED else "()")
        )
    elif opened(expr) is not expr:
        yield form(expr.latex)
    inside = (opened(expr),) if opened(expr) is not expr else expr.args
    if isinstance(expr, sp.Limit):
        inside = inside[:3]  # the last is the side from which the limit is taken
    for arg in inside:
        if isinstance(arg, sp.Basic):
            yield from forms(arg)


def meaning_of(short: str, derivation: str) -> Meaning | None:
    """The meaning of a form in a derivation; None if it is not listed."""
    found = _entries(letter(short), derivation)
    return next((entry for entry in found if short in entry.forms), None)


def _entries(of: str, derivation: str) -> list[Meaning]:
    """The entries of a letter: the derivation's own, or else the book's."""
    every = [entry for entry in MEANINGS if entry.letter == of]
    own = [entry for entry in every if derivation in entry.inside]
    return own or [entry for entry in every if not entry.inside]


def complaints(steps: dict[str, list[Step]]) -> list[str]:
    """What is wrong with the list, for the steps of each derivation: empty if nothing is.

    A form that is not listed, a letter with two meanings, an entry that no step uses.
    """
    found, used = [], set()
    for derivation, claims in steps.items():
        present = {f for step in claims for side in (step.left, step.right) for f in forms(side)}
        for short in sorted(present):
            entry = meaning_of(short, derivation)
            used.add(entry)
            if entry is None:
                found.append(
                    f"{short} has no meaning in {derivation}: expected one that lists this form; "
                    "name it in companion/derivation/meanings.py, or use another letter"
                )
        for of in sorted({letter(short) for short in present}):
            if len(_entries(of, derivation)) > 1:
                both = " and ".join(entry.words for entry in _entries(of, derivation))
                found.append(f"{of} has two meanings in {derivation}: {both}; rename one")
    unused = [entry for entry in MEANINGS if not entry.in_text and entry not in used]
    return found + [f"{entry.shown} ({entry.words}) is in no step: remove it" for entry in unused]
