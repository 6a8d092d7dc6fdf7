"""DCGAN's networks: sizes, what stands where, and that a seed means the same weights."""

import pytest
import torch
from torch import nn

from course_lib.networks import conv_discriminator, conv_generator


@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    ("shape", "widths"), [((1, 8, 8), (8, 4)), ((3, 16, 16), (8, 4, 2)), ((1, 4, 4), (2,))]
)
def test_every_layer_doubles_or_halves_the_side(kernel_size, shape, widths):
    generator = conv_generator(5, shape, widths, kernel_size=kernel_size)
    discriminator = conv_discriminator(shape, widths[::-1], kernel_size=kernel_size)
    image, sides = generator(torch.randn(3, 5)), []
    assert image.shape == (3, *shape) and image.abs().max() < 1
    for layer in discriminator:
        image = layer(image)
        if isinstance(layer, nn.Conv2d):
            sides.append(image.shape[-1])
    assert sides == [shape[1] >> k for k in range(1, len(widths) + 1)] and image.shape == (3, 1)


def kinds(network):
    return [type(layer).__name__ for layer in network]


def test_what_stands_where():
    up, down = conv_generator(4), conv_discriminator()
    assert kinds(up) == [
        "Linear", "Unflatten", "BatchNorm2d", "ReLU", "ConvTranspose2d", "BatchNorm2d", "ReLU", "ConvTranspose2d",
        "Tanh",
    ]  # fmt: skip
    assert kinds(down) == ["Conv2d", "LeakyReLU", "Conv2d", "BatchNorm2d", "LeakyReLU", "Flatten", "Linear"]
    assert down[1].negative_slope == 0.2
    # What is normalised needs no bias: its mean is taken away again.
    assert [layer.bias is None for layer in up if hasattr(layer, "weight") and "Batch" not in repr(layer)] == [
        True, True, False,
    ]  # fmt: skip
    plain = conv_generator(4, batch_norm=False), conv_discriminator(batch_norm=False)
    assert not any("BatchNorm2d" in kinds(network) for network in plain)
    assert all(layer.bias is not None for network in plain for layer in network if hasattr(layer, "weight"))


def test_a_seed_and_a_start():
    state = torch.get_rng_state()
    one, same, other = (conv_generator(4, seed=seed, std=0.02) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    z = torch.randn(6, 4)
    assert torch.equal(one(z), same(z)) and not torch.equal(one(z), other(z))
    weights = torch.cat([layer.weight.flatten() for layer in one if isinstance(layer, nn.ConvTranspose2d)])
    # 33,280 draws: their standard deviation is right to 0.4 %.
    assert weights.std().item() == pytest.approx(0.02, rel=0.02) and one[-2].bias.abs().max() == 0


def test_type_and_device():
    network = conv_discriminator(dtype=torch.float64, device="cpu")
    assert network(torch.zeros(2, 1, 8, 8, dtype=torch.float64)).dtype == torch.float64


def test_a_seed_means_the_same_network_whatever_the_default_type_is():
    one = conv_generator(4, seed=1, dtype=torch.float32)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        other = conv_generator(4, seed=1, dtype=torch.float32)
    finally:
        torch.set_default_dtype(before)
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
