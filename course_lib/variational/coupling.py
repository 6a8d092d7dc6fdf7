"""RealNVP's affine coupling: one half of a vector decides how the other half is shifted and stretched."""

import torch

from course_lib import checks
from course_lib.networks import mlp
from course_lib.variational.latent_flow import LatentFlow, bounded, hidden_widths

__all__ = ["AffineCoupling"]


class AffineCoupling(LatentFlow):
    """x = (z_a, z_b · exp s(z_a) + m(z_a)), one network for s and m; both directions cost one pass through it.

    Half a (the first d // 2 coordinates, or the last ones with ``flip``) stays as it is, so its value is at hand in
    both directions, and log|det dx/dz| is the sum of s. One layer leaves half a alone: stack layers, and flip every
    second one.

    Args:
        size: d, at least 2.
        hidden: widths of the network's hidden layers.
        flip: whether the last coordinates stay, and not the first.
        bound: s stays between -bound and bound.
        seed: draws the weights from this seed and leaves torch's global state as it was.
        dtype: of the weights, float64 without it.

    Source: I22 Flow-based VAE posterior; Dinh, Sohl-Dickstein & Bengio, "Density estimation using Real NVP", 2017.

    >>> flow = AffineCoupling(3, seed=0)
    >>> x, log_det = flow(torch.ones(5, 3))
    >>> z, back = flow.inverse(x)
    >>> bool(torch.allclose(z, torch.ones(5, 3).double()) and torch.allclose(back, -log_det))
    True
    """

    def __init__(
        self,
        size: int,
        *,
        hidden=(32, 32),
        flip: bool = False,
        bound: float = 2.0,
        seed: int | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(size, least=2)
        self.flip = checks.flag("flip", flip)
        self.bound = checks.positive("bound", bound)
        moved = size - size // 2
        dtype = torch.float64 if dtype is None else checks.floating_type("dtype", dtype)
        self.network = mlp((size // 2, *hidden_widths(hidden), 2 * moved), "silu", seed=seed, dtype=dtype)

    def _split(self, x):
        half = self.size // 2
        return (
            (x[..., self.size - half :], x[..., : self.size - half])
            if self.flip
            else (x[..., :half], x[..., half:])
        )

    def _join(self, kept, moved):
        return torch.cat([moved, kept] if self.flip else [kept, moved], -1)

    def _shift_and_log_scale(self, kept):
        shift, log_scale = self.network(kept).chunk(2, -1)
        return shift, bounded(log_scale, self.bound)

    def _push(self, z):
        kept, moved = self._split(z)
        shift, log_scale = self._shift_and_log_scale(kept)
        return self._join(kept, moved * log_scale.exp() + shift), log_scale.sum(-1)

    def _pull(self, x):
        kept, moved = self._split(x)
        shift, log_scale = self._shift_and_log_scale(kept)
        return self._join(kept, (moved - shift) * (-log_scale).exp()), -log_scale.sum(-1)
