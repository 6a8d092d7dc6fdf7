"""What a picture is made of, as plain data: checked and copied when the author draws, moved on screen afterwards.

A mark knows nothing of Matplotlib. That separates the author's function, which may be slow, raise, or be called from
any thread, from the painting, which happens under a lock.
"""

from dataclasses import dataclass, field

import numpy as np

from course_lib.figure.style import ROLES, Role, line_style, rgba

__all__ = [
    "Arrows",
    "Bars",
    "Contour",
    "Curve",
    "Ellipse",
    "Fill",
    "Level",
    "Look",
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


@dataclass(frozen=True)
class Look:
    """The keywords that every primitive shares. ``color`` is a role, a name or any Matplotlib colour."""

    color: object = "p"
    label: str | None = None
    alpha: float | None = None
    style: str | None = None
    width: float | None = None

    def __post_init__(self):
        if self.label is not None and not isinstance(self.label, str):
            raise ValueError(f"label: expected text, got {self.label!r}")
        if self.alpha is not None and not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha: expected a number from 0 to 1, got {self.alpha!r}")
        if self.width is not None and not self.width >= 0:
            raise ValueError(f"width: expected a number of points >= 0, got {self.width!r}")
        rgba(self.color)
        line_style(self.style)

    def rgba(self, alpha: float = 1.0):
        """The colour as four numbers, with the author's alpha or else ``alpha``."""
        return rgba(self.color, alpha if self.alpha is None else self.alpha)

    @property
    def role(self) -> Role:
        """The role whose marker and hatching apply."""
        named = isinstance(self.color, str) and self.color in ROLES
        return ROLES[self.color] if named else Role(self.color)

    @property
    def line(self):
        """The line style: the author's, else the role's."""
        return line_style(self.style, self.color)


@dataclass(frozen=True, eq=False)
class Mark:
    """One named thing in a panel."""

    look: Look

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates x and y that a view which follows the data must show."""
        return np.empty(0), np.empty(0)


@dataclass(frozen=True, eq=False)
class Curve(Mark):
    """A line through (x, y), both of shape (n,)."""

    x: np.ndarray
    y: np.ndarray

    def points(self):
        return self.x, self.y


@dataclass(frozen=True, eq=False)
class Fill(Mark):
    """The region between y and base, all of shape (n,)."""

    x: np.ndarray
    y: np.ndarray
    base: np.ndarray

    def points(self):
        return np.concatenate([self.x, self.x]), np.concatenate([self.y, self.base])


@dataclass(frozen=True, eq=False)
class Bars(Mark):
    """Bars with names under them; ``heights`` of shape (n,), infinity allowed."""

    names: tuple[str, ...]
    heights: np.ndarray
    colors: tuple | None = None
    values: str | None = None

    def points(self):
        return np.empty(0), np.append(self.heights, 0.0)


@dataclass(frozen=True, eq=False)
class Picture(Mark):
    """Values of shape (rows, columns), or colours of shape (rows, columns, 3 or 4), over a rectangle."""

    values: np.ndarray
    extent: tuple[float, float, float, float]
    cmap: str = "density"
    limits: tuple[float, float] | None = None
    smooth: bool = True
    upper: bool = False
    bar: str | None = None

    def points(self):
        return np.array(self.extent[:2]), np.array(self.extent[2:])


@dataclass(frozen=True, eq=False)
class Contour(Mark):
    """Level lines of z of shape (len(y), len(x))."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    levels: object = None

    def points(self):
        return self.x[[0, -1]], self.y[[0, -1]]


@dataclass(frozen=True, eq=False)
class Ellipse(Mark):
    """Where the Mahalanobis distance to ``mean`` (2,) under ``cov`` (2, 2) is each of ``std``."""

    mean: np.ndarray
    cov: np.ndarray
    std: tuple[float, ...] = (2.0,)
    outline: tuple[np.ndarray, ...] = field(default=(), repr=False)

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


@dataclass(frozen=True, eq=False)
class Level(Mark):
    """A line across the whole panel at one value of one axis (``"x"``: vertical)."""

    axis: str
    at: float

    def points(self):
        here = np.array([self.at])
        return (here, np.empty(0)) if self.axis == "x" else (np.empty(0), here)


@dataclass(frozen=True, eq=False)
class Arrows(Mark):
    """Arrows from xy to xy + uv, both of shape (n, 2)."""

    xy: np.ndarray
    uv: np.ndarray

    def points(self):
        both = np.concatenate([self.xy, self.xy + self.uv])
        return both[:, 0], both[:, 1]


@dataclass(frozen=True, eq=False)
class Text(Mark):
    """Text at (x, y), in the panel's coordinates or, with ``where="panel"``, in fractions of the panel."""

    x: float
    y: float
    string: str
    align: str = "left"
    size: float | None = None
    where: str = "data"
