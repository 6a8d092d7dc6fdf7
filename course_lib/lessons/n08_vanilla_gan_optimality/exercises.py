"""Exercises of notebook 08: the game's value, the optimal discriminator, Jensen-Shannon, and SGD for GANs.

The data have the distribution P (probabilities or densities p), the generator's points Q (q).
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, logsigmoid, softplus

from course_lib.adversarial.losses import AdversarialLoss, minimax
from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.exercises.steps import Watch

LOG2 = math.log(2)
# What people add to a logarithm or to a denominator "for stability".
EPSILONS = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)


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
    # Above -100, where PyTorch's binary_cross_entropy cuts its logarithms.
    yield Case((_tensor([1e-40, 0.9]), _tensor([0.2, 0.3])), "a real point with D = 1e-40")


def _value_with(epsilon):
    return lambda r, f: torch.log(r + epsilon).mean() + torch.log(1 - f + epsilon).mean()


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
            lambda r, f: r.log().mean() + 1 - f.log().mean(),
            "The 1 stands outside the logarithm: log(1 − D) is not 1 − log D.",
        ),
        Mistake(
            lambda r, f: torch.cat([r.log(), (1 - f).log()]).mean(),
            "This pools all points into one mean: each of the two expectations has its own mean, and V has no 1/2.",
        ),
        Mistake(lambda r, f: r.log().sum() + (1 - f).log().sum(), "These are sums: expectations are means."),
        Mistake(
            lambda r, f: r.mean().log() + (1 - f.mean()).log(),
            "The logarithm stands outside the mean: E log D is the mean of the logarithms.",
        ),
        Mistake(
            lambda r, f: gan_value(f, r),
            "The two kinds of points have changed places: log D belongs to `d_real`, log(1 − D) to `d_fake`.",
        ),
        *(
            Mistake(
                _value_with(epsilon),
                f"The {epsilon:g} inside the logarithm cuts V off at {math.log(epsilon):.1f} for each point, where "
                "D is surer than that. Between 0 and 1 the logarithm needs no help.",
            )
            for epsilon in EPSILONS
        ),
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
    yield Case((_tensor([1e-300, 3e-50]), _tensor([1e-300, 1e-50])), "far out, where both densities are tiny")


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
        Mistake(
            lambda p, q: torch.sigmoid(p / q),
            "The sigmoid is applied to the ratio itself: the logit of D* is its logarithm, log(p/q).",
        ),
        Mistake(lambda p, q: p.log() - q.log(), "This is the logit of D*: apply the sigmoid to it."),
        Mistake(
            lambda p, q: (p > q).double(),
            "This decides: D* reports the probability with which each answer is right.",
        ),
        Mistake(
            lambda p, q: p / (p + q) / 2, "There is a 1/2 too many: where both densities agree, D* = 1/2."
        ),
        Mistake(
            lambda p, q: p / (p + q + 1e-8),
            "Far out a small number in the denominator is larger than both densities, and pushes D* to 0: p + q is "
            "never 0 at these points.",
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


def _unguarded(p, m):
    return (p * (p.log() - m.log())).sum()


def _vectors(rng):
    yield Case((_tensor([0.5, 0.5]), _tensor([0.9, 0.1])), "two coins")
    yield Case(
        (_tensor(rng.dirichlet([1.0] * 4)), _tensor(rng.dirichlet([1.0] * 4))), "4 atoms drawn at random"
    )
    yield Case((_tensor([0.3, 0.7, 0.0]), _tensor([0.2, 0.3, 0.5])), "an atom that p does not have")
    yield Case((_tensor([0.3, 0.7, 0.0]), _tensor([0.6, 0.4, 0.0])), "an atom that neither has")
    yield Case((_tensor([0.6, 0.4, 1e-300]), _tensor([0.6, 0.4, 0.0])), "an atom of probability 1e-300")
    yield Case((_tensor([1.0, 0.0]), _tensor([0.0, 1.0])), "disjoint supports")


_ZERO = "An atom of probability 0 contributes 0, and 0 · log 0 is NaN on a computer."


def value_split(p, q):
    m = (p + q) / 2
    return _tensor(-math.log(4)), _kl(p, m), _kl(q, m)


def _split(constant=-2 * LOG2, factor=1.0, kl=_kl, midpoint=2):
    def split(p, q):
        m = (p + q) / midpoint
        return _tensor(constant), factor * kl(p, m), factor * kl(q, m)

    return split


VALUE_SPLIT = Exercise(
    id="08.value_split",
    title="The value at the best discriminator, in three terms",
    reference=value_split,
    cases=_vectors,
    mistakes=(
        Mistake(
            _split(-LOG2),
            "The constant is too small: each of the two logarithms gives up a log 2 when its denominator is halved.",
        ),
        Mistake(
            _split(math.log(4)),
            "The sign of the constant is turned round: log[p/(p + q)] = log[p/(2m)] = log(p/m) − log 2.",
        ),
        Mistake(
            _split(-2.0, 1 / LOG2),
            "This is in bits: V takes the natural logarithm, and the constant is −log 4.",
        ),
        Mistake(
            _split(factor=0.5),
            "In V the two KL stand whole: the halves come with the definition of JSD, and V is 2 JSD − log 4.",
        ),
        Mistake(
            _split(0.0, midpoint=1),
            "The sum is V, but p + q has mass 2 and is no distribution, so these are no KL: halve it inside the "
            "logarithms, and see what is left over.",
        ),
        Mistake(
            _split(midpoint=1),
            "The midpoint is (p + q)/2: with p + q in its place the log 4 is counted twice.",
        ),
        Mistake(
            _split(kl=lambda a, m: (m * (m / a).log()).sum()),
            "Both KL run the wrong way: the expectation of V is over the data, so it is KL(P‖M), and KL(Q‖M).",
        ),
        Mistake(_split(kl=_unguarded), _ZERO),
    ),
    hints=(
        "At D* the logarithms are log[p/(p + q)] and log[q/(p + q)]. Write p + q = 2m.",
        "log[p/(2m)] = log(p/m) − log 2, and Σ p = 1; the same for q. Only terms with p = 0 or q = 0 need care.",
        "kl = lambda a, m: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum()",
    ),
    difficulty=2,
    minutes=10,
)


def jensen_shannon(p, q):
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _jensen_shannon_with_nan(p, q):
    m = (p + q) / 2
    return (_unguarded(p, m) + _unguarded(q, m)) / 2


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
            lambda p, q: jensen_shannon(p, q).sqrt(),
            "This is the square root of JSD, which SciPy returns as jensenshannon: square it.",
        ),
        Mistake(
            lambda p, q: 2 * jensen_shannon(p, q) - 2 * LOG2,
            "This is V at the optimal discriminator, 2 JSD − log 4: JSD alone is asked for.",
        ),
        Mistake(
            lambda p, q: (_kl(p, q) + _kl(q, p)) / 2,
            "This compares p and q with each other (Jeffreys): compare each with the midpoint (p + q)/2.",
        ),
        Mistake(
            lambda p, q: _kl((p + q) / 2, p) / 2 + _kl((p + q) / 2, q) / 2,
            "Both KL run the wrong way: KL(p‖m).",
        ),
        Mistake(_jensen_shannon_with_nan, _ZERO),
        Mistake(lambda p, q: _kl(p, (p + q) / 2), "The second half, KL(q‖m), is missing: JSD is symmetric."),
        Mistake(
            lambda p, q: (_kl(p, p + q) + _kl(q, p + q)) / 2,
            "The midpoint is (p + q)/2: p + q has mass 2, and the result is too small by log 2.",
        ),
    ),
    hints=(
        "JSD = ½ KL(p‖m) + ½ KL(q‖m) with m = (p + q)/2.",
        "m > 0 wherever p > 0 or q > 0, so only the terms with p = 0 or q = 0 need care: they are 0.",
        "kl = lambda a: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum(); (kl(p) + kl(q)) / 2",
    ),
    difficulty=1,
    minutes=5,
)


def discriminator_loss(real_scores, fake_scores):
    return softplus(-real_scores).mean() + softplus(fake_scores).mean()


def generator_loss(fake_scores):
    return softplus(-fake_scores).mean()


def _scores(rng, n):
    return _tensor(3 * rng.normal(size=(n, 1)))


def _pairs_of_scores(rng):
    yield Case((_scores(rng, 4), _scores(rng, 4)), "4 real and 4 generated points, scores of shape (4, 1)")
    yield Case((_scores(rng, 3), _scores(rng, 6)), "3 real and 6 generated points")
    yield Case((_tensor([[-1000.0]]), _tensor([[1000.0]])), "a discriminator that is sure and wrong")
    yield Case((_tensor([[1000.0]]), _tensor([[-1000.0]])), "a discriminator that is sure and right")


def _single_scores(rng):
    yield Case((_scores(rng, 5),), "5 generated points, scores of shape (5, 1)")
    yield Case((_scores(rng, 2),), "2 generated points")
    yield Case((_tensor([[-1000.0]]),), "a sample that the discriminator rejects with certainty")
    yield Case((_tensor([[1000.0]]),), "a sample that the discriminator takes for real with certainty")


_ROUNDED = (
    "Right in theory, but not on a computer: at logits like ±1000 an exponential (the one in the sigmoid, too) leaves "
    "the range of numbers, and the logarithm is infinite. Use softplus of the logit."
)
_CUT = (
    "PyTorch cuts the logarithms of `binary_cross_entropy` off at −100, and the gradient with them: from logits use "
    "softplus, or `binary_cross_entropy_with_logits`."
)


def _capped(epsilon):
    return (
        f"The {epsilon:g} (inside the logarithm, or as a clamp) caps the loss at {-math.log(epsilon):.1f} and takes "
        "its gradient away there: softplus of the logit needs no help."
    )


def _clamped(logit, epsilon):
    return torch.sigmoid(logit).clamp(epsilon, 1 - epsilon)


def _d_loss_clamped(epsilon):
    return lambda r, f: -_clamped(r, epsilon).log().mean() - (1 - _clamped(f, epsilon)).log().mean()


def _g_loss_clamped(epsilon):
    return lambda f: -_clamped(f, epsilon).log().mean()


def _by_bce(r, f):
    r, f = torch.sigmoid(r), torch.sigmoid(f)
    return binary_cross_entropy(r, torch.ones_like(r)) + binary_cross_entropy(f, torch.zeros_like(f))


def _d_loss_with(epsilon):
    return lambda r, f: (
        -torch.log(torch.sigmoid(r) + epsilon).mean() - torch.log(1 - torch.sigmoid(f) + epsilon).mean()
    )


DISCRIMINATOR_LOSS = Exercise(
    id="08.discriminator_loss",
    title="The discriminator's loss from logits",
    reference=discriminator_loss,
    cases=_pairs_of_scores,
    gradient=True,
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
            lambda r, f: softplus(r).mean() + softplus(-f).mean(),
            "The labels are exchanged: real points should get large logits, generated ones small logits.",
        ),
        Mistake(
            lambda r, f: softplus(-r).mean() + softplus(-f).mean(),
            "Generated points are labelled real: for them the loss is −log(1 − D).",
        ),
        Mistake(
            lambda r, f: -(logsigmoid(r).mean() + (1 - logsigmoid(f)).mean()),
            "The 1 stands outside the logarithm: log(1 − D) is not 1 − log D.",
        ),
        Mistake(
            lambda r, f: torch.cat([softplus(-r), softplus(f)]).mean(),
            "This is the mean over the pooled batch: take one mean for each kind of points, and add them.",
        ),
        Mistake(
            lambda r, f: discriminator_loss(r, f) / 2,
            "There is a 1/2 too many: J⁽ᵈ⁾ is the sum of two means, not their mean.",
        ),
        Mistake(
            lambda r, f: (
                softplus(-r).mean(dim=1) + softplus(f).mean(dim=1)
                if len(r) == len(f)
                else softplus(-r).mean(dim=1)[0] + softplus(f).mean(dim=1)
            ),
            "The mean runs over the wrong axis: average over the points, the first axis.",
        ),
        Mistake(
            lambda r, f: -(torch.log(torch.sigmoid(r)).mean() + torch.log(1 - torch.sigmoid(f)).mean()),
            _ROUNDED,
        ),
        Mistake(_by_bce, _CUT),
        Mistake(
            lambda r, f: softplus(-r).sum() + softplus(f).sum(),
            "These are sums: the loss is a sum of two means.",
        ),
        *(Mistake(_d_loss_with(epsilon), _capped(epsilon)) for epsilon in EPSILONS),
        *(Mistake(_d_loss_clamped(epsilon), _capped(epsilon)) for epsilon in EPSILONS[3:]),
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


def _g_loss_with(epsilon):
    return lambda f: -torch.log(torch.sigmoid(f) + epsilon).mean()


GENERATOR_LOSS = Exercise(
    id="08.generator_loss",
    title="The non-saturating loss of the generator from logits",
    reference=generator_loss,
    cases=_single_scores,
    gradient=True,
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
        Mistake(lambda f: softplus(-f).sum(), "This is a sum: the loss is the mean over the points."),
        Mistake(lambda f: -torch.log(torch.sigmoid(f)).mean(), _ROUNDED),
        Mistake(lambda f: binary_cross_entropy(torch.sigmoid(f), torch.ones_like(f)), _CUT),
        *(Mistake(_g_loss_with(epsilon), _capped(epsilon)) for epsilon in EPSILONS),
        *(Mistake(_g_loss_clamped(epsilon), _capped(epsilon)) for epsilon in EPSILONS[3:]),
        Mistake(lambda f: generator_loss(f) / LOG2, "This is in bits: use the natural logarithm."),
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


def _taken(objective, optimizer, order="zero backward step", attached=False):
    """The end of a step, with its three lines in some order."""
    for word in order.split():
        {"zero": optimizer.zero_grad, "backward": objective.backward, "step": optimizer.step}[word]()
    return objective if attached else objective.detach()


def _d_step(
    scores=lambda real, fake: (real, fake), sign=1.0, detach=True, own=False, late=False, freeze=False, **end
):
    """The discriminator's step with one thing wrong."""

    def step(generator, discriminator, optimizer, real, noise, loss):
        generator.requires_grad_(not freeze)
        made = generator(noise)
        made = made.detach() if detach else made
        real_scores, fake_scores = scores(discriminator(real), discriminator(made))
        objective = (
            loss.generative_loss(fake_scores) if own else sign * loss.ratio_loss(real_scores, fake_scores)
        )
        value = _taken(objective, optimizer, **end)
        return loss.ratio_loss(discriminator(real), discriminator(made)).detach() if late else value

    return step


