"""Priors for the latent space of a VAE: standard normal, free mixture, VampPrior, aggregated posterior.

Each has ``log_prob(z)`` of shape (...) for z of shape (..., d), and ``sample(n)`` of shape (n, d).
The last three are mixtures of diagonal Gaussians and differ in where their components come from.
"""

import torch
from torch import nn

from course_lib import checks
from course_lib.checks.given import given_to
from course_lib.variational.diagonal import check_posteriors, log_prob, mixture_log_prob, reparameterize

__all__ = ["AggregatedPosterior", "MixturePrior", "StandardNormal", "VampPrior"]


class StandardNormal(nn.Module):
    """N(0, I) in d dimensions (I22 VAE limitations: "poor prior distribution")."""

    def __init__(self, size: int):
        super().__init__()
        self.size = checks.integer("size", size, 1)

    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        z = _points(z, self.size)
        zero = z.new_zeros(self.size)
        return log_prob(z, zero, zero)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        n, generator = checks.integer("n", n, 1), checks.generator("generator", generator)
        return torch.randn(n, self.size, generator=generator)


class Mixture(nn.Module):
    """A mixture of diagonal Gaussians; ``components()`` gives (mean, logvar, log_weights or None)."""

    def components(self):
        raise NotImplementedError

    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        mean, logvar, log_weights = self.components()
        z = _points(z, mean.shape[-1], mean)
        # A double z is not rounded to a single-precision prior: the prior is lifted instead.
        dtype = torch.promote_types(z.dtype, mean.dtype)
        weights = None if log_weights is None else log_weights.to(dtype)
        return mixture_log_prob(z.to(dtype), mean.to(dtype), logvar.to(dtype), weights)

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        n, generator = checks.integer("n", n, 1), checks.generator("generator", generator)
        mean, logvar, log_weights = self.components()
        weights = torch.ones(len(mean)) if log_weights is None else log_weights.exp().cpu()
        if generator is not None:
            weights = weights.to(generator.device)
        rows = torch.multinomial(weights, n, replacement=True, generator=generator).to(mean.device)
        return reparameterize(mean[rows], logvar[rows], generator=generator)


class MixturePrior(Mixture):
    """K free Gaussians: means, log-variances and weights are parameters (the control beside the VampPrior).

    Args:
        mean, logvar: shape (K, d), where training starts.
        learn_weights: whether the weights are learnt too; otherwise they stay 1/K.
    """

    def __init__(self, mean, logvar, *, learn_weights: bool = False):
        super().__init__()
        mean, logvar = check_posteriors(mean, logvar, keep=True)
        self.mean, self.logvar = (nn.Parameter(part.detach().clone()) for part in (mean, logvar))
        learns = checks.flag("learn_weights", learn_weights)
        self.weight_logits = nn.Parameter(self.mean.new_zeros(len(self.mean))) if learns else None

    def components(self):
        weights = None if self.weight_logits is None else torch.log_softmax(self.weight_logits, 0)
        return self.mean, self.logvar, weights


class VampPrior(Mixture):
    """p(z|λ) = 1/K Σₖ q(z|uₖ) with learnt pseudo-inputs λ = {u₁, ..., u_K} (I22 VampPrior).

    Args:
        encode: maps images of shape (K, ...) to (mean, logvar), each (K, d): a VAE's ``encode``. Its parameters
            are not registered here, so an optimiser over this module moves the pseudo-inputs alone.
        inputs: shape (K, ...), where the pseudo-inputs start.
        low, high: pseudo-inputs stay in this range, as images do; None leaves them free.

    Tomczak & Welling, "VAE with a VampPrior", 2018.
    """

    def __init__(self, encode, inputs, *, low: float | None = 0.0, high: float | None = 1.0):
        super().__init__()
        checks.function("encode", encode, "a function from images to (mean, logvar)")
        inputs = checks.finite("inputs", inputs, keep=True).detach().clone()
        if inputs.ndim < 2 or inputs.numel() == 0:
            raise ValueError(
                f"inputs: expected shape (K, ...) with K at least 1, got shape {tuple(inputs.shape)}"
            )
        self._encode = (encode,)  # in a tuple, so that the encoder is not registered as a part of the prior
        self.raw_inputs = nn.Parameter(inputs)
        self.low = None if low is None else checks.number("low", low)
        self.high = None if high is None else checks.number("high", high)
        if None not in (self.low, self.high) and self.low >= self.high:
            raise ValueError(f"low, high: expected the first one to be the smaller, got {low!r} and {high!r}")

    @property
    def inputs(self) -> torch.Tensor:
        """The pseudo-inputs, shape (K, ...)."""
        if self.low is None and self.high is None:
            return self.raw_inputs
        return self.raw_inputs.clamp(self.low, self.high)

    def project_(self) -> None:
        """Puts the pseudo-inputs back into their range; call it after a step of the optimiser."""
        with torch.no_grad():
            self.raw_inputs.copy_(self.inputs)

    def components(self):
        found = given_to(self._encode[0], "inputs", self.inputs, "the encoder")
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise checks.refuse("encode", "a function that returns (mean, logvar)", found)
        return *found, None


class AggregatedPosterior(Mixture):
    """q_agg(z) = 1/n Σᵢ q(z|xᵢ): the prior that maximises the ELBO of the data it is made of (I22 Optimal prior).

    Args:
        mean, logvar: shape (n, d), the posteriors of the training data, kept as constants.
    """

    def __init__(self, mean, logvar):
        super().__init__()
        mean, logvar = check_posteriors(mean, logvar)
        self.register_buffer("mean", mean.detach().clone())
        self.register_buffer("logvar", logvar.detach().clone())

    def components(self):
        return self.mean, self.logvar, None


def _points(z, size: int, like: torch.Tensor | None = None) -> torch.Tensor:
    z = checks.tensor("z", z, like, keep=True)
    if z.shape[-1:] != (size,):
        raise ValueError(f"z: expected a last axis of {size} numbers, got shape {tuple(z.shape)}")
    return z
