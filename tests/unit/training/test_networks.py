import pytest
import torch

from course_lib.networks import mlp


def test_maps_the_last_axis_and_keeps_the_others():
    assert mlp((3, 5, 2))(torch.zeros(4, 7, 3)).shape == (4, 7, 2)


def test_the_same_seed_draws_the_same_weights_and_leaves_the_global_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, other = mlp((2, 4, 1), seed=1), mlp((2, 4, 1), seed=1), mlp((2, 4, 1), seed=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(first[0].weight, second[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_spectral_norm_makes_the_network_one_lipschitz():
    network = mlp((2, 32, 32, 1), "leaky_relu", spectral_norm=True, seed=0)
    for _ in range(50):  # power iterations run in training mode, at each forward pass
        network(torch.zeros(1, 2))
    network.eval()
    x, y = torch.randn(500, 2), torch.randn(500, 2)
    slopes = (network(x) - network(y)).abs().squeeze(-1) / (x - y).norm(dim=-1)
    assert slopes.max() <= 1.001  # the power iteration is accurate to about 1e-4 after 50 rounds


def test_without_spectral_norm_large_weights_break_the_bound():
    network = mlp((2, 32, 1), seed=0)
    with torch.no_grad():
        network[0].weight.mul_(50)
    x, y = torch.randn(500, 2), torch.randn(500, 2)
    slopes = (network(x) - network(y)).abs().squeeze(-1) / (x - y).norm(dim=-1)
    assert slopes.max() > 1.001


@pytest.mark.parametrize("sizes", [(2,), (2, 0, 1), (2, 1.5)])
def test_refuses_sizes_that_are_none(sizes):
    with pytest.raises(ValueError, match="sizes: expected"):
        mlp(sizes)


def test_refuses_an_activation_that_it_does_not_know():
    with pytest.raises(ValueError, match="activation: expected one of relu"):
        mlp((1, 1), "swoosh")
