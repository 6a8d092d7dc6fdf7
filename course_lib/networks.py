"""Multi-layer perceptrons, which most experiments of the course are small enough for, and DCGAN's two networks."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm as bound_spectrum

from course_lib import checks

__all__ = ["ACTIVATIONS", "conv_discriminator", "conv_generator", "mlp"]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}
"""The non-linearities by name. ``leaky_relu`` has the slope 0.2 of DCGAN."""


def mlp(
    sizes: Sequence[int],
    activation: str | Callable[[], nn.Module] = "relu",
    output_activation: str | Callable[[], nn.Module] | None = None,
    spectral_norm: bool = False,
    seed: int | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> nn.Sequential:
    """Linear layers with a non-linearity between them.

    Args:
        sizes: widths from the input to the output, for instance ``(2, 64, 64, 1)``.
        activation: a name in ``ACTIVATIONS``, or something that returns a module when it is called.
        output_activation: the same for the last layer; ``None`` leaves the output linear (a logit, a critic).
        spectral_norm: divide each weight by its largest singular value, so that the network is 1-Lipschitz
            whenever its non-linearities are (I24 Spectral normalisation; Miyato et al. 2018).
        seed: draw the weights from this seed and leave torch's global state as it was.

    Returns:
        A module from shape ``(..., sizes[0])`` to shape ``(..., sizes[-1])``.

    Raises:
        ValueError: widths that are no positive integers, an unknown non-linearity, type or device.

    >>> mlp((2, 8, 1), seed=0)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """
    wanted = "at least two positive integers"
    widths = [checks.integer("sizes", width, 1) for width in checks.items("sizes", sizes, wanted)]
    if len(widths) < 2:
        raise checks.refuse("sizes", wanted, sizes)
    checks.flag("spectral_norm", spectral_norm)
    seed = None if seed is None else checks.integer("seed", seed, 0, 2**32 - 1)
    dtype = None if dtype is None else checks.floating_type("dtype", dtype)
    device = checks.device("device", device)
    hidden, last = _factory("activation", activation), None
    if output_activation is not None:
        last = _factory("output_activation", output_activation)
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(itertools.pairwise(widths)):
            # Drawn on the CPU and then moved, so that a seed means the same network on every device.
            linear = nn.Linear(before, after, dtype=dtype)
            layers.append(bound_spectrum(linear) if spectral_norm else linear)
            if index < len(widths) - 2:
                layers.append(hidden())
        if last is not None:
            layers.append(last())
    network = nn.Sequential(*layers)
    return network if device is None else network.to(device)


def conv_generator(
    noise_size: int,
    image_shape: Sequence[int] = (1, 8, 8),
    widths: Sequence[int] = (64, 32),
    *,
    kernel_size: int = 4,
    batch_norm: bool = True,
    std: float | None = None,
    seed: int | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> nn.Sequential:
    """The generator of a DCGAN: a linear layer, then transposed convolutions, each of which doubles the side.

    Between them stand batch normalisation and ReLU; at the end stands tanh, and nothing is normalised there.

    Args:
        noise_size: how many numbers go in.
        image_shape: ``(channels, side, side)`` of what comes out; the side is a multiple of ``2 ** len(widths)``.
        widths: feature maps after the linear layer and after each transposed convolution but the last.
        kernel_size: side of the kernels, at least 2.
        batch_norm: normalise after each layer but the last; what is normalised has no bias of its own.
        std: draw the weights from N(0, std^2) (DCGAN has 0.02) and set biases to 0; without it torch's own start.
        seed: draw the weights from this seed and leave torch's global state as it was.

    Returns:
        A module from shape ``(n, noise_size)`` to shape ``(n, *image_shape)``, with values in (-1, 1).

    Raises:
        ValueError: sizes that are no positive integers or do not fit together, an unknown type or device.

    Source: I21 DCGAN; Radford et al. 2015, arXiv:1511.06434.

    >>> conv_generator(16, (1, 8, 8), seed=0)(torch.zeros(5, 16)).shape
    torch.Size([5, 1, 8, 8])
    """
    noise_size = checks.integer("noise_size", noise_size, 1)
    channels, side, widths, kernel = _image_sizes(image_shape, widths, kernel_size)
    checks.flag("batch_norm", batch_norm)
    dtype = None if dtype is None else checks.floating_type("dtype", dtype)

    def layers() -> list[nn.Module]:
        first = side >> len(widths)
        made: list[nn.Module] = [
            nn.Linear(noise_size, widths[0] * first**2, bias=not batch_norm, dtype=dtype),
            nn.Unflatten(1, (widths[0], first, first)),
        ]
        for index, (before, after) in enumerate(itertools.pairwise([*widths, channels])):
            biased = not batch_norm or index == len(widths) - 1
            made += [nn.BatchNorm2d(before, dtype=dtype)] if batch_norm else []
            options = {"bias": biased, "output_padding": kernel_size % 2, "dtype": dtype}
            made += [nn.ReLU(), nn.ConvTranspose2d(before, after, **options, **kernel)]
        return [*made, nn.Tanh()]

    return _convolutional(layers, std, seed, device)


def conv_discriminator(
    image_shape: Sequence[int] = (1, 8, 8),
    widths: Sequence[int] = (32, 64),
    *,
    kernel_size: int = 4,
    batch_norm: bool = True,
    std: float | None = None,
    seed: int | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> nn.Sequential:
    """The discriminator of a DCGAN: convolutions with stride 2, each of which halves the side, and a linear layer.

    Between them stand batch normalisation (not before nor after the first) and LeakyReLU with slope 0.2. What comes
    out is a logit; the sigmoid belongs to the loss. The layers but the last, ``network[:-1]``, are features.

    Args:
        image_shape: ``(channels, side, side)`` of what goes in; the side is a multiple of ``2 ** len(widths)``.
        widths: feature maps after each convolution.
        kernel_size, batch_norm, std, seed: as for ``conv_generator``.

    Returns:
        A module from shape ``(n, *image_shape)`` to shape ``(n, 1)``.

    Raises:
        ValueError: as for ``conv_generator``.

    Source: I21 DCGAN; Radford et al. 2015, arXiv:1511.06434.

    >>> conv_discriminator((1, 8, 8), seed=0)(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 1])
    """
    channels, side, widths, kernel = _image_sizes(image_shape, widths, kernel_size)
    checks.flag("batch_norm", batch_norm)
    dtype = None if dtype is None else checks.floating_type("dtype", dtype)

    def layers() -> list[nn.Module]:
        made: list[nn.Module] = []
        for index, (before, after) in enumerate(itertools.pairwise([channels, *widths])):
            normalised = batch_norm and index > 0
            made.append(nn.Conv2d(before, after, bias=not normalised, dtype=dtype, **kernel))
            made += [nn.BatchNorm2d(after, dtype=dtype)] if normalised else []
            made.append(ACTIVATIONS["leaky_relu"]())
        return [*made, nn.Flatten(), nn.Linear(widths[-1] * (side >> len(widths)) ** 2, 1, dtype=dtype)]

    return _convolutional(layers, std, seed, device)


def _factory(argument: str, value: str | Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    factory = value if callable(value) else ACTIVATIONS[checks.one_of(argument, value, ACTIVATIONS)]

    def layer() -> nn.Module:
        return checks.module(argument, factory(), "something that makes a torch.nn.Module")

    return layer


def _image_sizes(image_shape, widths, kernel_size) -> tuple[int, int, list[int], dict[str, int]]:
    """Channels, side, widths, and the options of a layer that halves or doubles the side."""
    wanted = "three positive integers: channels and twice the side"
    shape = [
        checks.integer("image_shape", one, 1) for one in checks.items("image_shape", image_shape, wanted)
    ]
    if len(shape) != 3 or shape[1] != shape[2]:
        raise checks.refuse("image_shape", wanted, image_shape)
    widths = [checks.integer("widths", one, 1) for one in checks.items("widths", widths, "positive integers")]
    if not widths or shape[1] % 2 ** len(widths):
        some = f"at least one width, so few that {shape[1]} can be halved for each"
        raise checks.refuse("widths", some, tuple(widths))
    kernel_size = checks.integer("kernel_size", kernel_size, 2)
    return (
        shape[0],
        shape[1],
        widths,
        {"kernel_size": kernel_size, "stride": 2, "padding": (kernel_size - 1) // 2},
    )


def _convolutional(layers: Callable[[], list[nn.Module]], std, seed, device) -> nn.Sequential:
    std = None if std is None else checks.positive("std", std)
    seed = None if seed is None else checks.integer("seed", seed, 0, 2**32 - 1)
    device = checks.device("device", device)
    with torch.random.fork_rng(devices=[], enabled=seed is not None), torch.no_grad():
        if seed is not None:
            torch.manual_seed(seed)
        network = nn.Sequential(
            *layers()
        )  # on the CPU, so that a seed means the same network on every device
        for layer in network:
            if std is not None and isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
                layer.weight.normal_(0, std)
                if layer.bias is not None:
                    layer.bias.zero_()
    return network if device is None else network.to(device)
