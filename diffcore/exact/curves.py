"""Mixtures of Gaussians along curves, exact by quadrature that follows the noise level.

Doubling the nodes changes densities and posterior means by less than 1e-9 at every noise level down to
sigma = 1e-6. What is left is the rounding of the curve's coordinates in units of the noise: about
1e-16 / sigma in the posterior mean of the noise and in the log density.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from diffcore.choice import Choice, Count, Positive
from diffcore.exact.components import Components, log_density
from diffcore.exact.mixtures import Mixture
from diffcore.exact.posterior import Moments, listed, shared
from diffcore.exact.quadrature import CUTOFF, adapt, gauss_legendre, panel_grid, settled


@dataclass(frozen=True)
class CurveMixture(Choice, Mixture):
    """Gaussians whose label is a point, uniform in u on [0, 1], of one of several equally likely curves.

    Attributes:
        nodes: Gauss-Legendre nodes in each panel; :meth:`refined` doubles them.
        cutoff: parts of the posterior this many nats below its peak are left out.
    """

    nodes: Count = 12
    cutoff: Positive = CUTOFF

    branches = 1
    panels = 16
    dim = 2

    @abstractmethod
    def curve(self, branch: Tensor, u: Tensor) -> Components:
        """The component at position ``u`` of curve number ``branch``, both (n,)."""

    def data_log_prob(self, x: Tensor) -> Tensor | None:
        """Log density of clean data ``x`` (D, batch), where the covariances along the curve have no inverse.

        None where they have one, and the quadrature serves at sigma = 0 as well.
        """
        return None

    def refined(self) -> Self:
        """The same distribution with twice the nodes: their difference estimates the quadrature error."""
        return replace(self, nodes=2 * self.nodes)

    def component_at(self, quantile: Tensor) -> Components:
        """See :meth:`Mixture.component_at`."""
        scaled = quantile * self.branches
        branch = scaled.floor()
        return self.curve(branch.long(), scaled - branch)

    @cached_property
    def _coarse(self) -> Components:
        """The components on the grid at which panels are judged, of one branch after the other."""
        grid = panel_grid(self.panels)
        branch = torch.arange(self.branches).repeat_interleave(len(grid))
        return self.curve(branch, grid.repeat(self.branches))

    @cached_property
    def _equal(self) -> tuple[Components, Tensor]:
        """Components and log weights of the nodes of equal panels, all branches."""
        points, weights = gauss_legendre(self.nodes)
        left = panel_grid(self.panels)[:-1:2]
        u = (left[:, None] + points / self.panels).reshape(-1)
        branch = torch.arange(self.branches).repeat_interleave(len(u))
        log_weight = (
            (weights / (self.panels * self.branches)).log().repeat(self.panels * self.branches)
        )
        return self.curve(branch, u.repeat(self.branches)), log_weight

    def _moments(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Moments:
        def noisy(column: Tensor) -> Moments:
            return self._by_quadrature(z[:, column], alpha[column], sigma[column])

        clean = sigma == 0
        known = self._without_noise(z[:, clean], alpha[clean]) if clean.any() else None
        if known is None:
            return self._by_quadrature(z, alpha, sigma)
        return _by_parts(clean, lambda _: known, noisy)

    def _without_noise(self, z: Tensor, alpha: Tensor) -> Moments | None:
        """Clean data say all about x and nothing about eps; None where there is no `data_log_prob`."""
        x = z / alpha
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            log_prob = self.data_log_prob(x)
            if log_prob is None:
                return None
            (gradient,) = torch.autograd.grad(log_prob.sum(), x, create_graph=z.requires_grad)
        if not z.requires_grad:
            log_prob, x = log_prob.detach(), x.detach()
        volume = self.dim * alpha.log()
        every = torch.full_like(volume, self.dim)
        return Moments(log_prob - volume, x, torch.zeros_like(x), gradient / alpha, every)

    def _by_quadrature(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Moments:
        """Equal panels, shared by the columns whose posteriors are wide; the others halve them."""
        with torch.no_grad():
            coarse = Components(*(part.to(z.device).unsqueeze(-2) for part in self._coarse))
            values = -log_density(z[..., None], alpha[:, None], sigma[:, None], coarse)[0]
            values = values.unflatten(1, (self.branches, -1))

        def equal(column: Tensor) -> Moments:
            component, log_weight = self._equal
            component = Components(*(part.to(z.device) for part in component))
            given = z[:, column], alpha[column], sigma[column]
            return shared(*given, component, log_weight.to(z.device))

        def halved(column: Tensor) -> Moments:
            given = z[:, column], alpha[column], sigma[column]

            def exponent(row: Tensor, branch: Tensor, u: Tensor) -> Tensor:
                there, a, s = (part[..., row] for part in given)
                return -log_density(there, a, s, self.curve(branch, u))[0]

            nodes = adapt(exponent, values[column], self.nodes, self.cutoff)
            log_weight = nodes.log_weight - math.log(self.branches)
            return listed(*given, nodes.row, self.curve(nodes.branch, nodes.u), log_weight)

        return _by_parts(settled(values, self.cutoff), equal, halved)


def _by_parts(
    chosen: Tensor, of_these: Callable[[Tensor], Moments], of_others: Callable[[Tensor], Moments]
) -> Moments:
    """Moments of all columns: by one function of their numbers for the chosen (batch,), by another else."""
    these, others = chosen.nonzero().squeeze(1), (~chosen).nonzero().squeeze(1)
    if not len(others):
        return of_these(these)
    if not len(these):
        return of_others(others)
    order = torch.argsort(torch.cat([these, others]))
    parts = zip(of_these(these), of_others(others), strict=True)
    return Moments(*(torch.cat(pair, -1)[..., order] for pair in parts))
