"""The book's machinery: derivations, figures, tables, claims, runs, and the command line.

Arrows go one way: notebooks use ``companion`` and ``diffcore``; ``companion`` uses ``diffcore``;
``diffcore`` uses nothing of the book. Submodules are imported where they are used, so that
``import companion`` costs nothing.
"""

__version__ = "0.1.0"
