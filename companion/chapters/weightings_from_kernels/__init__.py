"""Weightings from the kernels: can one be best in likelihood and in samples at once?"""
