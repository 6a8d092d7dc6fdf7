"""Tensors of numbers: what is taken, what is refused, and the sentence."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib import checks

ROWS = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32),
        np.array(ROWS, dtype=np.int8),
        np.array(ROWS)[::-1][::-1],
        torch.tensor(ROWS).to(torch.int16),
        torch.tensor(ROWS, dtype=torch.float16),
        [torch.tensor([1.0, 2.0]), [3, 4]],
        [[Fraction(1), torch.tensor(2.0)], np.array([3, 4])],
    ],
)
def test_numbers_in_every_form(value):
    out = checks.finite("x", value, shape=("n", "d"))
    assert out.dtype == torch.float64
    assert out.tolist() == ROWS


def test_an_array_read_backwards_is_an_array():
    assert checks.tensor("x", np.arange(3.0)[::-1]).tolist() == [2.0, 1.0, 0.0]


def test_gradients_flow_through_a_list_of_tensors():
    parts = [torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)]
    checks.tensor("x", [parts[0], [*parts][1], 3.0]).square().sum().backward()
    assert [part.grad.item() for part in parts] == [2.0, 4.0]


NO_NUMBERS = [
    None, "a", True, ["1", "2"], [1, None], [1, "b"], [[1, 2], [3]], {"a": 1}, {1.0, 2.0}, 2j, [1j], object(), 10**400,
    np.array([1j]), np.array(["1"]), np.datetime64("2020-01-01"), torch.ones(2, device="meta"),
    torch.eye(2).to_sparse(),
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_is_no_tensor_of_numbers(value):
    with pytest.raises(ValueError, match=r"^x: expected numbers, got "):
        checks.tensor("x", value)


def test_complex_nan_and_infinite_tensors():
    with pytest.raises(ValueError, match=r"^x: expected real numbers, got dtype torch.complex64$"):
        checks.tensor("x", torch.ones(2, dtype=torch.complex64))
    with pytest.raises(ValueError, match=r"^x: expected numbers, got 2 NaN$"):
        checks.finite("x", [1.0, float("nan"), np.nan])
    with pytest.raises(ValueError, match=r"^x: expected finite numbers, got 1 infinite$"):
        checks.finite("x", [1.0, -np.inf])
    assert checks.tensor("x", [np.inf]).isinf().all()
    # The sum overflows, the numbers do not; infinities of both signs have no sum.
    assert checks.finite("x", [1e308, 1e308]).isfinite().all()
    assert checks.tensor("x", [np.inf, -np.inf]).isinf().all()


@pytest.mark.parametrize(
    ("shape", "taken", "refused", "sentence"),
    [
        (("n", "d"), (2, 3), (2, 0), r"\(n, d\), got shape \(2, 0\)"),
        (("n", 3), (2, 3), (2, 4), r"\(n, 3\), got shape \(2, 4\)"),
        (("n",), (2,), (2, 1), r"\(n,\), got shape \(2, 1\)"),
        (("...", "d"), (2, 5, 3), (), r"\(\.\.\., d\), got shape \(\)"),
        (("...", 2), (2,), (2, 3), r"\(\.\.\., 2\), got shape \(2, 3\)"),
        ((), (), (1,), r"\(\), got shape \(1,\)"),
    ],
)
def test_shapes(shape, taken, refused, sentence):
    assert checks.tensor("x", torch.zeros(taken), shape=shape).shape == taken
    with pytest.raises(ValueError, match=f"^x: expected shape {sentence}$"):
        checks.tensor("x", torch.zeros(refused), shape=shape)


def test_ranges():
    assert checks.tensor("x", [0, 1], low=0, high=1).tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match=r"^x: expected numbers from 0 to 1, got 255$"):
        checks.tensor("x", [0.5, 255], low=0, high=1)
    with pytest.raises(ValueError, match=r"^x: expected numbers of at least 0, got -0.5$"):
        checks.tensor("x", [-0.5, 255], low=0)


def test_a_network_keeps_the_type_of_its_input():
    half = torch.ones(2, dtype=torch.float16)
    assert checks.tensor("x", half, keep=True) is half
    assert checks.tensor("x", [1, 2], keep=True).dtype == torch.get_default_dtype()
    assert checks.tensor("x", torch.tensor([1, 2]), keep=True).dtype == torch.get_default_dtype()
    assert checks.tensor("x", [1, 2], half, keep=True).dtype == torch.float16


def test_whole_numbers():
    found = checks.whole("labels", [0, 3.0, 2], 0, 3)
    assert found.dtype == torch.int64
    assert found.tolist() == [0, 3, 2]
    for value, sentence in (
        ([0.5], "integers of at least 0, got 0.5"),
        ([-1], "integers of at least 0, got -1"),
        ([1e300], "integers of at least 0, got 1e\\+300"),
    ):
        with pytest.raises(ValueError, match=f"^labels: expected {sentence}$"):
            checks.whole("labels", value, 0)
    with pytest.raises(ValueError, match=r"^labels: expected integers from 0 to 9, got 10$"):
        checks.whole("labels", np.array([10]), 0, 9)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: checks.vector("mean", [[0.0]], 2), r"mean: .* of shape \(\.\.\., 2\), got shape \(1, 1\)"),
        (lambda: checks.samples("x", torch.zeros(2, 3, 1)), r"x: .* of shape \(n, d\), got shape \(2, 3, 1\)"),
        (lambda: checks.samples("x", []), r"x: expected points of shape \(n, d\), got shape \(0, 1\)"),
        (lambda: checks.probabilities("w", [0.5, 0.6]), "w: expected weights that sum to 1, got the sum 1.1"),
        (lambda: checks.probabilities("w", [1.5, -0.5]), "w: expected weights that are not negative, got -0.5"),
        (lambda: checks.covariance("cov", [[1, 2], [2, 1]], 2), r"cov: .*\(2, 2\), got one with the eigenvalue -1"),
        (lambda: checks.covariance("cov", [[1, 2], [1, 1]], 2), r"cov: .* differs from its transpose by 1"),
        (lambda: checks.covariance("cov", torch.zeros(0, 2, 2), 2), r"cov: .* got shape \(0, 2, 2\)"),
    ],
)  # fmt: skip
def test_points_weights_and_covariances(ask, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        ask()
