"""A tensor that a network cannot take is named; what is no question of size passes as it is."""

import pytest
import torch

from course_lib.checks.given import given_to


def test_what_fits_comes_back_and_what_does_not_is_named_with_torchs_words():
    network = torch.nn.Linear(2, 1)
    x = torch.ones(3, 2)
    assert torch.equal(given_to(network, "x", x, "the critic"), network(x))
    with pytest.raises(
        ValueError, match=r"x: expected what the critic takes, got shape \(3, 5\) \(mat1 .*3x5"
    ) as caught:
        given_to(network, "x", torch.ones(3, 5), "the critic")
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), KeyError("mine"), ValueError("own words")])
def test_other_errors_keep_their_name(error):
    def function(_):
        raise error

    with pytest.raises(type(error)) as caught:
        given_to(function, "x", torch.ones(1), "the critic")
    assert caught.value is error
