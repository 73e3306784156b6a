"""Other people's libraries, one file each: what they call things, checked by calling them.

A file holds functions that compare one of the library's names with `diffcore` and return the largest
difference, and ``ROWS``, its part of the Rosetta table. The libraries are those of the ``peers`` extra; they
are called, never copied, and imported only when a function runs.
"""
