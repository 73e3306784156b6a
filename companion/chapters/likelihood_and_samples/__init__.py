"""Likelihood and samples."""
