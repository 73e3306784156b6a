"""NELBO in x."""
