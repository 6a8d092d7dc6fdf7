"""Exercises of notebook 12: f-divergences, their conjugates, the variational bound, and the f-GAN."""

import dataclasses
import math

import torch

from course_lib.divergences.convex_function import FDivergence
from course_lib.divergences.family import F_DIVERGENCES
from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.exercises.steps import why_no_gradient

LOG4 = math.log(4)


class _Row(FDivergence):
    """A row that the card shows by its name alone."""

    def __repr__(self):
        return f"F_DIVERGENCES[{self.name!r}]"


def _row(kind):
    fields = dataclasses.fields(FDivergence)
    return _Row(**{field.name: getattr(F_DIVERGENCES[kind], field.name) for field in fields})


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def f_divergence(f, p, q):
    return (q * f(p / q)).sum()


def kl_generator(u):
    return u * torch.log(u)


def pearson_generator(u):
    return (u - 1) ** 2


def triangle_generator(u):
    return (u - 1) ** 2 / (u + 1)


def _generators(rng):
    yield Case((pearson_generator, _tensor([0.5, 0.5]), _tensor([0.2, 0.8])), "f(u) = (u − 1)², two coins")
    for name, f, atoms in (
        ("f(u) = u log u", kl_generator, 3),
        ("f(u) = (u − 1)²", pearson_generator, 4),
        ("f(u) = (u − 1)²/(u + 1)", triangle_generator, 5),
    ):
        p, q = (_tensor(rng.dirichlet([2.0] * atoms)) for _ in range(2))
        yield Case((f, p, q), f"{name}, {atoms} atoms drawn at random")
    # The notebook goes on to atoms that P lacks, and to distributions that are equal.
    p, q = _tensor([0.0, 0.3, 0.7]), _tensor(rng.dirichlet([2.0] * 3))
    yield Case((pearson_generator, p, q), "f(u) = (u − 1)², an atom without mass under P")
    yield Case((pearson_generator, q, q.clone()), "f(u) = (u − 1)², P and Q equal")


F_DIVERGENCE = Exercise(
    id="12.f_divergence",
    title="An f-divergence from a density ratio",
    reference=f_divergence,
    cases=_generators,
    mistakes=(
        Mistake(
            lambda f, p, q: (p * f(q / p)).sum(),
            "This is D_f(Q‖P): P and Q are exchanged. The ratio is p/q and the weights are q.",
        ),
        Mistake(
            lambda f, p, q: (p * f(p / q)).sum(),
            "The expectation is under the wrong distribution: the ratio is p/q, but the weights must be q, not p.",
        ),
        Mistake(lambda f, p, q: (q * f(q / p)).sum(), "The ratio is turned round: f takes p/q."),
        Mistake(
            lambda f, p, q: f(p / q).sum(),
            "The weights q are missing: D_f is an expectation under Q, not a sum of f.",
        ),
        Mistake(
            lambda f, p, q: f(p / q).mean(),
            "A plain mean gives every atom the same weight: weight each by its probability q.",
        ),
        Mistake(
            lambda f, p, q: (q * f(p / q)).mean(),
            "Weighted by q *and* divided by the number of atoms: the weights add up to one already, so it is a sum.",
        ),
        Mistake(
            lambda f, p, q: (q * f((p / q).log())).sum(),
            "f takes the ratio p/q itself, not its logarithm.",
        ),
        Mistake(
            lambda f, p, q: (q * f(p)).sum(),
            "f is applied to p: it takes the ratio p/q.",
        ),
    ),
    hints=(
        "D_f(P‖Q) = E_Q f(p/q): on atoms, an expectation is a weighted sum.",
        "The weight of an atom under Q is q; f is applied to the ratios p / q.",
        "(q * f(p / q)).sum()",
    ),
    difficulty=1,
    minutes=4,
)


def conjugate_pearson(t):
    return torch.where(t > -2, t + t**2 / 4, -1.0)


def _slopes(rng):
    yield Case((_tensor([0.0, 1.0, 2.0]),), "slopes at which the supremum is reached inside")
    yield Case((_tensor([-5.0, -3.0, -2.0, -1.0]),), "slopes on both sides of −2")
    yield Case((_tensor(-1.3),), "one slope, without an axis")
    yield Case((_tensor(rng.normal(scale=3.0, size=6)),), "slopes drawn at random")


