"""What a kernel loads to show pictures: no Matplotlib, whose import takes longer than all of a notebook's pictures."""

import subprocess
import sys

_NOTEBOOK = """
import sys
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, explore

def draw(view, a, kind="x"):
    view.curve("line", [0, 1], [0, a], color="p", label="line")
    view.heatmap("heat", [[0.0, a], [1.0, 2.0]], (0, 1, 0, 1), cmap="viridis", limits=(0, 2), bar="nats")
    view.contour("level", [0, 1], [0, 1], [[0.0, a], [1.0, 2.0]])
    view.scatter("points", [[0, a]], color=[(0.5, 0.2, 0.1)])

picture = explore(draw, alt="A line.", a=Slider(0.0, 1.0), kind=Choice(["x", "y"]))
picture.set(a=0.25)
picture._repr_mimebundle_()
print([name for name in ("matplotlib", "scipy", "pandas", "sklearn", "torch") if name in sys.modules])
"""


def test_a_picture_moves_and_is_saved_without_matplotlib_and_the_like():
    done = subprocess.run([sys.executable, "-c", _NOTEBOOK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
