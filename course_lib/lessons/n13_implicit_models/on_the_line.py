"""What notebook 13 computes on the line and does not explain: distances of Gaussians, fits, shares of draws."""

import itertools
import math

import torch
from scipy import optimize
from torch import Tensor
from torch.distributions import Normal

from course_lib.adversarial import RATIO_LOSSES

__all__ = ["Mixture", "fit_line", "kantorovich", "products", "share_without", "train_classifier"]


def kantorovich(m, s: float) -> Tensor:
    """W between N(0, 1) and N(m, s^2): their quantiles differ by m + (s - 1) e, e ~ N(0, 1). Any m."""
    m, width = torch.as_tensor(m), abs(s - 1)
    if width < 1e-12:
        return m.abs()
    a = m / width
    return width * (math.sqrt(2 / math.pi) * torch.exp(-(a**2) / 2) + a * torch.erf(a / math.sqrt(2)))


def fit_line(x: Tensor, y: Tensor, name: str, start) -> list[float]:
    """The (a, b) of the smallest ratio loss for log r = a + b x on points x of P and y of Q, by BFGS."""

    def value(ab):
        w = torch.tensor(ab, requires_grad=True)
        loss = RATIO_LOSSES[name].ratio_loss(w[0] + w[1] * x, w[0] + w[1] * y)
        return float(loss.detach()), torch.autograd.grad(loss, w)[0].numpy()

    return optimize.minimize(value, start, jac=True, method="BFGS", options={"gtol": 1e-7}).x.tolist()


def share_without(n: int, shifts: Tensor, draws: int = 1000) -> dict[str, Tensor]:
    """The share of draws on which each loss has no minimum over a + b x, for n points of N(0, 1) and of N(m, 1)."""
    x, e = (torch.randn(draws, n, generator=torch.Generator().manual_seed(seed)) for seed in (5, 6))
    low_x, mean_x, high_x = x.min(1).values, x.mean(1), x.max(1).values
    low, high = e.min(1).values + shifts[:, None], e.max(1).values + shifts[:, None]
    there = {
        "least_squares": (low < low_x) & (high_x < high),
        "f:kl": (low < mean_x) & (mean_x < high),
        "class_probability": (low < high_x) & (low_x < high),
    }
    return {name: 1 - exists.double().mean(1) for name, exists in there.items()}


def products(*columns: Tensor) -> Tensor:
    """1, each column of shape (n,), and all products of two, as columns."""
    rows = [torch.ones_like(columns[0]), *columns]
    rows += [a * b for a, b in itertools.combinations_with_replacement(columns, 2)]
    return torch.stack(rows, 1)


def train_classifier(ones: Tensor, zeros: Tensor, steps: int = 12) -> Tensor:
    """Logistic regression by Newton's method: the weights of the logit; label 1 for the first features."""
    w = torch.zeros(ones.shape[1])
    for _ in range(steps):
        gradient, hessian = torch.zeros_like(w), 1e-9 * torch.eye(len(w))
        for features, label in ((ones, 1.0), (zeros, 0.0)):
            D = torch.sigmoid(features @ w)
            gradient += features.T @ (D - label) / len(features)
            hessian += (features * (D * (1 - D))[:, None]).T @ features / len(features)
        w = w - torch.linalg.solve(hessian, gradient)
    return w


class Mixture:
    """A mixture of Gaussians on the line: its density, its moments, the nearest Gaussian in MMD."""

    def __init__(self, weights, means, stds):
        self.weights, self.means, self.stds = (torch.tensor(part) for part in (weights, means, stds))
        self.mean = float(self.weights @ self.means)
        self.std = math.sqrt(float(self.weights @ (self.stds**2 + self.means**2)) - self.mean**2)

    def density(self, x: Tensor) -> Tensor:
        return Normal(self.means, self.stds).log_prob(x[:, None]).exp() @ self.weights

    def mmd2(self, mu: float, s: float, h: float) -> float:
        """MMD^2 to N(mu, s^2) for the kernel exp(-(x - y)^2 / (2 h^2))."""
        mean = torch.cat([self.means, torch.tensor([mu])])
        variance = torch.cat([self.stds, torch.tensor([s])]) ** 2
        weight = torch.cat([self.weights, torch.tensor([-1.0])])
        both = h**2 + variance[:, None] + variance
        kernel = h / both.sqrt() * torch.exp(-((mean[:, None] - mean) ** 2) / (2 * both))
        return float(weight @ kernel @ weight)

    def nearest(self, h: float) -> tuple[float, float]:
        """The (mu, s) of the smallest MMD^2, the best of three starts."""
        starts = [(self.mean, self.std), *zip(self.means.tolist(), self.stds.tolist(), strict=True)]
        scale = max(1.0, h**4)  # for wide kernels MMD^2 is tiny
        options = {"xatol": 1e-6, "fatol": 1e-14}
        runs = [
            optimize.minimize(
                lambda w: scale * self.mmd2(*w, h), start, method="Nelder-Mead", options=options
            )
            for start in starts
        ]
        mu, s = min(runs, key=lambda run: run.fun).x
        return float(mu), abs(float(s))