CONJUGATE_PEARSON = Exercise(
    id="12.conjugate_pearson",
    title="The conjugate of f(u) = (u − 1)², by hand",
    reference=conjugate_pearson,
    cases=_slopes,
    mistakes=(
        Mistake(
            lambda t: t + t**2 / 4,
            "Right for t ≥ −2 only: a ratio cannot be negative. "
            "For smaller t the supremum over u ≥ 0 sits at the end u = 0.",
        ),
        Mistake(
            lambda t: torch.where(t > -2, t + t**2 / 4, 0.0),
            "At the end u = 0 the value is −f(0), and f(0) = 1.",
        ),
        Mistake(
            lambda t: torch.where(t > -2, t + t**2 / 4, 1.0),
            "At the end u = 0 the value is 0·t − f(0), with a minus: f(0) = 1.",
        ),
        Mistake(lambda t: (t - 1) ** 2, "This is f itself, at t: the conjugate is sup over u of u t − f(u)."),
        Mistake(
            lambda t: torch.where(t > -2, 1 + t / 2, 0.0),
            "This is the u at which the supremum is reached: put it back into u t − f(u).",
        ),
        Mistake(
            lambda t: -torch.where(t > -2, t + t**2 / 4, -1.0),
            "The sign is turned round: the intercept of the tangent is −f*(t).",
        ),
        Mistake(
            lambda t: torch.where(t > -2, t**2 / 4, -1.0),
            "The term t is missing: the parabola has its vertex at u = 1, not at 0.",
        ),
        Mistake(
            lambda t: torch.where(t > -1, t + t**2 / 4, -1.0),
            "The border is in the wrong place: u = 1 + t/2 becomes negative at t = −2.",
        ),
        Mistake(
            lambda t: (t + t**2 / 4).clamp(min=0),
            "Cut off at 0: −f(0) = −1 is the least value of f*, and it is reached at t = −2.",
        ),
        Mistake(
            lambda t: torch.where(t > -2, t + t**2 / 2, -1.0),
            "With u = 1 + t/2 the square (u − 1)² is t²/4: u t − f(u) = t + t²/2 − t²/4.",
        ),
    ),
    hints=(
        "Set the derivative of u t − (u − 1)² by u to zero.",
        "u = 1 + t/2, if that is not negative. Put it back. Where is the supremum over u ≥ 0 otherwise?",
        "torch.where(t > -2, t + t**2 / 4, -1.0)",
    ),
    difficulty=2,
    minutes=10,
)


def optimal_critic(f, log_p, log_q):
    return _derivative(f, torch.exp(log_p - log_q))


def _derivative(f, u):
    u = u.detach().clone().requires_grad_(True)
    return torch.autograd.grad(f(u).sum(), u)[0]


def reverse_kl_generator(u):
    return -torch.log(u)


def hellinger_generator(u):
    return (torch.sqrt(u) - 1) ** 2


def _log_densities(rng):
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    yield Case((kl_generator, -((x - 1) ** 2) / 2, -(x**2) / 2), "f(u) = u log u, two Gaussians one apart")
    for name, f in (
        ("f(u) = −log u", reverse_kl_generator),
        ("f(u) = (u − 1)²", pearson_generator),
        ("f(u) = (√u − 1)²", hellinger_generator),
    ):
        logs = (_tensor(rng.normal(size=6)) for _ in range(2))
        yield Case((f, *logs), f"{name}, log densities drawn at random")


OPTIMAL_CRITIC = Exercise(
    id="12.optimal_critic",
    title="The critic that makes the bound tight",
    reference=optimal_critic,
    cases=_log_densities,
    mistakes=(
        Mistake(
            lambda f, a, b: f(torch.exp(a - b)),
            "This is f(p/q), the integrand: the critic is the derivative f′ at p/q.",
        ),
        Mistake(lambda f, a, b: a - b, "This is log(p/q), the density ratio itself, whatever f is."),
        Mistake(
            lambda f, a, b: _derivative(f, torch.exp(b - a)),
            "The ratio is turned round: u = p/q, not q/p.",
        ),
        Mistake(
            lambda f, a, b: torch.exp(a - b),
            "This is the density ratio p/q, whatever f is: the critic is the slope of f there.",
        ),
        Mistake(
            lambda f, a, b: torch.exp(b) * _derivative(f, torch.exp(a - b)),
            "This is q f′(p/q): the derivative of the integrand by p is f′(p/q) alone.",
        ),
        Mistake(
            lambda f, a, b: torch.sigmoid(a - b),
            "This is the discriminator p/(p + q): the critic is f′(p/q).",
        ),
        Mistake(
            lambda f, a, b: _derivative(f, a - b), "f′ is taken at log(p/q): take the exponential first."
        ),
        Mistake(
            lambda f, a, b: torch.exp(a - b) * _derivative(f, torch.exp(a - b)),
            "This is the derivative by log u, which is u f′(u): differentiate by u = p/q.",
        ),
    ),
    hints=(
        "For each x, maximise p T − q f*(T) over the number T. At the maximum T is the slope of f at u = p/q.",
        "u = torch.exp(log_p - log_q).requires_grad_(), then torch.autograd.grad(f(u).sum(), u).",
        "torch.autograd.grad gives a tuple with one tensor: the answer is its first entry.",
    ),
    difficulty=2,
    minutes=8,
)


