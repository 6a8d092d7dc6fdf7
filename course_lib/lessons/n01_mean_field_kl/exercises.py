"""Exercises of notebook 01: KL in both directions, and the two ways to approximate a distribution by a simpler one."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject


def kl_discrete(p, q):
    terms = torch.where(p > 0, p * (torch.log(p) - torch.log(q)), torch.zeros_like(p))
    return terms.sum()


def _probability_vectors(rng):
    yield Case((_tensor([0.5, 0.5]), _tensor([0.9, 0.1])), "a fair coin against a bent one")
    for atoms in (3, 5):
        p, q = (_tensor(rng.dirichlet([1.0] * atoms)) for _ in range(2))
        yield Case((p, q), f"{atoms} atoms drawn at random")
    yield Case((_tensor([0.3, 0.7, 0.0]), _tensor([0.2, 0.3, 0.5])), "an atom that p does not have")
    yield Case((_tensor([0.3, 0.3, 0.4]), _tensor([0.5, 0.5, 0.0])), "an atom that q does not have")


KL_DISCRETE = Exercise(
    id="01.kl_discrete",
    title="KL between two probability vectors",
    reference=kl_discrete,
    cases=_probability_vectors,
    mistakes=(
        Mistake(
            lambda p, q: kl_discrete(q, p),
            "This is KL(q‖p): the expectation must be under p, the first argument.",
        ),
        Mistake(
            lambda p, q: (torch.log(p) - torch.log(q)).sum(),
            "The weight p is missing before the logarithm: KL is an expectation under p.",
        ),
        Mistake(
            lambda p, q: kl_discrete(p, q) / math.log(2),
            "This is in bits: the course measures in nats, with the natural logarithm.",
        ),
        Mistake(lambda p, q: -kl_discrete(p, q), "The sign is wrong: the ratio inside the logarithm is p/q."),
        Mistake(
            lambda p, q: (p * (torch.log(p) - torch.log(q))).sum(),
            "An atom with p = 0 must contribute 0, and 0 · log 0 gives NaN on a computer: treat it apart.",
        ),
        Mistake(
            lambda p, q: -(p * torch.log(q)).sum(),
            "This is the cross-entropy: the entropy of p is not subtracted.",
        ),
        Mistake(
            lambda p, q: torch.where(p > 0, p * (torch.log(p) - torch.log(q)), 0.0).mean(),
            "This is the mean over the atoms: KL is their sum (`reduction='sum'` in torch's kl_div).",
        ),
        Mistake(lambda p, q: (p * (p / q)).sum(), "The logarithm is missing: p/q itself is averaged."),
        Mistake(
            lambda p, q: (p * torch.log((p + 1e-8) / (q + 1e-8))).sum(),
            "A small number beside the probabilities, or a clamp, makes infinite divergences finite: where q = 0 "
            "and p > 0 the answer is infinity.",
        ),
    ),
    hints=(
        "KL(p‖q) is the expectation under p of log p(x) − log q(x).",
        "Sum p · (log p − log q) over the atoms with p > 0; torch.where keeps the others at 0.",
        "torch.where(p > 0, p * (p.log() - q.log()), 0.0).sum()",
    ),
    difficulty=1,
    minutes=5,
)


def gaussian_kl(mean_q, std_q, mean_p, std_p):
    ratio = (std_q / std_p) ** 2
    return 0.5 * (ratio - 1 - torch.log(ratio) + ((mean_q - mean_p) / std_p) ** 2)


def _divided_by_variance_of_q(mean_q, std_q, mean_p, std_p):
    ratio = (std_q / std_p) ** 2
    return 0.5 * (ratio - 1 - torch.log(ratio) + ((mean_q - mean_p) / std_q) ** 2)


def _logarithm_added(mean_q, std_q, mean_p, std_p):
    return gaussian_kl(mean_q, std_q, mean_p, std_p) + torch.log((std_q / std_p) ** 2)


def _pairs_of_gaussians(rng):
    yield Case(tuple(map(_tensor, (0.0, 1.0, 1.0, 1.0))), "equal spreads, means one apart")
    yield Case(tuple(map(_tensor, (0.0, 0.5, 0.0, 2.0))), "equal means")
    for _ in range(3):
        mean_q, mean_p = rng.normal(size=2)
        std_q, std_p = rng.uniform(0.3, 3.0, size=2)
        yield Case(tuple(map(_tensor, (mean_q, std_q, mean_p, std_p))))


GAUSSIAN_KL = Exercise(
    id="01.gaussian_kl",
    title="KL between two Gaussians on the line",
    reference=gaussian_kl,
    cases=_pairs_of_gaussians,
    mistakes=(
        Mistake(
            lambda a, s, b, r: gaussian_kl(b, r, a, s),
            "This is KL(p‖q): the expectation must be under q.",
        ),
        Mistake(lambda a, s, b, r: 2 * gaussian_kl(a, s, b, r), "The 1/2 is missing."),
        Mistake(
            lambda a, s, b, r: gaussian_kl(a, s.sqrt(), b, r.sqrt()),
            "The standard deviations are used as variances: square them.",
        ),
        Mistake(
            lambda a, s, b, r: gaussian_kl(a, s, b, r) + 0.5,
            "The −1 is missing: KL of a distribution from itself must be 0.",
        ),
        Mistake(
            _divided_by_variance_of_q,
            "The squared distance of the means is divided by the variance of p, not of q.",
        ),
        Mistake(
            _logarithm_added,
            "The sign of the logarithm is wrong.",
        ),
    ),
    hints=(
        "Write log q − log p, and take its expectation under q term by term: E (x − mean_q)² = std_q².",
        "E_q (x − mean_p)² = std_q² + (mean_q − mean_p)².",
        "½ (std_q²/std_p² − 1 − log(std_q²/std_p²) + (mean_q − mean_p)²/std_p²).",
    ),
    difficulty=1,
    minutes=8,
)


def mean_field_update(mean, precision, m, j):
    others = [k for k in range(len(mean)) if k != j]
    return mean[j] - precision[j, others] @ (m[others] - mean[others]) / precision[j, j]


def _update_with_covariance(mean, precision, m, j):
    return mean_field_update(mean, torch.linalg.inv(precision), m, j)


def _update_without_centring(mean, precision, m, j):
    others = [k for k in range(len(mean)) if k != j]
    return mean[j] - precision[j, others] @ m[others] / precision[j, j]


def _update_without_division(mean, precision, m, j):
    others = [k for k in range(len(mean)) if k != j]
    return mean[j] - precision[j, others] @ (m[others] - mean[others])


def _update_with_itself(mean, precision, m, j):
    return mean[j] - precision[j] @ (m - mean) / precision[j, j]


def _update_problems(rng):
    precision = torch.linalg.inv(_tensor([[1.0, 0.9], [0.9, 1.0]]))
    yield Case(
        (_tensor([0.0, 1.0]), precision, _tensor([2.0, -1.0]), 0), "the Gaussian of the lecture, first mean"
    )
    yield Case(
        (_tensor([0.0, 1.0]), precision, _tensor([2.0, -1.0]), 1), "the Gaussian of the lecture, second mean"
    )
    for d in (3, 4):
        root = _tensor(rng.normal(size=(d, d + 2)))
        mean, m = _tensor(rng.normal(size=d)), _tensor(2 * rng.normal(size=d))
        yield Case((mean, root @ root.T, m, int(rng.integers(d))), f"{d} dimensions")


MEAN_FIELD_UPDATE = Exercise(
    id="01.mean_field_update",
    title="One mean-field update of a Gaussian",
    reference=mean_field_update,
    cases=_update_problems,
    mistakes=(
        Mistake(
            lambda mu, prec, m, j: 2 * mu[j] - mean_field_update(mu, prec, m, j),
            "The sign of the correction is wrong: it is subtracted.",
        ),
        Mistake(
            _update_with_covariance,
            "This uses the covariance Σ: the update is written with the precision Λ = Σ⁻¹.",
        ),
        Mistake(_update_without_centring, "The other means must enter as deviations m_k − μ_k."),
        Mistake(_update_without_division, "The correction is not divided by Λ_jj."),
        Mistake(
            _update_with_itself, "The sum runs over k ≠ j: the coordinate's own old mean must not enter."
        ),
    ),
    hints=(
        "Keep the terms of E log p(x) that contain x_j: they are a quadratic; complete the square.",
        "For two coordinates it is m₁ = μ₁ − Λ₁₂ (m₂ − μ₂) / Λ₁₁ (UL p.12). With more, sum over all k ≠ j.",
        "mean[j] − Σ_{k≠j} precision[j, k] (m[k] − mean[k]) / precision[j, j].",
    ),
    difficulty=2,
    minutes=12,
)


def inclusive_fit(weights, means, stds):
    mean = (weights * means).sum()
    variance = (weights * (stds**2 + (means - mean) ** 2)).sum()
    return mean, variance.sqrt()


def _mixtures(rng):
    yield Case((_tensor([0.5, 0.5]), _tensor([-2.0, 2.0]), _tensor([1.0, 1.0])), "two equal modes")
    yield Case((_tensor([0.9, 0.1]), _tensor([0.0, 5.0]), _tensor([0.5, 1.5])), "a small mode far away")
    for k in (2, 3):
        yield Case(
            (
                _tensor(rng.dirichlet([2.0] * k)),
                _tensor(3 * rng.normal(size=k)),
                _tensor(rng.uniform(0.4, 2.0, size=k)),
            ),
            f"{k} modes drawn at random",
        )


INCLUSIVE_FIT = Exercise(
    id="01.inclusive_fit",
    title="The Gaussian that minimises KL(p‖q) for a mixture p",
    reference=inclusive_fit,
    cases=_mixtures,
    mistakes=(
        Mistake(
            lambda w, m, s: (inclusive_fit(w, m, s)[0], inclusive_fit(w, m, s)[1] ** 2),
            "The second value is the variance: the standard deviation is asked for.",
        ),
        Mistake(
            lambda w, m, s: ((w * m).sum(), (w * s**2).sum().sqrt()),
            "The spread between the means of the components is missing from the variance.",
        ),
        Mistake(
            lambda w, m, s: ((w * m).sum(), (w * s).sum()),
            "Standard deviations do not average: average second moments.",
        ),
        Mistake(
            lambda w, m, s: (m.mean(), ((s**2).mean() + m.var(unbiased=False)).sqrt()),
            "The weights of the components are ignored.",
        ),
    ),
    hints=(
        "Minimising −E_p log q over a Gaussian q is maximum likelihood with infinitely many data from p.",
        "So q gets the mean and the variance of p. A mixture has variance within its components and between them.",
        "variance = Σ w_k (std_k² + (mean_k − mean)²).",
    ),
    difficulty=1,
    minutes=8,
)


def exclusive_fit(log_p, mean, std, steps=200, rate=0.1):
    return _descend(log_p, mean, std, steps, rate)


def _descend(log_p, mean, std, steps, rate, *, entropy=1.0, sign=-1.0, forward=False, log_scale=True):
    """Gradient descent of KL(q||p) over a Gaussian q, and, by its options, the ways to get it wrong."""
    z = torch.linspace(-6, 6, 121, dtype=torch.float64)
    weights = torch.softmax(-(z**2) / 2, dim=0)
    scale = math.log(std) if log_scale else std
    parameters = torch.tensor([mean, scale], dtype=torch.float64, requires_grad=True)
    path = [(mean, std)]
    for _ in range(steps):
        s = parameters[1].exp() if log_scale else parameters[1]
        x = parameters[0] + s * z
        if forward:
            nodes = torch.linspace(-12, 12, 481, dtype=torch.float64)
            p = torch.softmax(log_p(nodes), dim=0)
            objective = (p * (((nodes - parameters[0]) / s) ** 2 / 2 + torch.log(s))).sum()
        else:
            objective = -entropy * torch.log(s.abs()) - (weights * log_p(x)).sum()
        (gradient,) = torch.autograd.grad(objective, parameters)
        with torch.no_grad():
            parameters += sign * rate * gradient
        final = parameters[1].exp() if log_scale else parameters[1]
        path.append((parameters[0].item(), final.item()))
    return torch.tensor(path, dtype=torch.float64)


def _with(**options):
    """The reference with other options."""

    def answer(log_p, mean, std, steps=200, rate=0.1):
        return _descend(log_p, mean, std, steps, rate, **options)

    return answer


def _deaf(log_p, mean, std, steps=200, rate=0.1):
    """200 steps of 0.1, whatever is asked for."""
    return _descend(log_p, mean, std, 200, 0.1)


def _descend_in_log_std(log_p, mean, std, steps=200, rate=0.1):
    path = _descend(log_p, mean, std, steps, rate)
    return torch.stack([path[:, 0], path[:, 1].log()], dim=1)


def _bimodal(half_distance, weight=0.5):
    def log_p(x):
        modes = torch.stack([x - half_distance, x + half_distance])
        logs = torch.tensor([weight, 1 - weight], dtype=x.dtype).log()
        return torch.logsumexp(logs[:, None] - modes**2 / 2, dim=0) - math.log(2 * math.pi) / 2

    return log_p


def _gaussian(mean, std):
    def log_p(x):
        return -(((x - mean) / std) ** 2) / 2 - math.log(std) - math.log(2 * math.pi) / 2

    return log_p


def _targets(rng):
    yield Case((_gaussian(1.0, 0.5), -1.0, 1.5), "a Gaussian target: q must become it")
    half_distance, side = float(rng.uniform(3.0, 4.0)), float(rng.choice([-1.0, 1.0]))
    yield Case(
        (_bimodal(half_distance), side * (half_distance - 0.5), 1.2), "two modes, from near one of them"
    )
    yield Case((_bimodal(2.0), 0.3, 0.8), "two modes close together")


def _probe_path(fit, log_p, mean, std):
    """The path at some of its rows: each step is fixed by the task, up to how the expectation is computed."""
    path = fit(log_p, mean, std)
    if getattr(path, "requires_grad", False):
        raise Reject(
            "The path carries a graph: append numbers, as in `parameters[0].item()`, not the parameters."
        )
    path = torch.as_tensor(path, dtype=torch.float64)
    if path.shape != (201, 2):
        raise Reject(
            f"With 200 steps the path has 201 rows (mean, std), the start first; yours has shape {tuple(path.shape)}."
        )
    other = fit(log_p, mean, std, steps=10, rate=0.2)
    if len(other) != 11:
        raise Reject(
            "With steps=10 and rate=0.2 the path has 11 rows: use both arguments, the pictures below ask for others."
        )
    return {
        "start": path[0],
        "after 1 step": path[1],
        "after 5 steps": path[5],
        "after 20": path[20],
        "end": path[-1],
        "with steps=10 and rate=0.2": torch.as_tensor(other[-1], dtype=torch.float64),
    }


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


EXCLUSIVE_FIT = Exercise(
    id="01.exclusive_fit",
    title="Gradient descent on KL(q‖p) for any target",
    reference=exclusive_fit,
    cases=_targets,
    probe=_probe_path,
    rtol=0.02,
    atol=0.02,
    tolerance_reason="other nodes, or a Monte Carlo estimate with many samples, stay within 0.02 of the path",
    mistakes=(
        Mistake(
            _with(entropy=0.0),
            "The entropy of q is missing (the −log std): without it q shrinks onto the highest point of p.",
        ),
        Mistake(
            _with(sign=1.0),
            "This climbs: gradient descent subtracts the gradient.",
        ),
        Mistake(
            _with(forward=True),
            "This minimises KL(p‖q), which covers both modes: the expectation must be under q.",
        ),
        Mistake(
            lambda f, m, s, steps=200, rate=0.1: _descend(f, m, s, steps, rate)[1:],
            "With 200 steps the path has 201 rows (mean, std), the start first; yours has shape (200, 2).",
        ),
        Mistake(
            _with(log_scale=False),
            "This steps on std itself: the step of size rate is taken on (mean, log std).",
        ),
        Mistake(
            lambda f, m, s, steps=200, rate=0.1: _descend(f, m, s, steps, rate / 2),
            "Each step is half of what the rate says.",
        ),
        Mistake(
            _with(entropy=0.5),
            "The entropy of q has a factor 1/2 too many: it is log std plus a constant.",
        ),
        Mistake(
            _deaf,
            "With steps=10 and rate=0.2 the path has 11 rows: use both arguments, the pictures below ask for others.",
        ),
        Mistake(
            _descend_in_log_std,
            "The second column holds log std: the path is asked for in (mean, std).",
        ),
    ),
    hints=(
        "KL(q‖p) = −log std − E_q log p(x) + constant. Reparameterise: x = mean + std · z with z standard normal.",
        "Put z on a fixed grid, say 121 points from −6 to 6, with weights softmax(−z²/2): the expectation is a "
        "weighted sum, and nothing is random.",
        "Descend over (mean, log std), so that std stays positive; torch.autograd.grad gives the gradient.",
        "objective = −log_std − (weights * log_p(mean + log_std.exp() * z)).sum(); then "
        "parameters −= rate * gradient; append (mean, std).",
    ),
    difficulty=3,
    minutes=30,
    time_limit=30.0,
)
