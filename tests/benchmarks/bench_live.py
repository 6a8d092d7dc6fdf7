"""Training that one steers: does a slider act at once, and what do pictures and sliders cost in steps a second?

JupyterLab runs in Chromium, and the page takes the times, see ``watching``. The game is the ring of notebook 08 with
its three panels. Bare loop, live training and a blocking loop that redraws every 25 steps take turns, so that a noisy
machine disturbs all alike. A slider has acted when the page shows a number that the trained object has from it.

    python -m tests.benchmarks.bench_live
"""

import statistics
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__" and not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.watching import WATCH, slider_in
from tests.browser.lab import open_notebook, open_page, run_all, running_lab, wait_idle, write_notebook

__all__ = ["run"]

_COMMON = """
%matplotlib inline
import math, time
import ipywidgets, matplotlib.pyplot as plt, numpy as np, torch
from IPython.display import clear_output, display
from course_lib.adversarial import AdversarialGame
from course_lib.networks import mlp
from course_lib.widgets import LiveTraining, Panel, Slider

torch.set_num_threads(1)
angles = torch.arange(8) * (2 * math.pi / 8)
centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
data = centres[torch.randint(8, (20_000,))] + 0.05 * torch.randn(20_000, 2)
side = torch.linspace(-3, 3, 41)
plane = torch.cartesian_prod(side, side)

def make():
    return AdversarialGame(mlp((2, 64, 64, 2), seed=0), mlp((2, 64, 64, 1), "leaky_relu", seed=1), data, noise_size=2)

def thinned(game, name):
    thin = max(1, game.steps // 200)
    return np.arange(1, game.steps + 1)[::thin], game.history.numpy(name)[::thin]

def heat(game):
    return torch.sigmoid(game.scores(plane)).reshape(41, 41).T.numpy()

warm = make()
for _ in range(200):
    warm.step()
"""

_LIVE = """
def draw(view, game):
    view["plane"].heatmap("d", heat(game), extent=(-3, 3, -3, 3), cmap="RdBu_r", limits=(0, 1))
    view["plane"].scatter("data", data[:500], color="ink", size=2.5, label="data")
    view["plane"].scatter("model", game.samples(500), color="third", size=3.5, label="samples")
    if game.steps:
        view["value"].curve("v", *thinned(game, "value"), color="q", width=1.0, label="V")
        view["norm"].curve("norm", *thinned(game, "gradient_norm"), color="p", width=1.0)
    view["value"].hline("floor", -math.log(4))
    view.readout("rate in use", game.lr_d, ".6g")
    view.readout("step", game.steps)

live = LiveTraining(
    make(), draw, size=(10, 3.7), alt="A game.", cap=1_000_000,
    panels=[Panel("plane", title="D, data, samples", xlim=(-3, 3), ylim=(-3, 3), aspect="equal", width=1.1),
            Panel("value", title="the value", xlabel="step", ylabel="nats", ylim=(-2, 0.1)),
            Panel("norm", title="generator's gradient", xlabel="step", yscale="log", ylim=(1e-3, 30))],
    lr_d=Slider(1e-5, 1e-1, value=1e-3, log=True, label="learning rate of D"),
)
live
"""

_BARE = """
game, start = make(), time.perf_counter()
for _ in range(1500):
    game.step()
print("rate", 1500 / (time.perf_counter() - start))
"""

_PEER = """
slider = ipywidgets.FloatLogSlider(value=1e-3, min=-5, max=-1, step=0.04, description="learning rate of D")
used, out = ipywidgets.HTML("0.001"), ipywidgets.Output()
# Counts as an effect as soon as the kernel knows the new value, which is generous: the next picture comes later.
slider.observe(lambda change: setattr(used, "value", f"{change['new']:.6g}"), "value")
display(slider, used, out)
"""

_PEER_LOOP = """
game, start = make(), time.perf_counter()
for i in range(1, 501):
    game.lr_d = slider.value
    game.step()
    if i % 25 == 0:
        with out:
            clear_output(wait=True)
            fig, (a, b, c) = plt.subplots(1, 3, figsize=(10, 3.7))
            a.imshow(heat(game), extent=(-3, 3, -3, 3), origin="lower", cmap="RdBu_r", vmin=0, vmax=1)
            a.plot(*data[:500].T, ".", ms=2.5); a.plot(*game.samples(500).T, ".", ms=3.5)
            b.plot(*thinned(game, "value")); b.set(ylim=(-2, 0.1)); b.axhline(-math.log(4))
            c.semilogy(*thinned(game, "gradient_norm"))
            plt.show()
print("rate", 500 / (time.perf_counter() - start))
"""

_TARGETS = {"latency": 150.0, "steps": 0.95, "frames": 10.0}

# Resolves when the text under a selector is another one on the screen after the next key press in the output of a cell.
_ARM = """([cell, shown]) => {
    const output = benchOutput(cell);
    const text = () => output.querySelector(shown).textContent;
    const before = text();
    let pressed = null;
    output.addEventListener('keydown', () => { pressed = performance.now(); }, { capture: true, once: true });
    // Our numbers change with the picture; those of other widgets as they come, and are seen a frame later.
    const watchText = (told) => {
        const observer = new MutationObserver(() => requestAnimationFrame(() => told(performance.now())));
        observer.observe(output, { subtree: true, childList: true, characterData: true });
        return () => observer.disconnect();
    };
    const watch = output.querySelector('canvas') ? (told) => benchWatch(output, told) : watchText;
    window.benchmark = new Promise((resolve) => {
        const end = watch((now) => {
            if (pressed === null || text() === before) return;
            end();
            resolve(now - pressed);
        });
        setTimeout(() => resolve(null), 20000);
    });
}"""

