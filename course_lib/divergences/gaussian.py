"""Closed forms between Gaussians."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["gaussian_kl"]

# Eigenvalues below this fraction of the largest count as zero: the distribution lives on a flat subspace.
_FLAT = 1e-14


def gaussian_kl(mean_p, cov_p, mean_q, cov_q) -> Tensor:
    """KL(P||Q) in nats between P = N(mean_p, cov_p) and Q = N(mean_q, cov_q).

    Accurate to rounding when P and Q nearly agree, because the difference of the covariances is taken before
    anything is divided. Infinite where P is not absolutely continuous with respect to Q: a flat P against a full
    Q, the other way round, or two that live on different subspaces.

    Args:
        mean_p, mean_q: shape (..., d); a number counts as d = 1.
        cov_p, cov_q: shape (..., d, d), symmetric positive semi-definite.

    Returns:
        Shape (...), a 0-dim tensor without batch axes. Gradients flow to all four; between flat ones within the
        subspace that they share.

    Raises:
        ValueError: wrong shapes, NaN, a covariance that is not symmetric positive semi-definite.

    Source: UL p.22 for Q = N(0, I), which is twice this up to the factor 1/2 there.

    >>> gaussian_kl([0.0], [[1.0]], [1.0], [[1.0]]).item()
    0.5
    """
    mean_p = checks.vector("mean_p", mean_p)
    size = mean_p.shape[-1]
    mean_q = checks.vector("mean_q", mean_q, size, like=mean_p)
    cov_p = checks.covariance("cov_p", cov_p, size, like=mean_p)
    cov_q = checks.covariance("cov_q", cov_q, size, like=mean_p)
    shape = mean_p.shape
    parts = (("mean_q", mean_q.shape), ("cov_p", cov_p.shape[:-1]), ("cov_q", cov_q.shape[:-1]))
    for name, part in parts:
        try:
            shape = torch.broadcast_shapes(shape, part)
        except RuntimeError as error:
            wanted = f"batch axes that fit {tuple(shape[:-1])}"
            raise ValueError(f"{name}: expected {wanted}, got {tuple(part[:-1])}") from error
    shift = (mean_p - mean_q).expand(shape)
    cov_p, cov_q = cov_p.expand(*shape, size), cov_q.expand(*shape, size)
    if _is_full(cov_p).all() and _is_full(cov_q).all():
        return _full_kl(shift, cov_p, cov_q)
    pieces = zip(
        shift.reshape(-1, size), cov_p.reshape(-1, size, size), cov_q.reshape(-1, size, size), strict=True
    )
    return torch.stack([_flat_kl(*piece) for piece in pieces]).reshape(shape[:-1])


def _scaled(cov: Tensor) -> Tensor:
    """The correlation matrix: rank must not depend on the units of each coordinate."""
    diagonal = cov.diagonal(dim1=-2, dim2=-1)
    scale = torch.where(diagonal > 0, diagonal, 1.0).rsqrt()
    return scale[..., :, None] * cov * scale[..., None, :]


def _is_full(cov: Tensor) -> Tensor:
    values = torch.linalg.eigvalsh(_scaled(cov.detach()))
    good = (values[..., 0] > _FLAT * values[..., -1]) & (cov.detach().diagonal(dim1=-2, dim2=-1) > 0).all(-1)
    return good & (torch.linalg.cholesky_ex(cov.detach())[1] == 0)


def _full_kl(shift: Tensor, cov_p: Tensor, cov_q: Tensor) -> Tensor:
    root_p, root_q = torch.linalg.cholesky(cov_p), torch.linalg.cholesky(cov_q)
    # With L the root of cov_q, KL = 1/2 sum(x - 1 - log x) + 1/2 |L^-1 shift|^2 over the eigenvalues x of
    # L^-1 cov_p L^-T. Near x = 1 the eigenvalues of L^-1 (cov_p - cov_q) L^-T keep the digits of x - 1.
    left = torch.linalg.solve_triangular(root_q, cov_p - cov_q, upper=False)
    excess = torch.linalg.eigvalsh(torch.linalg.solve_triangular(root_q, left.mT, upper=False))
    ratio = torch.linalg.svdvals(torch.linalg.solve_triangular(root_q, root_p, upper=False)).flip(-1).square()
    near = excess.abs() < 0.5
    small = torch.where(near, excess, 0.0)
    large = torch.where(near, 1.0, ratio)
    spread = torch.where(near, small - torch.log1p(small), large - 1 - torch.log(large)).sum(-1)
    distance = torch.linalg.solve_triangular(root_q, shift.unsqueeze(-1), upper=False).square().sum((-2, -1))
    return (spread + distance) / 2


def _flat_kl(shift: Tensor, cov_p: Tensor, cov_q: Tensor) -> Tensor:
    if bool(_is_full(cov_p)) and bool(_is_full(cov_q)):
        return _full_kl(shift, cov_p, cov_q)
    infinite = shift.new_tensor(float("inf"))
    values, vectors = torch.linalg.eigh(cov_q.detach())
    keep = values > _FLAT * values[-1].clamp(min=torch.finfo(values.dtype).tiny)
    basis, rest = vectors[:, keep], vectors[:, ~keep]
    scale = torch.maximum(cov_p.abs().max(), cov_q.abs().max()).clamp(min=torch.finfo(values.dtype).tiny)
    # P must live where Q lives, and fill it.
    leaves = (rest.mT @ cov_p @ rest).abs().max() > 1e-12 * scale if rest.shape[1] else False
    moved = (rest.mT @ shift).abs().max() > 1e-9 * scale.sqrt() if rest.shape[1] else False
    if leaves or moved:
        return infinite
    if basis.shape[1] == 0:
        return shift.sum() * 0
    inner_p, inner_q = basis.mT @ cov_p @ basis, basis.mT @ cov_q @ basis
    if not (bool(_is_full(inner_p)) and bool(_is_full(inner_q))):
        return infinite
    return _full_kl(basis.mT @ shift, inner_p, inner_q)
