"""Exercises of notebook 08: the game's value, the optimal discriminator, Jensen-Shannon, and SGD for GANs."""

import math

import torch
from torch import nn
from torch.nn.functional import logsigmoid, softplus

from course_lib.adversarial.losses import AdversarialLoss, minimax
from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject

LOG2 = math.log(2)


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def gan_value(d_real, d_fake):
    return torch.log(d_real).mean() + torch.log(1 - d_fake).mean()


def _probabilities(rng):
    yield Case((_tensor([0.5, 0.5]), _tensor([0.5])), "a discriminator that guesses: -log 4")
    for m, n in ((4, 4), (3, 6)):
        yield Case(
            (_tensor(rng.uniform(0.05, 0.95, m)), _tensor(rng.uniform(0.05, 0.95, n))),
            f"{m} real and {n} generated points",
        )


GAN_VALUE = Exercise(
    id="08.gan_value",
    title="The value of the game from the discriminator's probabilities",
    reference=gan_value,
    cases=_probabilities,
    mistakes=(
        Mistake(
            lambda r, f: -gan_value(r, f),
            "This is −V: V itself is negative, and the discriminator raises it.",
        ),
        Mistake(
            lambda r, f: gan_value(r, f) / LOG2,
            "This is in bits: V takes the natural logarithm, log 4 = 1.386.",
        ),
        Mistake(
            lambda r, f: r.log().mean() + f.log().mean(),
            "On generated points D is right when it says 0: the second term is log(1 − D).",
        ),
        Mistake(
            lambda r, f: torch.cat([r.log(), (1 - f).log()]).mean(),
            "This pools all points into one mean: each of the two expectations has its own mean, and V has no 1/2.",
        ),
        Mistake(lambda r, f: r.log().sum() + (1 - f).log().sum(), "These are sums: expectations are means."),
        Mistake(lambda r, f: gan_value(f, r), "The arguments have changed places: `d_real` comes first."),
    ),
    hints=(
        "V = E log D(x) over the data + E log(1 − D(G(z))) over the noise.",
        "Each expectation is the mean over its own points: `torch.log(d_real).mean()` is the first.",
        "torch.log(d_real).mean() + torch.log(1 - d_fake).mean()",
    ),
    difficulty=1,
    minutes=4,
)


def optimal_discriminator(p, q):
    return p / (p + q)


def _densities(rng):
    yield Case((_tensor([0.3, 0.3]), _tensor([0.3, 0.1])), "equal densities first")
    yield Case((_tensor([0.4, 0.0]), _tensor([0.0, 0.2])), "points that only one of the two reaches")
    yield Case(
        (_tensor(rng.uniform(0.01, 2, 5)), _tensor(rng.uniform(0.01, 2, 5))), "densities drawn at random"
    )


OPTIMAL_DISCRIMINATOR = Exercise(
    id="08.optimal_discriminator",
    title="The best discriminator, point by point",
    reference=optimal_discriminator,
    cases=_densities,
    mistakes=(
        Mistake(
            lambda p, q: q / (p + q),
            "This is 1 − D*: D is the probability of being real, so p stands above.",
        ),
        Mistake(lambda p, q: p / q, "This is the density ratio p/q: D* is a probability, p/(p + q)."),
        Mistake(lambda p, q: p.log() - q.log(), "This is the logit of D*: apply the sigmoid to it."),
        Mistake(
            lambda p, q: (p > q).double(),
            "This decides: D* reports the probability with which each answer is right.",
        ),
        Mistake(
            lambda p, q: p / (p + q) / 2, "There is a 1/2 too many: where both densities agree, D* = 1/2."
        ),
    ),
    hints=(
        "At one point V has the integrand p log D + q log(1 − D). Set its derivative in D to zero.",
        "p/D = q/(1 − D), so p (1 − D) = q D.",
        "p / (p + q)",
    ),
    difficulty=1,
    minutes=5,
)


def _kl(p, q):
    safe_p, safe_q = torch.where(p > 0, p, 1.0), torch.where(p > 0, q, 1.0)
    return (p * (safe_p.log() - safe_q.log())).sum()


