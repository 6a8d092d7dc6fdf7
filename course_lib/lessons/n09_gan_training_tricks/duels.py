"""Discriminators of two Gaussians on a line, and how strongly three losses would pull the generator meanwhile."""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from course_lib.device import get_device
from course_lib.networks import mlp

__all__ = ["DISTANCES", "FEATURES", "LOOKS", "LOSSES", "pulls_while_learning"]

DISTANCES = (1.0, 2.0, 4.0, 8.0, 16.0)  # of the data, N(0, 1), from the generated points, N(distance, 1)
FEATURES = ("leaky ReLU", "tanh")  # the units of both hidden layers
LOSSES = ("minimax", "non-saturating", "feature matching")
LOOKS = (0, 25, 50, 100, 200, 400)  # after so many steps of D the pulls are measured
REPEATS, POINTS = 3, 128


def pulls_while_learning(steps: tuple[int, ...] = LOOKS) -> Tensor:
    """|dL_G / d shift| by (look, loss, features, distance), the median of three discriminators, on the CPU.

    All thirty discriminators (two hidden layers of 32 units) learn at once, as slices of the same tensors, and the
    generator stays where it is. ``steps`` are those after which the pulls are measured.
    """
    device = get_device()
    games = [(kind, distance) for kind in FEATURES for distance in DISTANCES for _ in range(REPEATS)]
    distance = torch.tensor([d for _, d in games], dtype=torch.float32, device=device)[:, None, None]
    bent = torch.tensor([kind == "tanh" for kind, _ in games], device=device)[:, None, None]
    nets = [mlp((1, 32, 32, 1), seed=k % REPEATS, dtype=torch.float32) for k in range(len(games))]
    weights = [
        nn.Parameter(torch.stack(part).detach().to(device))
        for place in (0, 2, 4)
        for part in ([net[place].weight.T for net in nets], [net[place].bias[None] for net in nets])
    ]

    def unit(values: Tensor) -> Tensor:
        return torch.where(bent, torch.tanh(values), leaky_relu(values, 0.2))

    def features(points: Tensor) -> Tensor:
        w1, b1, w2, b2 = weights[:4]
        return unit(unit(points @ w1 + b1) @ w2 + b2)

    def scores(points: Tensor) -> Tensor:
        return features(points) @ weights[4] + weights[5]

    def pulls(real: Tensor, noise: Tensor) -> Tensor:
        shift = distance.clone().requires_grad_()
        score = scores(noise + shift)
        matching = (features(real).mean(1).detach() - features(noise + shift).mean(1)).square().sum()
        losses = -softplus(score).mean(1).sum(), softplus(-score).mean(1).sum(), matching
        slopes = [torch.autograd.grad(one, shift, retain_graph=True)[0] for one in losses]
        return torch.stack(slopes).abs()[:, :, 0, 0]

    random, looked = torch.Generator().manual_seed(70), []
    rule = torch.optim.Adam(weights, lr=2e-3)
    for step in range(steps[-1] + 1):
        drawn = torch.randn(2, len(games), POINTS, 1, generator=random, dtype=torch.float32).to(device)
        if step in steps:
            looked.append(pulls(*drawn))
        loss = softplus(-scores(drawn[0])).mean((1, 2)) + softplus(scores(drawn[1] + distance)).mean((1, 2))
        rule.zero_grad()
        loss.sum().backward()
        rule.step()
    shape = len(steps), len(LOSSES), len(FEATURES), len(DISTANCES), REPEATS
    return torch.stack(looked).cpu().reshape(shape).median(-1).values
