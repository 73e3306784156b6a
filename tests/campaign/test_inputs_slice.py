"""A short slice of the campaign's malformed inputs, and that its oracle can say no."""

from __future__ import annotations

import pytest

from tests.campaign import inputs


@pytest.mark.slow
def test_every_malformed_input_is_told_in_one_line_or_is_fine(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert inputs.run(48, seed=7), capfd.readouterr().out
    assert capfd.readouterr().out.endswith("48 malformed inputs, seed 7: 0 faults\n")
