"""The f-GAN losses: the variational bound of an f-divergence, on scores of the real line.

D_f(P||Q) >= E_P T - E_Q f*(T) for every critic T with values in the domain of f*; T = g(v) with the divergence's
output activation g. The discriminator raises the bound, the generator lowers the only term that it moves,
-E f*(T(G(z))). Source: Nowozin, Cseke and Tomioka, arXiv:1606.00709; I24 f-divergence minimisation; U17.
"""

import torch
from torch import Tensor

from course_lib import checks
from course_lib.adversarial.losses import AdversarialLoss
from course_lib.divergences.convex_function import FDivergence
from course_lib.divergences.family import F_DIVERGENCES

__all__ = ["f_gan"]

_BEND = 30.0

# Here g or f* grows like an exponential, which overflows float32 at a score of 89.
_EXPONENTIAL = frozenset({"kl", "reverse_kl", "neyman_chi2", "squared_hellinger", "jeffreys"})


def _bend(v: Tensor) -> Tensor:
    """v up to |v| = 30, then 30 + log(|v| - 29): exponentials of it go on as straight lines.

    Any increasing map into the domain of f* keeps the bound a bound, so nothing but the speed of very confident
    critics changes.
    """
    size = v.abs()
    return torch.where(size <= _BEND, v, v.sign() * (_BEND + torch.log1p((size - _BEND).clamp(min=0))))


def f_gan(kind: str | FDivergence) -> AdversarialLoss:
    """The pair of losses that belongs to an f-divergence.

    Args:
        kind: a key of ``F_DIVERGENCES``, or a row of your own.

    >>> loss = f_gan("gan")  # the minimax game again, with the same scores
    >>> round(loss.ratio_loss(torch.zeros(1), torch.zeros(1)).item(), 4)
    1.3863
    """
    if not isinstance(kind, FDivergence) and not (isinstance(kind, str) and kind in F_DIVERGENCES):
        raise checks.refuse("kind", f"an FDivergence or one of {', '.join(F_DIVERGENCES)}", kind)
    row = F_DIVERGENCES[kind] if isinstance(kind, str) else kind
    known = F_DIVERGENCES.get(row.name) is row
    bend = _bend if known and row.name in _EXPONENTIAL else lambda v: v

    def dual(v: Tensor) -> Tensor:
        # f*(g(v)) in one piece where the composition would subtract what the activation has just rounded away.
        return row.dual(row.activation(v)) if row.dual_of_activation is None else row.dual_of_activation(v)

    # The row's bare functions: its public methods look for NaN, which would make a GPU wait at each step.
    def ratio_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        return dual(bend(fake_scores)).mean() - row.activation(bend(real_scores)).mean()

    def generative_loss(fake_scores: Tensor) -> Tensor:
        return -dual(bend(fake_scores)).mean()

    description = f"The variational bound of the divergence {row.name!r}: D raises it, G lowers it."
    return AdversarialLoss(f"f_gan:{row.name}", ratio_loss, generative_loss, description)
