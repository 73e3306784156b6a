"""A package, so that ``python -m tests.campaign`` is ours and no dependency's ``tests``."""
