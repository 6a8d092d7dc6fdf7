"""Exercises of notebook 02: the evidence bound, mean field, expectation propagation, variational regression."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake

_CLUTTER, _PRIOR = 10.0, 100.0  # the variances of the clutter and of the prior, as in the notebook


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def elbo(log_joint, q):
    return torch.where(q > 0, q * (log_joint - torch.log(q)), 0.0).sum()


def _elbo_of_posterior(log_joint, q):
    return elbo(log_joint - torch.logsumexp(log_joint, 0), q)


def _elbo_under_the_joint(log_joint, q):
    joint = torch.exp(log_joint)
    return torch.where(joint > 0, joint * (log_joint - torch.log(q)), 0.0).sum()


def _models(rng):
    joint = [0.6 * 0.0625, 0.3 * 0.4096, 0.1]
    yield Case((_tensor(joint).log(), _tensor([0.6, 0.3, 0.1])), "three coins, four heads")
    for states in (2, 5):
        log_joint = _tensor(rng.dirichlet([1.0] * states) * rng.uniform(0.1, 0.6)).log()
        yield Case((log_joint, _tensor(rng.dirichlet([1.0] * states))), f"{states} states drawn at random")
    yield Case(
        (_tensor([0.15, 0.12, 0.0]).log(), _tensor([0.25, 0.75, 0.0])), "an impossible state, left out by q"
    )
    yield Case(
        (_tensor([0.1, 0.2, 0.05]).log(), _tensor([1e-300, 1.0, 0.0])), "q almost certain of one state"
    )
    yield Case(
        (_tensor([0.15, 0.12, 0.0]).log(), _tensor([0.2, 0.5, 0.3])), "an impossible state that q believes in"
    )


ELBO = Exercise(
    id="02.elbo",
    title="The lower bound of a model with finitely many states",
    reference=elbo,
    cases=_models,
    mistakes=(
        Mistake(
            lambda log_joint, q: (q * (log_joint - torch.log(q))).sum(),
            "A state with q = 0 must contribute 0, and 0 · log 0 gives NaN on a computer: treat it apart.",
        ),
        Mistake(
            lambda log_joint, q: torch.where(q > 0, q * log_joint, 0.0).sum(),
            "The −log q is missing: without the entropy of q the bound is far too low.",
        ),
        Mistake(lambda log_joint, q: -elbo(log_joint, q), "The sign is wrong: p(y, z) stands above q(z)."),
        Mistake(
            lambda log_joint, q: elbo(log_joint, q) / math.log(2),
            "This is in bits: use the natural logarithm.",
        ),
        Mistake(
            _elbo_of_posterior,
            "This is −KL(q‖p(z|y)): the joint p(y, z) must not be normalised.",
        ),
        Mistake(
            lambda log_joint, q: torch.where(q > 0, q * (torch.exp(log_joint) - torch.log(q)), 0.0).sum(),
            "The first argument is a logarithm already: do not take its exponential.",
        ),
        Mistake(
            lambda log_joint, q: torch.where(q > 0, q * (log_joint + torch.log(q)), 0.0).sum(),
            "The logarithm of q is subtracted, not added: it stands below the fraction line.",
        ),
        Mistake(
            _elbo_under_the_joint,
            "The expectation must be under q: the weights are q(z), not p(y, z).",
        ),
    ),
    hints=(
        "L(q) is the expectation under q of log p(y, z) − log q(z).",
        "Sum q · (log_joint − log q) over the states with q > 0; torch.where keeps the others at 0.",
        "torch.where(q > 0, q * (log_joint - q.log()), 0.0).sum()",
    ),
    difficulty=1,
    minutes=5,
)


def mean_field_sweep(y, r, weight):
    return _sweep(y, r, weight)


def _sweep(
    y, r, weight, *, spread=1.0, prior=1.0, shrink=True, clutter=_CLUTTER, scale=1.0, swap=False, old=False
):
    """One sweep, and, by its options, the ways to get it wrong."""
    variance = 1 / (prior / _PRIOR + r.sum())
    mean = variance * (r * y).sum() if shrink else (r * y).sum() / r.sum()
    weight = 1 - weight if swap else weight
    log_signal = math.log(1 - weight) - 0.5 * ((y - mean) ** 2 + spread * variance + math.log(2 * math.pi))
    log_clutter = math.log(weight) - 0.5 * (
        y**2 / clutter + scale * math.log(clutter) + math.log(2 * math.pi)
    )
    return mean, variance, r if old else torch.sigmoid(log_signal - log_clutter)


def _beliefs(rng):
    y = _tensor([2.5, 1.8, -4.0])
    yield Case((y, _tensor([1.0, 1.0, 1.0]), 0.5), "all data believed to be signal")
    yield Case((y, _tensor([0.9, 0.8, 0.1]), 0.2), "little clutter expected")
    for n in (4, 6):
        data, r = _tensor(rng.normal(1.0, 3.0, size=n)), _tensor(rng.uniform(0.05, 0.95, size=n))
        yield Case((data, r, float(rng.uniform(0.15, 0.4))), f"{n} data drawn at random")
    # A moderate distance, so that no probability is 0 or 1 to the digits that are compared.
    yield Case((_tensor([0.5]), _tensor([0.5]), 0.3), "one datum")


MEAN_FIELD_SWEEP = Exercise(
    id="02.mean_field_sweep",
    title="One sweep of mean field on the clutter problem",
    reference=mean_field_sweep,
    cases=_beliefs,
    mistakes=(
        Mistake(
            lambda y, r, w: _sweep(y, r, w, spread=0.0),
            "E (y − θ)² is (y − mean)² + variance: the variance of q(θ) is missing.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, prior=0.0),
            "The precision 1/100 of the prior is missing from that of q(θ).",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, shrink=False),
            "The mean is variance · Σ r y: the prior pulls it towards 0.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, clutter=_CLUTTER**2),
            "The clutter has the variance 10: that is σ² already, do not square it.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, scale=0.0),
            "The normalisation of the clutter's density is missing: log N(y; 0, 10) contains −½ log 10.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, prior=_PRIOR**2),
            "The prior has the variance 100, so its precision is 1/100, not 100.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, swap=True),
            "The weights are exchanged: weight is the probability of clutter, 1 − weight that of signal.",
        ),
        Mistake(
            lambda y, r, w: _sweep(y, r, w, old=True),
            "The probabilities r are still the old ones: renew them with the new mean and variance.",
        ),
    ),
    hints=(
        "q(θ) is the posterior of a Gaussian mean where datum i counts r_i times; then r_i is the posterior "
        "probability of signal with log N(y_i; θ, 1) replaced by its expectation under q(θ).",
        "Precisions add: 1/variance = 1/100 + Σ r. And E (y − θ)² = (y − mean)² + variance.",
        "With log_signal = log(1 − weight) − ½((y − mean)² + variance + log 2π) and "
        "log_clutter = log weight − ½(y²/10 + log 20π), r = torch.sigmoid(log_signal − log_clutter).",
        "variance = 1 / (1 / 100 + r.sum()); mean = variance * (r * y).sum(); then torch.sigmoid(math.log((1 - weight) "
        "/ weight) - 0.5 * ((y - mean) ** 2 + variance) + y**2 / 20 + 0.5 * math.log(10))",
    ),
    difficulty=2,
    minutes=10,
)


def tilted_moments(y, mean, variance, weight):
    return _tilted(y, mean, variance, weight)


def _density(x, mean, variance):
    return math.exp(-0.5 * (x - mean) ** 2 / variance) / math.sqrt(2 * math.pi * variance)


def _tilted(y, mean, variance, weight, *, noise=1.0, cross=1.0, pull=None, swap=False, cavity=1.0):
    """Mass, mean and variance of the tilted distribution, and, by its options, the ways to get it wrong."""
    weight = 1 - weight if swap else weight
    predictive = cavity * variance + noise
    signal = (1 - weight) * _density(y, mean, predictive)
    mass = signal + weight * _density(y, 0.0, _CLUTTER)
    r = signal / mass
    step = variance * (y - mean) / (variance + 1)
    moved = r if pull is None else pull
    return (
        mass,
        mean + moved * step,
        variance - r * variance**2 / (variance + 1) + cross * r * (1 - r) * step**2,
    )


def _tilted_with_standard_deviations(y, mean, variance, weight):
    signal = (1 - weight) * _density(y, mean, (variance + 1) ** 2)
    mass = signal + weight * _density(y, 0.0, _CLUTTER**2)
    r, step = signal / mass, variance * (y - mean) / (variance + 1)
    return mass, mean + r * step, variance - r * variance**2 / (variance + 1) + r * (1 - r) * step**2


def _tilted_with_mean_of_the_product(y, mean, variance, weight):
    mass, mean, variance = _tilted(y, mean, variance, weight)
    return mass, mass * mean, variance


def _cavities(rng):
    yield Case((2.5, 0.0, 100.0, 0.5), "the prior as cavity")
    yield Case((-4.0, 2.0, 0.5, 0.5), "a datum far from the cavity")
    for _ in range(3):
        mean, y = (float(v) for v in rng.normal(1.0, 1.5, size=2))
        yield Case((y, mean, float(rng.uniform(0.2, 5.0)), float(rng.uniform(0.15, 0.4))))
    yield Case((12.0, -40.0, 0.05, 0.5), "so far away that its signal underflows to 0")


TILTED_MOMENTS = Exercise(
    id="02.tilted_moments",
    title="Mass, mean and variance of the tilted distribution",
    reference=tilted_moments,
    cases=_cavities,
    mistakes=(
        Mistake(
            lambda y, m, v, w: _tilted(y, m, v, w, cross=0.0),
            "The variance lacks r(1 − r) (v(y − m)/(v + 1))²: the spread between the two cases, signal and clutter.",
        ),
        Mistake(
            lambda y, m, v, w: _tilted(y, m, v, w, cavity=0.0),
            "The signal's density of y must be N(y; m, v + 1): θ itself is uncertain by v.",
        ),
        Mistake(
            lambda y, m, v, w: _tilted(y, m, v, w, noise=0.0),
            "The signal's density of y must be N(y; m, v + 1): the noise of variance 1 is missing.",
        ),
        Mistake(
            lambda y, m, v, w: _tilted(y, m, v, w, swap=True),
            "The weights are exchanged: weight is the probability of clutter, 1 − weight that of signal.",
        ),
        Mistake(
            lambda y, m, v, w: _tilted(y, m, v, w, pull=1.0),
            "The mean moves as if the datum were certainly signal: the step is taken with probability r only.",
        ),
        Mistake(
            lambda y, m, v, w: (*_tilted(y, m, v, w)[:2], v / (v + 1)),
            "This is the variance if the datum is certainly signal: if it is clutter, θ keeps the variance v.",
        ),
        Mistake(
            _tilted_with_standard_deviations,
            "The second argument of N is a variance: v + 1 and 10 are no standard deviations.",
        ),
        Mistake(
            _tilted_with_mean_of_the_product,
            "The mean is that of the tilted distribution divided by its mass.",
        ),
        Mistake(
            lambda y, m, v, w: (
                _tilted(y, m, v, w)[0],
                _tilted(y, m, v, w)[1],
                _tilted(y, m, v, w)[2] + (_tilted(y, m, v, w)[1]) ** 2,
            ),
            "This is the second moment E θ²: the variance is E θ² less the squared mean.",
        ),
        Mistake(
            lambda y, m, v, w: (math.log(_tilted(y, m, v, w)[0]), *_tilted(y, m, v, w)[1:]),
            "The first result is the mass itself, not its logarithm.",
        ),
    ),
    hints=(
        "The tilted distribution is a mixture of two: with the datum as clutter it is the cavity, with the datum as "
        "signal it is the cavity after one Gaussian observation. Their weights are (1 − w) N(y; m, v + 1) and "
        "w N(y; 0, 10).",
        "Let r be the share of the signal. Given signal the mean is m + v(y − m)/(v + 1) and the variance v/(v + 1); "
        "given clutter m and v. A mixture has the variance within its parts and that between them.",
        "mean = m + r d and variance = v − r v²/(v + 1) + r(1 − r) d² with d = v(y − m)/(v + 1).",
    ),
    difficulty=2,
    minutes=10,
)


def ep_site(y, site, q, weight):
    return _site(y, site, q, weight)


def _site(
    y,
    site,
    q,
    weight,
    *,
    cavity_of_all=False,
    divide=True,
    by_q=False,
    clip=False,
    guard=True,
    variances=False,
):
    """The new site, and, by its options, the ways to get it wrong."""
    precision, shift = (q[0], q[1]) if cavity_of_all else (q[0] - site[0], q[1] - site[1])
    if precision <= 0:
        return tuple(site) if guard else (1.0, 0.0)
    _, mean, variance = _tilted(y, shift / precision, 1 / precision, weight)
    if variances:
        return variance - 1 / precision, mean - shift / precision
    new = (1 / variance, mean / variance)
    if divide:
        new = (new[0] - q[0], new[1] - q[1]) if by_q else (new[0] - precision, new[1] - shift)
    return (max(new[0], 0.0), new[1]) if clip else new


def _site_as_mean_and_variance(y, site, q, weight):
    if q[0] <= site[0]:
        return tuple(site)
    precision, shift = _site(y, site, q, weight)
    return shift / precision, 1 / precision


def _states(rng):
    yield Case((2.5, (0.0, 0.0), (0.01, 0.0), 0.5), "the first update: q is the prior")
    yield Case((-4.0, (-0.05, 0.3), (1.6, 3.5), 0.5), "a datum far away: its site turns negative")
    for _ in range(3):
        site = (float(rng.uniform(0.05, 0.9)), float(rng.normal(0.5, 1.0)))
        rest = (float(rng.uniform(0.3, 3.0)), float(rng.normal(2.0, 1.5)))
        q = (site[0] + rest[0], site[1] + rest[1])
        yield Case((float(rng.normal(1.5, 1.5)), site, q, float(rng.uniform(0.2, 0.5))))
    yield Case((2.0, (0.7, 1.0), (0.5, 0.4), 0.5), "a cavity of negative precision")
    yield Case((2.0, (0.5, 1.0), (0.5, 0.4), 0.5), "a cavity of precision 0")


EP_SITE = Exercise(
    id="02.ep_site",
    title="The update of one site",
    reference=ep_site,
    cases=_states,
    mistakes=(
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, cavity_of_all=True),
            "The cavity still contains the datum's own site, so the datum counts twice: subtract the site from q.",
        ),
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, divide=False),
            "These are the parameters of the tilted distribution. The site is tilted over cavity: subtract the cavity.",
        ),
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, by_q=True),
            "The tilted distribution must be divided by the cavity, not by the old q.",
        ),
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, clip=True),
            "The precision of a site may be negative: do not clip it at 0.",
        ),
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, guard=False),
            "A cavity whose precision is not positive is no distribution: then the site stays as it is.",
        ),
        Mistake(
            lambda y, s, q, w: _site(y, s, q, w, variances=True),
            "A quotient subtracts precisions 1/variance and shifts mean/variance, not variances and means.",
        ),
        Mistake(
            _site_as_mean_and_variance,
            "The site is asked for as (precision, shift), not as mean and variance.",
        ),
    ),
    hints=(
        "Three steps: take the site out of q, find the moments of cavity times true factor, and divide by the cavity.",
        "In (precision, shift) = (1/variance, mean/variance) a product adds and a quotient subtracts. "
        "Turn the cavity into mean and variance for tilted_moments.",
        "cavity = (q[0] - site[0], q[1] - site[1]); if cavity[0] <= 0: return site; "
        "_, mean, variance = tilted_moments(y, cavity[1] / cavity[0], 1 / cavity[0], weight); "
        "return 1 / variance - cavity[0], mean / variance - cavity[1]",
    ),
    difficulty=2,
    minutes=10,
)


def ep_log_evidence(y, sites, weight):
    return _evidence(y, sites, weight)


def _phi(precision, shift, *, half_log=0.5, log_sign=-1.0, half_square=0.5):
    return half_square * shift**2 / precision + log_sign * half_log * math.log(precision)


def _evidence(y, sites, weight, *, scale=True, prior=True, ends=True, own=False, flip=False, **phi):
    """EP's log evidence, and, by its options, the ways to get it wrong."""
    precision = 1 / _PRIOR + sum(site[0] for site in sites)
    shift = sum(site[1] for site in sites)
    whole, total = _phi(precision, shift, **phi), 0.0
    for datum, site in zip(y, sites, strict=True):
        cavity = (precision, shift) if own else (precision - site[0], shift - site[1])
        if cavity[0] <= 0:
            return math.nan
        mass, _, _ = _tilted(datum, cavity[1] / cavity[0], 1 / cavity[0], weight)
        change = _phi(*cavity, **phi) - whole
        total += math.log(mass) + (scale * (-change if flip else change))
    if ends:
        total += whole - (_phi(1 / _PRIOR, 0.0, **phi) if prior else 0.0)
    return total


