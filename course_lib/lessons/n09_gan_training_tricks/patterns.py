"""What enlarging layers make of a constant input: everything that is seen then is the layer's own pattern."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, pad

__all__ = ["mean_patterned", "patterned", "resized_pattern", "transposed_pattern"]


def transposed_pattern(weight: Tensor, stride: int) -> Tensor:
    """What a transposed convolution with a kernel (k, k) makes of a constant, far from the edges: shape (12, 12)."""
    size = 12 + 2 * len(weight)
    out = conv_transpose2d(
        torch.ones(1, 1, size, size, dtype=weight.dtype), weight[None, None], stride=stride
    )
    first = stride * len(weight)
    return out[0, 0, first : first + 12, first : first + 12]


def resized_pattern(weight: Tensor, stride: int) -> Tensor:
    """The same of a layer that repeats pixels first and then convolves without a stride."""
    size = 12 + 2 * len(weight)
    large = interpolate(
        torch.ones(1, 1, size, size, dtype=weight.dtype), scale_factor=float(stride), mode="nearest"
    )
    return conv2d(large, weight[None, None])[0, 0, :12, :12]


def patterned(out: Tensor) -> float:
    """The share of the energy (the mean square) that is not the mean's."""
    return max(float(1 - out.mean() ** 2 / out.square().mean()), 0.0)


def mean_patterned(k: int, stride: int = 2, n: int = 4000) -> float:
    """The same over n random kernels: of the sums of their energies. One period is all that there is to see."""
    weights = torch.randn(n, k, k, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    weights = pad(weights, (0, -k % stride, 0, -k % stride))
    side = weights.shape[-1] // stride
    phases = weights.reshape(n, side, stride, side, stride).sum((1, 3)).reshape(n, -1)
    return float(1 - phases.mean(1).square().sum() / phases.square().mean(1).sum())
