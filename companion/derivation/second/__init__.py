"""Second provers."""
