"""Labels of logarithmic axes."""

import pytest

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage
from tests.unit.figure.drawing import PRIMITIVES, shoot


@pytest.mark.parametrize(
    ("limits", "labels"), [((0.23, 4.4), ["0.5", "1", "2"]), ((0.23, 440), ["10^{0}", "10^{1}", "10^{2}"])]
)
def test_a_short_log_axis_can_be_read(limits, labels):
    stage = Stage([Panel("main", xscale="log", xlim=limits)])
    shoot(stage, PRIMITIVES["vline"], 1.0)
    axis = stage.slots["main"].axes.xaxis
    low, high = limits
    shown = [tick.label1.get_text() for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert [text.removeprefix("$\\mathdefault{").removesuffix("}$") for text in shown] == labels