def bound_from_scores(row, scores_p, scores_q):
    critic_p, critic_q = row.output_activation(scores_p), row.output_activation(scores_q)
    return critic_p.mean() - row.conjugate(critic_q).mean()


def _outside(row, scores_p, scores_q):
    return scores_p.mean() - row.conjugate(scores_q).mean()


def _scores(rng):
    for kind in ("reverse_kl", "pearson_chi2", "jensen_shannon", "squared_hellinger"):
        n, m = rng.integers(4, 9, size=2)
        scores = (_tensor(rng.normal(size=size)) for size in (n, m + 4))
        yield Case((_row(kind), *scores), f"{n} scores under P, {m + 4} under Q")


BOUND_FROM_SCORES = Exercise(
    id="12.bound_from_scores",
    title="The bound from two sets of scores",
    reference=bound_from_scores,
    cases=_scores,
    mistakes=(
        Mistake(
            lambda row, a, b: bound_from_scores(row, b, a),
            "The expectations are under the wrong distributions: T is averaged under P, f*(T) under Q.",
        ),
        Mistake(
            lambda row, a, b: row.output_activation(a).mean() - row.f(row.output_activation(b).abs()).mean(),
            "f itself is used where its conjugate f* belongs.",
        ),
        Mistake(
            lambda row, a, b: row.output_activation(a).mean() - row.conjugate(row.f(torch.exp(b))).mean(),
            "f* is evaluated at f: it takes the critic T itself.",
        ),
        Mistake(_outside, "The output activation is missing: raw scores may lie outside the domain of f*."),
        Mistake(
            lambda row, a, b: (
                row.output_activation(a).mean() - row.conjugate(row.output_activation(b).mean())
            ),
            "f* is taken of the mean: first f*(T) at each point, then the mean.",
        ),
        Mistake(
            lambda row, a, b: row.output_activation(a).mean() - row.output_activation(b).mean(),
            "The conjugate f* is missing in the second term: "
            "this is a difference of means, as in a Wasserstein critic.",
        ),
        Mistake(
            lambda row, a, b: (
                row.output_activation(a).mean() + row.conjugate(row.output_activation(b)).mean()
            ),
            "The sign of the second term is wrong: f*(T) is subtracted.",
        ),
        Mistake(
            lambda row, a, b: row.output_activation(a).sum() - row.conjugate(row.output_activation(b)).sum(),
            "Sums instead of means: an expectation is estimated by a mean.",
        ),
        Mistake(
            lambda row, a, b: (
                row.output_activation(a).mean() - row.conjugate(row.output_activation(b.mean()))
            ),
            "f* of the mean is not the mean of f*: apply f* to each score first.",
        ),
        Mistake(
            lambda row, a, b: -bound_from_scores(row, a, b),
            "This is the critic's loss, the bound times −1: the bound itself is asked for.",
        ),
    ),
    hints=(
        "E_P[T] − E_Q[f*(T)], each expectation estimated by the mean over its own sample.",
        "T = row.output_activation(scores), for both samples; row.conjugate(T) for the second.",
        "T_p.mean() - row.conjugate(T_q).mean()",
    ),
    gradient=("scores_p", "scores_q"),
    difficulty=1,
    minutes=6,
)


def jsd_from_value(value):
    return (value + LOG4) / 2


def _values(rng):
    yield Case((-LOG4,), "the value of a perfect generator")
    yield Case((0.0,), "the value when the two distributions never overlap")
    for _ in range(2):
        yield Case((-LOG4 * float(rng.uniform(0.1, 0.9)),), "a value between the two")


