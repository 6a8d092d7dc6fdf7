"""Squared MMD between features, without bias and in constant memory: the kernel distances KID and CMMD.

Source: I24 Frechet Inception Distance (the alternative that it cites); Binkowski et al. 2018, arXiv:1801.01401 (KID);
Jayasumana et al. 2024, arXiv:2401.09603 (CMMD).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home
from course_lib.divergences import polynomial_kernel
from course_lib.divergences.distances import between
from course_lib.evaluation.estimate import Estimate, from_repeats

__all__ = ["cmmd", "kid"]

Kernel = Callable[[Tensor, Tensor], Tensor]

# Entries of one block of the kernel matrix, 8 MB in float64: near the size of a cache, twice as quick as 32 MB.
_BLOCK = 1 << 20


def kid(
    features_p,
    features_q,
    subsets: int | None = None,
    subset_size: int = 1000,
    generator: torch.Generator | None = None,
) -> Tensor | Estimate:
    """Kernel distance: the unbiased squared MMD with the kernel (x.y / d + 1)^3.

    Its expectation is the true squared MMD at every sample size, so it falls below zero about half of the time when
    both sets come from one distribution. The cubic kernel compares moments up to the third, no more.

    Args:
        features_p, features_q: shape (n, d) and (m, d), at least two rows each.
        subsets: the average over that many random subsets, as papers report it (100 subsets of 1,000).
        subset_size: rows of each, drawn without replacement; at most the smaller set.
        generator: on the CPU, makes the subsets repeat.

    Returns:
        A 0-dim tensor; with ``subsets`` an ``Estimate``. Its standard error counts the subsets as independent; rows
        that are in several of them make the true one larger.

    Raises:
        ValueError: other shapes, NaN or infinity, fewer than two rows.

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> float(kid(x, x))  # within each set 1, across (1 + 1 + 1 + 8) / 4: 1 + 1 - 2 * 2.75
    -3.5
    """
    p, q = _pair(features_p, features_q)
    checks.generator("generator", generator)
    if subsets is not None:
        subsets = checks.integer("subsets", subsets, 2)
        smaller, subset_size = min(len(p), len(q)), checks.integer("subset_size", subset_size, 2)
        if subset_size > smaller:
            wanted = f"an integer from 2 to the size of the smaller set {smaller}"
            raise checks.refuse("subset_size", wanted, subset_size)
    kernel = polynomial_kernel(degree=3).around((p.detach().mean(0) + q.detach().mean(0)) / 2)
    if subsets is None:
        return _unbiased(p, q, kernel)

    def drawn(rows: Tensor) -> Tensor:
        return rows[torch.randperm(len(rows), generator=generator)[:subset_size].to(rows.device)]

    return from_repeats([_unbiased(drawn(p), drawn(q), kernel) for _ in range(subsets)])


def cmmd(features_p, features_q, sigma: float = 10.0, scale: float = 1000.0) -> Tensor:
    """The unbiased squared MMD with the Gaussian kernel exp(-|x - y|^2 / (2 sigma^2)), times ``scale``.

    The Gaussian kernel is characteristic: in expectation the distance is zero only between equal distributions. In
    the paper the features are CLIP embeddings of norm 1, and sigma = 10 and scale = 1000 belong to them; give other
    features a sigma of the size of the distances between them.

    Args:
        features_p, features_q: shape (n, d) and (m, d), at least two rows each.
        sigma: positive, in units of the features.
        scale: positive; only makes the numbers readable.

    Raises:
        ValueError: other shapes, NaN or infinity, fewer than two rows, sigma or scale not positive.

    >>> far_apart = cmmd(torch.zeros(4, 2), torch.full((4, 2), 100.0), sigma=1.0, scale=1.0)
    >>> round(float(far_apart), 9)  # both sets have mean kernel 1 with themselves, 0 with the other
    2.0
    """
    p, q = _pair(features_p, features_q)
    sigma, scale = checks.positive("sigma", sigma), checks.positive("scale", scale)

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return torch.exp(-between(x, y) / (2 * sigma**2))

    return scale * _unbiased(p, q, kernel)


def _pair(features_p, features_q) -> tuple[Tensor, Tensor]:
    p = checks.samples("features_p", home(features_p))
    q = checks.samples("features_q", home(features_q), p.shape[1], like=p).to(p.device)
    for name, rows in (("features_p", p), ("features_q", q)):
        if len(rows) < 2:
            raise ValueError(f"{name}: expected at least two rows, got shape {tuple(rows.shape)}")
    return p, q


def _unbiased(p: Tensor, q: Tensor, kernel: Kernel) -> Tensor:
    return _off_diagonal_mean(p, kernel) + _off_diagonal_mean(q, kernel) - 2 * _mean(p, q, kernel)


def _mean(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    step = max(1, _BLOCK // len(y))
    return torch.stack([kernel(block, y).sum() for block in x.split(step)]).sum() / (len(x) * len(y))


def _off_diagonal_mean(x: Tensor, kernel: Kernel) -> Tensor:
    """Over pairs of different rows. A row paired with itself is what makes the plain mean biased."""
    step = max(1, _BLOCK // len(x))
    sums = []
    for start in range(0, len(x), step):
        values = kernel(x[start : start + step], x)
        sums.append(values.sum() - values.diagonal(start).sum())
    return torch.stack(sums).sum() / (len(x) * (len(x) - 1))