def _site_lists(rng):
    yield Case(([2.5], [(0.0, 0.0)], 0.5), "one datum, its site still 1")
    yield Case(([2.5, 1.8, -4.0], [(0.3, 0.8), (0.4, 0.6), (-0.02, -0.1)], 0.5), "three sites, one negative")
    for n in (2, 4):
        sites = [(float(rng.uniform(0.1, 0.8)), float(rng.normal(0.6, 0.8))) for _ in range(n)]
        y = [float(v) for v in rng.normal(1.5, 1.5, size=n)]
        yield Case((y, sites, float(rng.uniform(0.2, 0.4))), f"{n} sites drawn at random")
    yield Case(([2.0, 1.0], [(0.9, 1.0), (-0.3, 0.2)], 0.5), "a site that is more precise than all of q")


EP_LOG_EVIDENCE = Exercise(
    id="02.ep_log_evidence",
    title="EP's estimate of the log evidence",
    reference=ep_log_evidence,
    cases=_site_lists,
    mistakes=(
        Mistake(
            lambda y, s, w: _evidence(y, s, w, scale=0.0),
            "The height of a site is Z_i over the mass that cavity times bare site has: Φ(cavity_i) − Φ(q) is missing "
            "from the sum.",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, scale=0.0, ends=False),
            "These are the tilted masses alone: what makes heights C_i of them is missing, and so is the integral of "
            "prior times sites.",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, ends=False),
            "The integral of prior times sites itself is missing: Φ(q) − Φ(prior).",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, prior=False),
            "The prior is a normalised density: subtract Φ(prior).",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, own=True),
            "Z_i is the mass of the cavity times the factor: q still contains the datum's own site.",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, flip=True),
            "A sign: log height_i = log Z_i + Φ(cavity_i) − Φ(q).",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, half_log=1.0),
            "Φ contains −½ log precision: the integral of exp(−½ precision θ²) is √(2π/precision).",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, log_sign=1.0),
            "Φ falls with the precision: −½ log precision, since a sharper curve has a smaller integral.",
        ),
        Mistake(
            lambda y, s, w: _evidence(y, s, w, half_square=1.0),
            "The 1/2 of shift²/(2 precision) is missing in Φ: complete the square.",
        ),
    ),
    hints=(
        "Write Φ first: ∫ exp(shift·θ − ½ precision·θ²) dθ = √(2π) exp Φ with "
        "Φ = shift²/(2 precision) − ½ log precision. The √(2π) cancels in every quotient.",
        "Site i is C_i exp(shift_i θ − ½ precision_i θ²), with C_i such that ∫ cavity_i · site_i = Z_i, the mass of "
        "the tilted distribution. Hence log C_i = log Z_i + Φ(cavity_i) − Φ(q).",
        "log Z = Σ log C_i + Φ(q) − Φ(prior), since ∫ prior · Π sites = Π C_i · exp(Φ(q) − Φ(prior)). "
        "A cavity whose precision is not positive: return math.nan.",
        "total += math.log(mass) + phi(cavity) - phi(q) for each datum, with "
        "mass = tilted_moments(y_i, cavity[1] / cavity[0], 1 / cavity[0], weight)[0]; at the end "
        "total + phi(q) - phi((1 / 100, 0.0))",
    ),
    difficulty=3,
    minutes=20,
)


