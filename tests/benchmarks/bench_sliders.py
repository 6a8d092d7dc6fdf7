"""From a key press on a slider to changed pixels: our explorables beside two others with the same picture.

The others are ``ipywidgets.interact``, which makes a new Matplotlib figure each time, and the way of images: one
persistent figure, drawn once a move by Agg and sent to an ``ipywidgets.Image`` as a JPEG. JupyterLab runs in Chromium;
the page itself takes the times, see ``watching``. The three take turns, so that a noisy machine disturbs all alike.

- *drawn*: each press moves the slider to values that were not shown since a cell ran, so that the page keeps no frame
  of them (what it keeps is dropped when a cell runs), and the page is told that nobody looks at it, so that it asks for
  no neighbours. The kernel draws every picture that is timed.
- *kept*: the way back over the same values, whose frames the page has.
- *bytes a move*: JSON and buffers of all that the kernel tells the page between a press and its being idle again, but
  for its "busy" and "idle"; messages' headers are not counted.
- *lag*: after a drag of one second over values that were not shown, from the mouse's last event to the last new
  picture.

    python -m tests.benchmarks.bench_sliders
"""

import statistics
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__" and not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.watching import HIDE, WATCH, Received, drag_for, slider_in
from tests.browser.lab import open_notebook, open_page, run_all, running_lab, wait_idle, write_notebook

__all__ = ["run"]

_COMMON = '''
%matplotlib inline
import io
import math
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from course_lib.widgets import Panel, Slider, explore
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# The others' pictures are dressed like ours: the same size, fonts, grid and frame.
plt.rcParams.update({"font.size": 12, "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False,
                     "axes.spines.right": False, "grid.color": "0.9"})
x = np.linspace(-6, 6, 400)
names = ["KL", "reverse KL", "Pearson", "Neyman", "Hellinger", "JS", "TV", "Jeffreys"]
side = np.linspace(-3, 3, 200)
grid_x, grid_y = np.meshgrid(side, side)

def two(mean):
    """Two densities, and eight divergences between them by the trapezoidal rule."""
    p = np.exp(-x**2 / 2) / math.sqrt(2 * math.pi) + 1e-12
    q = np.exp(-(x - mean) ** 2 / 2 / 1.44) / 1.2 / math.sqrt(2 * math.pi) + 1e-12
    m, step = (p + q) / 2, x[1] - x[0]
    kl, reverse = np.sum(p * np.log(p / q)) * step, np.sum(q * np.log(q / p)) * step
    js = (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) * step / 2
    chi = np.sum((p - q) ** 2 / q) * step, np.sum((p - q) ** 2 / p) * step
    hellinger, tv = np.sum((p**0.5 - q**0.5) ** 2) * step, np.sum(abs(p - q)) * step / 2
    return p, q, [kl, reverse, *chi, hellinger, js, tv, kl + reverse]

def density(rho):
    return np.exp(-(grid_x**2 + grid_y**2 - 2 * rho * grid_x * grid_y) / 2 / (1 - rho**2))

def as_image(figure, move, slider):
    """A slider over an image of the figure, which move(value) changes."""
    figure.tight_layout()
    canvas, size = FigureCanvasAgg(figure), figure.get_size_inches()
    image = ipywidgets.Image(format="jpeg", layout={"width": f"{100 * size[0]:.0f}px"})
    def show(change=None):
        move(slider.value)
        canvas.draw()
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").save(buffer, "JPEG", quality=90)
        image.value = buffer.getvalue()
    slider.observe(show, "value")
    show()
    return ipywidgets.VBox([slider, image])
'''

_OURS_CURVES = """
def draw_curves(view, mean):
    p, q, values = two(mean)
    left = view["densities"]
    left.fill("overlap", x, np.minimum(p, q), color="third", label="overlap")
    left.curve("p", x, p, color="p", label="p")
    left.curve("q", x, q, color="q", label="q")
    view["divergences"].bars("all", names, values)
explore(draw_curves, alt="Two densities and their divergences.", mean=Slider(-2.0, 2.0, step=0.02, value=0.0),
        panels=[Panel("densities", xlabel="x", ylabel="density", ylim=(0, 0.45)),
                Panel("divergences", ylabel="nats", ylim=(0, 4))])
"""

