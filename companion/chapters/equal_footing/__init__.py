"""The chapter "Equal footing": which target and which weighting learn best, all else equal."""