def regression_sweep(X, y, tau, shape, rate, expected_lambda):
    return _renew(X, y, tau, shape, rate, expected_lambda)


def _renew(
    X,
    y,
    tau,
    shape,
    rate,
    expected,
    *,
    trace=1.0,
    weights=None,
    half=0.5,
    noise=True,
    in_mean=True,
    scale=False,
):
    """One sweep of the regression, and, by its options, the ways to get it wrong."""
    d = X.shape[1]
    eye = torch.eye(d, dtype=X.dtype)
    covariance = torch.linalg.inv((tau if noise else 1.0) * X.T @ X + expected * eye)
    mean = (tau if in_mean else 1.0) * covariance @ X.T @ y
    new_shape = shape + 0.5 * (d if weights is None else weights)
    new_rate = rate + half * (mean @ mean + trace * torch.trace(covariance))
    return mean, covariance, new_shape, 1 / new_rate if scale else new_rate


def _precision_for_covariance(*args):
    mean, covariance, shape, rate = _renew(*args)
    return mean, torch.linalg.inv(covariance), shape, rate


def _regressions(rng):
    X = _tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    yield Case((X, _tensor([0.1, 0.9, 2.2]), 4.0, 1.0, 1.0, 1.0), "a straight line through three points")
    for n, d in ((6, 2), (4, 3)):
        design = _tensor(rng.normal(size=(n, d)))
        y = design @ _tensor(rng.normal(size=d)) + 0.5 * _tensor(rng.normal(size=n))
        others = [float(v) for v in rng.uniform([2.0, 0.3, 0.3, 0.4], [5.0, 2.0, 2.0, 3.0])]
        yield Case((design, y, *others), f"{n} responses, {d} weights")
    yield Case(
        (_tensor([[1.0, -1.0, 2.0]]), _tensor([0.5]), 2.0, 0.5, 0.2, 1.5), "more weights than responses"
    )


