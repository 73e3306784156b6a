"""Score matching and the likelihood."""
