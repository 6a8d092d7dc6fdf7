"""How many nats each latent coordinate tells of each factor, and two scores made of that table: MIG and modularity."""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.evaluation.coded import codes_and_levels

__all__ = ["FactorInformation", "factor_information", "mig", "modularity"]


class FactorInformation(NamedTuple):
    """In nats: the mutual information of latent i and factor k, shape (d, k), and the factors' entropies, (k,)."""

    information: Tensor
    entropy: Tensor


def factor_information(codes, factors, bins: int = 20) -> FactorInformation:
    """The plug-in mutual information of each latent, cut into equal bins from its least to its largest value.

    Plug-in: the frequencies of the n rows are taken for probabilities, so that a few rows in many bins seem to tell
    something even where there is nothing to tell. Chen et al. average over q(z|x) instead of binning; the bins
    are those of Locatello et al. 2019, arXiv:1811.12359.

    Args:
        codes: shape (n, d).
        factors: shape (n, k), whole numbers.
        bins: how many a latent is cut into.

    Raises:
        ValueError: other shapes, NaN, factors that are no whole numbers or never change, fewer than two bins.

    >>> table = factor_information([[0.0], [0.0], [1.0], [1.0]], [[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> [round(nats, 4) for nats in table.information[0].tolist()]
    [0.6931, 0.0]
    """
    codes, levels = codes_and_levels(codes, factors)
    bins = checks.integer("bins", bins, 2)
    low, high = codes.aminmax(dim=0)
    width = torch.where(high > low, high - low, 1.0)
    # A code on the edge of a bin, up to rounding, belongs to the upper one on every machine.
    cells = ((codes - low) / width * bins + 1e-9).floor().clamp(max=bins - 1).long()
    # All latents against all factors at once: a one-hot row for each bin and each level.
    binned = torch.nn.functional.one_hot(cells, bins).double()  # (n, d, bins)
    leveled = torch.nn.functional.one_hot(levels).double()  # (n, k, largest number of levels)
    joint = torch.einsum("ndb,nkl->dkbl", binned, leveled) / len(codes)
    entropy = torch.special.entr(leveled.mean(0)).sum(-1)
    of_bins = torch.special.entr(binned.mean(0)).sum(-1)
    information = of_bins[:, None] + entropy - torch.special.entr(joint).sum((-2, -1))
    return FactorInformation(information.clamp(min=0), entropy)


def mig(codes, factors, bins: int = 20) -> Tensor:
    """Mutual information gap: by how much the best latent of a factor beats the second best.

        1/K sum over k of (I(z_first(k); v_k) - I(z_second(k); v_k)) / H(v_k)

    1 when each factor is known from one latent and from no other; with a single latent the second best knows nothing.
    Arguments and errors are those of ``factor_information``; a number without axes.

    Source: Chen et al. 2018, arXiv:1802.04942, with the binned estimate of ``factor_information``.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> float(mig(factors, factors))
    1.0
    """
    information, entropy = factor_information(codes, factors, bins)
    best = torch.cat([information, torch.zeros_like(information[:1])]).topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean()


def modularity(codes, factors, bins: int = 20) -> Tensor:
    """Whether each latent tells of one factor only, whichever it is; two latents may tell of the same one.

        1/d sum over i of (1 - sum over k != best(i) of I_ik^2 / (I_i,best(i)^2 (K - 1)))

    A latent that tells nothing at all counts 0. Arguments and errors are those of ``factor_information``, and there
    must be two factors or more; a number without axes.

    Source: Ridgeway & Mozer 2018, arXiv:1802.05312.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> float(modularity(factors, factors))
    1.0
    """
    squared = factor_information(codes, factors, bins).information.square()
    count = squared.shape[1]
    if count < 2:
        raise checks.refuse("factors", "at least two columns, or there is nothing to mix", count)
    top = squared.amax(1)
    rest = (squared.sum(1) - top) / (torch.where(top > 0, top, 1.0) * (count - 1))
    # Rounding leaves some 1e-16 nats where there are none.
    return torch.where(top > 1e-24, 1 - rest, 0.0).mean()
