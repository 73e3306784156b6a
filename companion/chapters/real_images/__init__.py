"""Real images."""
