"""Sharpness and diversity as entropies of a classifier's labels, and the score that joins them.

Source: I24 Evaluation of likelihood-free models; the score is that of Salimans et al. 2016, arXiv:1606.03498.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import home
from course_lib.evaluation.estimate import Estimate, from_repeats

__all__ = ["LabelEntropies", "inception_score", "label_entropies"]

# A softmax in float32 over a thousand classes sums to one to about this.
_MASS = 1e-4


class LabelEntropies(NamedTuple):
    """In nats: the mean entropy of p(y|x) (small for sharp samples), the entropy of p(y) (large for diverse ones)."""

    conditional: Tensor
    marginal: Tensor


def label_entropies(probabilities) -> LabelEntropies:
    """Both entropies of the lecture for one sample.

    Args:
        probabilities: shape (n, classes), row i is p(y|x_i); each row sums to 1.

    Raises:
        ValueError: a wrong shape, a negative or non-finite entry, a row that does not sum to 1.

    >>> one_of_each = label_entropies(torch.eye(4))
    >>> float(one_of_each.conditional), round(float(one_of_each.marginal), 4)  # 0 and log 4
    (0.0, 1.3863)
    """
    return _entropies(_rows(probabilities))


def inception_score(probabilities, splits: int | None = None) -> Tensor | Estimate:
    """exp(H(y) - E H(y|x)), the exponential of the mutual information of label and image.

    It lies between 1 (every image has the same distribution of labels) and the number of classes (every image is
    certain, and every class occurs equally often).

    Args:
        probabilities: shape (n, classes), row i is p(y|x_i); each row sums to 1.
        splits: compute the score on this many consecutive parts of the sample; papers report 10. The rows must be
            in random order. The score of a small part is biased downwards.

    Returns:
        A 0-dim tensor; with ``splits`` an ``Estimate(value, standard_error)`` over the parts.

    Raises:
        ValueError: as ``label_entropies``; or fewer than two parts, or more parts than rows.

    Source: I24 Evaluation of likelihood-free models; arXiv:1606.03498.

    >>> float(inception_score(torch.full((5, 10), 0.1)))
    1.0
    """
    rows = _rows(probabilities)
    if splits is None:
        return _score(rows)
    splits = checks.integer("splits", splits, 2, len(rows))
    return from_repeats([_score(part) for part in rows.tensor_split(splits)])


def _rows(probabilities) -> Tensor:
    rows = checks.finite("probabilities", home(probabilities))
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"probabilities: expected shape (n, classes), got shape {tuple(rows.shape)}")
    if (rows < 0).any():
        raise ValueError(f"probabilities: expected no negative entries, got {rows.min().item():.3g}")
    totals = rows.sum(-1)
    worst = (totals - 1).abs().argmax()
    if abs(totals[worst].item() - 1) > _MASS:
        raise ValueError(
            f"probabilities: expected rows that sum to 1, got the sum {totals[worst].item():.6g} in row {int(worst)}"
            " (these may be logits: apply a softmax first)"
        )
    return rows / totals[:, None]


def _entropies(rows: Tensor) -> LabelEntropies:
    def entropy(p: Tensor) -> Tensor:
        # A label without mass adds nothing; the slope of -p log p is infinite there and must not reach the others.
        return torch.special.entr(torch.where(p > 0, p, 1.0)).sum(-1)

    return LabelEntropies(entropy(rows).mean(), entropy(rows.mean(0)))


def _score(rows: Tensor) -> Tensor:
    entropies = _entropies(rows)
    # The difference is a mutual information, never negative; rounding may take it a hair below.
    return (entropies.marginal - entropies.conditional).clamp(min=0).exp()
