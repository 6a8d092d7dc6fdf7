"""DCI disentanglement: which factor each latent is of use for, by the importances of a forest of trees."""

import numpy as np
import torch
from torch import Tensor

from course_lib import checks
from course_lib.evaluation.coded import codes_and_levels

__all__ = ["dci_disentanglement", "disentanglement_of"]


def disentanglement_of(importance) -> Tensor:
    """One minus the entropy of a latent's importances over the factors, averaged with the latents' shares.

        sum over i of rho_i (1 - H_K(P_i)),   P_ik = R_ik / sum_k R_ik,   rho_i = sum_k R_ik / sum_ik R_ik

    The logarithm of H_K has the base K, the number of factors, so that a latent which serves all alike counts 0.

    Args:
        importance: the table R, shape (d, k) with two factors or more, no entry negative.

    Returns:
        A number without axes; 0 when nothing is of any importance.

    Raises:
        ValueError: another shape, NaN, a negative entry.

    Source: Eastwood & Williams 2018, ICLR.

    >>> float(disentanglement_of([[1.0, 0.0], [1.0, 1.0]]))  # a third of the importance is pure
    0.3333333333333333
    """
    table = checks.finite("importance", importance, shape=("d", "k"), low=0.0)
    if table.shape[1] < 2:
        raise ValueError(
            f"importance: expected shape (d, k) with k at least 2, got shape {tuple(table.shape)}"
        )
    shares = table.sum(1)
    if not bool(shares.sum() > 0):
        return shares.sum()
    each = table / torch.where(shares > 0, shares, 1.0)[:, None]
    pure = 1 - torch.special.entr(each).sum(1) / np.log(table.shape[1])
    return (shares * pure).sum() / shares.sum()


def dci_disentanglement(codes, factors, trees: int = 20, generator: torch.Generator | None = None) -> Tensor:
    """``disentanglement_of`` the importances that a random forest gives the latents when it predicts each factor.

    Args:
        codes: shape (n, d).
        factors: shape (n, k), whole numbers; two columns or more.
        trees: in each forest. The importance is the mean decrease of impurity, which sums to 1 for each factor. Each
            split looks at all latents: one that may look at a few only must use a useless one now and then.
        generator: draws the forests' seeds; a fixed one without it.

    Raises:
        ValueError: other shapes, NaN, factors that are no whole numbers or never change.

    Source: Eastwood & Williams 2018, with their second predictor, the forest (their first, a linear one, asks for
    factors that are quantities; Locatello et al. 2019 boost trees). Codes that carry nothing still get importances,
    of chance alone: their score is near 0 because chance spreads them evenly.

    >>> factors = [[0, 0], [0, 1], [1, 0], [1, 1]] * 8
    >>> round(float(dci_disentanglement(factors, factors)), 2)
    1.0
    """
    from sklearn.ensemble import RandomForestClassifier  # half a second of import

    codes, levels = codes_and_levels(codes, factors)
    trees = checks.integer("trees", trees, 1)
    checks.generator("generator", generator)
    if levels.shape[1] < 2:
        raise checks.refuse("factors", "at least two columns, or there is nothing to mix", levels.shape[1])
    random = torch.Generator().manual_seed(0) if generator is None else generator
    seeds = torch.randint(2**31 - 1, (levels.shape[1],), generator=random, device=random.device).tolist()
    x = codes.cpu().numpy()
    columns = []
    for seed, level in zip(seeds, levels.T.cpu().numpy(), strict=True):
        forest = RandomForestClassifier(trees, max_features=None, random_state=seed).fit(x, level)
        columns.append(forest.feature_importances_)
    return disentanglement_of(torch.from_numpy(np.stack(columns, 1)).to(codes.device))
