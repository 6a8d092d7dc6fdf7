"""What every flow of this room is: a bijection of R^d with a log-determinant each way, and N(0, I) at its base."""

import math

import torch
from torch import Tensor, nn

from course_lib import checks

__all__ = ["FlowStack", "LatentFlow"]


class LatentFlow(nn.Module):
    """An invertible map x = f(z) of R^d whose Jacobian is triangular, so that its log-determinant is a sum.

    Subclasses write ``_push`` (z to x) and ``_pull`` (x to z); what users call checks its argument first. Points are
    computed in the type and on the device of the weights, which are float64 unless something else is asked for.
    """

    def __init__(self, size: int, least: int = 1):
        super().__init__()
        self.size = checks.integer("size", size, least)

    def _push(self, z: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def _pull(self, x: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def forward(self, z) -> tuple[Tensor, Tensor]:
        """x = f(z), shape (..., d), and log|det dx/dz|, shape (...), for z of shape (..., d)."""
        return self._push(self._points("z", z))

    def inverse(self, x) -> tuple[Tensor, Tensor]:
        """z = f⁻¹(x), shape (..., d), and log|det dz/dx|, shape (...), for x of shape (..., d)."""
        return self._pull(self._points("x", x))

    def log_prob(self, x) -> Tensor:
        """log p(x), shape (...), in nats, of x = f(z) with z ~ N(0, I); x has shape (..., d)."""
        z, log_det = self._pull(self._points("x", x))
        return -0.5 * z.square().sum(-1) - 0.5 * self.size * math.log(2 * math.pi) + log_det

    def _points(self, name: str, value) -> Tensor:
        points = checks.finite(name, value, shape=("...", self.size), keep=True)
        if points.numel() == 0:
            raise ValueError(f"{name}: expected at least one point, got shape {tuple(points.shape)}")
        weight = next((p for p in self.parameters() if p.is_floating_point()), None)
        return points if weight is None else points.to(weight)


class FlowStack(LatentFlow):
    """Flows one after the other: ``forward`` goes through them in their order, ``inverse`` back.

    Args:
        flows: at least one flow, all of one size.

    >>> from course_lib.variational import AffineCoupling
    >>> stack = FlowStack([AffineCoupling(2, seed=0), AffineCoupling(2, flip=True, seed=1)])
    >>> x, log_det = stack(torch.zeros(3, 2))
    >>> x.shape, log_det.shape
    (torch.Size([3, 2]), torch.Size([3]))
    """

    def __init__(self, flows):
        wanted = "at least one flow, all of one size"
        flows = checks.items("flows", flows, wanted)
        if not flows or not all(isinstance(one, LatentFlow) for one in flows):
            raise checks.refuse("flows", wanted, flows)
        sizes = {one.size for one in flows}
        if len(sizes) > 1:
            raise ValueError(f"flows: expected {wanted}, got the sizes {sorted(sizes)}")
        super().__init__(flows[0].size)
        self.flows = nn.ModuleList(flows)

    def _push(self, z):
        total = z.new_zeros(z.shape[:-1])
        for flow in self.flows:
            z, log_det = flow._push(z)
            total = total + log_det
        return z, total

    def _pull(self, x):
        total = x.new_zeros(x.shape[:-1])
        for flow in reversed(self.flows):
            x, log_det = flow._pull(x)
            total = total + log_det
        return x, total


def bounded(log_scale: Tensor, bound: float) -> Tensor:
    """A log-scale between -bound and bound, with slope 1 at 0: an unbounded one overflows early in a training."""
    return bound * torch.tanh(log_scale / bound)


def hidden_widths(hidden) -> list[int]:
    """The widths of hidden layers, none included."""
    return [
        checks.integer("hidden", width, 1) for width in checks.items("hidden", hidden, "a list of widths")
    ]
