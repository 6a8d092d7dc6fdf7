"""log p(x), which the ELBO only bounds: by importance weighting, and exactly on a grid in two dimensions.

Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", 2016. The gap between the two is
KL(q(z|x) ‖ p(z|x)) (UL p.18 and p.21; the question mark of I22 VAE limitations).
"""

import math
from typing import NamedTuple

import torch

from course_lib import checks
from course_lib.divergences.distances import between
from course_lib.variational import model_inputs
from course_lib.variational.against_prior import log_density, usable_prior
from course_lib.variational.diagonal import log_prob, reparameterize
from course_lib.variational.vae import VAE

__all__ = ["GridEvidence", "ImportanceBound", "evidence_on_grid", "importance_weighted_bound"]

_DECODED_AT_ONCE = 65_536  # images that the decoder makes in one pass


class ImportanceBound(NamedTuple):
    """For each data point, shape (n,), in nats: log of the mean weight, and its standard error.

    The error is the delta method's, sd(w) / (mean(w) √K). It tells the spread of the estimate, not its bias:
    the bound lies below log p(x) on average, by about half the squared error.
    """

    value: torch.Tensor
    error: torch.Tensor


@torch.no_grad()
def importance_weighted_bound(
    vae, x: torch.Tensor, samples: int, *, prior=None, generator: torch.Generator | None = None
) -> ImportanceBound:
    """log 1/K Σₖ p(x, zₖ) / q(zₖ|x) with K = samples draws zₖ ~ q(z|x), for each row of x.

    One sample gives the ELBO (on average); more give a higher bound, up to log p(x).

    Args:
        vae: the model.
        x: shape (n, D); from 0 to 1 for a Bernoulli decoder.
        samples: K, any number, taken in chunks of bounded memory.
        prior: the standard normal without it.
        generator: makes the draws repeat.
    """
    x = model_inputs.batch("x", x, model_inputs.model("vae", vae))
    samples, generator = checks.integer("samples", samples, 1), checks.generator("generator", generator)
    prior = usable_prior(prior, vae.latent_size)
    pieces = [_bound(vae, part, samples, prior, generator) for part in x.split(min(len(x), _DECODED_AT_ONCE))]
    return ImportanceBound(torch.cat([p[0] for p in pieces]), torch.cat([p[1] for p in pieces]))


def _bound(vae, x, samples, prior, generator):
    mean, logvar = vae.encode(x)
    log_sum = log_sum_squares = None
    at_once = max(1, _DECODED_AT_ONCE // len(x))
    for start in range(0, samples, at_once):
        z = reparameterize(mean, logvar, min(at_once, samples - start), generator=generator)
        log_w = vae.log_likelihood(x, z) + log_density(prior, z) - log_prob(z, mean, logvar)
        log_w = log_w.to(torch.float32 if x.device.type == "mps" else torch.float64)
        first, second = torch.logsumexp(log_w, 0), torch.logsumexp(2 * log_w, 0)
        log_sum = first if log_sum is None else torch.logaddexp(log_sum, first)
        log_sum_squares = second if log_sum_squares is None else torch.logaddexp(log_sum_squares, second)
    value = log_sum - math.log(samples)
    if samples == 1:
        return value, torch.full_like(value, float("nan"))
    # Σw² K / (Σw)² - 1 is the squared coefficient of variation of the weights.
    variation = (torch.exp(log_sum_squares - 2 * log_sum + math.log(samples)) - 1).clamp_min(0)
    return value, (variation / (samples - 1)).sqrt()


class GridEvidence(NamedTuple):
    """For each data point: log p(x) and KL(q(z|x) ‖ p(z|x)), shape (n,), in nats; the mode of p(z|x), shape (n, 2)."""

    log_evidence: torch.Tensor
    posterior_kl: torch.Tensor
    mode: torch.Tensor


@torch.no_grad()
def evidence_on_grid(
    vae, x: torch.Tensor, *, points: int = 300, reach: float = 6.0, prior=None, posteriors=None
) -> GridEvidence:
    """Both sides of log p(x) = L + KL(q(z|x) ‖ p(z|x)) but L itself, for a latent space of two dimensions.

    The latent square [-reach, reach]² is cut into points² cells, p(z|x) is the normalised product of prior and
    likelihood on the grid, and the KL is a sum over it. Nothing is drawn.

    Args:
        vae: a model with latent_size 2 whose posteriors are wider than the spacing 2 · reach / points.
        x: shape (n, D), taken in chunks; from 0 to 1 for a Bernoulli decoder.
        prior: the standard normal without it.
        posteriors: (mean, logvar), each (n, 2), in place of the encoder's.
    """
    if not isinstance(vae, VAE):
        raise checks.refuse("vae", "a VAE", vae)
    if vae.latent_size != 2:
        raise ValueError(f"vae: expected a latent space of 2 dimensions, got {vae.latent_size}")
    x = model_inputs.batch("x", x, vae)
    points, reach = checks.integer("points", points, 2), checks.positive("reach", reach)
    prior = usable_prior(prior, 2)
    if posteriors is not None:
        posteriors = model_inputs.posteriors("posteriors", posteriors, len(x), vae)
    axis = torch.linspace(-reach, reach, points, dtype=x.dtype, device=x.device)
    z = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    log_cell = 2 * math.log(float(axis[1] - axis[0]))
    log_prior = log_density(prior, z)
    evidence, kl, modes = [], [], []
    mean, logvar = vae.encode(x) if posteriors is None else posteriors
    rows = max(1, 8_000_000 // len(z))
    for part, m, s in zip(x.split(rows), mean.split(rows), logvar.split(rows), strict=True):
        log_joint = _log_likelihood_table(vae, part, z) + log_prior
        log_evidence = torch.logsumexp(log_joint, 1) + log_cell
        log_q = log_prob(z, m[:, None], s[:, None])
        q = torch.exp(log_q + log_cell)
        evidence.append(log_evidence)
        modes.append(z[log_joint.argmax(1)])
        # Where q is 0 to rounding, the prior may be so as well.
        kl.append(torch.where(q > 0, q * (log_q - log_joint), 0.0).sum(1) + log_evidence * q.sum(1))
    return GridEvidence(torch.cat(evidence).to(mean), torch.cat(kl).to(mean), torch.cat(modes))


def _log_likelihood_table(vae, x, z):
    """log p(x_i|z_g) for all pairs, shape (n, G): one matrix product for each likelihood."""
    out = vae.decoder(z)
    if out.shape[-1] != x.shape[-1]:
        raise ValueError(f"x: expected shape (n, {out.shape[-1]}), got shape {tuple(x.shape)}")
    if vae.likelihood == "bernoulli":
        return x @ out.T - torch.nn.functional.softplus(out).sum(-1)
    variance = torch.exp(2 * vae.log_sigma)
    # In float64 where there is one: sigma is small, and divides every rounding.
    wide = torch.float32 if x.device.type == "mps" else torch.float64
    squares = between(x.to(wide), out.to(wide))
    return -0.5 * (squares / variance + x.shape[-1] * (torch.log(variance) + math.log(2 * math.pi)))
