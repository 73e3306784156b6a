"""The chapter "What to use": advice for practitioners, by rules, from the tables of other chapters."""
