"""The campaign against the project: kills at random moments, and malformed inputs, both seeded.

``python -m tests.campaign kills`` and ``python -m tests.campaign inputs``, from the repository;
`make test` runs a short slice of each.
"""
