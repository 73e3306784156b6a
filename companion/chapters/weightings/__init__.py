"""What a loss weighs."""
