"""Virtual batch normalisation: a point's output depends on a batch that is fixed once, and on no neighbour."""

import torch
from torch import Tensor, nn

from course_lib import checks

__all__ = ["VirtualBatchNorm"]


class VirtualBatchNorm(nn.Module):
    """Normalises each point by mean and variance of the reference batch together with that one point.

    For m reference points r_1, ..., r_m and each x_i alone: mean_i and var_i are those of (r_1, ..., r_m, x_i), the
    variance with the divisor m + 1, and y_i = weight (x_i - mean_i) / sqrt(var_i + eps) + bias.

    Args:
        reference: shape ``(m, features)``, or images of shape ``(m, channels, rows, columns)``, whose statistics are
            taken over pixels too; kept as it is, without a graph.
        eps: is added to the variance.

    Attributes:
        weight, bias: one of each for a feature or channel, 1 and 0 at first; trained.

    Raises:
        ValueError: another shape, NaN or infinity, an eps that is not positive.

    Source: I21 Improved techniques for training GANs; Salimans et al. 2016, arXiv:1606.03498.

    >>> norm = VirtualBatchNorm(torch.tensor([[-1.0], [1.0]]))
    >>> round(norm(torch.tensor([[3.0]])).item(), 4)  # of (-1, 1, 3): mean 1, variance 8/3
    1.2247
    """

    def __init__(self, reference, eps: float = 1e-5):
        super().__init__()
        reference = checks.finite("reference", reference, keep=True).detach()
        if reference.ndim not in (2, 4) or reference.numel() == 0:
            wanted = "shape (m, features) or (m, channels, rows, columns)"
            raise ValueError(f"reference: expected {wanted}, got shape {tuple(reference.shape)}")
        self.eps = checks.positive("eps", eps)
        variance, mean = torch.var_mean(reference, _within(reference, batch=True), correction=0, keepdim=True)
        self.register_buffer("mean", mean)
        self.register_buffer("variance", variance)
        self.size, self.shape = len(reference), reference.shape[1:]
        self.weight = nn.Parameter(torch.ones_like(mean))
        self.bias = nn.Parameter(torch.zeros_like(mean))

    def forward(self, x: Tensor) -> Tensor:
        """Points of shape ``(n, ...)`` as those of the reference, to the same shape."""
        x = checks.finite("x", x, self.weight, keep=True)
        if x.ndim != 1 + len(self.shape) or x.shape[1:] != self.shape or len(x) == 0:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(
                f"x: expected shape (n, {wanted}), as the reference has, got shape {tuple(x.shape)}"
            )
        own = _within(x, batch=False)
        variance, mean = (
            torch.var_mean(x, own, correction=0, keepdim=True) if own else (torch.zeros_like(x), x)
        )
        share = 1 / (self.size + 1)  # of the point in its batch
        shift = mean - self.mean
        mean = self.mean + share * shift
        # Two groups: the mean of their variances, and the variance between their means.
        variance = (1 - share) * self.variance + share * variance + share * (1 - share) * shift.square()
        return self.weight * (x - mean) / (variance + self.eps).sqrt() + self.bias


def _within(x: Tensor, *, batch: bool) -> list[int]:
    """The axes over which the statistics of a channel are taken."""
    return [0] * batch + ([2, 3] if x.ndim == 4 else [])
