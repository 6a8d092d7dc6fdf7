"""The linear VAE, whose optimum is known: which latent dimensions it uses at a given sigma, and which collapse."""

import math
from typing import NamedTuple

import torch

from course_lib import checks

__all__ = ["LinearVaeOptimum", "linear_vae_optimum"]


class LinearVaeOptimum(NamedTuple):
    """For each latent dimension, shape (d,), those that tell most about x first.

    Attributes:
        active: whether the decoder uses the dimension (bool); one that it does not use has collapsed.
        kl: the average over the data of its KL(q(z_i|x) ‖ N(0, 1)), in nats.
        posterior_variance: the variance of q(z_i|x), the same for every x.
        elbo: the average ELBO, one number in nats; log p(x) itself, because the encoder is exact here.
    """

    active: torch.Tensor
    kl: torch.Tensor
    posterior_variance: torch.Tensor
    elbo: torch.Tensor


def linear_vae_optimum(eigenvalues, sigma: float, latent_size: int) -> LinearVaeOptimum:
    """The best VAE with p(z) = N(0, I), p(x|z) = N(Wz + b, sigma² I) and a Gaussian encoder that is linear in x.

    Dimension i has the column W_i = √(lambda_i - sigma²) u_i where lambda_i > sigma², and 0 elsewhere. A KL term with
    the weight beta has the same optimal W and encoder as sigma √beta without it.

    Args:
        eigenvalues: all eigenvalues lambda of the data's covariance (divided by n), shape (D,), in any order.
        sigma: the decoder's standard deviation, in the units of the data.
        latent_size: the number d of latent dimensions; those beyond D are never used.

    Raises:
        ValueError: an eigenvalue below zero, a sigma that is not positive, a latent_size that is no positive integer.

    Source: Tipping & Bishop, "Probabilistic principal component analysis", 1999; Lucas, Tucker, Grosse & Norouzi,
    "Don't blame the ELBO! A linear VAE perspective on posterior collapse", 2019.

    >>> optimum = linear_vae_optimum([4.0, 1.0, 0.25], sigma=1.0, latent_size=2)
    >>> optimum.active.tolist(), [round(nats, 4) for nats in optimum.kl.tolist()]
    ([True, False], [0.6931, 0.0])
    """
    eigenvalues = checks.finite("eigenvalues", eigenvalues, shape=("D",), low=0.0)
    sigma = checks.positive("sigma", sigma)
    latent_size = checks.integer("latent_size", latent_size, 1)
    noise = sigma**2
    size = len(eigenvalues)
    eigenvalues = eigenvalues.sort(descending=True).values
    kept = torch.cat([eigenvalues[:latent_size], eigenvalues.new_zeros(max(0, latent_size - size))])
    active = kept > noise
    # Along u_i the model has the variance lambda_i where the dimension is used, and sigma² in all other directions.
    model = torch.cat([kept[active], eigenvalues.new_full((size - int(active.sum()),), noise)])
    return LinearVaeOptimum(
        active=active,
        kl=0.5 * torch.log((kept / noise).clamp_min(1)),
        posterior_variance=torch.where(active, noise / kept, 1.0),
        elbo=-0.5 * (torch.log(2 * math.pi * model) + eigenvalues / model).sum(),
    )
