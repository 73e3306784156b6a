"""Few steps, by target: what a network's error costs a sampler, and where each breaks."""
