"""Variational Bayes for linear regression whose weights have an unknown precision; its exact evidence (UL p.19)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["VariationalRegression", "variational_linear_regression"]

_SWEEPS = 10_000
_STILL = 1e-13
# Beyond this many nats below its maximum an integrand adds nothing to a double.
_NOTHING = 45.0


class VariationalRegression(NamedTuple):
    """q(beta) = N(mean, covariance), q(lambda) = Gamma(shape, rate), and both sides of the bound in nats.

    mean: (d,). covariance: (d, d). shape, rate, elbo, log_evidence: (). sweeps: how often both factors were renewed;
    converged: whether the last sweep moved nothing.
    """

    mean: Tensor
    covariance: Tensor
    shape: Tensor
    rate: Tensor
    elbo: Tensor
    log_evidence: Tensor
    sweeps: int
    converged: bool


def variational_linear_regression(
    X, y, *, noise_precision: float, shape: float, rate: float
) -> VariationalRegression:
    """Mean field q(beta) q(lambda) for y ~ N(X beta, I / noise_precision), beta ~ N(0, I / lambda), and

    lambda ~ Gamma(shape, rate), whose density is proportional to lambda**(shape - 1) exp(-rate lambda).

    Coordinate ascent from E lambda = shape / rate; no sweep lowers the bound. Given lambda, y is Gaussian, so the exact
    evidence is one integral over log lambda for any number of weights; it is computed to rounding.

    Args:
        X: shape (n, d), the regressors, a row for each response. y: shape (n,), the responses.
        noise_precision: of the responses, known and positive.
        shape, rate: of the Gamma prior, positive.

    Returns:
        On the device of X; ``log_evidence - elbo`` is KL(q || posterior).

    Raises:
        ValueError: wrong shapes, NaN, a parameter that is not positive.

    Source: UL p.19, which prints the regressor x_i for the response; C. Bishop, "Pattern Recognition and Machine
    Learning", 2006, section 10.3.

    >>> fit = variational_linear_regression([[1.0], [2.0]], [1.1, 1.9], noise_precision=1.0, shape=1.0, rate=1.0)
    >>> bool(fit.elbo < fit.log_evidence)
    True
    """
    X = checks.finite("X", X, shape=("n", "d"))
    y = checks.finite("y", y, like=X, shape=(len(X),)).to(X.device)
    tau = float(checks.positive("noise_precision", noise_precision))
    prior = float(checks.positive("shape", shape)), float(checks.positive("rate", rate))
    data = _Data.of(X, y, tau)
    weight_shape, weight_rate, sweeps, converged = _ascend(data, *prior)
    spread = 1 / (data.precisions + weight_shape / weight_rate)
    weights = spread * data.precisions * data.fitted
    return VariationalRegression(
        data.axes @ weights,
        (data.axes * spread) @ data.axes.mT,
        torch.as_tensor(weight_shape, dtype=torch.float64, device=X.device),
        weight_rate,
        _bound(data, weights, spread, weight_shape, weight_rate, *prior),
        data.constant + _log_integral(data, *prior),
        sweeps,
        converged,
    )


class _Data(NamedTuple):
    """The likelihood in the axes of X'X, where every weight stands alone, around its maximum.

    precisions: (d,), that of each weight by the data, 0 where they say nothing. fitted: (d,), the least squares.
    axes: (d, d). constant: log p(y) at the least squares.
    """

    precisions: Tensor
    fitted: Tensor
    axes: Tensor
    constant: Tensor

    @classmethod
    def of(cls, X, y, tau):
        squares, axes = torch.linalg.eigh(X.mT @ X)
        # What the data do not see at all is left with rounding noise, which a tiny lambda would divide by.
        seen = squares > 1e-14 * X.numel() * squares[-1].clamp_min(1e-300)
        squares = torch.where(seen, squares, 0.0)
        fitted = torch.where(seen, (axes.mT @ (X.mT @ y)) / torch.where(seen, squares, 1.0), 0.0)
        residual = (y - X @ (axes @ fitted)).square().sum()
        constant = 0.5 * (len(y) * math.log(tau / (2 * math.pi)) - tau * residual)
        return cls(tau * squares, fitted, axes, constant)


def _ascend(data, shape, rate):
    """Shape and rate of q(lambda) where both factors are the best for each other."""
    new_shape = shape + 0.5 * len(data.fitted)
    expected = torch.as_tensor(shape / rate, dtype=torch.float64, device=data.fitted.device)
    for sweep in range(1, _SWEEPS + 1):
        spread = 1 / (data.precisions + expected)
        new_rate = rate + 0.5 * ((spread * data.precisions * data.fitted).square() + spread).sum()
        before, expected = expected, new_shape / new_rate
        if abs(before - expected) <= _STILL * expected:
            return new_shape, new_rate, sweep, True
    return new_shape, new_rate, _SWEEPS, False


def _bound(data, weights, spread, new_shape, new_rate, shape, rate):
    """The evidence bound of q(beta) = N(weights, spread) and q(lambda) = Gamma(new_shape, new_rate)."""
    d = len(weights)
    second = weights.square() + spread
    expected = new_shape / new_rate
    digamma = float(torch.digamma(torch.tensor(new_shape, dtype=torch.float64)))
    log_expected = digamma - new_rate.log()
    likelihood = data.constant - 0.5 * (data.precisions * ((weights - data.fitted).square() + spread)).sum()
    prior_weights = 0.5 * d * (log_expected - math.log(2 * math.pi)) - 0.5 * expected * second.sum()
    prior = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_expected - rate * expected
    entropy_weights = 0.5 * (spread.log().sum() + d * (1 + math.log(2 * math.pi)))
    entropy = new_shape - new_rate.log() + math.lgamma(new_shape) + (1 - new_shape) * digamma
    return likelihood + prior_weights + prior + entropy_weights + entropy


def _log_integral(data, shape, rate):
    """log of the integral over u = log lambda of Gamma(lambda) lambda p(y|lambda), over the likelihood's maximum."""
    d, seen = len(data.fitted), data.precisions > 0
    log_precisions, size = data.precisions.log(), data.precisions * data.fitted.square()

    def log_integrand(u):
        sums = torch.logaddexp(u[:, None], log_precisions)  # log(lambda + precision), however far u goes
        share = torch.exp(u[:, None] - sums)
        weights = 0.5 * (d * u - sums.sum(1) - (share * size).sum(1))
        return weights + shape * math.log(rate) - math.lgamma(shape) + shape * u - rate * u.exp()

    # Every change of slope lies between these: at the prior's mean, the data's precisions, and about 1 / fitted².
    most = shape + 0.5 * d
    turns = [math.log(shape / rate), math.log(most / (rate + 0.5 * float(data.fitted.square().sum())))]
    turns += log_precisions[seen].tolist()
    slope = shape + 0.5 * int(seen.sum())  # of the logarithm towards lambda = 0
    low, high = min(turns) - 5 - 2 * _NOTHING / slope, max(turns) + 5 + math.log1p(2 * _NOTHING / shape)
    coarse = torch.linspace(low, high, 2001, dtype=torch.float64, device=data.fitted.device)
    values = log_integrand(coarse)
    there = (values > values.max() - _NOTHING).nonzero().flatten()
    step = float(coarse[1] - coarse[0])
    low, high = float(coarse[there[0]]) - step, float(coarse[there[-1]]) + step
    # Analytic for |Im u| < pi / 2, and no narrower than a Gamma with all the shape.
    spacing = min(0.2, 0.4 / math.sqrt(most))
    points = math.ceil((high - low) / spacing) + 1
    u = low + spacing * torch.arange(points, dtype=torch.float64, device=coarse.device)
    return torch.logsumexp(log_integrand(u), 0) + math.log(spacing)
