"""One place decides on the device, one function makes a run repeat."""

import random

import numpy as np
import pytest
import torch

from course_lib.device import get_device, seed_everything


def test_variable_overrides_the_choice(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert get_device() == torch.device("cpu")


def test_argument_overrides_the_variable(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "nonsense")
    assert get_device("cpu") == torch.device("cpu")


def test_best_device_without_a_wish(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert get_device().type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert get_device().type == "mps"


@pytest.mark.parametrize("wish", ["graphics", "cuda:x", "tpu7"])
def test_no_device_of_that_name(monkeypatch, wish):
    monkeypatch.setenv("COURSE_DEVICE", wish)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE: expected .* got '{wish}'"):
        get_device()


def test_absent_device_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'cuda' is not available"):
        get_device("cuda")


def draw():
    return random.random(), np.random.rand(), torch.rand(3).tolist()  # noqa: NPY002


def test_same_seed_same_numbers_other_seed_other_numbers():
    seed_everything(7)
    first = draw()
    seed_everything(7)
    assert draw() == first
    seed_everything(8)
    assert draw() != first


def test_returned_generator_carries_the_seed():
    a, b = (torch.rand(4, generator=seed_everything(3)) for _ in range(2))
    assert torch.equal(a, b)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "1"])
def test_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed: expected an integer"):
        seed_everything(seed)