def _g_step(scores=lambda fake: fake, sign=1.0, detach=False, own=False, late=False, freeze=False, **end):
    """The generator's step with one thing wrong."""

    def step(generator, discriminator, optimizer, noise, loss):
        discriminator.requires_grad_(not freeze)
        made = generator(noise)
        fake = scores(discriminator(made.detach() if detach else made))
        objective = loss.ratio_loss(fake, fake) if own else sign * loss.generative_loss(fake)
        value = _taken(objective, optimizer, **end)
        return loss.generative_loss(discriminator(generator(noise))).detach() if late else value

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


@dataclass
class _Setting:
    """Two tiny networks, data and noise for two steps; on a card it is a few words and no list of weights."""

    weights: torch.Tensor
    real: torch.Tensor
    noise: torch.Tensor
    loss: AdversarialLoss

    def __repr__(self):
        return f"{len(self.real)} real and {self.noise.shape[1]} generated points, tiny networks"

    def networks(self):
        return _Tiny(self.weights[0], 1, 2), _Tiny(self.weights[1], 2, 1)


def _own_losses():
    """Neither of the two standard pairs, so that a step which ignores its ``loss`` is found out."""
    return AdversarialLoss(
        "squares",
        lambda real, fake: (real - 1).square().mean() + fake.square().mean(),
        lambda fake: (fake - 1).square().mean(),
    )


