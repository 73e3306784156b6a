"""Mixtures of Gaussians along curves, exact by quadrature that follows the noise level.

Doubling the nodes changes densities and posterior means by less than 1e-9 at every noise level down to
sigma = 1e-6. What is left is the rounding of the curve's coordinates in units of the noise: about
1e-16 / sigma in the posterior mean of the noise and in the log density.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from diffcore.choice import Choice, Count, Positive
from diffcore.exact.components import Components, log_density
from diffcore.exact.mixtures import Mixture, Moments
from diffcore.exact.quadrature import CUTOFF, adapt


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

    def label_nodes(
        self, z: Tensor, alpha: Tensor, sigma: Tensor
    ) -> tuple[Tensor, Components, Tensor]:
        """See :meth:`Mixture.label_nodes`: panels halved until each is as narrow as the posterior."""

        def exponent(row: Tensor, branch: Tensor, u: Tensor) -> Tensor:
            return -log_density(z[:, row], alpha[row], sigma[row], self.curve(branch, u))[0]

        sizes = z.shape[1], self.branches, self.panels, self.nodes
        nodes = adapt(exponent, *sizes, self.cutoff, z.device)
        log_weight = nodes.log_weight - math.log(self.branches)
        return nodes.row, self.curve(nodes.branch, nodes.u), log_weight

    def _moments(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Moments:
        clean = sigma == 0
        if not clean.any():
            return super()._moments(z, alpha, sigma)
        x = z[:, clean] / alpha[clean]
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            log_prob = self.data_log_prob(x)
            if log_prob is None:
                return super()._moments(z, alpha, sigma)
            (gradient,) = torch.autograd.grad(log_prob.sum(), x, create_graph=z.requires_grad)
        # Without noise z says all about x and nothing about eps.
        volume = self.dim * alpha[clean].log()
        known = Moments(
            log_prob - volume if z.requires_grad else log_prob.detach() - volume,
            x if z.requires_grad else x.detach(),
            torch.zeros_like(x),
            gradient / alpha[clean],
            torch.full_like(volume, self.dim),
        )
        if clean.all():
            return known
        noisy = super()._moments(z[:, ~clean], alpha[~clean], sigma[~clean])
        order = torch.argsort(torch.cat([clean.nonzero(), (~clean).nonzero()]).squeeze(1))
        return Moments(
            *(torch.cat(pair, -1)[..., order] for pair in zip(known, noisy, strict=True))
        )
