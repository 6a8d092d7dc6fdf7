"""The digits are real, split once, and no held-out image is in the training set."""

import pytest
import torch

from course_lib.data.digits import load_digits


def test_every_image_is_in_exactly_one_part():
    from sklearn.datasets import load_digits as bundled

    digits = load_digits(dtype=torch.float64)
    together = torch.cat([digits.train, digits.held_out]) * 16
    assert together.shape == (1797, 64)
    original = torch.as_tensor(bundled().data)

    def key(rows):
        return sorted(tuple(r) for r in rows.round().int().tolist())

    assert key(together) == key(original)


def test_no_held_out_image_is_a_training_image():
    digits = load_digits()
    assert torch.cdist(digits.held_out, digits.train).min() > 0


def test_held_out_has_equally_many_of_each_class():
    assert torch.bincount(load_digits().held_out_labels).tolist() == [36] * 10


def test_the_split_repeats_and_ignores_the_global_seed():
    torch.manual_seed(1)
    first = load_digits().held_out
    torch.manual_seed(2)
    assert torch.equal(first, load_digits().held_out)


def test_labels_belong_to_their_images():
    digits = load_digits()
    # Nearest neighbours classify these digits with about 98 % accuracy; shuffled labels would give 10 %.
    nearest = torch.cdist(digits.held_out, digits.train).argmin(1)
    assert (digits.train_labels[nearest] == digits.held_out_labels).float().mean() > 0.95


def test_binary_pixels_are_the_grey_ones_cut_at_one_half():
    grey, binary = load_digits(), load_digits(binary=True)
    assert torch.equal(binary.train, (grey.train >= 0.5).float())


def test_an_integer_type_is_refused():
    with pytest.raises(ValueError, match=r"dtype: expected a floating point type .*, got torch\.int64"):
        load_digits(dtype=torch.int64)
