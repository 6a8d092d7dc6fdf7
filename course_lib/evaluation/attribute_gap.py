"""SAP, the separated attribute predictability: how well one latent predicts a factor, best against second best."""

import numpy as np
import torch
from torch import Tensor

from course_lib import checks
from course_lib.evaluation.coded import codes_and_levels

__all__ = ["sap"]

FORMS = ("r2", "svm")


def sap(codes, factors, form: str = "r2", generator: torch.Generator | None = None) -> Tensor:
    """The mean over the factors of the best latent's score minus the second best's.

    Args:
        codes: shape (n, d).
        factors: shape (n, k), whole numbers.
        form: what a latent's score is. "r2": the squared correlation with the factor's number, the form for factors
            that are quantities. "svm": how many of a held-out half a linear classifier of this one latent names
            rightly, the form for factors that are names. Such a classifier divides a line into few intervals, so that
            it cannot name eight levels and the score of a perfect code lies far below 1.
        generator: draws the halves of "svm"; a fixed one without it.

    Returns:
        A number without axes. With a single latent the second best scores 0.

    Raises:
        ValueError: other shapes, NaN, factors that are no whole numbers or never change, an unknown form.

    Source: Kumar et al. 2018, arXiv:1711.00848 (thresholds in the place of the classifier); the classifier, linear with
    C = 0.01 and balanced classes, is that of Locatello et al. 2019, arXiv:1811.12359.

    >>> float(sap([[0.0], [0.0], [1.0], [1.0]], [[0], [0], [1], [1]]))
    1.0
    """
    codes, levels = codes_and_levels(codes, factors)
    checks.one_of("form", form, FORMS)
    checks.generator("generator", generator)
    table = _squared_correlation(codes, levels) if form == "r2" else _accuracy(codes, levels, generator)
    best = torch.cat([table, torch.zeros_like(table[:1])]).topk(2, dim=0).values
    return (best[0] - best[1]).mean()


def _squared_correlation(codes: Tensor, levels: Tensor) -> Tensor:
    """(d, k); a latent that does not move predicts nothing."""

    def unit(columns: Tensor) -> Tensor:
        centred = columns - columns.mean(0)
        length = centred.norm(dim=0)
        # What is left of a constant column after subtracting its mean is rounding.
        moves = length > 1e-12 * columns.norm(dim=0)
        return torch.where(moves, centred / torch.where(moves, length, 1.0), 0.0)

    return (unit(codes).T @ unit(levels.double())).square()


def _accuracy(codes: Tensor, levels: Tensor, generator: torch.Generator | None) -> Tensor:
    from sklearn.svm import LinearSVC  # a second of import that most of the course can do without

    random = torch.Generator().manual_seed(0) if generator is None else generator
    rows = torch.randperm(len(codes), generator=random, device=random.device).cpu().numpy()
    seen, held = rows[: (len(rows) + 1) // 2], rows[(len(rows) + 1) // 2 :]
    x, y = codes.cpu().numpy(), levels.cpu().numpy()
    table = np.zeros((x.shape[1], y.shape[1]))
    for k in range(y.shape[1]):
        for i in range(x.shape[1]):
            if np.ptp(x[seen, i]) > 0 and np.ptp(y[seen, k]) > 0 and len(held):
                machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0, max_iter=20_000)
                machine.fit(x[seen, i : i + 1], y[seen, k])
                table[i, k] = machine.score(x[held, i : i + 1], y[held, k])
            elif len(held):  # nothing to learn from: the commonest level of the seen half
                table[i, k] = (y[held, k] == np.bincount(y[seen, k]).argmax()).mean()
    return torch.from_numpy(table).to(codes.device)
