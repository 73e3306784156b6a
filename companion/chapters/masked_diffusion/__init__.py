"""The chapter "Masked diffusion"."""
