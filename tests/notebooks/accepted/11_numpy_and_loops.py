"""SciPy, NumPy and loops where nothing is trained, floats that carry no graph, a matrix of all pairs of points."""

import math

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance


def w1_sorted(x, y):
    return wasserstein_distance(x.numpy(), y.numpy())


def plan_cost(plan, x, y):
    return np.vdot(plan.numpy(), cdist(x.numpy(), y.numpy()))


def theta_gradients(theta, bandwidth, overlap):
    theta, b = theta.item(), bandwidth.item()
    slope = 2 * overlap.item() * theta / b / b * math.exp(-((theta / b) ** 2) / 2)
    return [0, 0, 1 if theta > 0 else -1, slope]


def critic_loss(real_scores, fake_scores):
    real = sum(real_scores.flatten()) / real_scores.numel()
    return sum(fake_scores.flatten()) / fake_scores.numel() - real


def clipped_step(critic, optimizer, real, fake, bound):
    critic.zero_grad()
    loss = critic(fake).mean() - critic(real).mean()
    loss.backward()
    optimizer.step()
    for group in optimizer.param_groups:
        for weights in group["params"]:
            weights.data = weights.data.clip(-bound, bound)
    return loss.item()


def gradient_penalty(critic, real, fake, t):
    x = torch.lerp(fake, real, t.unsqueeze(1)).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x).unbind(), x, create_graph=True)
    # A matrix of all pairs of points, of which the diagonal is used.
    return sum(((slope @ slope.T).diagonal().sqrt() - 1) ** 2) / len(t)


def extend_potential(values, anchors, x):
    bounds = [v + (x - a).pow(2).sum(1).sqrt() for v, a in zip(values.tolist(), anchors, strict=True)]
    return torch.stack(bounds).amin(0)


def settled_slope(w, penalty_weight):
    return (2 * penalty_weight.item() + w.item()) / (2 * penalty_weight.item())
