"""What a picture is made of, as plain data: checked and copied when the author draws, moved on screen afterwards.

A mark knows nothing of painters. That separates the author's function, which may be slow, raise, or be called from
any thread, from the frame that is made of it. It says for itself what else in a panel depends on it: its entry in the
legend, the limits, the names under the axis, the scale of colours. A new mark is one class here and one function in
``shapes``; nothing else knows the kinds of marks there are.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from course_lib.figure.look import ColorScale, Handle, Look

__all__ = [
    "Arrows",
    "Bars",
    "Contour",
    "Curve",
    "Ellipse",
    "Fill",
    "Level",
    "Mark",
    "Picture",
    "Points",
    "Text",
    "numbers",
]


def numbers(argument: str, value, *shape) -> np.ndarray:
    """A float64 copy of a number, list, NumPy array or torch tensor, whose shape must match ``shape``.

    Args:
        argument: its name, for the error.
        shape: one entry an axis: a number, or ``None`` for any length.

    Raises:
        ValueError: it is not numeric or has another shape.

    >>> numbers("x", [1, 2], None)
    array([1., 2.])
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu().resolve_conj().resolve_neg().double().numpy()
    wanted = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument}: expected numbers of shape {wanted}, got {value!r:.80}") from error
    if array.ndim != len(shape) or any(
        size not in (None, got) for size, got in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{argument}: expected shape {wanted}, got {array.shape}")
    return array


@dataclass(frozen=True, eq=False)
class Mark:
    """One named thing in a panel.

    Attributes:
        touches_edges: the axes, of ``"xy"``, on which limits that follow the data need no margin around it.
        from_zero: limits that follow the data end at zero on the vertical axis, if the data do.
    """

    touches_edges: ClassVar[str] = ""
    from_zero: ClassVar[bool] = False

    look: Look

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates x and y that a view which follows the data must show."""
        return np.empty(0), np.empty(0)

    def handle(self, hatch: str = "") -> Handle:
        """How the legend shows it; ``hatch`` is what the panel gave to bars that stand side by side."""
        return Handle("patch", self.look.rgba(), hatch=hatch)

    @property
    def categories(self) -> tuple[str, ...] | None:
        """Names that stand under the horizontal axis, one each whole number, instead of numbers."""
        return None

    @property
    def color_scale(self) -> ColorScale | None:
        """The scale of colours that it wants beside its panel."""
        return None


class _Line(Mark):
    """What the legend shows as a piece of line."""

    def handle(self, hatch=""):
        width = 2.4 if self.look.width is None else self.look.width
        return Handle("line", self.look.rgba(), self.look.line, width)


@dataclass(frozen=True, eq=False)
class Curve(_Line):
    """A line through (x, y), both of shape (n,)."""

    touches_edges = "x"

    x: np.ndarray
    y: np.ndarray

    def points(self):
        return self.x, self.y


@dataclass(frozen=True, eq=False)
class Fill(Mark):
    """The region between y and base, all of shape (n,)."""

    touches_edges = "x"
    from_zero = True

    x: np.ndarray
    y: np.ndarray
    base: np.ndarray

    def points(self):
        return np.concatenate([self.x, self.x]), np.concatenate([self.y, self.base])

    def handle(self, hatch=""):
        return Handle("patch", self.look.rgba(0.25))


@dataclass(frozen=True, eq=False)
class Bars(Mark):
    """Bars with names under them; ``heights`` of shape (n,), infinity allowed."""

    from_zero = True

    names: tuple[str, ...]
    heights: np.ndarray
    colors: tuple | None = None
    values: str | None = None

    def points(self):
        return np.empty(0), np.append(self.heights, 0.0)

    @property
    def categories(self):
        return self.names


@dataclass(frozen=True, eq=False)
class Picture(Mark):
    """Values of shape (rows, columns), or colours of shape (rows, columns, 3 or 4), over a rectangle."""

    touches_edges = "xy"

    values: np.ndarray
    extent: tuple[float, float, float, float]
    cmap: str = "density"
    limits: tuple[float, float] | None = None
    smooth: bool = True
    upper: bool = False
    bar: str | None = None

    def points(self):
        return np.array(self.extent[:2]), np.array(self.extent[2:])

    @property
    def color_scale(self):
        return None if self.bar is None else ColorScale(self.limits, self.cmap, self.bar)


@dataclass(frozen=True, eq=False)
class Contour(_Line):
    """Level lines of z of shape (len(y), len(x))."""

    touches_edges = "xy"

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    levels: object = None

    def points(self):
        return self.x[[0, -1]], self.y[[0, -1]]


@dataclass(frozen=True, eq=False)
class Ellipse(_Line):
    """Closed lines of shape (n, 2), each ``std`` standard deviations of a Gaussian from its mean."""

    std: tuple[float, ...]
    outline: tuple[np.ndarray, ...]

    def points(self):
        joined = np.concatenate(self.outline)
        return joined[:, 0], joined[:, 1]


@dataclass(frozen=True, eq=False)
class Points(Mark):
    """Points of shape (n, 2), with one colour or one colour each."""

    xy: np.ndarray
    size: float = 6.0
    colors: np.ndarray | None = None

    def points(self):
        return self.xy[:, 0], self.xy[:, 1]

    def handle(self, hatch=""):
        return Handle("dot", self.look.rgba(), marker=self.look.role.marker)


@dataclass(frozen=True, eq=False)
class Level(_Line):
    """A line across the whole panel at one value of one axis (``"x"``: vertical)."""

    touches_edges = "x"

    axis: str
    at: float

    def points(self):
        here = np.array([self.at])
        return (here, np.empty(0)) if self.axis == "x" else (np.empty(0), here)


@dataclass(frozen=True, eq=False)
class Arrows(_Line):
    """Arrows from xy to xy + uv, both of shape (n, 2)."""

    xy: np.ndarray
    uv: np.ndarray

    def points(self):
        both = np.concatenate([self.xy, self.xy + self.uv])
        return both[:, 0], both[:, 1]


@dataclass(frozen=True, eq=False)
class Text(Mark):
    """Text at (x, y), in the panel's coordinates or, with ``where="panel"``, in fractions of the panel."""

    touches_edges = "x"

    x: float
    y: float
    string: str
    align: str = "left"
    size: float | None = None
    where: str = "data"