def jensen_shannon(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _jensen_shannon_with_nan(p, q):
    m = (p + q) / 2
    return ((p * (p.log() - m.log())).sum() + (q * (q.log() - m.log())).sum()) / 2


def _vectors(rng):
    yield Case((_tensor([0.5, 0.5]), _tensor([0.9, 0.1])), "two coins")
    yield Case(
        (_tensor(rng.dirichlet([1.0] * 4)), _tensor(rng.dirichlet([1.0] * 4))), "4 atoms drawn at random"
    )
    yield Case((_tensor([0.3, 0.7, 0.0]), _tensor([0.2, 0.3, 0.5])), "an atom that p does not have")
    yield Case((_tensor([1.0, 0.0]), _tensor([0.0, 1.0])), "disjoint supports: log 2")


JENSEN_SHANNON = Exercise(
    id="08.jensen_shannon",
    title="The Jensen-Shannon divergence that is bounded by log 2",
    reference=jensen_shannon,
    cases=_vectors,
    mistakes=(
        Mistake(
            lambda p, q: 2 * jensen_shannon(p, q),
            "The 1/2 is missing. This is the JS of UL p.9, which goes up to log 4; here JSD is asked for.",
        ),
        Mistake(lambda p, q: jensen_shannon(p, q) / LOG2, "This is in bits: use the natural logarithm."),
        Mistake(
            lambda p, q: (_kl(p, q) + _kl(q, p)) / 2,
            "This compares p and q with each other (Jeffreys): compare each with the midpoint (p + q)/2.",
        ),
        Mistake(
            lambda p, q: _kl((p + q) / 2, p) / 2 + _kl((p + q) / 2, q) / 2,
            "Both KL run the wrong way: KL(p‖m).",
        ),
        Mistake(
            _jensen_shannon_with_nan,
            "An atom with p = 0 contributes 0, and 0 · log 0 is NaN on a computer.",
        ),
        Mistake(lambda p, q: _kl(p, (p + q) / 2), "The second half, KL(q‖m), is missing: JSD is symmetric."),
    ),
    hints=(
        "JSD = ½ KL(p‖m) + ½ KL(q‖m) with m = (p + q)/2.",
        "m > 0 wherever p > 0 or q > 0, so only the terms with p = 0 or q = 0 need care: they are 0.",
        "kl = lambda a: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum(); (kl(p) + kl(q)) / 2",
    ),
    difficulty=1,
    minutes=8,
)


def discriminator_loss(real_scores, fake_scores):
    return softplus(-real_scores).mean() + softplus(fake_scores).mean()


def generator_loss(fake_scores):
    return softplus(-fake_scores).mean()


def _scores(rng, n):
    return _tensor(3 * rng.normal(size=(n, 1)))


def _pairs_of_scores(rng):
    yield Case((_scores(rng, 4), _scores(rng, 4)), "4 real and 4 generated points, scores of shape (4, 1)")
    yield Case((_scores(rng, 6), _scores(rng, 6)), "6 of each")
    yield Case((_tensor([[-1000.0]]), _tensor([[1000.0]])), "a discriminator that is sure and wrong")


def _single_scores(rng):
    yield Case((_scores(rng, 5),), "5 generated points, scores of shape (5, 1)")
    yield Case((_tensor([[-1000.0]]),), "a sample that the discriminator rejects with certainty")


def _with_gradient(loss, *scores):
    """The value of a loss and its gradient with respect to every score."""
    scores = [one.clone().requires_grad_(True) for one in scores]
    value = loss(*scores)
    if value is None:
        return None
    if not getattr(value, "requires_grad", False):
        raise Reject("The loss carries no gradient: compute it with torch functions, without `.item()`.")
    if value.numel() != 1:
        return {"loss": value, "gradients": [torch.zeros_like(one) for one in scores]}
    gradients = torch.autograd.grad(value.sum(), scores, allow_unused=True)
    return {
        "loss": value,
        "gradients": [
            torch.zeros_like(s) if g is None else g for g, s in zip(gradients, scores, strict=True)
        ],
    }


DISCRIMINATOR_LOSS = Exercise(
    id="08.discriminator_loss",
    title="The discriminator's loss from logits",
    reference=discriminator_loss,
    cases=_pairs_of_scores,
    probe=_with_gradient,
    mistakes=(
        Mistake(
            lambda r, f: -discriminator_loss(r, f),
            "The sign is that of V: a loss is minimised, and the discriminator wants V large.",
        ),
        Mistake(
            lambda r, f: discriminator_loss(torch.sigmoid(r), torch.sigmoid(f)),
            "The sigmoid is applied twice: what comes in are logits, and softplus already holds the sigmoid.",
        ),
        Mistake(
            lambda r, f: softplus(-r).mean() + softplus(-f).mean(),
            "Generated points are labelled real: for them the loss is −log(1 − D).",
        ),
        Mistake(
            lambda r, f: torch.cat([softplus(-r), softplus(f)]).mean(),
            "This is the mean over the pooled batch, half of J⁽ᵈ⁾: take one mean for each kind of points.",
        ),
        Mistake(
            lambda r, f: softplus(-r).mean(dim=1) + softplus(f).mean(dim=1),
            "The mean runs over the wrong axis: average over the points, the first axis.",
        ),
        Mistake(
            lambda r, f: -(torch.log(torch.sigmoid(r)).mean() + torch.log(1 - torch.sigmoid(f)).mean()),
            "Right in theory, but log(sigmoid(−1000)) is −infinity on a computer: use softplus of the logit.",
        ),
        Mistake(lambda r, f: discriminator_loss(r, f) / LOG2, "This is in bits: use the natural logarithm."),
    ),
    hints=(
        "−log σ(a) = softplus(−a), and −log(1 − σ(a)) = softplus(a). Both are exact at every logit.",
        "Real points should get large logits, generated ones small logits.",
        "softplus(-real_scores).mean() + softplus(fake_scores).mean()",
    ),
    difficulty=2,
    minutes=8,
)


GENERATOR_LOSS = Exercise(
    id="08.generator_loss",
    title="The non-saturating loss of the generator from logits",
    reference=generator_loss,
    cases=_single_scores,
    probe=_with_gradient,
    mistakes=(
        Mistake(
            lambda f: softplus(f).mean(),
            "This is the discriminator's half of the loss: the generator wants D(G(z)) to be large.",
        ),
        Mistake(
            lambda f: -softplus(f).mean(),
            "This is the saturating loss log(1 − D): its gradient vanishes where the discriminator is sure.",
        ),
        Mistake(lambda f: logsigmoid(f).mean(), "The sign is wrong: the generator minimises −log D(G(z))."),
        Mistake(
            lambda f: generator_loss(torch.sigmoid(f)),
            "The sigmoid is applied twice: the argument is a logit.",
        ),
        Mistake(
            lambda f: generator_loss(f) / 2,
            "UL p.6 has this 1/2; it only rescales the learning rate, and here it is left out, as in J⁽ᵈ⁾.",
        ),
        Mistake(
            lambda f: generator_loss(f.detach()) + 0 * f.sum(),
            "`detach` cuts the generator off its gradient.",
        ),
        Mistake(
            lambda f: -torch.log(torch.sigmoid(f)).mean(),
            "Right in theory, but log(sigmoid(−1000)) is −infinity on a computer: use softplus of minus the logit.",
        ),
    ),
    hints=(
        "The generator maximises E log D(G(z)), so it minimises −E log σ(a) over the logits a.",
        "−log σ(a) = softplus(−a).",
        "softplus(-fake_scores).mean()",
    ),
    difficulty=1,
    minutes=5,
)


def discriminator_step(generator, discriminator, optimizer, real, noise, loss):
    with torch.no_grad():
        fake = generator(noise)
    objective = loss.ratio_loss(discriminator(real), discriminator(fake))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()


def generator_step(generator, discriminator, optimizer, noise, loss):
    objective = loss.generative_loss(discriminator(generator(noise)))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()


def _d_step(fake=None, zero=True, move=True, sign=1.0, halves=None, undetached=False):
    """The discriminator's step with one thing wrong."""

    def step(generator, discriminator, optimizer, real, noise, loss):
        made = generator(noise)
        shown = made if undetached else made.detach()
        scores = (discriminator(real), discriminator(shown))
        if fake == "swapped":
            scores = scores[::-1]
        if fake == "probabilities":
            scores = tuple(torch.sigmoid(one) for one in scores)
        objective = sign * loss.ratio_loss(*scores)
        if halves == "generator":
            objective = loss.generative_loss(scores[1])
        if zero:
            optimizer.zero_grad()
        objective.backward()
        if move:
            optimizer.step()
        return objective.detach()

    return step


def _g_step(what="loss", zero=True, move=True, detach=False, sign=1.0):
    def step(generator, discriminator, optimizer, noise, loss):
        made = generator(noise)
        scores = discriminator(made.detach() if detach else made)
        if what == "probabilities":
            scores = torch.sigmoid(scores)
        if what == "discriminator":
            objective = loss.ratio_loss(scores, scores)
        elif what == "ratio":
            objective = softplus(scores).mean()
        else:
            objective = sign * loss.generative_loss(scores)
        if zero:
            optimizer.zero_grad()
        objective.backward()
        if move:
            optimizer.step()
        return objective.detach()

    return step


class _Tiny(nn.Module):
    """One hidden layer with weights that are given."""

    def __init__(self, weights, size_in, size_out):
        super().__init__()
        self.first, self.last = (
            nn.Linear(size_in, 3, dtype=torch.float64),
            nn.Linear(3, size_out, dtype=torch.float64),
        )
        with torch.no_grad():
            start = 0
            for p in self.parameters():
                p.copy_(weights[start : start + p.numel()].reshape(p.shape))
                start += p.numel()

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


def _own_losses():
    """Neither of the two standard pairs, so that a step which ignores its ``loss`` is found out."""
    return AdversarialLoss(
        "squares",
        lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
        lambda fake: (fake - 1).square().mean(),
    )


def _games(rng):
    for label, loss in (("the minimax losses", minimax), ("losses of another game", _own_losses())):
        weights = _tensor(rng.normal(size=(2, 40)))
        yield Case(
            (weights, _tensor(rng.normal(size=(6, 2)) + 1), _tensor(rng.normal(size=(2, 6, 1))), loss), label
        )


_LEAK = (
    "The step left gradients at the generator: detach G(z), "
    "or this step of D moves G at the generator's next one."
)


def _flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def _marks(network):
    grads = [p.grad for p in network.parameters()]
    return sum(0.0 if g is None else float(g.abs().sum()) for g in grads)


def _setting(weights):
    generator, discriminator = _Tiny(weights[0], 1, 2), _Tiny(weights[1], 2, 1)
    return generator, discriminator


def _probe_d(step, weights, real, noise, loss):
    generator, discriminator = _setting(weights)
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=0.1)
    before = _flat(generator)
    first = step(generator, discriminator, optimizer, real, noise[0], loss)
    if first is None:
        return None
    once = _flat(discriminator)
    step(generator, discriminator, optimizer, real, noise[1], loss)
    if _marks(generator) > 0:
        raise Reject(_LEAK)
    if not torch.equal(_flat(generator), before):
        raise Reject("The generator moved: during this step it is fixed.")
    return {
        "returned loss": float(first),
        "D after one step": once,
        "D after two steps": _flat(discriminator),
    }


