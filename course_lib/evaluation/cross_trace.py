"""The one term of the Frechet distance that costs anything: tr (S_p^1/2 S_q S_p^1/2)^1/2.

With S_p = A^T A and S_q = B^T B it is the nuclear norm of A B^T, the sum of its singular values (cyclic invariance of
the trace). A and B may be any factors: centred features over sqrt(n - 1), triangular factors, square roots. So no
matrix square root is ever taken, and the matrix A B^T need not be larger than the ranks.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["Factor", "covariance_factor", "cross_trace", "features_factor"]

_EPS = torch.finfo(torch.float64).eps
# Share of the trace term that the quick way below may lose.
_ALLOWED = 2e-13
# Below this many columns the time does not matter, and the most exact way is taken at once.
_MANY = 64


class Factor(NamedTuple):
    """A covariance A^T A, by its factor A of shape (r, d); ``definite``: it is known to be far from singular."""

    rows: Tensor
    definite: bool = False


def features_factor(features: Tensor, mean: Tensor) -> Factor:
    """The covariance of features (n, d) with n - 1 in the denominator.

    With at least twice as many rows as columns the covariance itself is formed and its Cholesky factor taken: one
    pass over the features, several times quicker than a triangular factor of theirs (QR), and as exact when
    the covariance is well conditioned. Where it is not, and for fewer rows, the centred features are the factor.
    """
    count, d = features.shape
    centred = features - mean
    rounding = centred.mean(0)
    # The mean is rounded. That is nothing beside the spread unless the mean is many million times larger.
    if bool(rounding.abs().max() > 1e-9 * centred[0].abs().max()):
        centred = centred - rounding
    if d >= _MANY and count >= 2 * d:
        root, definite = _cholesky((centred.mT @ centred) / (count - 1))
        if definite:
            return Factor(root.mT, definite=True)
    return Factor(centred / (count - 1) ** 0.5)


def covariance_factor(covariance: Tensor) -> Factor:
    """Of a covariance (d, d) that may be singular; negative eigenvalues (rounding) become 0."""
    root, definite = _cholesky(covariance)
    if definite:
        return Factor(root.mT, definite=True)
    values, vectors = torch.linalg.eigh(covariance)
    return Factor(values.clamp(min=0).sqrt()[:, None] * vectors.mT)


def cross_trace(p: Factor, q: Factor) -> Tensor:
    """The nuclear norm of A B^T, a 0-dim tensor.

    - Fewer rows than columns (n < d): the matrix is only n x m, and nothing of size d x d is ever formed.
    - More rows than columns: a triangular factor (Cholesky's, or by QR) makes the matrix d x d.
    - The singular values of a d x d matrix M are also the roots of the eigenvalues of M M^T, which are found in
      a third of the time. Small ones lose digits that way; a bound on the loss is computed, and the singular values are
      taken after all when it is too large.

    Args:
        p, q: factors of shapes (n, d) and (m, d), float64, on one device.
    """
    matrix = _no_taller_than_wide(p.rows) @ _no_taller_than_wide(q.rows).mT
    if p.definite and q.definite and len(matrix) >= _MANY:
        values = torch.linalg.eigvalsh(matrix @ matrix.mT)
        if bool(values[0] > 0):
            roots = values.sqrt()
            # An eigenvalue is off by about eps times the largest one, its root by that over twice the root.
            loss = _EPS * values[-1] * (0.5 / roots).sum()
            if bool(loss <= _ALLOWED * roots.sum()):
                return roots.sum()
    return torch.linalg.svdvals(matrix).sum()


def _no_taller_than_wide(rows: Tensor) -> Tensor:
    """Another factor of the same covariance, with no more rows than columns."""
    return rows if rows.shape[0] <= rows.shape[1] else _TriangularFactor.apply(rows)


class _TriangularFactor(torch.autograd.Function):
    """R of A = Q R, with the slope that the singular values of R M^T have in A: as if Q stood still.

    A turn of Q turns R, which changes no singular value; and what A gains outside of the columns of Q changes them at
    second order only. So no inverse of R is needed, and a singular covariance costs nothing.
    """

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        if not ctx.needs_input_grad[0]:
            return torch.linalg.qr(rows, mode="r").R
        q, r = torch.linalg.qr(rows)
        ctx.save_for_backward(q)
        return r

    @staticmethod
    @once_differentiable
    def backward(ctx, slope: Tensor) -> Tensor:
        return ctx.saved_tensors[0] @ slope


def _cholesky(covariance: Tensor) -> tuple[Tensor, bool]:
    """L with L L^T = covariance, and whether to rely on it: the covariance is not near singular."""
    root, failed = torch.linalg.cholesky_ex(covariance)
    low, high = root.detach().diagonal().aminmax()
    return root, not bool(failed) and float(high) < 1e3 * float(low)
