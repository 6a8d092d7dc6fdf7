"""What the optimal discriminator becomes when its labels are not 0 and 1."""

from torch import Tensor

from course_lib import checks

__all__ = ["smoothed_optimal_discriminator"]


def smoothed_optimal_discriminator(p_data, p_model, alpha: float, beta: float = 0.0) -> Tensor:
    """D*(x) = ((1 - alpha) p(x) + beta q(x)) / (p(x) + q(x)), point by point.

    Real points have the label 1 - alpha and generated ones beta. With beta = 0 the smoothing is one-sided.

    Args:
        p_data, p_model: densities or probabilities p and q at the same points, of one shape; not both 0 at a point,
            where nothing is determined.
        alpha: how much the label of the data falls short of 1, in [0, 1].
        beta: the label of generated points, in [0, 1].

    Returns:
        Probabilities, of the same shape, float64.

    Raises:
        ValueError: a negative or infinite density, both 0 at a point, other shapes, a label outside [0, 1].

    Source: I21 Improved techniques for training GANs; Salimans et al. 2016, arXiv:1606.03498.

    >>> smoothed_optimal_discriminator([0.5, 0.5, 0.0], [0.5, 0.0, 0.5], 0.1)
    tensor([0.4500, 0.9000, 0.0000], dtype=torch.float64)
    """
    p = checks.finite("p_data", p_data, low=0.0)
    q = checks.finite("p_model", p_model, p, low=0.0)
    alpha, beta = checks.number("alpha", alpha, 0, 1), checks.number("beta", beta, 0, 1)
    if p.shape != q.shape:
        raise ValueError(
            f"p_model: expected shape {tuple(p.shape)}, that of p_data, got shape {tuple(q.shape)}"
        )
    if bool(((p == 0) & (q == 0)).any()):
        raise ValueError("p_data, p_model: expected a positive density at each point, got 0 in both")
    share = p / (p + q)  # each between 0 and 1, so that tiny densities do not underflow
    return (1 - alpha) * share + beta * (1 - share)