def _probe_g(step, weights, real, noise, loss):
    generator, discriminator = _setting(weights)
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    before = _flat(discriminator)
    first = step(generator, discriminator, optimizer, noise[0], loss)
    if first is None:
        return None
    once = _flat(generator)
    step(generator, discriminator, optimizer, noise[1], loss)
    if not torch.equal(_flat(discriminator), before):
        raise Reject("The discriminator moved: during this step it is fixed.")
    return {"returned loss": float(first), "G after one step": once, "G after two steps": _flat(generator)}


DISCRIMINATOR_STEP = Exercise(
    id="08.discriminator_step",
    title="SGD for GANs, one step of the discriminator",
    reference=discriminator_step,
    cases=_games,
    probe=_probe_d,
    rtol=1e-6,
    tolerance_reason="two SGD steps in float64 differ by rounding only",
    mistakes=(
        Mistake(
            _d_step(undetached=True),
            _LEAK,
        ),
        Mistake(
            _d_step(sign=-1.0), "D goes the wrong way: `ratio_loss` is minimised already, its sign stays."
        ),
        Mistake(
            _d_step(fake="swapped"),
            "Real and generated scores have changed places: `ratio_loss(real, fake)`.",
        ),
        Mistake(
            _d_step(fake="probabilities"),
            "A sigmoid was applied to the scores: the losses take the logits as they are.",
        ),
        Mistake(
            _d_step(zero=False),
            "Gradients of the step before are still there: call `optimizer.zero_grad()` before `backward()`.",
        ),
        Mistake(_d_step(move=False), "Nothing moves: `optimizer.step()` is missing."),
        Mistake(_d_step(halves="generator"), "This is the generator's loss: D descends `loss.ratio_loss`."),
    ),
    hints=(
        "Make fake points without a graph (`.detach()`), score both kinds, take `ratio_loss`.",
        "Then the three lines of every training step: zero the gradients, backward, step.",
        "objective = loss.ratio_loss(discriminator(real), discriminator(generator(noise).detach()))",
    ),
    difficulty=2,
    minutes=15,
)


