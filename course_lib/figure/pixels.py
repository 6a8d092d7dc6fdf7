"""Heatmaps and images as pixels: scaled as one byte a value and coloured last, several times faster than imshow."""

import numpy as np
from matplotlib.artist import Artist
from PIL import Image

from course_lib.figure import style

__all__ = ["PixelArtist"]


class PixelArtist(Artist):
    """Draws a ``marks.Picture`` over its rectangle, clipped to the axes."""

    def __init__(self):
        super().__init__()
        self._mark = None

    def set_picture(self, mark):
        """The picture to draw from now on."""
        self._mark = mark
        self.stale = True

    def draw(self, renderer):
        """Draws on an Agg renderer."""
        if not self.get_visible() or self._mark is None or self._mark.values.size == 0:
            return
        x0, x1, y0, y1 = self._mark.extent
        (left, bottom), (right, top) = self.axes.transData.transform([(x0, y0), (x1, y1)])
        view = self.axes.bbox
        low, high = np.sort([(left, bottom), (right, top)], axis=0)
        # Whole pixels of the part that is in view.
        first = np.ceil(np.maximum(low, view.min) - 0.5).astype(int)
        last = np.ceil(np.minimum(high, view.max) - 0.5).astype(int)
        columns, rows = last - first
        if columns <= 0 or rows <= 0:
            return
        values = self._mark.values if self._mark.upper else self._mark.values[::-1]
        values = values[::-1] if top < bottom else values
        values = values[:, ::-1] if right < left else values
        height, width = values.shape[:2]
        # The part in view, in cells from the left and from the top.
        across = [(edge[0] - low[0]) / (high[0] - low[0]) * width for edge in (first, last)]
        down = [(high[1] - edge[1]) / (high[1] - low[1]) * height for edge in (last, first)]
        box = (across[0], down[0], across[1], down[1])
        box = tuple(np.clip(box, 0, [width, height, width, height]))
        rgba = self._colors(values, (int(columns), int(rows)), box)
        context = renderer.new_gc()
        renderer.draw_image(context, first[0], first[1], rgba[::-1])
        context.restore()

    def _colors(self, values, size, box):
        mark = self._mark
        how = Image.Resampling.BILINEAR if mark.smooth else Image.Resampling.NEAREST
        alpha = 1.0 if mark.look.alpha is None else mark.look.alpha
        if values.ndim == 3:
            pixels = (np.clip(np.nan_to_num(values), 0, 1) * 255 + 0.5).astype(np.uint8)
            mode = "RGB" if values.shape[2] == 3 else "RGBA"
            colors = np.array(Image.fromarray(pixels, mode).resize(size, how, box).convert("RGBA"))
        else:
            table = style.colormap(mark.cmap)
            index = Image.fromarray(self._index(values)).resize(size, how, box)
            # One number a colour: looking up four bytes at once is several times quicker than a row of four.
            colors = table.view(np.uint32)[:, 0][np.asarray(index)]
            colors = colors.view(np.uint8).reshape(*index.size[::-1], 4)
            known = np.isfinite(values)
            if not known.all():
                known = Image.fromarray(known.astype(np.uint8) * 255)
                colors[..., 3] = np.asarray(known.resize(size, Image.Resampling.NEAREST, box))
        if alpha < 1:
            colors[..., 3] = (colors[..., 3] * alpha).astype(np.uint8)
        return np.ascontiguousarray(colors)

    def _index(self, values):
        finite = values[np.isfinite(values)]
        low, high = self._mark.limits or ((finite.min(), finite.max()) if finite.size else (0.0, 1.0))
        if self._mark.limits is None and self._mark.cmap == "signed":
            high = max(abs(low), abs(high))
            low = -high
        scale = 255.0 / (high - low) if high != low else 0.0
        filled = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
        return np.ascontiguousarray(np.clip((filled - low) * scale + 0.5, 0, 255).astype(np.uint8))
