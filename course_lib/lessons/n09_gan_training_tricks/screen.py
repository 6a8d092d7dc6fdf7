"""What is on the screen while a DCGAN trains: its images, what the judge sees in them, its losses, and its switches."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from course_lib.lessons.n09_gan_training_tricks.runs import FOUND, Judge, codes
from course_lib.lessons.n09_gan_training_tricks.switched import BATCH_NORMS, SwitchedGan
from course_lib.widgets import Choice, Panel, Slider, Toggle

__all__ = ["CLASSES", "draw_classes", "draw_training", "sheet", "training_screen"]

CLASSES = [str(digit) for digit in range(10)]
WATCHED = codes(200, seed=11)  # always the same, so that one sees images change and not codes


def sheet(images: Tensor, rows: int, columns: int, side: int = 8) -> Tensor:
    """Images (n, side^2) in rows and columns, as one picture with white lines between them."""
    tiles = pad(images[: rows * columns].reshape(-1, side, side), (0, 1, 0, 1))
    tiles = tiles.reshape(rows, columns, side + 1, side + 1).permute(0, 2, 1, 3)
    return tiles.reshape(rows * (side + 1), columns * (side + 1))[:-1, :-1]


def draw_classes(panel, images: Tensor, judge: Judge) -> None:
    """The share of each class among images, as bars."""
    shares = torch.bincount(judge.labels(images), minlength=10) / len(images)
    panel.bars("classes", CLASSES, shares, color="q")
    panel.hline("data", 0.1, color="p", style="dashed", label="data, about")
    panel.hline("found", FOUND, style="dotted", label="found")


def draw_training(view, gan: SwitchedGan, judge: Judge) -> None:
    """One frame of the training."""
    images = gan.pictures(WATCHED)
    view["images"].image("images", sheet(images, 5, 12), limits=(0, 1))
    draw_classes(view["classes"], images, judge)
    if gan.losses:
        thin = max(1, len(gan.losses) // 150)
        losses = torch.stack(gan.losses[::thin]).cpu()
        steps = torch.arange(len(losses)) * thin
        view["losses"].curve("d", steps, losses[:, 0], color="p", label="D's")
        if not gan.feature_matching:  # which is no cross-entropy, and has other units
            view["losses"].curve("g", steps, losses[:, 1].clamp(max=8), color="q", label="G's")
    view.readout("classes found", judge.found(images))
    view.readout("FID of 200 images", judge.distance(images), ".0f")


def training_screen(matching: str = "feature matching", on: bool = False) -> dict:
    """Panels, presets and controls for ``LiveTraining``; ``matching`` is the label of a toggle, ``on`` its start."""
    return {
        "panels": [
            [
                Panel("images", title="always from the same codes", axes=False, aspect="equal", width=1.6),
                Panel("classes", title="what the judge sees", xlabel="digit", ylabel="share", ylim=(0, 1)),
            ],
            [Panel("losses", title="losses", xlabel="step", ylabel="nats", ylim=(0, 8))],
        ],
        "size": (10, 6),
        "presets": {
            "no batch norm": {"batch_norm": "none"},
            "momentum 0.9": {"momentum": 0.9},
            matching: {"feature_matching": True},
            "the paper's rate": {"rate": 2e-4},
        },
        "cap": 5000,
        "batch_norm": Choice(BATCH_NORMS, label="batch norm (a change starts anew)"),
        "feature_matching": Toggle(on, label=matching),
        "alpha": Slider.of([0.0, 0.1, 0.2, 0.3], label="α: label of data is 1 - α"),
        "momentum": Slider.of([0.0, 0.5, 0.9], value=0.5, label="Adam's β₁"),
        "rate": Slider.of([2e-4, 5e-4, 1e-3, 2e-3], value=1e-3, label="learning rate"),
        "average": Slider.of([0.0, 0.01, 0.1, 1.0], label="weight of historical averaging"),
    }