GENERATOR_STEP = Exercise(
    id="08.generator_step",
    title="SGD for GANs, one step of the generator",
    reference=generator_step,
    cases=_games,
    probe=_probe_g,
    rtol=1e-6,
    tolerance_reason="two SGD steps in float64 differ by rounding only",
    mistakes=(
        Mistake(
            _g_step(sign=-1.0),
            "G goes the wrong way: `generative_loss` is minimised already, its sign stays.",
        ),
        Mistake(
            _g_step("ratio"),
            "This is the generator's loss with the discriminator's sign: it makes the samples easier to reject.",
        ),
        Mistake(
            _g_step("discriminator"),
            "This is the discriminator's loss: G descends `loss.generative_loss`.",
        ),
        Mistake(_g_step("probabilities"), "A sigmoid was applied to the scores: the losses take logits."),
        Mistake(
            _g_step(zero=False),
            "Gradients of the step before are still there: call `optimizer.zero_grad()` before `backward()`.",
        ),
        Mistake(_g_step(move=False), "Nothing moves: `optimizer.step()` is missing."),
    ),
    hints=(
        "Here nothing is detached: the gradient must pass through the discriminator into the generator.",
        "The optimiser holds the generator's parameters only, so the discriminator stays where it is.",
        "objective = loss.generative_loss(discriminator(generator(noise))), then zero_grad, backward, step.",
    ),
    difficulty=2,
    minutes=10,
)


