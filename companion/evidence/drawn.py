"""The numbers that a figure draws, as a table: two figures are compared by them, not by their bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

DIGITS = 9
"""Significant digits that are kept: fewer than a float has, more than any tolerance looks at."""


def numbers(figure: Figure) -> pd.DataFrame:
    """What is drawn in each panel: columns ``part``, ``text``, ``x`` and ``y``, a row for each point.

    Lines, markers, bars, areas and arrows give their points in the coordinates of the data, images the
    values of their pixels (``x`` counts them), and texts their words.
    """
    frames = [
        _rows(f"{k} {type(artist).__name__} {n}", artist)
        for k, axes in enumerate(figure.axes)
        for n, artist in enumerate(_artists(axes))
    ]
    if not frames:
        return pd.DataFrame({"part": [], "text": [], "x": [], "y": []})
    return pd.concat(frames, ignore_index=True)


def _artists(axes: Axes) -> list[Artist]:
    drawn = [*axes.lines, *axes.patches, *axes.collections, *axes.images, *axes.texts]
    return [*drawn, axes.title, axes.xaxis.label, axes.yaxis.label]


def _rows(part: str, artist: Artist) -> pd.DataFrame:
    text, points = "", np.empty((0, 2))
    if isinstance(artist, Text):
        text, points = artist.get_text(), np.asarray([artist.get_position()], dtype=float)
    elif isinstance(artist, Line2D):
        points = np.column_stack([np.asarray(v, dtype=float) for v in artist.get_data(orig=False)])
    elif isinstance(artist, Patch):
        points = artist.get_patch_transform().transform(artist.get_path().vertices)
    elif isinstance(artist, AxesImage):
        pixels = np.asarray(artist.get_array(), dtype=float).ravel()
        points = np.column_stack([np.arange(len(pixels)), pixels])
    elif isinstance(artist, Collection):
        outlines = [path.vertices for path in artist.get_paths()]
        points = np.concatenate([np.asarray(artist.get_offsets(), dtype=float), *outlines])
    rounded = [[float(f"{v:.{DIGITS}g}") for v in point] for point in points]
    x, y = ([point[k] for point in rounded] for k in (0, 1))
    return pd.DataFrame({"part": part, "text": text, "x": x, "y": y})
