"""From a key press on a slider to changed pixels: our explorables beside ``ipywidgets.interact`` with the same picture.

JupyterLab runs in Chromium; the page itself takes the times. A trial ends in the first animation frame in which the
picture's new image has been decoded. The variants take turns, so that a noisy machine disturbs all alike. The third
one is the floor: a slider that only swaps two ready frames of ours, which is what the way from the key to the kernel
and back to the screen takes when nothing is computed, drawn or encoded.

    python -m tests.benchmarks.bench_sliders
"""

import statistics
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__" and not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.lab import open_notebook, open_page, run_all, running_lab, wait_idle, write_notebook

__all__ = ["run"]

_COMMON = '''
%matplotlib inline
import math
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from course_lib.widgets import Panel, Slider
from course_lib.widgets import explore

# The peer's pictures are dressed like ours: the same size, fonts, grid and frame.
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
'''

_OURS_CURVES = """
def draw_curves(view, mean):
    p, q, values = two(mean)
    left = view["densities"]
    left.fill("overlap", x, np.minimum(p, q), color="third", label="overlap")
    left.curve("p", x, p, color="p", label="p")
    left.curve("q", x, q, color="q", label="q")
    view["divergences"].bars("all", names, values)
curves = explore(draw_curves, alt="Two densities and their divergences.", mean=Slider(-2.0, 2.0, step=0.02, value=0.0),
        panels=[Panel("densities", xlabel="x", ylabel="density", ylim=(0, 0.45)),
                Panel("divergences", ylabel="nats", ylim=(0, 4))])
curves
"""

_PEER_CURVES = """
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

_OURS_HEATMAP = """
def draw_heatmap(view, rho):
    view.heatmap("density", density(rho), extent=(-3, 3, -3, 3))
heatmap = explore(draw_heatmap, alt="The density of a correlated Gaussian.", size=(5, 4.5),
        rho=Slider(-0.9, 0.9, step=0.01, value=0.0),
        panels=[Panel("plane", xlabel="first", ylabel="second", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")])
heatmap
"""

_PEER_HEATMAP = """
def plot_heatmap(rho):
    fig, axes = plt.subplots(figsize=(5, 4.5))
    axes.imshow(density(rho), extent=(-3, 3, -3, 3), origin="lower", cmap="Blues", interpolation="bilinear")
    axes.set(xlabel="first", ylabel="second")
    plt.show()
ipywidgets.interact(plot_heatmap, rho=ipywidgets.FloatSlider(0.0, min=-0.9, max=0.9, step=0.01));
"""

_FLOOR = """
def swapped(shown, name, values):
    frames = []
    for value in values:
        shown.set(**{{name: value}})
        frames.append(shown._picture.value)  # as it went to the page
    image = ipywidgets.Image(value=frames[0], format=shown._picture.format, layout=shown._picture.layout)
    slider = ipywidgets.FloatSlider(0.0, min=-2.0, max=2.0, step=0.02)
    def swap(change):
        frames.reverse()
        image.value = frames[0]
    slider.observe(swap, "value")
    shown.reset()
    return ipywidgets.VBox([slider, image])
swapped({shown}, {control!r}, (0.1, 0.2))
"""

_CELLS = (
    _COMMON,
    _OURS_CURVES,
    _PEER_CURVES,
    _FLOOR.format(shown="curves", control="mean"),
    _OURS_HEATMAP,
    _PEER_HEATMAP,
    _FLOOR.format(shown="heatmap", control="rho"),
)

# What to measure: the cells of ours, of the peer and of the floor, and the ratio to reach.
_CASES = (("two densities, 8 divergences", (1, 2, 3), 0.20), ("heatmap of 200 x 200", (4, 5, 6), 0.30))

# Waits for the next change of the picture in one cell's output; the key is pressed from outside meanwhile. A change is
# noticed at once (not in the next frame), and counts when the new image has been decoded and its frame begins.
_ARM = """(cell) => {
    const output = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[cell].querySelector('.jp-OutputArea');
    const handle = output.querySelector('.noUi-handle');
    const before = output.querySelector('img').src;
    window.benchmark = new Promise((resolve) => {
        let pressed = null;
        handle.addEventListener('keydown', () => { pressed = performance.now(); }, {capture: true, once: true});
        const observer = new MutationObserver(() => {
            const image = output.querySelector('img');
            if (pressed === null || !image || !image.src || image.src === before) return;
            observer.disconnect();
            image.decode().catch(() => null).then(() => requestAnimationFrame(() =>
                resolve(performance.now() - pressed)));
        });
        observer.observe(output, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
    });
}"""


def run(rounds: int = 6, presses: int = 6, say=print) -> list[dict]:
    """Measures; one row a picture: name, ours_ms, floor_ms, peer_ms, ratio, floor_ratio, target, met.

    Ratios are to the peer, ``interact``.

    As a reader does, several presses in a row move one slider, then the other; the first press after a change of
    slider is not counted. A ratio is the median over rounds, in which all lie seconds apart.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "sliders.ipynb"), _CELLS)
        with running_lab(folder) as url, open_page(height=1300) as page:
            open_notebook(page, url, "sliders.ipynb")
            run_all(page)
            for name, cells, target in _CASES:
                times = [[_median(page, cell, presses) for cell in cells] for _ in range(rounds + 1)]
                # The first round warms the kernel and the page.
                mine, theirs, floor = zip(*times[1:], strict=True)
                ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
                floor_ratio = statistics.median(a / b for a, b in zip(floor, theirs, strict=True))
                row = {"name": name, "ours_ms": round(statistics.median(mine))}
                row["floor_ms"], row["peer_ms"] = (round(statistics.median(one)) for one in (floor, theirs))
                row |= {"ratio": round(ratio, 3), "floor_ratio": round(floor_ratio, 3)}
                rows.append({**row, "target": target, "met": ratio <= target})
                say(
                    "{name}: {ours_ms} ms, interact {peer_ms} ms, ratio {ratio} (target {target}); floor "
                    "{floor_ms} ms, ratio {floor_ratio}".format(**rows[-1])
                )
    return rows


def _median(page, cell, presses) -> float:
    return statistics.median([_trial(page, cell) for _ in range(presses + 1)][1:])


def _trial(page, cell) -> float:
    handle = page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".noUi-handle").first
    handle.focus()
    page.wait_for_timeout(600)
    page.evaluate(_ARM, cell)
    page.keyboard.press("ArrowRight")
    elapsed = page.evaluate("() => window.benchmark")
    wait_idle(page)
    return elapsed


if __name__ == "__main__":
    run()