JSD_FROM_VALUE = Exercise(
    id="12.jsd_from_value",
    title="The Jensen-Shannon divergence from the value of the game",
    reference=jsd_from_value,
    cases=_values,
    mistakes=(
        Mistake(lambda v: v + LOG4, "This is 2 JSD: the JSD that is bounded by log 2 is half of it."),
        Mistake(lambda v: v / 2, "The constant of the GAN row is missing: the value is 2 JSD − log 4."),
        Mistake(lambda v: (v - LOG4) / 2, "The constant has the wrong sign: the value is 2 JSD − log 4."),
        Mistake(lambda v: (v + math.log(2)) / 2, "The constant is log 4 = 2 log 2, not log 2."),
        Mistake(
            lambda v: v / 2 + LOG4,
            "The value is 2 JSD − log 4: add the constant first, then halve both.",
        ),
    ),
    hints=(
        "The row gan gives 2 JSD − log 4. Solve for JSD.",
        "A perfect generator has the value −log 4 and must get 0; "
        "distributions that never overlap have the value 0 and must get log 2.",
        "(value + math.log(4)) / 2",
    ),
    difficulty=1,
    minutes=3,
)


def generator_loss(row, scores_q):
    return -row.conjugate(row.output_activation(scores_q)).mean()


def _fake_scores(rng):
    for kind in ("reverse_kl", "gan", "pearson_chi2", "neyman_chi2"):
        yield Case((_row(kind), _tensor(rng.normal(size=6))), "six scores")


def _probe_loss(loss, row, scores_q):
    scores_q = scores_q.clone().requires_grad_(True)
    value = loss(row, scores_q)
    if (sentence := why_no_gradient(value)) is not None:
        raise Reject(sentence)
    if value.shape == scores_q.shape:
        raise Reject(
            f"One loss for each score came, shape {tuple(value.shape)}: −f*(T) is averaged over the minibatch."
        )
    if value.numel() != 1:
        raise Reject(f"Expected one number, got shape {tuple(value.shape)}.")
    return {"loss": value, "gradient": torch.autograd.grad(value.sum(), scores_q)[0]}


GENERATOR_LOSS = Exercise(
    id="12.generator_loss",
    title="The generator's loss",
    reference=generator_loss,
    cases=_fake_scores,
    probe=_probe_loss,
    mistakes=(
        Mistake(
            lambda row, s: row.conjugate(row.output_activation(s)).mean(),
            "The sign is wrong: the generator lowers the bound, whose only term that it moves is −E_Q f*(T).",
        ),
        Mistake(
            lambda row, s: -row.output_activation(s).mean(),
            "This raises T under Q: the heuristic of the f-GAN paper (section 3.2), the non-saturating loss "
            "for the row gan. The bound's own term is −E_Q f*(T).",
        ),
        Mistake(
            lambda row, s: -row.conjugate(s).mean(),
            "The output activation is missing: the critic is T = output_activation(score).",
        ),
        Mistake(
            lambda row, s: -row.conjugate(row.output_activation(s)).sum(),
            "A sum instead of a mean: the loss must not depend on the size of the minibatch.",
        ),
        Mistake(lambda row, s: -s.mean(), "This is the loss of a Wasserstein generator: f* is missing."),
        Mistake(
            lambda row, s: -row.conjugate(row.output_activation(s)),
            "One loss for each score came, shape (6,): −f*(T) is averaged over the minibatch.",
        ),
        Mistake(
            lambda row, s: -row.conjugate(row.output_activation(s.mean())),
            "f* of the mean is not the mean of f*: apply f* to each score, then average.",
        ),
    ),
    hints=(
        "Which of the two terms of E_P[T] − E_Q[f*(T)] depends on the generator?",
        "The generator minimises the bound: its loss is −E_Q f*(T), with T = row.output_activation(scores_q).",
        "-row.conjugate(row.output_activation(scores_q)).mean()",
    ),
    difficulty=1,
    minutes=5,
)


def fgan_step(row, w, theta, x, z, rate):
    return _step(row, w, theta, x, z, rate)


def _step(
    row, w, theta, x, z, rate, *, up=1.0, down=-1.0, alternate=False, scale=torch.exp, same=False, pull=False
):
    """The simultaneous step and, by its options, the ways to get it wrong."""

    def gradients(w, theta):
        w, theta = w.detach().clone().requires_grad_(True), theta.detach().clone().requires_grad_(True)
        fake = theta[0] + scale(theta[1]) * z
        scores_p, scores_q = (w[0] + w[1] * s + w[2] * s**2 for s in (x, fake))
        value = _outside(row, scores_p, scores_q) if same else bound_from_scores(row, scores_p, scores_q)
        of_w, of_theta = torch.autograd.grad(value, (w, theta), retain_graph=pull)
        if pull:
            (of_theta,) = torch.autograd.grad(-row.output_activation(scores_q).mean(), theta)
        return of_w, of_theta

    of_w, of_theta = gradients(w, theta)
    new = w + up * rate * of_w
    if alternate:
        of_theta = gradients(new, theta)[1]
    return new.detach(), (theta + down * rate * of_theta).detach()


