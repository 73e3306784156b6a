"""What a reader sees: figures and tables with their provenance, claims, one style."""
