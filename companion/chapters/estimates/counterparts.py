"""What the derivations of this chapter are held against in PyTorch."""

from __future__ import annotations

from torch import Tensor

from diffcore.estimates import best_linear_excess


def mean_linear_error(alpha_t: Tensor, sigma_t: Tensor, x: Tensor) -> Tensor:
    """The mean error of the best linear guess given x, (n,): what is left of one error, here at noise 0.7."""
    eps = 0.7 + 0 * x
    guess = sigma_t * (alpha_t * x + sigma_t * eps) / (alpha_t**2 + sigma_t**2)
    log_snr = 2 * (alpha_t / sigma_t).log()
    return (eps - guess) ** 2 - best_linear_excess(x[:, None], eps[:, None], log_snr)