def _with_graph(row, w, theta, x, z, rate):
    w, theta = w.clone().requires_grad_(True), theta.clone().requires_grad_(True)
    fake = theta[0] + theta[1].exp() * z
    value = bound_from_scores(row, *(w[0] + w[1] * s + w[2] * s**2 for s in (x, fake)))
    of_w, of_theta = torch.autograd.grad(value, (w, theta))
    return w + rate * of_w, theta - rate * of_theta


def _in_place(row, w, theta, x, z, rate):
    new_w, new_theta = _step(row, w, theta, x, z, rate)
    return w.data.copy_(new_w), theta.data.copy_(new_theta)


_GRAPH = (
    "What the step returns still requires gradients: return `.detach()` of both, or each step carries all earlier "
    "ones along."
)
_CHANGED = (
    "The step changed the w or the theta that it was given. Both gradients belong to the old place, and the old place "
    "stays as it is: work on `.detach().clone()` and return new tensors."
)


def _probe_steps(step, row, w, theta, x, z, rate):
    """Two steps in a row, the second from where the first one led."""
    given = w.detach().clone(), theta.detach().clone()
    first = step(row, w, theta, x, z, rate)
    if not isinstance(first, tuple | list) or len(first) != 2:
        return first
    if any(torch.is_tensor(one) and one.requires_grad for one in first):
        raise Reject(_GRAPH)
    if not (torch.equal(w, given[0]) and torch.equal(theta, given[1])):
        raise Reject(_CHANGED)
    first = tuple(torch.as_tensor(one, dtype=torch.float64) for one in first)
    kept = tuple(one.clone() for one in first)
    # A wrong first step may lead so far out that exponentials overflow: the second begins near the middle then.
    if not all(one.abs().max() < 1 for one in first):
        first = tuple(one.nan_to_num(0.0).clamp(-1.0, 1.0) for one in first)
    second = step(row, *first, x.flip(0) + 0.1, z.flip(0), rate)
    return {"the new w, theta": kept, "w, theta after one more step": second}


def _games(rng):
    for kind in ("kl", "reverse_kl", "gan"):
        w = _tensor([-0.5, 0.3, -0.2]) + 0.1 * _tensor(rng.normal(size=3))
        theta = _tensor([0.4, -0.3]) + 0.1 * _tensor(rng.normal(size=2))
        x, z = 1 + _tensor(rng.normal(size=8)), _tensor(rng.normal(size=8))
        yield Case((_row(kind), w, theta, x, z, 0.1), f"the game under {kind!r}")


FGAN_STEP = Exercise(
    id="12.fgan_step",
    title="One step of the f-GAN, for both players at once",
    reference=fgan_step,
    cases=_games,
    probe=_probe_steps,
    mistakes=(
        Mistake(
            lambda *a: _step(*a, down=1.0),
            "Both players climb: the generator's theta must go down the gradient.",
        ),
        Mistake(lambda *a: _step(*a, up=-1.0), "Both players descend: the critic's w must climb the bound."),
        Mistake(
            lambda *a: _step(*a, up=-1.0, down=1.0),
            "The roles are exchanged: the critic climbs the bound, the generator descends it.",
        ),
        Mistake(
            lambda *a: _step(*a, alternate=True),
            "These are steps in turn: here both gradients are taken at the old w and theta.",
        ),
        Mistake(
            lambda *a: _step(*a, scale=lambda s: s),
            "theta[1] is the logarithm of the standard deviation: take its exponential.",
        ),
        Mistake(
            lambda *a: _step(*a, scale=lambda s: (s / 2).exp()),
            "theta[1] is the logarithm of the standard deviation, not of the variance: no half in the exponential.",
        ),
        Mistake(
            lambda *a: _step(*a, pull=True),
            "The generator raises T under Q, the heuristic of the f-GAN paper: here it descends the bound itself.",
        ),
        Mistake(_with_graph, _GRAPH),
        Mistake(_in_place, _CHANGED),
        Mistake(
            lambda *a: _step(*a, same=True),
            "The output activation is missing: the scores must be taken into the domain of f*.",
        ),
    ),
    hints=(
        "fake = theta[0] + exp(theta[1]) · z carries the gradient to theta; the scores are w0 + w1 s + w2 s².",
        "w and theta: detach(), clone(), requires_grad_(True). "
        "Then the bound from both sets of scores, as in the earlier exercise.",
        "of_w, of_theta = torch.autograd.grad(bound, (w, theta)); "
        "return w + rate · of_w and theta − rate · of_theta, detached.",
    ),
    difficulty=3,
    minutes=25,
    time_limit=10.0,
)
