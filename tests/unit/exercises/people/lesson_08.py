"""Wrong answers that people give to the exercises of lesson 08."""

import math

import torch
from torch.nn import functional

bce = functional.binary_cross_entropy_with_logits


def value(r, f):
    return r.log().mean() + (1 - f).log().mean()


def kl(p, q):
    return torch.special.xlogy(p, p / q).nansum()


def jsd(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def split(p, q):
    return torch.tensor(-math.log(4)), kl(p, (p + q) / 2), kl(q, (p + q) / 2)


def d_loss(r, f):
    return bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))


def g_loss(f):
    return bce(f, torch.ones_like(f))


def moved(p, pi, rate):
    return torch.softmax(p.log() - rate * (p / (p + pi)).log(), 0)


def undetached(generator, discriminator, optimizer, real, noise, loss):
    objective = loss.ratio_loss(discriminator(real), discriminator(generator(noise)))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()


def exchanged(generator, discriminator, optimizer, real, noise, loss):
    objective = loss.ratio_loss(discriminator(generator(noise).detach()), discriminator(real))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.item()


def adds_up(generator, discriminator, optimizer, real, noise, loss):
    objective = loss.ratio_loss(discriminator(real), discriminator(generator(noise).detach()))
    objective.backward()
    optimizer.step()
    return objective.item()


def g_uphill(generator, discriminator, optimizer, noise, loss):
    objective = -loss.generative_loss(discriminator(generator(noise)))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()


def g_of_probabilities(generator, discriminator, optimizer, noise, loss):
    objective = loss.generative_loss(torch.sigmoid(discriminator(generator(noise))))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()


NAMED = [
    ("08.gan_value", lambda r, f: -value(r, f), "−V"),
    # The half that averages the two cross-entropies.
    ("08.gan_value", lambda r, f: value(r, f) / 2, "times 1/2"),
    ("08.gan_value", lambda r, f: r.log10().mean() + (1 - f).log10().mean(), "base 10"),
    ("08.gan_value", lambda r, f: r.log().mean() + f.log().mean(), "log\\(1 − D\\)"),
    ("08.gan_value", lambda r, f: value(f, r), "changed places"),
    ("08.gan_value", lambda r, f: value(r, f).exp(), "exponential"),
    ("08.optimal_discriminator", lambda p, q: q / (p + q), "1 − D"),
    ("08.optimal_discriminator", lambda p, q: (p + q) / p, "1 over the expected"),
    ("08.optimal_discriminator", lambda p, q: (p / (p + q)).round(), "decides|rounded"),
    ("08.optimal_discriminator", lambda p, q: -(p / (p + q)).log(), "minus the logarithm"),
    ("08.optimal_discriminator", lambda p, q: torch.sigmoid(p - q), "exponential of `p` and the exp|log"),
    ("08.optimal_discriminator", lambda p, q: 2 * p / (p + q), "times 2"),
    ("08.jensen_shannon", lambda p, q: (kl(p, q) + kl(q, p)) / 2, "Jeffreys"),
    # A similarity, not a distance.
    ("08.jensen_shannon", lambda p, q: 1 - jsd(p, q), "1 minus the expected"),
    ("08.jensen_shannon", lambda p, q: (kl(p, p + q) + kl(q, p + q)) / 2, "log 2 smaller|too small by log 2"),
    ("08.jensen_shannon", lambda p, q: jsd(p, q) / math.log(2), "bits"),
    ("08.jensen_shannon", lambda p, q: kl(p, (p + q) / 2) + kl(q, (p + q) / 2), "1/2 is missing"),
    ("08.jensen_shannon", lambda p, q: -jsd(p, q), "sign"),
    ("08.value_split", lambda p, q: (math.log(4), *split(p, q)[1:]), "sign"),
    ("08.value_split", lambda p, q: (split(p, q)[0], split(p, q)[2], split(p, q)[1]), "2 and 3 have changed places"),
    ("08.value_split", lambda p, q: tuple(one / math.log(2) for one in split(p, q)), "bits"),
    ("08.discriminator_loss", lambda r, f: functional.softplus(-r).sum() + functional.softplus(f).sum(), "sums?"),
    ("08.discriminator_loss", lambda r, f: d_loss(r.sigmoid(), f.sigmoid()), "twice"),
    ("08.discriminator_loss", lambda r, f: torch.tensor(d_loss(r, f).item()), "no gradient"),
    ("08.discriminator_loss", lambda r, f: d_loss(r, f).item(), "no gradient"),
    ("08.discriminator_loss", lambda r, f: functional.softplus(-r) + functional.softplus(f), "its mean|must match"),
    ("08.discriminator_loss", lambda r, f: d_loss(r, -f), "labelled real"),
    ("08.discriminator_loss", lambda r, f: -d_loss(r, f), "sign"),
    ("08.generator_loss", lambda f: functional.softplus(-f).sum(), "as a sum is of a mean|This is a sum"),
    ("08.generator_loss", lambda f: bce(f, torch.zeros_like(f)), "discriminator's half"),
    ("08.generator_loss", lambda f: -bce(f, torch.zeros_like(f)), "saturating"),
    ("08.generator_loss", lambda f: g_loss(f.sigmoid()), "twice"),
    ("08.generator_loss", lambda f: functional.softplus(-f), "its mean"),
    ("08.discriminator_step", undetached, "detach"),
    ("08.discriminator_step", exchanged, "changed places"),
    ("08.discriminator_step", adds_up, "zero_grad"),
    ("08.generator_step", g_uphill, "wrong way"),
    ("08.generator_step", g_of_probabilities, "sigmoid"),
    ("08.functional_step", lambda p, pi, rate: moved(p, pi, rate).log(), "logarithm of the expected"),
    ("08.functional_step", lambda p, pi, rate: moved(p, pi, rate) / moved(p, pi, rate).max(), "not normalised"),
    ("08.functional_step", lambda p, pi, rate: moved(p, pi, -rate), "climbs"),
    ("08.functional_step", lambda p, pi, rate: moved(pi, p, rate), "exchanged|generator stayed"),
    ("08.functional_step", lambda p, pi, rate: moved(p, pi, 2 * rate), "twice"),
    ("08.gan_value", lambda r, f: r.mean().log() + (1 - f.mean()).log(), "logarithm of the mean|mean"),
]  # fmt: skip

UNNAMED = [
    ("08.gan_value", lambda r, f: r.log().mean() - (1 - f).log().mean(), "sign"),
    ("08.discriminator_loss", lambda r, f: functional.relu(1 - r).mean() + functional.relu(1 + f).mean(), "hinge"),
    ("08.generator_loss", lambda f: -f.mean(), "Wasserstein|log"),
    ("08.functional_step", lambda p, pi, rate: (p - rate * (p / (p + pi)).log()).clamp(min=0), "exp"),
]  # fmt: skip