def _games(rng):
    for label, loss, made in (
        ("the minimax losses", minimax, 6),
        ("the losses of another game", _own_losses(), 4),
    ):
        weights = _tensor(rng.normal(size=(2, 40)))
        real, noise = _tensor(rng.normal(size=(6, 2)) + 1), _tensor(rng.normal(size=(2, made, 1)))
        yield Case((_Setting(weights, real, noise, loss),), label)


def _frozen(name):
    return (
        f"After the step the parameters of the {name} require no gradients any more, so it can never learn again: "
        "what is switched off for a step is switched on at its end."
    )


def _still_trainable(**networks):
    for name, network in networks.items():
        if not all(p.requires_grad for p in network.parameters()):
            raise Reject(_frozen(name))


def _probe_d(step, setting):
    generator, discriminator = setting.networks()
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=0.1)
    # As in the game, where the generator's step comes in between and leaves gradients at the discriminator.
    setting.loss.generative_loss(discriminator(generator(setting.noise[0]))).backward()
    generator.zero_grad()
    watch = Watch(optimizer, generator=generator, discriminator=discriminator)
    seen = {}
    for words, noise in zip(("one step", "two steps"), setting.noise, strict=True):
        value = watch.run(step, generator, discriminator, optimizer, setting.real, noise, setting.loss)
        if value is None:
            return None
        _still_trainable(generator=generator, discriminator=discriminator)
        watch.require(moves="discriminator", fixed=("generator",), clean=("generator",), detached=True)
        seen |= {
            f"the loss returned by {words}": value,
            f"D after {words}": watch.parameters("discriminator"),
        }
    return seen


