"""The scale of colours beside a panel."""

import numpy as np
import pytest

from tests.unit.figure.drawing import PRIMITIVES, new_stage, shoot


def test_a_scale_of_colours_runs_from_limit_to_limit_and_vanishes_with_its_heatmap():
    stage = new_stage()

    def draw(panel):
        panel.heatmap("a", np.eye(4), (-3, 3, -2, 2), limits=(-1, 3), cmap="signed", bar="nats")

    before = shoot(stage, PRIMITIVES["curve"], 0.5)
    shoot(stage, draw)
    bar = stage.slots["main"].bar
    assert bar.own.get_ylim() == (-1, 3) and bar.own.get_ylabel() == "nats"
    assert bar.own.bbox.x0 > stage.slots["main"].axes.bbox.x1
    shoot(stage, PRIMITIVES["vline"], 0.5)
    assert (shoot(stage, PRIMITIVES["curve"], 0.5) == before).all()
    with pytest.raises(ValueError, match="limits: expected two different values"):
        stage.view().heatmap("a", np.eye(4), (0, 1, 0, 1), bar="nats")
