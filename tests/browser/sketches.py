"""Frames written by hand for tests of painters: one mark in an empty panel, and one picture of everything."""

import numpy as np

from course_lib.figure.frame import Blobs, Frame

__all__ = ["rich", "single", "table"]

BLUE, RED, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
INK, GREY = "#222222", "#5f6368"


def table(low=(255, 255, 255), high=(8, 61, 111)) -> bytes:
    """A table of 256 colours, opaque, from one to another."""
    share = np.linspace(0, 1, 256)[:, None]
    colors = (1 - share) * np.array(low) + share * np.array(high)
    return np.c_[colors, np.full(256, 255)].round().astype(np.uint8).tobytes()


def dress(name, places, **changes) -> dict:
    """A dress; ``places`` are ``(box, texts, keys, scale)``."""
    return {
        "name": name, "xlim": [0, 1], "ylim": [0, 1], "xscale": "linear", "yscale": "linear", "axes": True,
        "xticks": [0.0, 0.25, 0.5, 0.75, 1.0], "yticks": [0.0, 0.5, 1.0], "grid": "xy", "notches": "xy",
        "scale": None, "places": [dict(zip(("box", "texts", "keys", "scale"), place, strict=True)) for place in places],
        **changes,
    }  # fmt: skip


def single(make, *, box=(60, 40, 300, 200), size=(400, 300), narrow=None, texts=(), **changes) -> Frame:
    """One panel without axes whose marks are ``make(blobs)``.

    Args:
        box, size: of the panel and of the picture.
        narrow: ``(size, box)`` of a second place.
        texts: what stands on top of the panel.
        changes: of the dress.
    """
    blobs = Blobs()
    both = [(size, box), *([narrow] if narrow else [])]
    places = [(list(box), [], [], None) for _, box in both]
    marks = {"marks": make(blobs), "texts": [list(texts) for _ in both]}
    worn = dress("main", places, **{"axes": False, "grid": "", "notches": "", **changes})
    plan = {"places": [{"width": width, "height": height, "texts": []} for (width, height), _ in both]}
    head = {"alt": "", "readouts": [], "plan": blobs.json(plan)}
    return blobs.frame({**head, "panels": [[blobs.json(worn), blobs.json(marks)]]})


def rich(shift: float = 0.0) -> Frame:
    """Three panels with every kind of mark; ``shift`` moves a curve and its area."""
    blobs = Blobs()
    wide = [[70, 96, 250, 230], [410, 96, 250, 230], [790, 96, 250, 230]]
    tall = [[70, 96, 360, 230], [70, 486, 360, 230], [70, 876, 330, 230]]
    panels = []
    for build, *boxes in zip((_curves, _bars, _plane), wide, tall, strict=True):
        panels.append(build(blobs, boxes, shift))
    places = [
        {
            "width": 1120,
            "height": 396,
            "texts": [["A rich picture", 560, 26, 19.4, "center", 0, INK, "bold"]],
        },
        {
            "width": 480,
            "height": 1180,
            "texts": [["A rich picture", 240, 26, 19.4, "center", 0, INK, "bold"]],
        },
    ]
    return blobs.frame(
        {
            "alt": "Everything.",
            "readouts": [["KL", "0.25"]],
            "plan": blobs.json({"places": places}),
            "panels": panels,
        }
    )


def _labels(box, title, xlabel, ylabel, xticks, yticks):
    x, y, width, height = box
    texts = [
        [title, x + width / 2, y - 40, 18, "center", 0, INK, "normal"],
        [xlabel, x + width / 2, y + height + 48, 18, "center", 0, INK, "normal"],
        [ylabel, x - 46, y + height / 2, 18, "center", 90, INK, "normal"],
    ]
    texts += [
        [label, x + at * width, y + height + 22, 16, "center", 0, INK, "normal"] for at, label in xticks
    ]
    texts += [
        [label, x - 9, y + (1 - at) * height + 6, 16, "right", 0, INK, "normal"] for at, label in yticks
    ]
    return texts


def _key(box, row, kind, color, label, **more):
    x, y = box[0] + 110 * row, box[1] - 24
    size = {"line": [33, 14], "dot": [33, 11], "patch": [33, 14]}[kind]
    key = {
        "kind": kind,
        "box": [x, y, *size],
        "color": color,
        "width": 3.3,
        "dash": [],
        "marker": None,
        "hatch": "",
    }
    return {**key, **more}, [label, x + 41, y + 12, 16.7, "left", 0, INK, "normal"]


def _numbers(blobs, **arrays):
    return {name: blobs.numbers(values) for name, values in arrays.items()}


def _panel(blobs, dressed, marks, texts=()):
    places = len(dressed["places"])
    return [blobs.json(dressed), blobs.json({"marks": marks, "texts": [list(texts)] * places})]


