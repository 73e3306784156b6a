"""Metrics of samples: their noise floors, and what they see."""
