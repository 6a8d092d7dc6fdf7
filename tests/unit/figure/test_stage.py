"""The canvas under the panels: what stands still is painted once, from whatever thread."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from course_lib.figure.stage import Stage
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


def test_moving_does_not_repaint_the_background():
    stage = new_stage()
    shoot(stage, PRIMITIVES["curve"], 0.0)
    stage._paint_background = lambda: pytest.fail("painted the background again")
    for t in np.linspace(0, 1, 5):
        shoot(stage, PRIMITIVES["curve"], t)


def test_stages_that_were_not_used_for_long_give_the_same_picture():
    first = new_stage()
    before = shoot(first, PRIMITIVES["curve"], 0.5)
    for _ in range(8):
        shoot(new_stage(), PRIMITIVES["vline"], 0.5)
    assert first._background is None and not hasattr(first.canvas, "renderer")
    assert (first.pixels() == before).all()


def test_a_stage_like_another_shares_its_limits():
    one = new_stage(ylim=None)
    other = Stage(one.panels, one.size, scale=2.0, like=one)
    shoot(one, lambda panel: panel.curve("a", X, 10 * X))
    shoot(one, lambda panel: panel.curve("a", X, 15 * X))
    shoot(other, lambda panel: panel.curve("a", X, 9 * X))
    assert other.slots["main"].axes.get_ylim() == one.slots["main"].axes.get_ylim()


def test_threads_that_paint_at_once_give_whole_pictures():
    values = np.linspace(0.1, 0.9, 6)
    wanted = [shoot(new_stage(), PRIMITIVES["curve"], t) for t in values]
    stage, other = new_stage(), new_stage()
    wrong = []

    def work(seed):
        for index in np.random.default_rng(seed).integers(0, 6, 12):
            own = (stage, other)[seed % 2]
            view = own.view()
            PRIMITIVES["curve"](view["main"], values[index])
            decoded = np.asarray(Image.open(io.BytesIO(own.frame(view)[1])).convert("RGBA"))
            if (decoded != wanted[index]).any():
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
