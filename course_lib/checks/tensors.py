"""Tensors of numbers: shape, range, and what makes points, weights and covariances of them.

Torch is imported inside the functions: the widgets ask only about numbers and names, and do not load it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.checks.values import integers_wanted, number_wanted, plain, refuse

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["covariance", "finite", "probabilities", "samples", "tensor", "vector", "whole"]

# A covariance that was computed in float64 is symmetric and positive semi-definite to about this, relative to
# its largest entry; one that came from float32 to about 1e-6.
_SYMMETRY = 1e-6
_NEGATIVE = 1e-7
_MASS = 1e-6

Shape = tuple[str | int, ...]


def tensor(
    name: str,
    value,
    like: Tensor | None = None,
    *,
    shape: Shape | None = None,
    keep: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Tensor:
    """``value`` as a float64 tensor without NaN, on its own device (lists, arrays, numbers: on that of ``like``).

    Args:
        shape: what it must be, as in ``("n", 2)`` or ``("...", "d")``: a letter stands for any size of at least one,
            dots at the beginning for any axes, none included.
        keep: a tensor of floats keeps its type, as the input of a network must; what is no such tensor gets the type
            of ``like``, or torch's default.
        low, high: the range that every entry must lie in.
    """
    import torch

    try:
        out = value if isinstance(value, torch.Tensor) else _from_numbers(value)
        if out.layout != torch.strided or out.is_quantized:
            raise TypeError
        if out.is_complex():
            raise ValueError(f"{name}: expected real numbers, got dtype {out.dtype}")
        if not isinstance(value, torch.Tensor) and like is not None:
            out = out.to(like.device)
        if not keep:
            out = out.to(torch.float64)
        elif not (isinstance(value, torch.Tensor) and out.is_floating_point()):
            out = out.to(torch.get_default_dtype() if like is None else like.dtype)
        clean = _all_finite(out) or not bool(torch.isnan(out).any())
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise refuse(name, "numbers", value) from error
    if not clean:
        raise ValueError(f"{name}: expected numbers, got {int(torch.isnan(out).sum())} NaN")
    if shape is not None and not _fits(out.shape, shape):
        raise ValueError(f"{name}: expected shape {_written(shape)}, got shape {tuple(out.shape)}")
    if (low != -math.inf or high != math.inf) and out.numel():
        least, most = (end.item() for end in out.detach().aminmax())
        if least < low or most > high:
            worst = least if least < low else most
            every = number_wanted(low, high, False, False).replace("a number", "numbers")
            raise ValueError(f"{name}: expected {every}, got {worst:.6g}")
    return out


def finite(name: str, value, like: Tensor | None = None, **options: Any) -> Tensor:
    """Like ``tensor`` (and with its options), without infinities."""
    out = tensor(name, value, like, **options)
    if not _all_finite(out) and out.isinf().any():
        raise ValueError(f"{name}: expected finite numbers, got {int(out.isinf().sum())} infinite")
    return out


def whole(
    name: str, value, least: int | None = None, most: int | None = None, *, shape: Shape | None = None
) -> Tensor:
    """Whole numbers (labels, counts, bins) as an int64 tensor on their own device; 3.0 counts as 3."""
    import torch

    # float64 holds every whole number up to 2^53 exactly.
    out = finite(name, value, shape=shape)
    low, high = (-(2.0**53) if least is None else least), (2.0**53 if most is None else most)
    bad = (out != out.round()) | (out < low) | (out > high)
    if bool(bad.any()):
        wanted = (
            integers_wanted(least, most)
            .removeprefix("an ")
            .removeprefix("a ")
            .replace("integer", "integers", 1)
        )
        raise ValueError(f"{name}: expected {wanted}, got {out[bad][0].item():g}")
    return out.to(torch.int64)


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
    import torch

    wanted = f"expected a symmetric positive semi-definite matrix of shape ({size}, {size})"
    out = finite(name, value, like)
    if out.ndim == 0:
        out = out.reshape(1, 1)
    if out.ndim < 2 or out.shape[-2:] != (size, size) or out.numel() == 0:
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


def _from_numbers(value) -> Tensor:
    """A float64 tensor from numbers, lists of them, arrays and lists of tensors, whose gradients it keeps."""
    import torch

    if isinstance(value, (bool, str, bytes, Mapping)) or value is None:
        raise TypeError
    if isinstance(value, (list, tuple)) and any(_holds_tensor(part) for part in value):
        parts = [part if isinstance(part, torch.Tensor) else _from_numbers(part) for part in value]
        if any(part.is_complex() for part in parts):
            raise TypeError
        return torch.stack([part.to(torch.float64) for part in parts])
    try:
        array = np.asarray(value)
        if array.dtype == object and all(plain(entry) is not None for entry in array.reshape(-1)):
            array = array.astype(np.float64)
    except (
        Exception
    ) as error:  # rows of unequal length, an integer beyond all floats, an object with ideas of its own
        raise TypeError from error
    if array.dtype.kind not in "buif":
        raise TypeError
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _holds_tensor(value) -> bool:
    import torch

    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, torch.Tensor)


def _all_finite(x: Tensor) -> bool:
    """In one quick pass: a sum is finite only when all of it is. Overflow says no, too: then look closely."""
    return bool(x.detach().sum().isfinite())


def _fits(found, wanted: Shape) -> bool:
    if wanted[:1] == ("...",):
        wanted = wanted[1:]
        found = found[len(found) - len(wanted) :] if len(found) >= len(wanted) else ()
    if len(found) != len(wanted):
        return False
    return all(
        size == want if isinstance(want, int) else size >= 1 for size, want in zip(found, wanted, strict=True)
    )


def _written(shape: Shape) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"
