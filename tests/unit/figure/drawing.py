"""One drawing a mark, and stages to draw it on, for the tests of this folder."""

from types import SimpleNamespace

import numpy as np

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage

X = np.linspace(-3, 3, 60)
GRID_X, GRID_Y = np.meshgrid(X, X)


def points(t):
    return np.random.default_rng(3).normal(size=(40, 2)) * (0.5 + t)


# One drawing a primitive; t moves it.
PRIMITIVES = {
    "curve": lambda panel, t: panel.curve("a", X, np.sin(X + t), label="sine"),
    "fill": lambda panel, t: panel.fill("a", X, np.cos(X * (1 + t)), base=-0.5, color="third", label="area"),
    "bars": lambda panel, t: panel.bars("a", ["one", "two", "three"], [t, 2 - t, np.inf], values=".2f"),
    "bars side by side": lambda panel, t: [
        panel.bars(color, ["one", "two"], [t + 0.5, 1.0], color=color, label=color) for color in ("p", "q")
    ],
    "heatmap": lambda panel, t: panel.heatmap("a", np.exp(-((GRID_X - t) ** 2) - GRID_Y**2), (-3, 3, -2, 2)),
    "image": lambda panel, t: panel.image(
        "a", np.arange(12.0).reshape(3, 4) % (2 + 3 * t), (-2, 2, -1.5, 1.5)
    ),
    "contour": lambda panel, t: panel.contour("a", X, X, (GRID_X - t) ** 2 + GRID_Y**2, levels=[0.5, 1, 2]),
    "ellipse": lambda panel, t: panel.ellipse(
        "a", [t, 0], [[1, 0.6 * t], [0.6 * t, 1]], std=(1, 2), color="q"
    ),
    "scatter": lambda panel, t: panel.scatter("a", points(t), color="model", label="samples"),
    "scatter in colours": lambda panel, t: panel.scatter("a", points(t), color=["p", "q"] * 20),
    "vline": lambda panel, t: panel.vline("a", t, label="here"),
    "hline": lambda panel, t: panel.hline("a", t - 0.5, color="accent"),
    "arrows": lambda panel, t: panel.arrows("a", points(t), points(0.5)[:, ::-1], scale=t, color="third"),
    "text": lambda panel, t: panel.text("a", t, 0.5, f"t = {t}"),
    "title": lambda panel, t: panel.title(f"t is {t}"),
}


def new_stage(**changes):
    settings = {"xlabel": "x", "ylabel": "y", "title": "Title", "xlim": (-3, 3), "ylim": (-2, 2.5), **changes}
    return Stage([Panel("main", **settings)], size=(4, 3))


def shoot(stage, draw, *values):
    """The frame of what ``draw`` draws on the panel, taken apart."""
    view = stage.view()
    draw(view["main"], *values)
    return taken_apart(stage.frame(view))


def taken_apart(frame, panel=0):
    """One panel of a frame with everything a painter knows of it."""
    dress, marks = (frame.json(blob) for blob in frame.head["panels"][panel])
    first = dress["places"][0]
    return SimpleNamespace(
        frame=frame,
        dress=dress,
        xlim=tuple(dress["xlim"]),
        ylim=tuple(dress["ylim"]),
        box=first["box"],
        texts=first["texts"] + marks["texts"][0],
        words=[text[0] for text in first["texts"] + marks["texts"][0]],
        bar_words=[text[0] for text in marks["texts"][0]],
        keys=first["keys"],
        marks=marks["marks"],
        kinds=[mark["kind"] for mark in marks["marks"]],
        numbers=frame.numbers,
    )