REGRESSION_SWEEP = Exercise(
    id="02.regression_sweep",
    title="Both factors of variational linear regression",
    reference=regression_sweep,
    cases=_regressions,
    mistakes=(
        Mistake(
            lambda *args: _renew(*args, trace=0.0),
            "E ‖β‖² under q is m·m + tr S: the trace of the covariance is missing in the rate.",
        ),
        Mistake(
            lambda *args: _renew(*args, weights=1),
            "The shape grows by d/2, one half for each weight, not by 1/2.",
        ),
        Mistake(
            lambda *args: _renew(*args, weights=len(args[1])),
            "The shape grows by d/2: λ speaks of the d weights, not of the n responses.",
        ),
        Mistake(
            lambda *args: _renew(*args, scale=True),
            "This is a scale: the Gamma distribution of the lecture has a rate, its inverse.",
        ),
        Mistake(
            _precision_for_covariance,
            "The second result is the precision matrix of q(β): its inverse, the covariance, is asked for.",
        ),
        Mistake(lambda *args: _renew(*args, half=1.0), "The 1/2 before E ‖β‖² is missing in the rate."),
        Mistake(
            lambda *args: _renew(*args, noise=False),
            "The noise precision τ is missing: the precision of q(β) is τ XᵀX + E[λ] I.",
        ),
        Mistake(
            lambda *args: _renew(*args, in_mean=False), "The mean is τ S Xᵀy: the noise precision is missing."
        ),
    ),
    hints=(
        "log q(β) = E_λ[log p(y|β) + log p(β|λ)] + const is a quadratic in β: read off its precision. "
        "log q(λ) = E_β[log p(β|λ)] + log p(λ) + const: collect log λ and λ.",
        "Precision of β: τ XᵀX + E[λ] I. From log p(β|λ) = (d/2) log λ − ½ λ‖β‖² + const the shape grows by d/2 and "
        "the rate by ½ E‖β‖².",
        "covariance = torch.linalg.inv(tau * X.T @ X + expected_lambda * torch.eye(X.shape[1])); "
        "mean = tau * covariance @ X.T @ y; shape + X.shape[1] / 2; "
        "rate + 0.5 * (mean @ mean + torch.trace(covariance))",
    ),
    difficulty=2,
    minutes=10,
)
