"""What chapter 25 derives its weightings from: kernels, least errors, and errors of pilots, by level.

Pilots that are not there are trained (twelve small networks). The table is written anew; put its SHA-256,
which is printed, into `companion.chapters.weightings_from_kernels.measured`.

    python -m tests.benchmarks.weighting_levels
"""

from __future__ import annotations

from pathlib import Path

import torch

from companion import profiles, runs
from companion.chapters import weightings_from_kernels
from companion.chapters.weightings_from_kernels import measured, pilots
from companion.files import text_sha256, write_text
from tests.benchmarks import kept


def main() -> None:
    torch.set_num_threads(1)
    active = profiles.get("standard")
    wanted = {pilot: pilots.run(active, pilot) for pilot in pilots.keys(pilots.DATASETS)}
    trained = runs.get(wanted)
    frame = measured.made({pilot: one.denoiser for pilot, one in trained.items()})
    what = (
        "Kernel, least mean squared error of the noise, and root mean square error of the noise of pilots "
        "after three shares of the steps, by log-SNR."
    )
    columns = ["dataset", "log_snr", *measured.NUMBERS]
    text = kept.text(frame[columns], "weighting_levels", what, "one thread")
    write_text(Path(weightings_from_kernels.__file__).parent / "data" / measured.NAME, text)
    print(f'SHA256 = "{text_sha256(text)}"')  # noqa: T201


if __name__ == "__main__":
    main()
