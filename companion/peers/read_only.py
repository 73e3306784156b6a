"""Libraries that are not installed beside this book: read, not run."""

from __future__ import annotations

from companion.peers.rosetta import Row

ROWS = (
    Row(
        "hackable_diffusion",
        "`v`, `velocity`",
        "$v$, $u$; both, as here",
        "lib/corruption/gaussian.py",
    ),
    Row("smalldiffusion", "`alpha(sigma)`", r"$\alpha^2$", "src/smalldiffusion/diffusion.py"),
    Row("k_diffusion", "`sigma`", r"$\sigma/\alpha$; $\alpha = 1$", "k_diffusion/layers.py"),
    Row("vdm", "`gamma`", r"$-\lambda$", "model_vdm.py"),
    Row("md4", "`alpha`", "probability that a token is kept", "md4/models/diffusion/md4.py"),
    Row("mdlm", "`sigma`", r"$-\log$ of that probability", "noise_schedule.py"),
)
