"""How tight a bound is."""
