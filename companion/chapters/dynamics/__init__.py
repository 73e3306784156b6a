"""One law, many paths."""
