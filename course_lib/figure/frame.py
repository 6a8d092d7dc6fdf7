"""A picture as data: all that a painter may know, and all that goes to the page.

A frame is a list of *blobs*. The first is the head, others are JSON too, the rest are arrays. Blobs that two frames
share are sent once, so a move of a slider costs the bytes that changed (``Frame.since``).

Lengths are CSS pixels. Coordinates in a panel are fractions of its box, x to the right and y **upwards**; scales and
limits are settled. A *place* is where everything stands at one width of the picture: the first is the author's size,
the second, if there is one, stacks the panels for a narrow page. A painter takes the first whose width times 0.72 is
no wider than its room (or the last one), and scales all of it.

A *text* is ``[string, x, y, size, align, angle, color, weight]``: y is the baseline, ``align`` left, center or right,
``angle`` in degrees counter-clockwise around (x, y), ``weight`` "normal" or "bold". A string may have several lines
(a line is 1.2 sizes high; y is the baseline of the first one). Positions are pixels of the place. A *color* is
``"#rrggbb"`` or ``"#rrggbbaa"``. A *reference* to numbers is ``{"at": blob}`` (float32), ``{"from", "to", "n"}``
(evenly spaced) or ``{"all": number, "n"}``; NaN breaks a line, an area or a polygon in two.

- head: ``version``, ``alt``, ``readouts`` ``[[label, text], ...]``, ``plan`` (a blob), ``panels`` ``[[dress, marks]]``
- plan: ``places`` ``[{"width", "height", "texts"}]``: the picture's size and its title
- dress: ``name``, ``xlim``, ``ylim``, ``xscale``, ``yscale``, ``axes`` (draw grid, ticks, left and lower line),
  ``xticks``, ``yticks`` (fractions), ``grid`` and ``notches`` (the axes, of "xy", that have grid lines and tick marks),
  ``scale`` (``null`` or ``{"table": blob, "ticks": fractions, "flip"}``, a scale of colours), ``places``
  ``[{"box": [x, y, width, height], "texts", "keys", "scale": null or a box}]``; y of a box is its upper edge
- a *key* stands before a label of the legend: ``{"kind": "line" | "dot" | "patch", "box": [x, y, width, height],
  "color", "width", "dash", "marker", "hatch"}``; a line lies at half the height of its box, a dot is as large as that
- marks: ``marks``, lowest first, and ``texts`` (one list a place), which stand on top

Grid lines are under all marks, the lines of the axes above them and under the texts. Marks are clipped to the box. The
kinds of marks:

- ``line``: ``x``, ``y``, ``color``, ``width``, ``dash`` (pixels on, off, ...; empty is solid); round joins
- ``area``: between ``y`` and ``base`` over ``x``; ``color``
- ``polygon``: ``x``, ``y``, closed by itself; ``color``
- ``bars``: ``left``, ``top`` (references), ``width``, ``base`` (numbers), ``colors`` (one, or one each), ``hatch``
- ``image``: ``box`` ``[left, bottom, right, top]`` in fractions, ``size`` ``[columns, rows]``, row 0 on top;
  ``at``: a blob of one byte a cell into ``table`` (a blob of 256 x 4 bytes RGBA), or of RGBA bytes where ``table`` is
  null; ``smooth``: interpolate the colours; ``alpha``
- ``points``: ``x``, ``y``, ``size`` (across), ``marker`` (``null`` is a circle, else corners ``[[x, y], ...]`` for size
  1, y up), ``colors`` (a list of one, or ``{"at": blob}``: RGBA bytes each), ``edge``, ``edgeWidth``
- ``arrows``: from ``x``, ``y`` by ``u``, ``v``; ``color``, ``width`` of the shaft; the head is 5 widths long and 4.5
  wide (smaller, as a whole, where the arrow is shorter than that)
- ``text``: ``x``, ``y`` (numbers), ``string``, ``size``, ``align``, ``color``; its middle stands at y: 0.36 sizes above
  the baseline, and between the first line and the last

``hatch`` is "", "///", "\\\\\\", "xxx" or "..." and drawn in the colour of the paper; its lines (one through the
corner) and dots (the first half a step from it) are counted from the upper left corner of the panel's or the key's box.

On a dark page the paper is dark, greys are mirrored and dark colours shine brighter. An image keeps its colours, on a
white ground of its own, and so do marks that follow one that covers most of the box.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

__all__ = ["VERSION", "Blobs", "Frame", "dump"]

VERSION = 1
_MAGIC = b"CFRM"
# Numbers evenly spaced to this part of their span are sent as two ends and a count: far less than a pixel.
_EVEN = 1e-5


class Blobs:
    """Collects the blobs of a frame; the same bytes are kept once."""

    def __init__(self):
        self._places: dict[bytes, int] = {}
        # The head comes first and is known last.
        self._all: list[bytes] = [b""]

    def add(self, data: bytes) -> int:
        """The number of the blob with these bytes."""
        if data not in self._places:
            self._places[data] = len(self._all)
            self._all.append(data)
        return self._places[data]

    def json(self, content) -> int:
        """The number of the blob with ``content`` as JSON."""
        return self.add(dump(content))

    def numbers(self, values) -> dict:
        """A reference to numbers of shape (n,)."""
        values = np.asarray(values, dtype=float)
        n = len(values)
        if n and (values == values[0]).all():
            return {"all": float(np.float32(values[0])), "n": n}
        if n > 2 and np.isfinite(values[[0, -1]]).all():
            span = values[-1] - values[0]
            bound = _EVEN * abs(span)
            # Most are not evenly spaced, and the second one shows it.
            second = abs(values[1] - values[0] - span / (n - 1)) <= 2 * bound
            if second and np.abs(values - np.linspace(values[0], values[-1], n)).max() <= bound:
                return {"from": float(np.float32(values[0])), "to": float(np.float32(values[-1])), "n": n}
        return {"at": self.add(values.astype("<f4").tobytes())}

    def frame(self, head: dict) -> "Frame":
        """The frame with this head; its version is added."""
        return Frame((dump({"version": VERSION, **head}), *self._all[1:]))


@dataclass(frozen=True)
class Frame:
    """One picture, see the module; two frames are equal when a painter paints the same.

    Attributes:
        blobs: the head, and what it and others refer to by number.
    """

    blobs: tuple[bytes, ...]
    _places: dict = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def head(self) -> dict:
        """The head."""
        return self.json(0)

    def json(self, blob: int):
        """A blob that is JSON."""
        return json.loads(self.blobs[blob])

    def numbers(self, reference: dict) -> np.ndarray:
        """The numbers that a reference means, shape (n,)."""
        if "at" in reference:
            return np.frombuffer(self.blobs[reference["at"]], "<f4").astype(float)
        if "all" in reference:
            return np.full(reference["n"], reference["all"], dtype=float)
        return np.linspace(reference["from"], reference["to"], reference["n"])

    # Bytes

    def to_bytes(self) -> bytes:
        """All of it: a magic word, the version, the number of blobs, their lengths, and they, each from a multiple of
        four bytes on; numbers are little-endian, of four bytes."""
        lengths = struct.pack(f"<{len(self.blobs) + 2}I", VERSION, len(self.blobs), *map(len, self.blobs))
        padded = (blob + b"\0" * (-len(blob) % 4) for blob in self.blobs)
        return b"".join((_MAGIC, lengths, *padded))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """The frame that ``to_bytes`` wrote.

        Raises:
            ValueError: these are no such bytes, or of another version.
        """
        data = bytes(data)
        if data[:4] != _MAGIC or len(data) < 12:
            raise ValueError(f"data: expected the bytes of a frame, got {data[:12]!r}")
        version, count = struct.unpack_from("<2I", data, 4)
        if version != VERSION:
            raise ValueError(f"data: expected a frame of version {VERSION}, got version {version}")
        start = 12 + 4 * count
        try:
            lengths = struct.unpack_from(f"<{count}I", data, 12)
        except struct.error:
            raise ValueError(f"data: expected {count} blobs, got {len(data)} bytes") from None
        blobs = []
        for length in lengths:
            blobs.append(data[start : start + length])
            start += length + -length % 4
        if start != len(data) or not blobs:
            raise ValueError(f"data: expected {start} bytes, got {len(data)}")
        return cls(tuple(blobs))

    def since(self, base: "Frame | None") -> tuple[list[int], list[bytes]]:
        """What a page that has ``base`` must be told: each blob's number there or -1, and the new ones in order."""
        known = base._numbered if base is not None else {}
        places = [known.get(blob, -1) for blob in self.blobs]
        return places, [blob for blob, place in zip(self.blobs, places, strict=True) if place < 0]

    @classmethod
    def after(cls, base: "Frame | None", places: Sequence[int], new: Iterable[bytes]) -> "Frame":
        """The frame that ``since(base)`` told of."""
        new = iter(new)
        return cls(tuple(base.blobs[place] if place >= 0 else bytes(next(new)) for place in places))

    @property
    def _numbered(self) -> dict[bytes, int]:
        if not self._places:
            self._places.update({blob: number for number, blob in enumerate(self.blobs)})
        return self._places


def dump(content) -> bytes:
    """``content`` as the JSON of a blob."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
