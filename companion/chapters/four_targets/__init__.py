"""One algebra, four targets."""
