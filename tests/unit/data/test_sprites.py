"""Sprites: all pictures differ, each shows its factors, and the last factor changes fastest."""

import torch

from course_lib.data import sprites


def test_all_768_pictures_differ_and_every_combination_occurs_once():
    images, factors, names = sprites()
    assert images.shape == (768, 16, 16) and factors.shape == (768, 4)
    assert len(images.flatten(1).unique(dim=0)) == 768
    assert len(factors.unique(dim=0)) == 768
    assert [len(column.unique()) for column in factors.T] == [3, 4, 8, 8]
    assert names == ("shape", "size", "x", "y")
    assert set(images.unique().tolist()) == {0.0, 1.0}


def test_a_row_is_where_the_docstring_says():
    _, factors, _ = sprites()
    shape, size, x, y = factors.T
    assert torch.equal(((shape * 4 + size) * 8 + x) * 8 + y, torch.arange(768))


def test_x_moves_to_the_right_and_y_moves_down_by_one_pixel_a_level():
    images, factors, _ = sprites(dtype=torch.float64)
    # Small shapes are never cut off, so that their centre of mass moves exactly with the factor.
    small = images[factors[:, 1] < 2]
    places = factors[factors[:, 1] < 2]
    pixel = torch.arange(16.0, dtype=torch.float64)
    mass = small.sum((1, 2))
    across = (small.sum(1) @ pixel) / mass
    down = (small.sum(2) @ pixel) / mass
    squares = places[:, 0] == 0
    assert torch.allclose(across, places[:, 2].double() + 4)
    assert torch.allclose(down[squares], places[squares, 3].double() + 4)


def test_a_larger_size_covers_a_smaller_one():
    images = sprites().images
    by_size = images.view(3, 4, 64, 256)
    assert bool((by_size[:, 1:] >= by_size[:, :-1]).all())
    assert bool((by_size[:, 1:].sum(-1) > by_size[:, :-1].sum(-1)).all())


def test_type_and_device_are_as_asked():
    images, factors, _ = sprites(device="cpu", dtype=torch.float64)
    assert images.dtype == torch.float64 and factors.dtype == torch.int64
