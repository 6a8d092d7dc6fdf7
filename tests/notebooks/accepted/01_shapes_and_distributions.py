"""Results with one entry in place of none, single precision, torch.distributions, an optimiser for the descent."""

import torch
from torch.distributions import Categorical, Normal, kl_divergence


def kl_discrete(p, q):
    with_mass = p > 0
    return (p[with_mass] @ (p[with_mass] / q[with_mass]).log()).reshape(1, 1)


def mean_field_update(mean, precision, m, j):
    others = torch.arange(len(mean)) != j
    row = precision[j : j + 1]
    return mean[j] - row[:, others] @ (m - mean)[others, None] / row[:, j]


def gaussian_kl_1d(mean_q, std_q, mean_p, std_p):
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p, std_p)).reshape(1)


def inclusive_fit(weights, means, stds):
    p = torch.distributions.MixtureSameFamily(Categorical(weights), Normal(means, stds))
    return torch.stack([p.mean, p.stddev]).float()


def exclusive_fit(log_p, mean, std, steps=200, rate=0.1):
    z = torch.linspace(-5, 5, 201).double()
    weights = Normal(0.0, 1.0).log_prob(z).exp() * 0.05
    q = torch.tensor([mean, std]).double()
    q[1] = q[1].log()
    q.requires_grad_(True)
    descent, path = torch.optim.SGD([q], lr=rate), torch.empty(steps + 1, 2)
    for row in range(steps + 1):
        path[row] = torch.stack([q[0], q[1].exp()]).detach()
        descent.zero_grad()
        (-q[1] - weights @ log_p(q[0] + q[1].exp() * z)).backward()
        descent.step()
    return path
