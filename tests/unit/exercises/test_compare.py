"""What counts as the same answer, and what is said about a difference."""

import numpy as np
import pytest
import torch

from course_lib.exercises.comparison import brief, compare


@pytest.mark.parametrize(
    "same",
    [
        2,
        2.0,
        np.float32(2),
        np.array(2.0),
        torch.tensor(2.0),
        torch.tensor(2),
        torch.tensor(2.0, requires_grad=True),
    ],
)
def test_one_number_is_one_number_whatever_its_type(same):
    assert compare(same, 2.0) is None
    assert compare(2.0, same) is None


def test_lists_arrays_and_tensors_hold_the_same_numbers():
    for one in ([1, 2], (1.0, 2.0), np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])):
        for other in ([1, 2], np.array([1, 2]), torch.tensor([1, 2])):
            assert compare(one, other) is None


def test_a_row_is_not_a_column_and_one_number_is_not_an_array():
    assert compare(torch.zeros(3, 1), torch.zeros(3)).kind == "shape"
    assert compare(0.0, torch.zeros(1)).kind == "shape"
    assert compare(torch.zeros(2), 0.0).kind == "shape"


def test_a_comma_after_a_number_does_not_hide():
    # What a later cell does with a number stops at a list or a tuple that holds one.
    for comma in ((2.0,), [2.0], (np.float64(2),), (torch.tensor(2.0),), [torch.tensor([2.0])]):
        assert compare(comma, torch.tensor(2.0)) is not None
    assert compare((2.0,), 2.0).measured == "shape (1,)"
    assert compare((torch.tensor(2.0),), 2.0).measured == "a tuple of 1 results"


@pytest.mark.parametrize(
    ("same", "expected"),
    [
        (torch.tensor([2.0]), 2.0),
        (np.array([[2.0]]), torch.tensor(2.0)),
        (torch.tensor([1.0, 2.0]), (torch.tensor(1.0), torch.tensor(2.0))),
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), (np.array([1.0, 2.0]), np.array([3.0, 4.0]))),
        ([torch.tensor(1.0), torch.tensor(2.0)], torch.tensor([1.0, 2.0])),
        ((torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])), torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
    ],
)
def test_a_right_answer_in_another_form_is_taken(same, expected):
    assert compare(same, expected) is None
    assert compare(same, (expected, expected)) is not None


def test_another_form_does_not_hide_another_value():
    expected = (torch.tensor(1.0), torch.tensor(2.0))
    assert compare(torch.tensor([1.0, 3.0]), expected).where == "result 2"
    assert compare(torch.tensor([1.0, 2.0, 3.0]), expected).kind == "type"
    assert compare([torch.tensor(1.0), torch.tensor(3.0)], torch.tensor([1.0, 2.0])).where == "entry [1]"


def test_complex_numbers_are_not_real_ones():
    assert compare(torch.tensor([1.0 + 0j, 2.0]), torch.tensor([1.0, 2.0])).kind == "type"
    assert compare(torch.tensor([1.0 + 0j]), torch.tensor([1.0 + 0j])) is None


def test_single_precision_may_have_tolerances_of_its_own():
    expected = torch.tensor(1.0, dtype=torch.float64)
    loose = {"rtol": 1e-9, "atol": 0.0, "single": (1e-3, 0.0)}
    assert compare(torch.tensor(1.0001), expected, **loose) is None
    assert compare(torch.tensor(1.01), expected, **loose) is not None
    assert compare(torch.tensor(1.0001, dtype=torch.float64), expected, **loose) is not None


def test_zero_is_printed_as_0_and_rounding_noise_beside_larger_numbers_too():
    assert brief(-0.0) == "0"
    assert brief(torch.tensor([-0.0, 1.0])) == "[0, 1]"
    assert brief(np.array([1.0, -5.55112e-17])) == "[1, 0]"
    assert brief(np.array([2e-17, -5.55112e-17])) == "[2e-17, -5.551e-17]"
    assert brief(1e-300) == "1e-300"
    difference = compare(0.4, -5.55112e-17)
    assert (difference.measured, difference.expected) == ("0.4", "0")
    difference = compare(2e-6, -5.55112e-17)
    assert (difference.measured, difference.expected) == ("2e-06", "0")


def test_infinities_and_nan():
    assert compare(float("inf"), torch.tensor(float("inf"))) is None
    assert compare(float("-inf"), float("inf")).measured == "-infinity"
    assert compare(float("nan"), 1.0).kind == "nan"
    assert compare(float("nan"), torch.tensor(float("nan"))) is None
    assert compare([1.0, 5.0, float("nan")], np.array([1.0, 2.0, 3.0])).where == "entry [2]"


def test_results_of_several_parts_are_compared_part_by_part():
    expected = (torch.zeros(2), {"loss": 1.0})
    assert compare((np.zeros(2), {"loss": torch.tensor(1.0)}), expected) is None
    assert compare([np.zeros(2), {"loss": 2.0}], expected).where == "result 2, loss"
    assert compare(np.zeros(2), expected).kind == "type"
    assert compare((np.zeros(2), {"cost": 1.0}), expected).kind == "shape"
    assert compare((np.zeros(2),), expected).kind == "shape"


def test_tolerance_is_relative_and_absolute():
    assert compare(1.0 + 0.9e-5, 1.0) is None
    assert compare(1.0 + 1.2e-5, 1.0) is not None
    assert compare(0.9e-7, 0.0) is None
    assert compare(1.1e-7, 0.0) is not None


def test_close_numbers_are_shown_with_enough_digits():
    difference = compare(1.00000012, 1.0, rtol=1e-9)
    assert difference.measured != difference.expected


def test_texts_ignore_case_and_outer_blanks():
    assert compare(" Inclusive ", "inclusive") is None
    assert compare("exclusive", "inclusive").kind == "value"
    assert compare(3, "inclusive").kind == "type"


@pytest.mark.parametrize("strange", [None, object(), "text", [1, [2, 3]], {1, 2}, lambda: 1])
def test_what_is_no_number_is_said_and_not_raised(strange):
    assert compare(strange, torch.zeros(2)).kind == "type"


def test_brief_is_short_for_everything():
    for value in (
        torch.randn(100, 100),
        "x" * 1000,
        list(range(1000)),
        {i: i for i in range(100)},
        object(),
        print,
    ):
        assert len(brief(value)) < 130
