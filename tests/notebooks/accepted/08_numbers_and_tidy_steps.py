"""Plain numbers and NumPy arrays where they are enough, and steps that leave no gradient behind."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as from_logits


def gan_value(d_real, d_fake):
    return float(np.log(d_real.numpy()).mean() + np.log1p(-d_fake.numpy()).mean())


def optimal_discriminator(p, q):
    return (p / (p + q)).numpy()


def halves(p, q):
    m = ((p + q) / 2).numpy()
    for one in (p.numpy(), q.numpy()):
        keep = one > 0
        yield float((one[keep] * np.log(one[keep] / m[keep])).sum())


def value_split(p, q):
    return [-2 * np.log(2), *halves(p, q)]


def jensen_shannon(p, q):
    return sum(halves(p, q)) / 2


def functional_step(q, p, rate):
    moved = q.numpy() * (q / (p + q)).numpy() ** -rate
    return moved / moved.sum()


def discriminator_loss(real_scores, fake_scores):
    real, fake = torch.ones_like(real_scores), torch.zeros_like(fake_scores)
    return from_logits(real_scores, real) + from_logits(fake_scores, fake)


def generator_loss(fake_scores):
    return from_logits(fake_scores, torch.ones_like(fake_scores))


def discriminator_step(generator, discriminator, optimizer, real, noise, loss):
    fake = generator(noise).detach()
    objective = loss.ratio_loss(discriminator(real), discriminator(fake))
    discriminator.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.item()


def generator_step(generator, discriminator, optimizer, noise, loss):
    discriminator.requires_grad_(False)
    objective = loss.generative_loss(discriminator(generator(noise)))
    objective.backward()
    optimizer.step()
    optimizer.zero_grad()
    discriminator.requires_grad_(True)
    return objective.item()
