"""Feature matching: the generator's points shall have the data's mean features, not a high score."""

from torch import Tensor

from course_lib import checks

__all__ = ["feature_matching_loss"]


def feature_matching_loss(real_features, fake_features) -> Tensor:
    """The squared distance between two means, ||E_p d(x) - E_z d(G(z))||^2, from a minibatch of each.

    Args:
        real_features: d(x), the output of an inner layer of the discriminator, shape ``(m, ...)``.
        fake_features: d(G(z)), shape ``(n, ...)``; the axes after the first are those of ``real_features``.

    Returns:
        A scalar with a gradient to both arguments: the squared differences are summed over features. It exceeds the
        distance of the two expectations by tr Cov d(x) / m + tr Cov d(G(z)) / n on average.

    Raises:
        ValueError: other shapes, NaN or infinity, no point at all.

    Source: I21 Improved techniques for training GANs; Salimans et al. 2016, arXiv:1606.03498.

    >>> feature_matching_loss([[0.0, 2.0], [2.0, 2.0]], [[1.0, 5.0]]).item()
    9.0
    """
    real = checks.finite("real_features", real_features, keep=True)
    fake = checks.finite("fake_features", fake_features, real, keep=True)
    for name, features in (("real_features", real), ("fake_features", fake)):
        if features.ndim < 2 or features.numel() == 0:
            raise ValueError(
                f"{name}: expected shape (n, ...) with n at least 1, got {tuple(features.shape)}"
            )
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"fake_features: expected shape (n, {', '.join(map(str, real.shape[1:]))}), as real_features have, "
            f"got shape {tuple(fake.shape)}"
        )
    return (real.mean(0) - fake.mean(0)).square().sum()
