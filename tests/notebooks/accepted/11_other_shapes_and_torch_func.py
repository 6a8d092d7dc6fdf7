"""Results with one entry in place of none, losses returned with their graph, gradients by torch.func."""

import torch


def w1_sorted(x, y):
    matched = torch.stack([x, y]).sort(dim=1).values
    return torch.dist(matched[0], matched[1], p=1).reshape(1) / x.numel()


def plan_cost(plan, x, y):
    return torch.einsum("ij,ij->", plan, torch.cdist(x, y)).reshape(1, 1)


def theta_gradients(theta, bandwidth, overlap):
    def mmd2(t):
        return -2 * overlap * torch.expm1(-((t / bandwidth) ** 2) / 2)

    slopes = [torch.func.grad(f)(theta) for f in (torch.abs, mmd2)]
    return torch.cat([torch.zeros(2).double(), torch.stack(slopes)]).requires_grad_(True)


def critic_loss(real_scores, fake_scores):
    signs = [
        torch.full_like(fake_scores, 1 / len(fake_scores)),
        torch.full_like(real_scores, -1 / len(real_scores)),
    ]
    return torch.cat([fake_scores, real_scores]).mT @ torch.cat(signs)


def clipped_step(critic, optimizer, real, fake, bound):
    optimizer.zero_grad(set_to_none=False)
    scores = critic(torch.cat([real, fake]))
    loss = critic_loss(scores[: len(real)], scores[len(real) :])
    loss.backward()
    optimizer.step()
    critic.load_state_dict({name: one.clamp(-bound, bound) for name, one in critic.state_dict().items()})
    return loss


def gradient_penalty(critic, real, fake, t):
    slope = torch.func.vmap(torch.func.grad(lambda point: critic(point[None]).sum()))
    norms = slope((real - fake) * t[:, None] + fake).norm(dim=1, keepdim=True)
    return torch.nn.functional.mse_loss(norms, torch.ones_like(norms)).reshape(1)


def extend_potential(values, anchors, x):
    return -(-values - torch.cdist(x, anchors, compute_mode="donot_use_mm_for_euclid_dist")).max(dim=1).values


def settled_slope(w, penalty_weight):
    return torch.addcdiv(torch.ones(1).double(), w, 2 * penalty_weight)
