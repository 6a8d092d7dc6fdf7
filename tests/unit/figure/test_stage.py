"""What a picture remembers: limits that follow the data, and nothing else, from whatever thread."""

import threading

import numpy as np
import pytest

from course_lib.figure.panel import Panel
from course_lib.figure.stage import Stage
from tests.unit.figure.drawing import PRIMITIVES, X, new_stage, shoot


@pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)
def test_the_picture_does_not_depend_on_those_before(draw):
    moved = new_stage()
    before = shoot(moved, draw, 0.2).frame
    for other in PRIMITIVES.values():
        shoot(moved, other, 0.6)
    again = new_stage()
    # But for the rows of legends: they are the same here.
    assert shoot(moved, draw, 0.9).marks == shoot(again, draw, 0.9).marks
    assert before != shoot(again, draw, 0.9).frame


def test_fixed_limits_never_change_and_free_ones_grow_without_jitter():
    fixed, free = new_stage(), new_stage(ylim=None)
    seen = []
    for height in np.linspace(1, 2, 50):
        one, other = (
            shoot(stage, lambda panel, height=height: panel.curve("a", X, height * np.sin(X)))
            for stage in (fixed, free)
        )
        assert one.ylim == (-2, 2.5)
        assert other.ylim[0] <= -height * 0.99 and other.ylim[1] >= height * 0.99
        seen.append(other.ylim)
    assert len(set(seen)) <= 5


def test_what_a_stage_remembers_can_be_taken_back():
    stage = new_stage(ylim=None)
    first = shoot(stage, lambda panel: panel.curve("a", X, X))
    memory = stage.memory()
    assert memory == stage.memory()
    grown = shoot(stage, lambda panel: panel.curve("a", X, 50 * X, label="large"))
    assert grown.ylim != first.ylim and stage.memory() != memory
    stage.recall(memory)
    assert stage.memory() == memory
    assert shoot(stage, lambda panel: panel.curve("a", X, X)).frame == first.frame


def test_bars_can_change_their_labels_and_number():
    stage = new_stage(xlim=None)
    for names in (["a", "b"], ["a", "b", "c"], ["d"]):
        shown = shoot(stage, lambda panel, names=names: panel.bars("a", names, [1.0] * len(names)))
        assert [word for word in shown.words if word in "abcd"] == names
        assert shown.xlim == pytest.approx((-0.6, len(names) - 0.4))


def test_threads_that_draw_at_once_get_whole_pictures():
    values = np.linspace(0.1, 0.9, 6)
    wanted = [shoot(new_stage(), PRIMITIVES["curve"], t).frame for t in values]
    stage, wrong = new_stage(), []

    def work(seed):
        for index in np.random.default_rng(seed).integers(0, 6, 20):
            if shoot(stage, PRIMITIVES["curve"], values[index]).frame != wanted[index]:
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_move_tells_only_what_changed():
    """The picture of the benchmark: two densities of 400 points, a region, bars of 8 divergences."""
    stage = Stage(
        [
            Panel("densities", xlabel="x", ylabel="density", ylim=(0, 0.45)),
            Panel("divergences", ylabel="nats", ylim=(0, 4)),
        ]
    )
    x = np.linspace(-6, 6, 400)

    def frame(mean):
        view = stage.view()
        p, q = np.exp(-(x**2) / 2) / 2.5, np.exp(-((x - mean) ** 2) / 2) / 2.5
        view["densities"].fill("overlap", x, np.minimum(p, q), color="third", label="overlap")
        view["densities"].curve("p", x, p, color="p", label="p")
        view["densities"].curve("q", x, q, color="q", label="q")
        view["divergences"].bars("all", ["KL", "JS", "TV", "Hellinger"] * 2, np.sin(np.arange(8) + mean) ** 2)
        view.readout("mean", mean)
        return stage.frame(view)

    first, second = frame(0.1), frame(0.2)
    told = sum(map(len, second.since(first)[1]))
    # Two curves of 400 numbers, eight bars, and less than two kilobytes of words.
    assert 2 * 400 * 4 + 8 * 4 < told < 2 * 400 * 4 + 8 * 4 + 2000
