"""Multi-layer perceptrons, the networks that most experiments of the course are small enough for."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm as bound_spectrum

from course_lib import checks

__all__ = ["ACTIVATIONS", "mlp"]

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


def _factory(argument: str, value: str | Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    factory = value if callable(value) else ACTIVATIONS[checks.one_of(argument, value, ACTIVATIONS)]

    def layer() -> nn.Module:
        return checks.module(argument, factory(), "something that makes a torch.nn.Module")

    return layer