# Counts pictures that are painted on the page, and steps from the first change of their number to the last.
_COUNT = """async ([cell, milliseconds]) => {
    const output = benchOutput(cell);
    const status = output.querySelector('.course-status');
    const changes = [];
    let frames = 0;
    const observer = new MutationObserver(() => {
        const step = Number(status.textContent.replace(/,/g, '').match(/step (\\d+)/)[1]);
        changes.push([step, performance.now()]);
    });
    observer.observe(status, { subtree: true, childList: true, characterData: true });
    const end = benchWatch(output, () => { frames += 1; });
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    end();
    observer.disconnect();
    const [[from, start], [to, stop]] = [changes[0], changes.at(-1)];
    return { steps: 1000 * (to - from) / (stop - start), frames: 1000 * frames / milliseconds };
}"""


def run(rounds: int = 5, presses: int = 5, seconds: float = 4.0, say=print) -> list[dict]:
    """Measures; one row a quantity: name, ours, peer, bare, target, met."""
    latencies, peer_latencies, live, bare, peer = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "live.ipynb"), (_COMMON, _LIVE, _BARE, _PEER, _PEER_LOOP))
        with running_lab(folder) as url, open_page(height=1500) as page:
            open_notebook(page, url, "live.ipynb")
            run_all(page)
            page.evaluate(WATCH)
            play = page.locator(".course-play")
            for _ in range(rounds):
                bare.append(_run_cell(page, 2))
                play.click()
                page.wait_for_timeout(700)
                live.append(page.evaluate(_COUNT, [1, seconds * 1000]))
                for _ in range(presses):
                    latencies.append(_press(page, 1, ".course-readouts b"))
                play.click()
                wait_idle(page)
                rate, latency = _run_peer(page)
                peer.append(rate)
                peer_latencies.append(latency)
            bare.append(_run_cell(page, 2))
    # Each live run beside the bare loops before and after it.
    shares = [one["steps"] / ((a + b) / 2) for one, a, b in zip(live, bare[:-1], bare[1:], strict=True)]
    peer_shares = [one / ((a + b) / 2) for one, a, b in zip(peer, bare[:-1], bare[1:], strict=True)]
    latency, share = statistics.median(latencies), statistics.median(shares)
    frames = statistics.median(one["frames"] for one in live)
    rows = [
        _row(
            "slider to effect, ms (median)",
            latency,
            statistics.median(peer_latencies),
            "latency",
            latency <= _TARGETS["latency"],
        ),
        _row(
            "steps a second, bare loop = 1",
            share,
            statistics.median(peer_shares),
            "steps",
            share >= _TARGETS["steps"],
        ),
        _row("frames a second", frames, statistics.median(peer) / 25, "frames", frames >= _TARGETS["frames"]),
    ]
    say(f"bare loop {statistics.median(bare):.0f} steps/s; latencies {[round(one) for one in latencies]}")
    for row in rows:
        say("{name}: {ours} (target {target}), blocking loop {peer}".format(**row))
    return rows


def _row(name, ours, peer, target, met):
    return {
        "name": name,
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "target": _TARGETS[target],
        "met": bool(met),
    }


def _press(page, cell, shown):
    slider_in(page, cell).focus()
    page.evaluate(_ARM, [cell, shown])
    page.keyboard.press("ArrowRight")
    elapsed = page.evaluate("() => window.benchmark")
    if elapsed is None:
        raise RuntimeError(f"the slider of cell {cell} had no effect within 20 seconds")
    page.wait_for_timeout(150)
    return elapsed


def _start_cell(page, cell):
    page.evaluate(
        """(cell) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = cell;
            notebook.deselectAll();
            jupyterapp.commands.execute('notebook:run-cell');
        }""",
        cell,
    )


def _rate(page, cell):
    page.wait_for_timeout(200)
    wait_idle(page)
    # From the model: a cell that is scrolled away shows no text. The kernel calls itself idle after each slider's
    # message, also while the cell runs, so the printed line is waited for.
    printed = page.wait_for_function(
        """(cell) => jupyterapp.shell.currentWidget.content.widgets[cell].model.outputs.toJSON()
            .map((output) => [].concat(output.text ?? []).join('')).join('').match(/rate ([0-9.]+)/)?.[1]""",
        arg=cell,
        timeout=120_000,
    )
    wait_idle(page)
    return float(printed.json_value())


def _run_cell(page, cell):
    _start_cell(page, cell)
    return _rate(page, cell)


def _run_peer(page):
    """Steps a second of the blocking loop, and how long its slider takes to act while it runs."""
    _start_cell(page, 4)
    page.wait_for_timeout(1000)
    latency = _press(page, 3, ".widget-html-content")
    return _rate(page, 4), latency


if __name__ == "__main__":
    run()
