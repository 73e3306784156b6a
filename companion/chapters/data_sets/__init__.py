"""The study's four 2-D data sets."""
