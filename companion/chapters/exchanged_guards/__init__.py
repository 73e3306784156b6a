"""The chapter "Exchanged guards": each target trained under each target's guard, and under none."""
