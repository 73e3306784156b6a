"""Mixtures of Gaussians along curves, exact by quadrature that follows the noise level.

Doubling the nodes changes densities and posterior means by less than 1e-9 at every noise level down to
sigma = 1e-6. What is left is the rounding of the curve's coordinates in units of the noise: about
1e-16 / sigma in the posterior mean of the noise and in the log density.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import torch
from torch import Tensor

from diffcore.choice import Choice, Count, Positive
from diffcore.exact.components import Components, log_density
from diffcore.exact.mixtures import CHUNK, Mixture
from diffcore.exact.one_level import Densities, Labels, with_one
from diffcore.exact.panels import Panels, parts_of
from diffcore.exact.posterior import Moments, listed, shared
from diffcore.exact.quadrature import CUTOFF, adapt, judged, settled

MOST_HALVINGS = 5
"""How often all panels are halved, at most, for columns that share them; beyond, each halves its own."""

STEP = 3
"""How often panels are halved before those that do not count are left out again."""

TOGETHER = 256
"""Columns whose sums run over the same nodes: few enough for a fast cache; fewer for narrow panels."""


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
    rows_at_one_level = 16 * CHUNK  # the more there are, the fewer panels neighbours need

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

    def _moments(self, z: Tensor, alpha: Tensor, sigma: Tensor, spread: bool) -> Moments:
        def noisy(column: Tensor) -> Moments:
            return self._by_quadrature(z[:, column], alpha[column], sigma[column], spread)

        clean = (sigma == 0).expand(z.shape[1])
        every = alpha.expand(z.shape[1])
        known = self._without_noise(z[:, clean], every[clean]) if clean.any() else None
        if known is None:
            return self._by_quadrature(z, alpha, sigma, spread)
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

    def _by_quadrature(self, z: Tensor, alpha: Tensor, sigma: Tensor, spread: bool) -> Moments:
        """Panels that columns of one noise level share, or else that each has for itself."""
        panels = _panels(self, 0, z.device)
        if len(alpha) == 1:
            halvings = panels.halvings(alpha, sigma, self.cutoff)
            if halvings <= MOST_HALVINGS:
                return self._at_one_level(z, alpha, sigma, spread, halvings)
        a, s = (scale.expand(z.shape[1]) for scale in (alpha, sigma))
        return _in_chunks(self._one_by_one, z, a, s)

    def _one_by_one(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Moments:
        """Columns whose posteriors are wide share equal panels; the others halve them for themselves."""
        panels = _panels(self, 0, z.device)
        with torch.no_grad():
            grid = Components(*(part.unsqueeze(-2) for part in panels.grid))
            values = -log_density(z[..., None], alpha[:, None], sigma[:, None], grid)[0]
            values = values.unflatten(1, (self.branches, -1))

        def equal(column: Tensor) -> Moments:
            given = z[:, column], alpha[column], sigma[column]
            return shared(*given, panels.nodes, panels.log_weight)

        def halved(column: Tensor) -> Moments:
            given = z[:, column], alpha[column], sigma[column]
            return self._halved(*given, values[column].movedim(0, -1))

        return _by_parts(settled(values, self.cutoff), equal, halved)

    def _halved(self, z: Tensor, alpha: Tensor, sigma: Tensor, values: Tensor) -> Moments:
        """Panels that each column halves for itself, from the exponent on the coarsest grid, columns last."""

        def exponent(row: Tensor, branch: Tensor, u: Tensor) -> Tensor:
            there, a, s = (part[..., row] for part in (z, alpha, sigma))
            return -log_density(there, a, s, self.curve(branch, u))[0]

        nodes = adapt(exponent, values.movedim(-1, 0), self.nodes, self.cutoff)
        log_weight = nodes.log_weight - math.log(self.branches)
        component = self.curve(nodes.branch, nodes.u)
        return listed(z, alpha, sigma, nodes.row, component, log_weight)

    def _at_one_level(
        self, z: Tensor, alpha: Tensor, sigma: Tensor, spread: bool, halvings: int
    ) -> Moments:
        """Panels halved as often as the noise asks for, shared by neighbours; few columns halve their own."""
        first, *finer = (
            _panels(self, done, z.device) for done in (0, *range(halvings, 0, -STEP)[::-1])
        )
        last = finer[-1] if finer else first
        grids = [Densities.of(alpha, sigma, panels.grid) for panels in finer]
        labels = Labels.of(alpha, sigma, last.nodes, last.log_weight)
        with torch.no_grad():
            coarse = -Densities.of(alpha, sigma, first.grid).at(with_one(z))
            at_once, counts = judged(coarse[first.ends_of()], self.cutoff)
        parts, places, alone = [], [], []
        for column in coarse.argmin(0).argsort().split(TOGETHER >> min(halvings, 2)):
            ready, panels = at_once[column], counts[:, column].any(1).nonzero().squeeze(1)
            given, each = with_one(z[:, column].detach()), first.each
            with torch.no_grad():
                for fine, grid in zip(finer, grids, strict=True):
                    panels, each = parts_of(panels, fine.each // each), fine.each
                    at = -grid.some(fine.ends_of(panels).flatten()).at(given)
                    ready, counted = judged(at.unflatten(0, (3, -1)), self.cutoff)
                    panels = panels[counted.any(1)]
            alone.append(column[~ready])
            if ready.any():
                chosen, shown = labels.some(last.nodes_of(panels)), column[ready]
                parts.append(chosen.moments(z[:, shown], sigma, spread))
                places.append(shown)
        left = torch.cat(alone)
        if len(left):
            values = coarse[:, left].unflatten(0, (self.branches, -1))
            a, s = (scale.expand(len(left)) for scale in (alpha, sigma))
            parts.append(_in_chunks(self._halved, z[:, left], a, s, values))
            places.append(left)
        return _in_order(torch.cat(places), *parts)


@lru_cache(64)
def _panels(mixture: CurveMixture, halvings: int, device: torch.device) -> Panels:
    """The panels of a curve after so many halvings of all."""
    each = mixture.panels << halvings
    return Panels.of(mixture.curve, mixture.branches, each, mixture.nodes, device)


def _by_parts(
    chosen: Tensor, of_these: Callable[[Tensor], Moments], of_others: Callable[[Tensor], Moments]
) -> Moments:
    """Moments of all columns: by one function of their numbers for the chosen (batch,), by another else."""
    these, others = chosen.nonzero().squeeze(1), (~chosen).nonzero().squeeze(1)
    if not len(others):
        return of_these(these)
    if not len(these):
        return of_others(others)
    return _in_order(torch.cat([these, others]), of_these(these), of_others(others))


def _in_chunks(of_columns: Callable[..., Moments], *given: Tensor) -> Moments:
    """Moments of all columns, the last axis of what is given, of at most `CHUNK` at a time."""
    parts = [
        of_columns(*part) for part in zip(*(one.split(CHUNK, -1) for one in given), strict=True)
    ]
    return Moments(*(torch.cat(part, -1) for part in zip(*parts, strict=True)))


def _in_order(columns: Tensor, *parts: Moments) -> Moments:
    """Moments of parts of the columns, which say where each belongs, as one."""
    order = columns.argsort()
    return Moments(*(torch.cat(part, -1)[..., order] for part in zip(*parts, strict=True)))
