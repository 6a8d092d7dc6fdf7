"""How a mark looks: what its author says, and what that means for the legend and for the scale of colours."""

from dataclasses import dataclass

from course_lib import checks
from course_lib.figure.style import ROLES, Role, line_style, rgba

__all__ = ["ColorScale", "Handle", "Look"]


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
            raise checks.refuse("label", "text", self.label)
        if self.alpha is not None:
            checks.number("alpha", self.alpha, 0, 1)
        if self.width is not None:
            checks.number("width", self.width, 0)
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


@dataclass(frozen=True)
class Handle:
    """What stands before a label in the legend: a ``"line"``, a ``"dot"`` or a ``"patch"``."""

    kind: str
    color: tuple
    line: tuple[float, ...] = ()
    width: float = 0.0
    marker: str = "o"
    hatch: str = ""


@dataclass(frozen=True)
class ColorScale:
    """What the colours of a mark mean: the values at both ends, the map, and the label with its units."""

    limits: tuple[float, float]
    cmap: str
    label: str
