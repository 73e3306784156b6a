"""A short slice of the campaign of kills: ``python -m tests.campaign kills`` runs it at length."""

from __future__ import annotations

import pytest

from tests.campaign.kills import campaign


@pytest.mark.slow
@pytest.mark.timeout(900)  # some six builds, on a busy machine
def test_builds_that_end_at_random_moments_lose_nothing() -> None:
    with campaign(seed=0) as few:
        few.round(kills=3)
    assert few.counts["kills"] == 3
    assert few.counts["amid jobs"] >= 1
    assert few.clean, few.line
