"""Loops over the atoms, lists and NumPy arrays in place of tensors, and players that are arrays."""

import math

import numpy as np
import torch


def f_divergence_of(f, p, q):
    return math.fsum(b * float(f(torch.stack([a / b]))) for a, b in zip(p, q, strict=True))


def conjugate_pearson(t):
    if t.ndim == 0:
        return -1.0 if t < -2 else (1 + t.item() / 2) ** 2 - 1
    return [conjugate_pearson(one) for one in t]


def optimal_critic(f, log_p, log_q):
    slopes = []
    for a, b in zip(log_p, log_q, strict=True):
        u = torch.exp(a - b).reshape(1).requires_grad_(True)
        slopes.append(float(torch.autograd.grad(f(u), u)[0]))
    return slopes


def bound_from_scores(row, scores_p, scores_q):
    critic_p, critic_q = map(row.output_activation, (scores_p, scores_q))
    over_p = critic_p @ torch.full_like(critic_p, 1 / len(critic_p))
    return over_p - row.conjugate(critic_q).sum() / len(critic_q)


def jsd_from_value(value):
    return np.float32(0.5 * value + math.log(2))


def generator_loss(row, scores_q):
    halves = row.conjugate(row.output_activation(scores_q)).tensor_split(2)
    return -sum(half.sum() for half in halves) / len(scores_q)


def fgan_step(row, w, theta, x, z, rate):
    w, theta = np.array(w), np.array(theta)
    critic, generator = (torch.tensor(one, requires_grad=True) for one in (w, theta))
    fake = generator[0] + generator[1].exp() * z
    scores = [torch.stack([s**k for k in range(3)], 1) @ critic for s in (x, fake)]
    bound_from_scores(row, *scores).backward()
    return w + rate * critic.grad.numpy(), theta - rate * generator.grad.numpy()
