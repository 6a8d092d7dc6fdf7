"""What an author says about one coordinate system of a picture."""

import math
from dataclasses import dataclass

from course_lib import checks

__all__ = ["Panel", "panel_rows"]


@dataclass(frozen=True)
class Panel:
    """One coordinate system.

    Args:
        name: how the author's function asks for it: ``view["name"]``.
        title, xlabel, ylabel: text; ``ylabel`` and ``xlabel`` should name the units.
        xlim, ylim: fixed limits ``(low, high)``. ``None`` follows the data: the view grows when data leave it, and
            shrinks only when they fill little of it, so that it does not jitter.
        aspect: ``"equal"`` gives both axes one scale.
        legend: show the labels of what is drawn, above the axes, where they cover nothing.
        width: relative to the other panels of the row.
        axes: ``False`` draws neither ticks nor frame (pictures of digits).
        xscale, yscale: ``"linear"`` or ``"log"``.

    Raises:
        ValueError: limits that are not two different finite numbers, or an unknown aspect or scale.
    """

    name: str
    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    xlim: tuple[float, float] | None = None
    ylim: tuple[float, float] | None = None
    aspect: str | None = None
    legend: bool = True
    width: float = 1.0
    axes: bool = True
    xscale: str = "linear"
    yscale: str = "linear"

    def __post_init__(self):
        checks.text("name", self.name)
        for axis in "xy":
            scale = checks.one_of(f"{axis}scale", getattr(self, f"{axis}scale"), ("linear", "log"))
            _check_limits(f"{axis}lim", getattr(self, f"{axis}lim"), scale)
        checks.one_of("aspect", self.aspect, (None, "auto", "equal"))
        checks.positive("width", self.width)


def _check_limits(argument, limits, scale):
    if limits is None:
        return
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        raise ValueError(f"{argument}: expected two different finite numbers (low, high), got {limits!r}")
    if scale == "log" and min(low, high) <= 0:
        raise ValueError(f"{argument}: expected positive limits on a log scale, got {limits!r}")


def panel_rows(panels) -> list[list[Panel]]:
    """Rows of panels from what an author wrote: nothing, a list of panels, or a list of such lists.

    Raises:
        ValueError: something that is no panel, or two panels of one name.
    """
    if panels is None:
        panels = [Panel("main")]
    if isinstance(panels, Panel):
        panels = [panels]
    rows = (
        [list(row) for row in panels]
        if all(isinstance(row, (list, tuple)) for row in panels)
        else [list(panels)]
    )
    flat = [panel for row in rows for panel in row]
    if not flat or any(not isinstance(panel, Panel) for panel in flat):
        raise ValueError(f"panels: expected a list of Panel (or a list of rows of them), got {panels!r}")
    names = [panel.name for panel in flat]
    if len(set(names)) != len(names):
        raise ValueError(f"panels: expected different names, got {names!r}")
    return rows
