"""Wrong answers that people give to the exercises of lesson 11."""

import torch
from torch import nn


def w1(x, y):
    return (x.sort().values - y.sort().values).abs().mean()


def cost(plan, x, y):
    return (plan * torch.cdist(x, y)).sum()


def slopes(theta, bandwidth, overlap):
    kernel = 2 * overlap * theta / bandwidth**2 * (-(theta**2) / (2 * bandwidth**2)).exp()
    return torch.stack([0 * theta, 0 * theta, theta.sign(), kernel])


def penalty(critic, real, fake, t):
    x = (t[:, None] * real + (1 - t[:, None]) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (slope.norm(2, dim=1) - 1) ** 2


def step_with(clip):
    def clipped_step(critic, optimizer, real, fake, bound):
        loss = critic(fake).mean() - critic(real).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clip(critic, bound)
        return loss.detach()

    return clipped_step


def nothing(critic, bound):
    pass


def weights_only(critic, bound):
    for layer in critic:
        if isinstance(layer, nn.Linear):
            layer.weight.data.clamp_(-bound, bound)


def from_zero(critic, bound):
    for p in critic.parameters():
        p.data.clamp_(0, bound)


def one_sided(critic, real, fake, t):
    x = (t[:, None] * real + (1 - t[:, None]) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return ((slope.norm(2, dim=1) - 1).clamp(min=0) ** 2).mean()


NAMED = [
    # The order of the lists is taken for positions on the line.
    ("11.w1_sorted", lambda x, y: (x - y).abs().mean(), "before sorting|as they stand"),
    ("11.w1_sorted", lambda x, y: (x.sort().values - y.sort().values).abs().sum(), "sum"),
    ("11.w1_sorted", lambda x, y: (x.sort().values - y.sort().values).abs(), "its mean"),
    ("11.w1_sorted", lambda x, y: -w1(x, y), "sign"),
    ("11.w1_sorted", lambda x, y: w1(x, y) ** 2, "square of the expected"),
    ("11.plan_cost", lambda plan, x, y: plan * torch.cdist(x, y), "its sum"),
    ("11.plan_cost", lambda plan, x, y: torch.cdist(x, y).sum(), "`plan`"),
    ("11.plan_cost", lambda plan, x, y: (plan * torch.cdist(x, y) ** 2).sum(), "squared"),
    ("11.plan_cost", lambda plan, x, y: (plan * torch.cdist(x, y, p=1)).sum(), "city-block"),
    ("11.plan_cost", lambda plan, x, y: cost(plan, x, y) / len(x), "number of rows"),
    ("11.theta_gradients", lambda t, b, a: slopes(t, b, a)[[0, 1, 3, 2]], "in another order"),
    ("11.theta_gradients", lambda t, b, a: -slopes(t, b, a), "sign"),
    ("11.theta_gradients", lambda t, b, a: slopes(t, b, torch.ones_like(a)), "`a`|overlap"),
    ("11.critic_loss", lambda r, f: r.mean() - f.mean(), "gap itself"),
    ("11.critic_loss", lambda r, f: r.mean() + f.mean(), "minus `r` in place of `r`"),
    ("11.critic_loss", lambda r, f: (f.mean() - r.mean()).item(), "no gradient"),
    ("11.critic_loss", lambda r, f: f.sigmoid().mean() - r.sigmoid().mean(), "sigmoid"),
    ("11.critic_loss", lambda r, f: (f.mean() - r.mean()) / 2, "1/2"),
    ("11.clipped_step", step_with(nothing), "Nothing is clipped|clamp each parameter"),
    ("11.clipped_step", step_with(weights_only), "biases"),
    ("11.clipped_step", step_with(from_zero), "negative weights"),
    # min() gives a value and an index.
    ("11.extend_potential", lambda v, a, x: (v + torch.cdist(x, a)).min(1), "Result 1 of your 2"),
    ("11.extend_potential", lambda v, a, x: (v + torch.cdist(x, a)).max(1).values, "minimum"),
    ("11.extend_potential", lambda v, a, x: v + torch.cdist(x, a), "smallest entry over the last axis"),
    ("11.extend_potential", lambda v, a, x: v[torch.cdist(x, a).argmin(1)], "nearest anchor"),
    # The weight λ = 10 belongs to the loss, not to the penalty.
    ("11.gradient_penalty", lambda *a: 10 * penalty(*a).mean(), "times 10|ten times"),
    ("11.gradient_penalty", lambda *a: penalty(*a), "its mean"),
    ("11.gradient_penalty", lambda critic, real, fake, t: penalty(critic, fake, real, t).mean(), "t belongs"),
    ("11.gradient_penalty", lambda *a: -penalty(*a).mean(), "sign"),
    ("11.settled_slope", lambda w, lam: w / (2 * lam), "1 smaller"),
    ("11.settled_slope", lambda w, lam: 1 + w / lam, "factor 2"),
    ("11.settled_slope", lambda w, lam: 1 / (1 + w / (2 * lam)), "1 over the expected"),
    ("11.w1_sorted", lambda x, y: ((x.sort().values - y.sort().values) ** 2).mean().sqrt(), "W2|square"),
    ("11.gradient_penalty", one_sided, "one-sided|both sides|below 1|is 0"),
]  # fmt: skip

UNNAMED = [
    ("11.plan_cost", lambda plan, x, y: (plan * torch.cdist(x, y) ** 2).sum().sqrt(), "W2|squared"),
    ("11.theta_gradients", lambda t, b, a: slopes(t, b, a)[2:], "four|entries"),
    ("11.extend_potential", lambda v, a, x: (v + torch.cdist(x, a)).mean(1), "mean|minimum"),
]  # fmt: skip
