"""Equal panels on the branches of a curve, and the components at their ends, middles and nodes."""

import math
from collections.abc import Callable
from typing import NamedTuple, Self

import torch
from torch import Tensor

from diffcore.exact.components import Components, whitening
from diffcore.exact.quadrature import SPAN, gauss_legendre, panel_grid

Curve = Callable[[Tensor, Tensor], Components]
"""(branch, u), both (n,) -> the components there."""


class Panels(NamedTuple):
    """Equal panels on every branch, one branch after the other.

    Attributes:
        each: panels on a branch.
        grid: components at their ends and middles, 2 each + 1 on a branch.
        nodes: components at the Gauss-Legendre nodes inside.
        log_weight: of the nodes; the weights of all add up to 1.
    """

    each: int
    grid: Components
    nodes: Components
    log_weight: Tensor

    @classmethod
    def of(cls, curve: Curve, branches: int, each: int, nodes: int, device: torch.device) -> Self:
        """So many panels on each branch, with so many nodes in a panel."""

        def on(u: Tensor) -> Components:
            branch = torch.arange(branches).repeat_interleave(len(u))
            return Components(*(part.to(device) for part in curve(branch, u.repeat(branches))))

        points, weights = gauss_legendre(nodes)
        grid = panel_grid(each)
        inside = (grid[:-1:2, None] + points / each).reshape(-1)
        log_weight = (weights / (each * branches)).log().repeat(each * branches)
        return cls(each, on(grid), on(inside), log_weight.to(device))

    def ends_of(self, panels: Tensor | None = None) -> Tensor:
        """Where the left ends, middles and right ends of some panels, or all, are in the grid, (3, n)."""
        if panels is None:
            panels = torch.arange(self.each * self.branches, device=self.log_weight.device)
        left = 2 * panels + panels // self.each  # a branch has one place more than twice its panels
        return torch.stack([left, left + 1, left + 2])

    def nodes_of(self, panels: Tensor) -> Tensor:
        """Where the nodes of some panels, (n,), are among all."""
        return parts_of(panels, len(self.log_weight) // (self.each * self.branches))

    @property
    def branches(self) -> int:
        """Of the curve."""
        return self.grid.mean.shape[1] // (2 * self.each + 1)

    def halvings(self, alpha: Tensor, sigma: Tensor, cutoff: float) -> int:
        """How often these are to be halved for posteriors at one noise level, scales (1,).

        A Gaussian peak rises by sqrt(2 cutoff) nats a deviation where it is ``cutoff`` nats above its
        bottom; there a panel is to rise by no more than `SPAN`. The deviation is that of the noise along
        the curve, so peaks that are narrower, as where the data are far, are left for others.
        """
        frame = whitening(alpha, sigma, self.grid)[0]
        mean = self.grid.mean.unflatten(1, (self.branches, -1))
        step = alpha * mean.diff(dim=2)
        across = frame.unflatten(2, (self.branches, -1))[..., :-1]
        apart = (across * step.unsqueeze(1)).sum(0).square().sum(0).sqrt().max()
        rise = 2 * math.sqrt(2 * cutoff) * float(apart)
        return max(0, math.ceil(math.log2(max(rise / SPAN, 1.0))))


def parts_of(panels: Tensor, parts: int) -> Tensor:
    """The numbers of the parts of some panels, (n,), when all are cut into so many."""
    return (parts * panels[:, None] + torch.arange(parts, device=panels.device)).flatten()
