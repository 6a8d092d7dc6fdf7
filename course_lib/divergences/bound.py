"""The variational lower bound of an f-divergence, from the values of a critic."""

import torch
from torch import Tensor

from course_lib import checks
from course_lib.divergences.convex_function import FDivergence
from course_lib.divergences.family import get_f_divergence

__all__ = ["variational_bound"]


def variational_bound(kind: str | FDivergence, critic_p, critic_q, weights_p=None, weights_q=None) -> Tensor:
    """E_P[T] - E_Q[f*(T)], at most D_f(P||Q) for every critic T, equal to it at T = f'(p/q).

    Args:
        kind: a key of ``F_DIVERGENCES`` or a row of your own.
        critic_p: T at samples of P, or at the atoms; any shape (n,), within the domain of f*
            (``output_activation`` takes scores there).
        critic_q: the same under Q; where T leaves the domain of f* the bound is -inf.
        weights_p, weights_q: probabilities of the atoms, without which each sample counts alike.

    Returns:
        A 0-dim tensor.

    Raises:
        ValueError: an unknown kind, NaN, no samples, weights that are no probabilities.

    Source: I24 Variational f-divergence estimation; U17 f-Divergence dual form; arXiv:1606.00709, equation 4.

    >>> round(variational_bound("kl", [1.0, 1.0], [1.0, 1.0]).item(), 12)
    0.0
    """
    row = get_f_divergence(kind)
    on_p = checks.tensor("critic_p", critic_p)
    on_q = checks.tensor("critic_q", critic_q, like=on_p)
    gain = _mean("p", on_p, weights_p)
    price = _mean("q", row.conjugate(on_q), weights_q)
    # A critic that is infinite on both sides promises nothing: the bound is then -inf, not NaN.
    return torch.where(torch.isposinf(price), -torch.inf, gain - price)


def _mean(law: str, values: Tensor, weights) -> Tensor:
    if values.numel() == 0:
        raise ValueError(f"critic_{law}: expected at least one value, got shape {tuple(values.shape)}")
    if weights is None:
        return values.mean()
    values = values.reshape(-1)
    mass = checks.probabilities(f"weights_{law}", weights, values.numel(), like=values)
    # An atom without mass contributes nothing, whatever the critic says there.
    return (mass * torch.where(mass > 0, values, 0.0)).sum()
