"""The one term of the Frechet distance that costs anything: tr (S_p^1/2 S_q S_p^1/2)^1/2.

With S_p = A^T A and S_q = B^T B it is the nuclear norm of A B^T, the sum of its singular values (cyclic invariance of
the trace). A and B may be any factors: centred features over sqrt(n - 1), triangular factors, square roots. So no
matrix square root is ever taken, and the matrix A B^T need not be larger than the ranks.
"""

import torch
from torch import Tensor

__all__ = ["centred_factor", "covariance_factor", "cross_trace"]

_EPS = torch.finfo(torch.float64).eps
# Share of the trace term that the quick way below may lose.
_ALLOWED = 2e-13


def centred_factor(features: Tensor) -> Tensor:
    """A of shape (n, d) with A^T A the covariance of features (n, d), n - 1 in the denominator."""
    centred = features - features.mean(0)
    centred = centred - centred.mean(0)  # the first mean is rounded
    return centred / (len(features) - 1) ** 0.5


def covariance_factor(covariance: Tensor) -> Tensor:
    """A of shape (d, d) with A^T A = covariance, which may be singular; negative eigenvalues (rounding) become 0."""
    root, well_conditioned = _cholesky(covariance)
    if well_conditioned:
        return root.mT
    values, vectors = torch.linalg.eigh(covariance)
    return values.clamp(min=0).sqrt()[:, None] * vectors.mT


def cross_trace(factor_p: Tensor, factor_q: Tensor) -> Tensor:
    """The nuclear norm of factor_p factor_q^T, a 0-dim tensor.

    The way depends on the shapes:

    - Fewer rows than columns (n < d): the matrix is only n x m, and nothing of size d x d is ever formed.
    - More rows than columns: a triangular factor (QR) first makes the matrix d x d. With twice as many rows as
      columns a Cholesky factor of the covariance is several times quicker than QR. It is as exact when the covariance
      is well conditioned, and taken only then.
    - The singular values of a d x d matrix M are also the roots of the eigenvalues of M M^T, which are found in
      a third of the time. Small ones lose digits that way; a bound on the loss is computed, and the singular values are
      taken after all when it is too large. Below 64 columns the time does not matter, and they are taken at once.

    Args:
        factor_p, factor_q: shapes (n, d) and (m, d), float64, on one device.
    """
    d = factor_p.shape[1]
    quick = d >= 64 and min(len(factor_p), len(factor_q)) >= 2 * d
    matrix = _reduced(factor_p, quick) @ _reduced(factor_q, quick).mT
    if quick:
        values = torch.linalg.eigvalsh(matrix @ matrix.mT)
        if bool(values[0] > 0):
            roots = values.sqrt()
            # An eigenvalue is off by about eps times the largest one, its root by that over twice the root.
            loss = _EPS * values[-1] * (0.5 / roots).sum()
            if bool(loss <= _ALLOWED * roots.sum()):
                return roots.sum()
    return torch.linalg.svdvals(matrix).sum()


def _reduced(factor: Tensor, quick: bool) -> Tensor:
    """Another factor of the same covariance, with no more rows than columns."""
    rows, columns = factor.shape
    if rows <= columns:
        return factor
    if quick:
        root, well_conditioned = _cholesky(factor.mT @ factor)
        if well_conditioned:
            return root.mT
    return torch.linalg.qr(factor, mode="r").R


def _cholesky(covariance: Tensor) -> tuple[Tensor, bool]:
    root, failed = torch.linalg.cholesky_ex(covariance)
    diagonal = root.diagonal()
    return root, not bool(failed) and bool(diagonal.max() < 1e3 * diagonal.min())
