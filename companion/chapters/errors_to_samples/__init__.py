"""From errors to samples."""
