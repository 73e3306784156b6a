"""What a reweighted loss bounds."""
