"""What the published numbers measure."""
