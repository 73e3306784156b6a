"""The numbers that a figure draws, as a table: two figures are compared by them, not by their bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

DIGITS = 9
"""Significant digits that are kept: fewer than a float has, more than any tolerance looks at."""

Part = tuple[str, str, np.ndarray]
"""What is drawn: its name, what can be said of it in words, and its points (n, 2)."""


def numbers(figure: Figure) -> pd.DataFrame:
    """What is drawn in each panel: columns ``part``, ``text``, ``x`` and ``y``, a row for each point.

    Lines, markers, bars, areas and arrows give their points in the coordinates of the data, and their colour;
    images the values of their pixels (``x`` counts them); notes their words and their place. Of a panel there
    are its scales and limits, its title, labels and ticks, and what its legend says of which colour.
    """
    panels = figure.findobj(Axes)
    parts = [
        (f"{k} {name}", text, points)
        for k, axes in enumerate(panels)
        for name, text, points in _panel(axes)
    ]
    parts += [_legend(f"figure legend {n}", legend) for n, legend in enumerate(figure.legends)]
    parts += [_words(f"figure text {n}", [text]) for n, text in enumerate(figure.texts)]
    frames = [
        pd.DataFrame(
            {"part": name, "text": text, "x": _rounded(points[:, 0]), "y": _rounded(points[:, 1])}
        )
        for name, text, points in parts
    ]
    return pd.concat(frames, ignore_index=True)


def _panel(axes: Axes) -> Iterator[Part]:
    """The parts of one panel, its frame first."""
    scales = f"{axes.get_xscale()} {axes.get_yscale()}"
    yield (
        "axes",
        scales,
        np.array([[a, b] for a, b in zip(axes.get_xlim(), axes.get_ylim(), strict=True)]),
    )
    yield _words("titles", [axes.title, axes.xaxis.label, axes.yaxis.label])
    yield _words("ticks", [*axes.get_xticklabels(), *axes.get_yticklabels()])
    if (legend := axes.get_legend()) is not None:
        yield _legend("legend", legend)
    drawn = [*axes.lines, *axes.patches, *axes.collections, *axes.images, *axes.texts]
    for n, artist in enumerate(artist for artist in drawn if artist.get_visible()):
        yield f"{type(artist).__name__} {n}", *_artist(artist)


def _artist(artist: Artist) -> tuple[str, np.ndarray]:
    if isinstance(artist, Text):
        return artist.get_text(), np.asarray([artist.get_position()], dtype=float)
    if isinstance(artist, Line2D):
        points = [np.asarray(v, dtype=float) for v in artist.get_data(orig=False)]
        return _hex(artist.get_color()), np.column_stack(points)
    if isinstance(artist, Patch):
        outline = artist.get_patch_transform().transform(artist.get_path().vertices)
        return _hex(artist.get_facecolor()), outline
    if isinstance(artist, AxesImage):
        pixels = np.asarray(artist.get_array(), dtype=float).ravel()
        shades = f"{artist.get_cmap().name} {artist.get_clim()}"
        return shades, np.column_stack([np.arange(len(pixels)), pixels])
    assert isinstance(artist, Collection)
    outlines = [path.vertices for path in artist.get_paths()]
    values = artist.get_array()
    if values is not None:
        flat = np.asarray(values, dtype=float).ravel()
        outlines.append(np.column_stack([np.arange(len(flat)), flat]))
        colours = f"{artist.get_cmap().name} {artist.get_clim()}"
    else:
        colours = " ".join(_hex(c) for c in np.atleast_2d(artist.get_facecolor())[:8] if len(c))
    return colours, np.concatenate([np.asarray(artist.get_offsets(), dtype=float), *outlines])


def _legend(name: str, legend: Legend) -> Part:
    """The words of a legend, each with the colour that it stands for."""
    entries = []
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        colour = handle.get_color() if isinstance(handle, Line2D) else None
        if isinstance(handle, Patch):
            colour = handle.get_facecolor()
        entries.append(f"{text.get_text()}: {_hex(colour)}")
    return name, "; ".join(entries), np.zeros((1, 2))


def _words(name: str, texts: list[Text]) -> Part:
    """Only the words: where they stand is a matter of fonts."""
    return (
        name,
        " | ".join(text.get_text() for text in texts if text.get_visible()),
        np.zeros((1, 2)),
    )


def _hex(colour: object) -> str:
    return "" if colour is None or np.size(colour) == 0 else to_hex(colour, keep_alpha=True)  # type: ignore[arg-type]


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{v:.{DIGITS}g}") for v in values]
