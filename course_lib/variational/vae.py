"""The variational auto-encoder and its evidence lower bound (UL p.20-23)."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.distributions import Distribution
from torch.nn import functional as F

from course_lib import checks
from course_lib.checks.given import given_to
from course_lib.variational import model_inputs
from course_lib.variational.against_prior import log_density, usable_prior
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
        self.encoder, self.decoder = checks.module("encoder", encoder), checks.module("decoder", decoder)
        self.latent_size = checks.integer("latent_size", latent_size, 1)
        self.likelihood = checks.one_of("likelihood", likelihood, LIKELIHOODS)
        log_sigma = torch.tensor(math.log(0.3 if sigma is None else checks.positive("sigma", sigma)))
        if sigma is None and likelihood == "gaussian":
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of q(z|x), each of shape (..., d), for images of shape (..., D)."""
        x = model_inputs.pixels("x", x, self)
        out = given_to(self.encoder, "x", x, "the encoder")
        if not isinstance(out, torch.Tensor) or out.shape[-1:] != (2 * self.latent_size,):
            wanted = (
                f"{2 * self.latent_size} outputs (mean and log-variance of {self.latent_size} dimensions)"
            )
            raise checks.refuse("encoder", wanted, out)
        return tuple(out.chunk(2, -1))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """The mean image of p(x|z), shape (..., D), for z of shape (..., d)."""
        z = model_inputs.latents("z", z, self)
        out = given_to(self.decoder, "z", z, "the decoder")
        return torch.sigmoid(out) if self.likelihood == "bernoulli" else out

    def log_likelihood(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """log p(x|z) in nats, summed over the pixels; x (..., D) and z (..., d) broadcast to shape (...).

        Raises:
            ValueError: NaN or infinity, images and latents whose shapes do not fit, and for a Bernoulli decoder pixels
                outside [0, 1]: its formula has a value there, of any size, that is no likelihood.
        """
        x, z = model_inputs.images("x", x, self), model_inputs.latents("z", z, self)
        out = given_to(self.decoder, "z", z, "the decoder")
        try:
            x = x.expand(torch.broadcast_shapes(x.shape, out.shape))
            if x.shape[-1] != out.shape[-1]:
                raise RuntimeError
        except RuntimeError:
            wanted = f"images that fit the decoder's, of shape {tuple(out.shape)}"
            raise ValueError(f"x: expected {wanted}, got shape {tuple(x.shape)}") from None
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(out.expand_as(x), x, reduction="none").sum(-1)
        return log_prob(x, out, 2 * self.log_sigma.expand(x.shape[-1]))

    def sample(self, n: int, *, prior=None, generator: torch.Generator | None = None) -> torch.Tensor:
        """Mean images of n draws from the prior, shape (n, D): the encoder is not needed (UL p.23)."""
        prior = usable_prior(prior, self.latent_size)
        n, generator = checks.integer("n", n, 1), checks.generator("generator", generator)
        checks.methods("prior", prior, "sample")
        with torch.no_grad():
            drawn = (
                prior.sample((n,))
                if isinstance(prior, Distribution)
                else prior.sample(n, generator=generator)
            )
            if drawn.shape != (n, self.latent_size):
                raise checks.refuse("prior", f"draws of shape ({n}, {self.latent_size})", drawn)
            return self.decode(drawn)


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
        x: shape (n, D); from 0 to 1 for a Bernoulli decoder.
        beta: the weight of the KL term (beta-VAE), at least 0; 1 gives the ELBO.
        prior: the standard normal without it, whose KL is in closed form (UL p.22); for any other prior the KL
            is estimated with the same draws as the reconstruction.
        samples: draws from q(z|x) for each row.
        generator: makes the draws repeat.

    Raises:
        ValueError: another shape, NaN, pixels outside [0, 1] under a Bernoulli decoder, a prior of another size.
    """
    x = model_inputs.batch("x", x, model_inputs.model("vae", vae))
    checks.number("beta", beta, 0)
    samples, generator = checks.integer("samples", samples, 1), checks.generator("generator", generator)
    prior = usable_prior(prior, vae.latent_size)
    mean, logvar = vae.encode(x)
    z = reparameterize(mean, logvar, samples, generator=generator)
    reconstruction = vae.log_likelihood(x, z).mean(0)
    if isinstance(prior, StandardNormal):
        kl = kl_to_standard_normal(mean, logvar)
    else:
        kl = (log_prob(z, mean, logvar) - log_density(prior, z)).mean(0)
    return ElboTerms(reconstruction - beta * kl, reconstruction, kl)