def _probe_g(step, setting):
    generator, discriminator = setting.networks()
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    watch = Watch(optimizer, generator=generator, discriminator=discriminator)
    seen = {}
    for words, noise in zip(("one step", "two steps"), setting.noise, strict=True):
        value = watch.run(step, generator, discriminator, optimizer, noise, setting.loss)
        if value is None:
            return None
        _still_trainable(generator=generator, discriminator=discriminator)
        watch.require(moves="generator", fixed=("discriminator",), detached=True)
        seen |= {f"the loss returned by {words}": value, f"G after {words}": watch.parameters("generator")}
    return seen


_GRAPH = "What the step returns still carries its graph: return `.detach()` of it, or memory grows."
_AFTER = "The returned loss is that after the step: the loss before it is asked for, which `backward()` was called on."


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
            _d_step(detach=False),
            "The step left gradients at the generator: they would be added to those of its own next step. Cut the "
            "generator off where its output is used (`.detach()`).",
        ),
        Mistake(
            _d_step(sign=-1.0),
            "D goes the wrong way: `loss.ratio_loss` is made to be minimised, so it takes no minus.",
        ),
        Mistake(
            _d_step(lambda real, fake: (fake, real)),
            "Real and generated scores have changed places: `loss.ratio_loss(real_scores, fake_scores)`.",
        ),
        Mistake(
            _d_step(lambda real, fake: (torch.sigmoid(real), torch.sigmoid(fake))),
            "A sigmoid was applied to the scores: the losses take the logits as they are.",
        ),
        Mistake(_d_step(own=True), "This is the generator's loss: D descends `loss.ratio_loss`."),
        Mistake(
            _d_step(order="backward step"),
            "Gradients from before the call were still at the discriminator and the new ones were added to them: call "
            "`optimizer.zero_grad()` before `backward()`.",
        ),
        Mistake(
            _d_step(order="backward zero step"),
            "The gradients of the discriminator were erased between `backward()` and `optimizer.step()`: call "
            "`zero_grad()` before `backward()`.",
        ),
        Mistake(
            _d_step(order="zero backward"),
            "Gradients reached the discriminator, but `optimizer.step()` was not called.",
        ),
        Mistake(_d_step(attached=True), _GRAPH),
        Mistake(_d_step(late=True), _AFTER),
        Mistake(_d_step(freeze=True), _frozen("generator")),
    ),
    hints=(
        "Make fake points without a graph (`.detach()`), score both kinds, take `loss.ratio_loss`.",
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
            "G goes the wrong way: `loss.generative_loss` is made to be minimised, so it takes no minus.",
        ),
        Mistake(_g_step(own=True), "This is the discriminator's loss: G descends `loss.generative_loss`."),
        Mistake(_g_step(torch.sigmoid), "A sigmoid was applied to the scores: the losses take logits."),
        Mistake(
            _g_step(detach=True),
            "`backward()` reached the discriminator but not the generator: on the way to the loss, what the generator "
            "gives is cut off (`.detach()`, `torch.no_grad()`, `.item()` or `.data` do that).",
        ),
        Mistake(
            _g_step(order="backward step"),
            "Gradients of the call before were still at the generator and the new ones were added to them: call "
            "`optimizer.zero_grad()` before `backward()`.",
        ),
        Mistake(
            _g_step(order="backward zero step"),
            "The gradients of the generator were erased between `backward()` and `optimizer.step()`: call "
            "`zero_grad()` before `backward()`.",
        ),
        Mistake(
            _g_step(order="zero backward"),
            "Gradients reached the generator, but `optimizer.step()` was not called.",
        ),
        Mistake(_g_step(attached=True), _GRAPH),
        Mistake(_g_step(late=True), _AFTER),
        Mistake(_g_step(freeze=True), _frozen("discriminator")),
    ),
    hints=(
        "Here nothing is detached: the gradient must pass through the discriminator into the generator.",
        "The optimiser holds the generator's parameters only, so the discriminator stays where it is.",
        "objective = loss.generative_loss(discriminator(generator(noise)))",
    ),
    difficulty=2,
    minutes=10,
)


