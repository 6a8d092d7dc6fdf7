"""Autoregressive flows: each coordinate is shifted and stretched by what the coordinates before it decide."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib import checks
from course_lib.variational.latent_flow import LatentFlow, bounded, hidden_widths

__all__ = ["AutoregressiveFlow"]


class _MaskedLinear(nn.Linear):
    """A linear layer in which some weights are held at zero."""

    def __init__(self, mask: Tensor, dtype):
        super().__init__(mask.shape[1], mask.shape[0], dtype=dtype)
        self.register_buffer("mask", mask)

    def forward(self, x):
        return functional.linear(x, self.weight * self.mask, self.bias)


class AutoregressiveFlow(LatentFlow):
    """One masked network gives every coordinate i a shift m_i and a log-scale s_i from the coordinates before i.

    - ``kind="af"`` (MAF): z_i = (x_i - m_i(x_<i)) exp(-s_i(x_<i)). ``inverse``, and with it ``log_prob``, is one pass
      through the network; ``forward`` needs x_1, ..., x_{i-1} to make x_i and takes d passes.
    - ``kind="iaf"``: x_i = z_i exp(s_i(z_<i)) + m_i(z_<i). ``forward``, a draw, is one pass; ``inverse`` takes d.

    Attributes:
        passes: how often the network was used since ``passes`` was last set.

    Args:
        size: d.
        kind: "af" or "iaf".
        hidden: widths of the hidden layers.
        bound: s stays between -bound and bound.
        seed: draws the weights from this seed and leaves torch's global state as it was.
        dtype: of the weights, float64 without it.

    Source: I22 Flow-based VAE posterior; Kingma et al., "Improving variational inference with inverse autoregressive
    flow", 2016; Papamakarios, Pavlakou & Murray, "Masked autoregressive flow for density estimation", 2017; the masks
    are those of Germain et al., "MADE", 2015.

    >>> flow = AutoregressiveFlow(5, kind="af", seed=0)
    >>> _ = flow(torch.zeros(2, 5)); flow.passes
    5
    """

    def __init__(
        self,
        size: int,
        *,
        kind: str = "af",
        hidden=(32, 32),
        bound: float = 2.0,
        seed: int | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(size)
        self.kind = checks.one_of("kind", kind, ("af", "iaf"))
        self.bound = checks.positive("bound", bound)
        self.passes = 0
        widths = hidden_widths(hidden)
        seed = None if seed is None else checks.integer("seed", seed, 0, 2**32 - 1)
        dtype = torch.float64 if dtype is None else checks.floating_type("dtype", dtype)
        with torch.random.fork_rng(devices=[], enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            masks = _masks(self.size, widths, dtype)
            layers: list[nn.Module] = []
            for index, mask in enumerate(masks):
                layers.append(_MaskedLinear(mask, dtype))
                if index < len(masks) - 1:
                    layers.append(nn.SiLU())
        self.network = nn.Sequential(*layers)

    def shift_and_log_scale(self, x) -> tuple[Tensor, Tensor]:
        """m(x) and s(x), each of shape (..., d); row i depends on the coordinates before i only."""
        return self._conditioner(self._points("x", x))

    def _conditioner(self, x):
        self.passes += 1
        shift, log_scale = self.network(x).chunk(2, -1)
        return shift, bounded(log_scale, self.bound)

    def _one_pass(self, values, sign):
        shift, log_scale = self._conditioner(values)
        moved = values * log_scale.exp() + shift if sign > 0 else (values - shift) * (-log_scale).exp()
        return moved, sign * log_scale.sum(-1)

    def _many_passes(self, values, sign):
        # After k passes the first k coordinates are right; the log-scales of the last pass are right in all.
        found = torch.zeros_like(values)
        for _ in range(self.size):
            shift, log_scale = self._conditioner(found)
            found = values * log_scale.exp() + shift if sign > 0 else (values - shift) * (-log_scale).exp()
        return found, sign * log_scale.sum(-1)

    def _push(self, z):
        return self._one_pass(z, 1) if self.kind == "iaf" else self._many_passes(z, 1)

    def _pull(self, x):
        return self._one_pass(x, -1) if self.kind == "af" else self._many_passes(x, -1)


def _masks(size: int, widths: list[int], dtype) -> list[Tensor]:
    """Of each layer: an output may see the inputs before it. A hidden unit of degree k sees inputs 1 to k."""
    degrees = [torch.arange(1, size + 1)]
    degrees += [torch.arange(width) % max(1, size - 1) + 1 for width in widths]
    hidden = [(after[:, None] >= before).to(dtype) for before, after in itertools.pairwise(degrees)]
    last = (degrees[0][:, None] > degrees[-1]).to(dtype)
    return [*hidden, torch.cat([last, last])]