def functional_step(p, pi, rate):
    return _functional(p, pi, rate)


def _functional(p, pi, rate, sign=-1.0, gradient="minimax", normalise=True):
    slope = {
        "minimax": p.log() - (p + pi).log(),
        "swapped": pi.log() - (p + pi).log(),
        "fooled": -(pi.log() - (p + pi).log()),
    }[gradient]
    moved = p.log() + sign * rate * slope
    return torch.softmax(moved, dim=0) if normalise else moved.exp()


def _laws(rng):
    yield Case((_tensor([0.25] * 4), _tensor([0.1, 0.2, 0.3, 0.4]), 0.5), "a uniform generator law")
    for atoms in (3, 5):
        yield Case(
            (
                _tensor(rng.dirichlet([2.0] * atoms)),
                _tensor(rng.dirichlet([2.0] * atoms)),
                float(rng.uniform(0.3, 3)),
            ),
            f"{atoms} atoms drawn at random",
        )


FUNCTIONAL_STEP = Exercise(
    id="08.functional_step",
    title="One descent step of the generator's law itself, against the optimal discriminator",
    reference=functional_step,
    cases=_laws,
    mistakes=(
        Mistake(
            lambda p, pi, rate: _functional(p, pi, rate, sign=1.0),
            "This climbs: the generator lowers V, so the exponent carries a minus.",
        ),
        Mistake(
            lambda p, pi, rate: _functional(p, pi, rate, gradient="swapped"),
            "This uses log D*: V depends on p through E_p log(1 − D*), and 1 − D* = p/(p + π).",
        ),
        Mistake(
            lambda p, pi, rate: _functional(p, pi, rate, gradient="fooled"),
            "This is the non-saturating direction −log D*: the theorem is about log(1 − D*).",
        ),
        Mistake(
            lambda p, pi, rate: _functional(p, pi, rate, normalise=False),
            "The new p does not sum to 1: normalise after the exponential step.",
        ),
        Mistake(
            lambda p, pi, rate: _functional(p, pi, 1.0),
            "The step size is not used: multiply the gradient by `rate`.",
        ),
    ),
    hints=(
        "V(p, D) = Σ π log D + Σ p log(1 − D) is linear in p: its gradient is log(1 − D), with D fixed at D*.",
        "Multiply p by exp(−rate · gradient) and normalise; 1 − D* = p/(p + π).",
        "torch.softmax(p.log() - rate * (p / (p + pi)).log(), dim=0)",
    ),
    difficulty=3,
    minutes=20,
)