def _curves(blobs, boxes, shift):
    x = np.linspace(0, 1, 300)
    p = 0.05 + 0.8 * np.exp(-(((x - 0.35 - shift) / 0.12) ** 2))
    q = 0.05 + 0.5 * np.exp(-(((x - 0.6) / 0.2) ** 2))
    q[200:215] = np.nan
    ticks = [(0, "−4"), (0.25, "−2"), (0.5, "0"), (0.75, "2"), (1, "4")]
    places = []
    for box in boxes:
        line, first = _key(box, 0, "line", BLUE, "p(x)")
        dashed, second = _key(box, 1, "line", RED, "q(x)", dash=[13, 6])
        texts = _labels(box, "Densities", "x", "density", ticks, [(0, "0"), (0.5, "0.5"), (1, "10⁰")])
        places.append((box, [*texts, first, second], [line, dashed], None))
    marks = [
        {"kind": "area", **_numbers(blobs, x=x, y=p, base=np.zeros(300)), "color": BLUE + "40"},
        {"kind": "polygon", **_numbers(blobs, x=[0.7, 0.9, 0.8], y=[0.7, 0.75, 0.95]), "color": GREEN + "80"},
        {"kind": "line", **_numbers(blobs, x=[0, 1], y=[0.25, 0.25]), "color": GREY, "width": 2.5, "dash": [3, 3.5]},
        {"kind": "line", **_numbers(blobs, x=x, y=p), "color": BLUE, "width": 3.3, "dash": []},
        {"kind": "line", **_numbers(blobs, x=x, y=q), "color": RED, "width": 3.3, "dash": [13, 6]},
        {"kind": "text", "x": 0.04, "y": 0.9, "string": "KL = 0.25\nbits", "size": 16.7, "align": "left", "color": INK},
    ]  # fmt: skip
    return _panel(blobs, dress("curves", places), marks)


def _bars(blobs, boxes, shift):
    left = (np.arange(4) + 0.1) / 4
    heights = np.array([[0.2, 0.6, 0.9, 0.4], [0.3, 0.35, 0.55, 0.8]])
    names = [((i + 0.5) / 4, name) for i, name in enumerate("abcd")]
    places = []
    for box in boxes:
        one, first = _key(box, 0, "patch", BLUE, "data")
        two, second = _key(box, 1, "patch", RED, "model", hatch="///")
        texts = _labels(box, "Bars", "class", "probability", names, [(0, "0"), (0.5, "0.5"), (1, "1")])
        places.append((box, [*texts, first, second], [one, two], None))
    looks = [("", [BLUE]), ("///", [RED, RED, GREEN, PURPLE])]
    marks = [
        {"kind": "bars", **_numbers(blobs, left=left + 0.1 * i, top=top), "width": 0.094, "base": 0,
         "hatch": hatch, "colors": colors}
        for i, (top, (hatch, colors)) in enumerate(zip(heights, looks, strict=True))
    ]  # fmt: skip
    value = [["0.90", boxes[0][0] + 150, boxes[0][1] + 18, 15.3, "center", 0, INK, "normal"]]
    panel = dress("bars", places, xticks=[], grid="y", notches="y")
    return [blobs.json(panel), blobs.json({"marks": marks, "texts": [value, []]})]


def _plane(blobs, boxes, shift):
    y, x = np.mgrid[1:0:200j, 0:1:200j]
    values = np.exp(-(((x - 0.4) / 0.25) ** 2) - ((y - 0.55) / 0.2) ** 2)
    draw = np.random.default_rng(0)
    xy = draw.normal(0.5, 0.17, (2, 1000))
    classes = draw.normal(0.75, 0.08, (2, 60))
    colors = np.array([[213, 94, 0, 191], [0, 158, 115, 191]], np.uint8)[draw.integers(0, 2, 60)]
    at = np.array([axis.ravel() for axis in np.meshgrid(np.linspace(0.1, 0.9, 6), np.linspace(0.1, 0.9, 6))])
    digit = draw.integers(0, 255, (8, 8, 4)).astype(np.uint8)
    digit[2:4, 2:4] = 0
    shades = blobs.add(table())
    ticks = [(0, "0"), (0.5, "0.5"), (1, "1")]
    places = []
    for box in boxes:
        x0, y0, width, height = box
        dot, text = _key(box, 0, "dot", BLUE, "samples")
        square, other = _key(box, 1, "dot", GREEN, "classes", marker=SQUARE)
        texts = _labels(box, "Plane", "x₁", "x₂", ticks, ticks)
        texts += [
            [label, x0 + width + 36, y0 + (1 - f) * height + 6, 16, "left", 0, INK, "normal"]
            for f, label in ticks
        ]
        places.append((box, [*texts, text, other], [dot, square], [x0 + width + 11, y0, 15, height]))
    marks = [
        {"kind": "image", "box": [0, 0, 1, 1], "size": [200, 200], "table": shades, "smooth": True, "alpha": 1,
         "at": blobs.add((values * 255).astype(np.uint8).tobytes())},
        {"kind": "image", "box": [0.05, 0.7, 0.3, 0.95], "size": [8, 8], "table": None, "smooth": False, "alpha": 1,
         "at": blobs.add(digit.tobytes())},
        {"kind": "points", **_numbers(blobs, x=xy[0], y=xy[1]), "size": 8.3, "marker": None, "colors": [BLUE + "bf"],
         "edge": "#ffffff", "edgeWidth": 0.55},
        {"kind": "points", **_numbers(blobs, x=classes[0], y=classes[1]), "size": 10, "marker": SQUARE,
         "colors": {"at": blobs.add(colors.tobytes())}, "edge": "#ffffff", "edgeWidth": 0.55},
        {"kind": "arrows", **_numbers(blobs, x=at[0], y=at[1], u=0.1 * (0.5 - at[1]), v=0.2 * (at[0] - 0.5)),
         "color": INK, "width": 2.2},
    ]  # fmt: skip
    scale = {"table": shades, "ticks": [0.0, 0.5, 1.0], "flip": False}
    return _panel(blobs, dress("plane", places, scale=scale), marks)


SQUARE = [[-0.45, -0.45], [0.45, -0.45], [0.45, 0.45], [-0.45, 0.45]]
