"""Data that more than one chapter uses."""
