"""What an author may draw with, and what he is told otherwise."""

import numpy as np
import pytest
import torch

from tests.unit.figure.drawing import new_stage, shoot


def test_lists_arrays_and_tensors_draw_the_same():
    def draw(panel, make):
        panel.curve("a", make([0.0, 1.0, 2.0]), make([1.0, 0.0, 1.0]))
        panel.scatter("b", make([[0.0, 1.0], [1.0, 1.0]]))

    kinds = [list, np.array, lambda x: torch.tensor(x, requires_grad=True), lambda x: torch.tensor(x).half()]
    pictures = [shoot(new_stage(), draw, kind).frame for kind in kinds]
    assert all(picture == pictures[0] for picture in pictures)


def test_what_was_drawn_does_not_change_with_the_author_s_array():
    stage = new_stage()
    x = np.array([0.0, 1.0])
    view = stage.view()
    view.curve("a", x, x)
    x += 1
    assert view["main"].marks["a"].x.tolist() == [0.0, 1.0]


_BAD = {
    "y: expected shape (3), got (2,)": lambda panel: panel.curve("a", [1, 2, 3], [1, 2]),
    "xy: expected shape (any, 2), got (3,)": lambda panel: panel.scatter("a", [1, 2, 3]),
    "cov: expected a positive semi-definite matrix": lambda panel: panel.ellipse(
        "a", [0, 0], [[1, 2], [2, 1]]
    ),
    "color: expected one of 'p'": lambda panel: panel.curve("a", [1], [1], color="nonsense"),
    "style: expected one of": lambda panel: panel.curve("a", [1], [1], style="wavy"),
    "heights: expected shape (2), got (1,)": lambda panel: panel.bars("a", ["x", "y"], [1]),
    "extent: expected finite": lambda panel: panel.heatmap("a", [[1.0]], (1, 0, 0, 1)),
    "cmap: expected": lambda panel: panel.heatmap("a", [[1.0]], (0, 1, 0, 1), cmap="nonsense"),
    "alpha: expected": lambda panel: panel.curve("a", [1], [1], alpha=2),
    "name: expected": lambda panel: panel.curve([1], [1], [1]),
    "x: expected numbers": lambda panel: panel.curve("a", ["one"], [1]),
}


@pytest.mark.parametrize(("sentence", "draw"), _BAD.items(), ids=[text.split(":")[0] for text in _BAD])
def test_bad_input_is_named(sentence, draw):
    with pytest.raises(ValueError) as error:
        draw(new_stage().view()["main"])
    assert str(error.value).startswith(sentence)


def test_an_unknown_panel_says_which_there_are():
    with pytest.raises(ValueError, match="expected one of 'main', got 'left'"):
        new_stage().view()["left"]
