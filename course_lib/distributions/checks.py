"""The questions every function of the theory asks of its input, with one sentence for each answer.

Everything becomes float64 on the device it came on; gradients flow through the conversion.
"""

import torch
from torch import Tensor

__all__ = ["covariance", "finite", "probabilities", "samples", "tensor", "vector"]

# A covariance that was computed in float64 is symmetric and positive semi-definite to about this, relative to
# its largest entry; one that came from float32 to about 1e-6.
_SYMMETRY = 1e-6
_NEGATIVE = 1e-7
_MASS = 1e-6


def tensor(name: str, value, like: Tensor | None = None) -> Tensor:
    """``value`` as a float64 tensor without NaN, on its own device (lists and numbers: on that of ``like``)."""
    try:
        if isinstance(value, Tensor):
            out = value
        else:
            out = torch.as_tensor(value, dtype=torch.float64)
            if like is not None:
                out = out.to(like.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected numbers, got {type(value).__name__}") from error
    if out.is_complex():
        raise ValueError(f"{name}: expected real numbers, got dtype {out.dtype}")
    out = out.to(torch.float64)
    if not _all_finite(out) and torch.isnan(out).any():
        raise ValueError(f"{name}: expected numbers, got {int(torch.isnan(out).sum())} NaN")
    return out


def _all_finite(x: Tensor) -> bool:
    """In one quick pass: a sum is finite only when all of it is. Overflow says no, too: then look closely."""
    return bool(torch.isfinite(x.detach().sum()))


def finite(name: str, value, like: Tensor | None = None) -> Tensor:
    """Like ``tensor``, without infinities."""
    out = tensor(name, value, like)
    if not _all_finite(out) and torch.isinf(out).any():
        raise ValueError(f"{name}: expected finite numbers, got {int(torch.isinf(out).sum())} infinite")
    return out


def vector(name: str, value, size: int | None = None, like: Tensor | None = None) -> Tensor:
    """A finite tensor of shape (..., d); a single number counts as d = 1."""
    out = finite(name, value, like)
    if out.ndim == 0:
        out = out.reshape(1)
    if out.shape[-1] == 0 or (size is not None and out.shape[-1] != size):
        wanted = "(..., d)" if size is None else f"(..., {size})"
        raise ValueError(f"{name}: expected a vector of shape {wanted}, got shape {tuple(out.shape)}")
    return out


def covariance(name: str, value, size: int, like: Tensor | None = None) -> Tensor:
    """A symmetric positive semi-definite tensor of shape (..., d, d); a single number counts as d = 1."""
    wanted = f"expected a symmetric positive semi-definite matrix of shape ({size}, {size})"
    out = finite(name, value, like)
    if out.ndim == 0:
        out = out.reshape(1, 1)
    if out.ndim < 2 or out.shape[-2:] != (size, size):
        raise ValueError(f"{name}: {wanted}, got shape {tuple(out.shape)}")
    with torch.no_grad():
        largest = out.abs().amax((-2, -1))
        asymmetry = (out - out.mT).abs().amax((-2, -1))
        if (asymmetry > _SYMMETRY * largest).any():
            raise ValueError(
                f"{name}: {wanted}, got one that differs from its transpose by {asymmetry.max():.3g}"
            )
        smallest = torch.linalg.eigvalsh(out).amin(-1)
        if (smallest < -_NEGATIVE * largest).any():
            raise ValueError(f"{name}: {wanted}, got one with the eigenvalue {smallest.min():.3g}")
    return (out + out.mT) / 2


def probabilities(name: str, value, size: int | None = None, like: Tensor | None = None) -> Tensor:
    """Weights of shape (n,) that are not negative and sum to one (to 1e-6; the rest is scaled away)."""
    out = finite(name, value, like)
    if out.ndim != 1 or out.numel() == 0 or (size is not None and out.numel() != size):
        wanted = "(n,)" if size is None else f"({size},)"
        raise ValueError(f"{name}: expected weights of shape {wanted}, got shape {tuple(out.shape)}")
    if (out < 0).any():
        raise ValueError(f"{name}: expected weights that are not negative, got {out.min().item():.3g}")
    total = out.sum()
    if abs(total.item() - 1) > _MASS:
        raise ValueError(f"{name}: expected weights that sum to 1, got the sum {total.item():.6g}")
    return out / total


def samples(name: str, value, size: int | None = None, like: Tensor | None = None) -> Tensor:
    """Points of shape (n, d), n at least 1; a tensor of shape (n,) counts as d = 1."""
    out = finite(name, value, like)
    if out.ndim == 1:
        out = out.unsqueeze(-1)
    if out.ndim != 2 or 0 in out.shape or (size is not None and out.shape[-1] != size):
        wanted = "(n, d)" if size is None else f"(n, {size})"
        raise ValueError(f"{name}: expected points of shape {wanted}, got shape {tuple(out.shape)}")
    return out
