"""Virtual batch normalisation against torch's batch normalisation of one batch for each point."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm

from course_lib.adversarial import VirtualBatchNorm


def normal(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_by_one(reference, x, eps):
    batches = [torch.cat([reference, point[None]]) for point in x]
    return torch.cat([batch_norm(batch, None, None, training=True, eps=eps)[-1:] for batch in batches])


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1), (2, 4, 5)])
@pytest.mark.parametrize(("m", "n", "eps"), [(1, 1, 1e-3), (8, 5, 1e-5), (5, 8, 0.1)])
def test_it_is_batch_norm_of_the_reference_with_each_point(shape, m, n, eps):
    reference, x = 2 * normal(m, *shape, seed=0) + 3, normal(n, *shape, seed=1)
    got = VirtualBatchNorm(reference, eps)(x)
    torch.testing.assert_close(got, one_by_one(reference, x, eps), rtol=1e-10, atol=1e-10)


def test_its_gradient_is_that_of_the_batches():
    reference, x = normal(6, 2, seed=2), normal(3, 2, seed=3).requires_grad_()
    weights = normal(3, 2, seed=4)
    slopes = [
        torch.autograd.grad((weights * out).sum(), x)[0]
        for out in (VirtualBatchNorm(reference)(x), one_by_one(reference, x, 1e-5))
    ]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-12)


def test_no_point_knows_its_neighbours_and_none_leaves_root_m():
    norm, x = VirtualBatchNorm(normal(8, 2, seed=5), 1e-12), 1e6 * normal(20, 2, seed=6)
    torch.testing.assert_close(norm(x)[:1], norm(x[:1]), rtol=0, atol=0)
    largest = norm(x).detach().abs().max().item()
    assert largest <= math.sqrt(8) + 1e-9
    assert largest == pytest.approx(math.sqrt(8), rel=1e-6)


def test_far_from_zero_no_digits_are_lost():
    reference, x = normal(8, 2, seed=7), normal(4, 2, seed=8)
    # 1e8 leaves 8 of 16 digits of a spread of 1; a mean of squares would leave none.
    torch.testing.assert_close(
        VirtualBatchNorm(reference + 1e8)(x + 1e8), VirtualBatchNorm(reference)(x), rtol=1e-6, atol=1e-6
    )


def test_scale_and_shift_are_trained_and_the_statistics_are_kept_with_the_weights():
    norm = VirtualBatchNorm(torch.randn(4, 3, 2, 2))
    assert {name for name, _ in norm.named_parameters()} == {"weight", "bias"}
    other = VirtualBatchNorm(torch.zeros(4, 3, 2, 2))
    other.load_state_dict(norm.state_dict())
    x = torch.randn(2, 3, 2, 2)
    assert torch.equal(norm(x), other(x)) and norm(x).dtype == torch.float32
    with torch.no_grad():
        other.weight.fill_(2.0)
        other.bias.fill_(-1.0)
    torch.testing.assert_close(other(x), 2 * norm(x) - 1)
    assert isinstance(norm, nn.Module)
