"""How the study's published code draws samples of its score networks."""

from dataclasses import dataclass

from torch import Generator, Tensor

from diffcore.choice import NonNegative
from diffcore.losses import noise_like
from diffcore.published.guarded_score import GuardedScore
from diffcore.samplers.solver import Level, Predict, Predicted, Solver
from diffcore.targets import like


@dataclass(frozen=True)
class ScoreWalk(Solver):
    r"""One Langevin step a level, :math:`z \leftarrow z + \sigma_t^2 \hat s + \sqrt 2\, \sigma_t n`.

    Kumar et al. (2025), published code. The latent keeps its scale from level to level. The score is what a
    network gives that was trained on :class:`GuardedScore`.

    Attributes:
        guard: g of that target; 0 for the score itself.
    """

    guard: NonNegative

    def step(
        self,
        here: Predicted,
        there: Level,
        predict: Predict,
        generator: Generator,
        before: Predicted | None,
    ) -> Tensor:
        """See :meth:`Solver.step`; the walk is at the level that it leaves."""
        at = here.level
        on_x, on_eps = GuardedScore(self.guard).row(at.schedule, at.t)
        score = on_x * here.x_hat + like(on_eps, here.z) * here.eps_hat
        fresh = like(2**0.5 * at.sigma, here.z) * noise_like(here.z, generator)
        return here.z + like(at.sigma**2, here.z) * score + fresh