_INTERACT_CURVES = """
def plot_curves(mean):
    p, q, values = two(mean)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
    left.fill_between(x, np.minimum(p, q), color="C2", alpha=0.25, label="overlap")
    left.plot(x, p, label="p")
    left.plot(x, q, "--", label="q")
    left.set(xlabel="x", ylabel="density", ylim=(0, 0.45))
    left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    right.bar(names, values)
    right.grid(False, axis="x")
    right.tick_params(axis="x", rotation=40)
    right.set(ylabel="nats", ylim=(0, 4))
    plt.show()
ipywidgets.interact(plot_curves, mean=ipywidgets.FloatSlider(0.0, min=-2.0, max=2.0, step=0.02));
"""

_IMAGE_CURVES = """
p, q, values = two(0.0)
figure = Figure(figsize=(9, 4))
left, right = figure.subplots(1, 2)
overlap = left.fill_between(x, np.minimum(p, q), color="C2", alpha=0.25, label="overlap")
left.plot(x, p, label="p")
line, = left.plot(x, q, "--", label="q")
left.set(xlabel="x", ylabel="density", ylim=(0, 0.45))
left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
bars = right.bar(names, values)
right.grid(False, axis="x")
right.tick_params(axis="x", rotation=40)
right.set(ylabel="nats", ylim=(0, 4))
def move_curves(mean):
    p, q, values = two(mean)
    overlap.set_data(x, np.minimum(p, q), 0)
    line.set_ydata(q)
    for bar, value in zip(bars, values):
        bar.set_height(value)
as_image(figure, move_curves, ipywidgets.FloatSlider(0.0, min=-2.0, max=2.0, step=0.02))
"""

_OURS_HEATMAP = """
def draw_heatmap(view, rho):
    view.heatmap("density", density(rho), extent=(-3, 3, -3, 3))
explore(draw_heatmap, alt="The density of a correlated Gaussian.", size=(5, 4.5),
        rho=Slider(-0.9, 0.9, step=0.01, value=0.0),
        panels=[Panel("plane", xlabel="first", ylabel="second", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")])
"""

_INTERACT_HEATMAP = """
def plot_heatmap(rho):
    fig, axes = plt.subplots(figsize=(5, 4.5))
    axes.imshow(density(rho), extent=(-3, 3, -3, 3), origin="lower", cmap="Blues", interpolation="bilinear")
    axes.set(xlabel="first", ylabel="second")
    plt.show()
ipywidgets.interact(plot_heatmap, rho=ipywidgets.FloatSlider(0.0, min=-0.9, max=0.9, step=0.01));
"""

_IMAGE_HEATMAP = """
figure = Figure(figsize=(5, 4.5))
axes = figure.subplots()
shown = axes.imshow(density(0.0), extent=(-3, 3, -3, 3), origin="lower", cmap="Blues", interpolation="bilinear")
axes.set(xlabel="first", ylabel="second")
def move_heatmap(rho):
    values = density(rho)
    shown.set_data(values)
    shown.set_clim(values.min(), values.max())
as_image(figure, move_heatmap, ipywidgets.FloatSlider(0.0, min=-0.9, max=0.9, step=0.01))
"""

_CELLS = (
    _COMMON,
    _OURS_CURVES,
    _IMAGE_CURVES,
    _INTERACT_CURVES,
    _OURS_HEATMAP,
    _IMAGE_HEATMAP,
    _INTERACT_HEATMAP,
    "None",
)
_NOTHING = len(_CELLS) - 1  # the cell that does nothing but drop what the page keeps

# What to measure: the cells of ours, of the images and of interact; the part of interact's time to reach, drawn and
# kept; the bytes to reach.
_CASES = (
    ("two densities, 8 divergences", (1, 2, 3), {"drawn": 0.10, "kept": 0.03, "bytes": 6000}),
    ("heatmap of 200 x 200", (4, 5, 6), {"drawn": 0.15, "kept": 0.03}),
)
_LAG_MS = 60

# Waits for the next picture in one cell's output; the key is pressed from outside meanwhile.
_ARM = """(cell) => {
    const output = benchOutput(cell);
    const before = benchLook(output);
    let pressed = null;
    output.addEventListener('keydown', (event) => { pressed = performance.now(); }, { capture: true, once: true });
    window.benchmark = new Promise((resolve, reject) => {
        const end = benchWatch(output, (now) => {
            if (pressed === null || benchLook(output) === before) return;
            end();
            resolve(now - pressed);
        });
        setTimeout(() => reject(new Error('no other picture within 20 seconds')), 20000);
    });
}"""

