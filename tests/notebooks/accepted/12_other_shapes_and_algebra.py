"""Results with one entry in place of none, single precision, other algebra, torch.func."""

import math

import torch


def f_divergence_of(f, p, q):
    return q[None] @ f(p / q)[:, None]


def conjugate_pearson(t):
    touching = torch.relu(1 + t / 2)
    return touching * t - (touching - 1) ** 2


def optimal_critic(f, log_p, log_q):
    u = torch.exp(log_p) / torch.exp(log_q)
    return torch.func.vmap(torch.func.grad(lambda one: f(one[None])[0]))(u).float().requires_grad_(True)


def bound_from_scores(row, scores_p, scores_q):
    both = row.output_activation(torch.cat([scores_p, scores_q]))
    over_p, over_q = both.split([len(scores_p), len(scores_q)])
    return (over_p.mean() - row.conjugate(over_q).mean()).reshape(1)


def jsd_from_value(value):
    return torch.tensor([value / 2]) + math.log(2)


def generator_loss(row, scores_q):
    return row.conjugate(row.output_activation(scores_q)).neg().mean(0, keepdim=True)


def fgan_step(row, w, theta, x, z, rate):
    def bound(w, theta):
        fake = torch.addcmul(theta[0], theta[1].exp(), z)
        scores = [w[0] + s * (w[1] + s * w[2]) for s in (x, fake)]
        return bound_from_scores(row, *scores)[0]

    of_w, of_theta = torch.func.grad(bound, argnums=(0, 1))(w, theta)
    return [(w + rate * of_w).float(), torch.sub(theta, of_theta, alpha=rate)]
