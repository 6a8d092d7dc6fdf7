"""The variational auto-encoder and its evidence lower bound (UL p.20-23)."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.variational.diagonal import kl_to_standard_normal, log_prob, reparameterize
from course_lib.variational.priors import StandardNormal

__all__ = ["VAE", "ElboTerms", "elbo"]

LIKELIHOODS = ("bernoulli", "gaussian")


class VAE(nn.Module):
    """An encoder q(z|x) = N(mean, diag exp(logvar)) and a decoder p(x|z) over a latent space of any size.

    Args:
        encoder: maps x of shape (..., D) to (..., 2 · latent_size): the mean, then the log-variance.
        decoder: maps z of shape (..., latent_size) to (..., D): logits (Bernoulli) or the mean (Gaussian).
        latent_size: the number d of latent dimensions.
        likelihood: "bernoulli" for x in [0, 1], or "gaussian".
        sigma: the Gaussian decoder's standard deviation; None learns it, starting from 0.3.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_size: int,
        *,
        likelihood: str = "bernoulli",
        sigma: float | None = None,
    ):
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood: expected one of {', '.join(LIKELIHOODS)}, got {likelihood!r}")
        if sigma is not None and not (0 < sigma < math.inf):
            raise ValueError(f"sigma: expected a positive number, got {sigma!r}")
        self.encoder, self.decoder = encoder, decoder
        self.latent_size, self.likelihood = latent_size, likelihood
        log_sigma = torch.tensor(math.log(0.3 if sigma is None else sigma))
        if sigma is None and likelihood == "gaussian":
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of q(z|x), each of shape (..., d)."""
        out = self.encoder(x)
        if out.shape[-1] != 2 * self.latent_size:
            raise ValueError(
                f"encoder: expected {2 * self.latent_size} outputs (mean and log-variance of {self.latent_size} "
                f"dimensions), got {out.shape[-1]}"
            )
        return tuple(out.chunk(2, -1))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """The mean image of p(x|z), shape (..., D)."""
        out = self.decoder(z)
        return torch.sigmoid(out) if self.likelihood == "bernoulli" else out

    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """log p(x|z) in nats, summed over the pixels; x (..., D) and z (..., d) broadcast to shape (...)."""
        out = self.decoder(z)
        x = x.expand(torch.broadcast_shapes(x.shape, out.shape))
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(out.expand_as(x), x, reduction="none").sum(-1)
        return log_prob(x, out, 2 * self.log_sigma.expand(x.shape[-1]))

    def sample(self, n: int, *, prior=None, generator: torch.Generator | None = None) -> torch.Tensor:
        """Mean images of n draws from the prior, shape (n, D): the encoder is not needed (UL p.23)."""
        prior = StandardNormal(self.latent_size) if prior is None else prior
        weight = next(self.parameters())
        with torch.no_grad():
            return self.decode(prior.sample(n, generator=generator).to(weight))


class ElboTerms(NamedTuple):
    """For each data point, shape (n,), in nats: value = reconstruction - beta · kl."""

    value: torch.Tensor
    reconstruction: torch.Tensor
    kl: torch.Tensor


def elbo(
    vae: VAE,
    x: torch.Tensor,
    *,
    beta: float = 1.0,
    prior=None,
    samples: int = 1,
    generator: torch.Generator | None = None,
) -> ElboTerms:
    """The evidence lower bound of each row of x, with gradients for encoder, decoder and prior.

    Args:
        vae: the model.
        x: shape (n, D).
        beta: the weight of the KL term (beta-VAE); 1 gives the ELBO.
        prior: the standard normal without it, whose KL is in closed form (UL p.22); for any other prior the KL
            is estimated with the same draws as the reconstruction.
        samples: draws from q(z|x) for each row.
        generator: makes the draws repeat.
    """
    if x.ndim != 2:
        raise ValueError(f"x: expected shape (n, D), got shape {tuple(x.shape)}")
    mean, logvar = vae.encode(x)
    z = reparameterize(mean, logvar, samples, generator=generator)
    reconstruction = vae.log_likelihood(x, z).mean(0)
    if prior is None or isinstance(prior, StandardNormal):
        kl = kl_to_standard_normal(mean, logvar)
    else:
        kl = (log_prob(z, mean, logvar) - prior.log_prob(z)).mean(0)
    return ElboTerms(reconstruction - beta * kl, reconstruction, kl)
