"""Priors for the latent space of a VAE: standard normal, free mixture, VampPrior, aggregated posterior.

Each has ``log_prob(z)`` of shape (...) for z of shape (..., d), and ``sample(n)`` of shape (n, d).
The last three are mixtures of diagonal Gaussians and differ in where their components come from.
"""

import torch
from torch import nn

from course_lib.variational.diagonal import check_posteriors, log_prob, mixture_log_prob, reparameterize

__all__ = ["AggregatedPosterior", "MixturePrior", "StandardNormal", "VampPrior"]


class StandardNormal(nn.Module):
    """N(0, I) in d dimensions (I22 VAE limitations: "poor prior distribution")."""

    def __init__(self, size: int):
        super().__init__()
        self.size = _positive("size", size)

    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        zero = z.new_zeros(self.size)
        if z.shape[-1] != self.size:
            raise ValueError(f"z: expected a last axis of {self.size} numbers, got shape {tuple(z.shape)}")
        return log_prob(z, zero, zero)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        return torch.randn(_positive("n", n), self.size, generator=generator)


class _Mixture(nn.Module):
    """A mixture of diagonal Gaussians; ``components()`` gives (mean, logvar, log_weights or None)."""

    def components(self):
        raise NotImplementedError

    def log_prob(self, z: torch.Tensor) -> torch.Tensor:
        mean, logvar, log_weights = self.components()
        # A double z is not rounded to a single-precision prior: the prior is lifted instead.
        dtype = torch.promote_types(z.dtype, mean.dtype)
        weights = None if log_weights is None else log_weights.to(dtype)
        return mixture_log_prob(z.to(dtype), mean.to(dtype), logvar.to(dtype), weights)

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        mean, logvar, log_weights = self.components()
        weights = torch.ones(len(mean)) if log_weights is None else log_weights.exp().cpu()
        if generator is not None:
            weights = weights.to(generator.device)
        rows = torch.multinomial(weights, _positive("n", n), replacement=True, generator=generator).to(
            mean.device
        )
        return reparameterize(mean[rows], logvar[rows], generator=generator)


class MixturePrior(_Mixture):
    """K free Gaussians: means, log-variances and weights are parameters (the control beside the VampPrior).

    Args:
        mean, logvar: shape (K, d), where training starts.
        learn_weights: whether the weights are learnt too; otherwise they stay 1/K.
    """

    def __init__(self, mean, logvar, *, learn_weights: bool = False):
        super().__init__()
        check_posteriors(mean, logvar)
        self.mean = nn.Parameter(torch.as_tensor(mean).detach().clone())
        self.logvar = nn.Parameter(torch.as_tensor(logvar).detach().clone())
        self.weight_logits = nn.Parameter(self.mean.new_zeros(len(self.mean))) if learn_weights else None

    def components(self):
        weights = None if self.weight_logits is None else torch.log_softmax(self.weight_logits, 0)
        return self.mean, self.logvar, weights


class VampPrior(_Mixture):
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
        inputs = torch.as_tensor(inputs).detach().clone()
        if inputs.ndim < 2 or len(inputs) < 1:
            raise ValueError(
                f"inputs: expected shape (K, ...) with K at least 1, got shape {tuple(inputs.shape)}"
            )
        self._encode = (encode,)  # in a tuple, so that the encoder is not registered as a part of the prior
        self.raw_inputs = nn.Parameter(inputs)
        self.low, self.high = low, high

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
        mean, logvar = self._encode[0](self.inputs)
        return mean, logvar, None


class AggregatedPosterior(_Mixture):
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


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected a positive whole number, got {value!r}")
    return value