def functional_step(q, p, rate):
    return _functional(q, p, rate)


def _functional(q, p, rate, sign=-1.0, gradient="minimax", normalise=True, start=True):
    slope = {
        "minimax": q.log() - (q + p).log(),
        "swapped": p.log() - (q + p).log(),
        "fooled": (q + p).log() - p.log(),
    }[gradient]
    moved = start * q.log() + sign * rate * slope
    return torch.softmax(moved, dim=0) if normalise else moved.exp()


def _simplex(rng):
    yield Case((_tensor([0.25] * 4), _tensor([0.1, 0.2, 0.3, 0.4]), 0.5), "a uniform generator")
    for atoms in (3, 5):
        yield Case(
            (
                _tensor(rng.dirichlet([2.0] * atoms)),
                _tensor(rng.dirichlet([2.0] * atoms)),
                float(rng.uniform(0.3, 3)),
            ),
            f"{atoms} atoms drawn at random",
        )
    # What the picture below feeds: steps up to 8, and atoms that a step too large has almost emptied.
    yield Case(
        (_tensor([1e-9, 0.3, 0.7 - 1e-9]), _tensor([0.3, 0.5, 0.2]), 8.0), "an atom that G hardly ever makes"
    )


FUNCTIONAL_STEP = Exercise(
    id="08.functional_step",
    title="One descent step of the generator's distribution itself, against the optimal discriminator",
    reference=functional_step,
    cases=_simplex,
    mistakes=(
        Mistake(
            lambda q, p, rate: _functional(q, p, rate, sign=1.0),
            "This climbs: the generator lowers V, so the exponent carries a minus.",
        ),
        Mistake(
            lambda q, p, rate: _functional(q, p, rate, gradient="swapped"),
            "This uses log D*: V depends on q through E_q log(1 − D*), and 1 − D* = q/(p + q).",
        ),
        Mistake(
            lambda q, p, rate: _functional(q, p, rate, gradient="fooled"),
            "This is the non-saturating direction −log D*: the theorem is about log(1 − D*).",
        ),
        Mistake(
            lambda q, p, rate: _functional(p, q, rate),
            "The data have moved, and the generator stayed: q is the one that is multiplied.",
        ),
        Mistake(
            lambda q, p, rate: _functional(q, p, rate, normalise=False),
            "The new q does not sum to 1: normalise after the exponential step.",
        ),
        Mistake(
            lambda q, p, rate: _functional(q, p, rate, start=False),
            "The old q is missing: the step multiplies it by the exponential.",
        ),
        Mistake(
            lambda q, p, rate: _functional(q, p, 1.0),
            "The step size is not used: multiply the gradient by `rate`.",
        ),
    ),
    hints=(
        "V(q, D) = Σ p log D + Σ q log(1 − D) is linear in q: its gradient is log(1 − D), with D fixed at D*.",
        "Multiply q by exp(−rate · gradient) and normalise; 1 − D* = q/(p + q).",
        "torch.softmax(q.log() - rate * (q / (p + q)).log(), dim=0)",
    ),
    difficulty=3,
    minutes=20,
)