# Remembers when the mouse was last heard, and when pictures came.
_ARM_DRAG = """(cell) => {
    const times = { mouse: 0, pictures: [] };
    const hear = () => { times.mouse = performance.now(); };
    document.addEventListener('pointermove', hear, true);
    const end = benchWatch(benchOutput(cell), (now) => times.pictures.push(now));
    window.benchDragged = () => {
        end();
        document.removeEventListener('pointermove', hear, true);
        return times;
    };
}"""


def run(rounds: int = 6, presses: int = 6, drags: int = 4, say=print) -> list[dict]:
    """Measures; one row a quantity: name, ours, images, interact, ratio (of ours to interact), target, met.

    As a reader does, several presses in a row move one slider, then the other; the first press after a change of
    slider is not counted. A ratio is the median over rounds, in which all lie seconds apart. A target is one for the
    ratio of times, else for ours.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "sliders.ipynb"), _CELLS)
        with running_lab(folder) as url, open_page(height=3600) as page:
            page.add_init_script(HIDE)
            received = Received(page)
            open_notebook(page, url, "sliders.ipynb")
            run_all(page)
            page.evaluate(WATCH)
            for name, cells, targets in _CASES:
                found = [_round(page, cells, presses, received) for _ in range(rounds + 1)]
                # The first round warms the kernel and the page.
                found = [{**one, **_drags(page, cells, turn)} for turn, one in enumerate(found[1:])]
                for row in _rows(name, found, targets):
                    rows.append(row)
                    say("{name}: {ours}, images {images}, interact {interact}, ratio {ratio}".format(**row))
    return rows


def _round(page, cells, presses, received):
    """Medians of a round: what was measured, to one number for each of the cells."""
    _drop(page)
    drawn, told, kept = [], [], []
    for cell in cells:
        trials = [_press(page, cell, "ArrowRight", received) for _ in range(presses + 1)][1:]
        drawn.append(statistics.median(milliseconds for milliseconds, _ in trials))
        told.append(statistics.median(size for _, size in trials))
        back = [_press(page, cell, "ArrowLeft", received) for _ in range(presses)]
        kept.append(statistics.median(milliseconds for milliseconds, _ in back))
    return {"drawn": drawn, "bytes": told, "kept": kept}


def _press(page, cell, key, received):
    """Milliseconds from a key to another picture, and the bytes that were told meanwhile."""
    slider_in(page, cell).focus()
    page.wait_for_timeout(600)
    page.evaluate(_ARM, cell)
    received.clear()
    page.keyboard.press(key)
    elapsed = page.evaluate("() => window.benchmark")
    page.wait_for_timeout(100)
    wait_idle(page)
    return elapsed, received.told


def _drags(page, cells, turn):
    """The lag after a drag of one second, and the pictures in it, for each of the cells."""
    _drop(page)
    lags, pictures = [], []
    for cell in cells:
        page.evaluate(_ARM_DRAG, cell)
        drag_for(page, slider_in(page, cell), 1.0, -0.4 if turn % 2 else 0.4)
        page.wait_for_timeout(1500)
        wait_idle(page)
        times = page.evaluate("() => window.benchDragged()")
        lags.append(max(times["pictures"], default=float("inf")) - times["mouse"])
        pictures.append(len(times["pictures"]))
    return {"lag": lags, "pictures": pictures}


def _drop(page):
    page.evaluate(
        """async (cell) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = cell;
            notebook.deselectAll();
            await jupyterapp.commands.execute('notebook:run-cell');
        }""",
        _NOTHING,
    )
    wait_idle(page)


def _rows(name, found, targets):
    yield _row(f"{name}: key to pixels, drawn, ms", [one["drawn"] for one in found], ratio=targets["drawn"])
    yield _row(f"{name}: key to pixels, kept, ms", [one["kept"] for one in found], ratio=targets["kept"])
    yield _row(f"{name}: bytes a move", [one["bytes"] for one in found], most=targets.get("bytes"))
    yield _row(f"{name}: lag after a drag, ms", [one["lag"] for one in found], most=_LAG_MS)
    yield _row(f"{name}: pictures in the drag", [one["pictures"] for one in found])


def _row(name, triples, ratio=None, most=None):
    ours, images, interact = (round(statistics.median(column)) for column in zip(*triples, strict=True))
    part = statistics.median(mine / max(theirs, 1) for mine, _, theirs in triples)
    row = {"name": name, "ours": ours, "images": images, "interact": interact, "ratio": round(part, 3)}
    if ratio is not None:
        return {**row, "target": f"ratio {ratio}", "met": part <= ratio}
    if most is not None:
        return {**row, "target": str(most), "met": ours <= most}
    return {**row, "target": "-", "met": "-"}


if __name__ == "__main__":
    run()
