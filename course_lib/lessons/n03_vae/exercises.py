"""Exercises of notebook 03: the naive evidence, a full KL, gradients through draws, the loss, the linear VAE, draws."""

import copy
import math

import torch
from torch import nn

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


# The naive evidence


def prior_evidence(log_lik):
    total = torch.logsumexp(log_lik, 0)
    return total - math.log(len(log_lik)), torch.exp(2 * total - torch.logsumexp(2 * log_lik, 0))


def evidence_cases(rng):
    yield Case((torch.full((5,), -2.0, dtype=torch.float64),), "five equal draws")
    yield Case((normal(rng, 1),), "a single draw")
    yield Case((2 * normal(rng, 40) - 3,))
    yield Case((3 * normal(rng, 30) - 2000,), "log-likelihoods near -2000")
    yield Case((3 * normal(rng, 30) + 900,), "log-densities near 900")


def evidence_with(log_evidence=None, size=None):
    """The reference with one of its two numbers replaced."""

    def answer(t):
        right = prior_evidence(t)
        return log_evidence(t) if log_evidence else right[0], size(t) if size else right[1]

    return answer


def straight(t):
    w = t.exp()
    return w.mean().log(), w.sum() ** 2 / (w**2).sum()


def first_straight(t):
    return t.exp().mean().log(), prior_evidence(t)[1]


PRIOR_EVIDENCE = Exercise(
    id="03.prior_evidence",
    title="log p(x) from draws of the prior, and how many count",
    reference=prior_evidence,
    cases=evidence_cases,
    mistakes=(
        Mistake(
            evidence_with(lambda t: t.mean()),
            "The first number is the mean of the logarithms. Average the likelihoods first, then take the logarithm.",
        ),
        Mistake(
            lambda t: (t.mean(), straight(t)[1]),
            "The first number is the mean of the logarithms. Average the likelihoods first, then take the logarithm.",
        ),
        Mistake(
            evidence_with(lambda t: torch.logsumexp(t, 0)),
            "The first number lacks its 1/K: subtract log K.",
        ),
        Mistake(
            straight,
            "Right for moderate numbers; for others exp under- or overflows. Stay in the logarithms: torch.logsumexp.",
        ),
        Mistake(
            first_straight,
            "Right for moderate numbers; for others exp under- or overflows. Stay in the logarithms: torch.logsumexp.",
        ),
        Mistake(
            evidence_with(size=lambda t: 1 / prior_evidence(t)[1]),
            "The second number is turned over: (Σw)² / Σw² is 1 when one draw has all weight, K when all are equal.",
        ),
        Mistake(
            evidence_with(size=lambda t: prior_evidence(t)[1] / len(t)),
            "The second number is the share of the draws that count; asked is their number, (Σw)² / Σw².",
        ),
        Mistake(
            evidence_with(size=lambda t: torch.exp(torch.logsumexp(t, 0) - t.max())),
            "The second number compares with the largest weight; the effective sample size is (Σw)² / Σw².",
        ),
        Mistake(
            lambda t: prior_evidence(t)[::-1],
            "The two numbers have changed places: first log p(x), then the effective sample size.",
        ),
    ),
    hints=(
        "Plain Monte Carlo averages the likelihoods p(x|z_k); only then comes the logarithm.",
        "log of a mean of exponentials: logsumexp, minus log K. And log Σw² is the logsumexp of 2·log_lik.",
        "`total = torch.logsumexp(log_lik, 0)`; return `total - math.log(len(log_lik))` and "
        "`torch.exp(2 * total - torch.logsumexp(2 * log_lik, 0))`",
    ),
    difficulty=2,
    minutes=8,
)


# The KL of a Gaussian with a full covariance


def full_kl(mean, cov):
    return 0.5 * (torch.trace(cov) + mean @ mean - len(mean) - torch.logdet(cov))


def full_cases(rng):
    yield Case((torch.zeros(3).double(), torch.eye(3).double()), "the prior itself")
    tilted = torch.tensor([[1.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
    yield Case((torch.zeros(2).double(), tilted), "a correlation of 0.9")
    for k in (1, 3, 5):
        factor = normal(rng, k, k)
        yield Case((normal(rng, k), factor @ factor.T + 0.1 * torch.eye(k).double()))
    small = torch.diag(torch.from_numpy(rng.uniform(1e-9, 1e-8, size=60)))
    yield Case((normal(rng, 60), small), "60 dimensions with variances of about 1e-9")


def full_with(trace=None, square=None, size=None, log_det=None, factor=0.5):
    def answer(mean, cov):
        terms = (
            trace(cov) if trace else torch.trace(cov),
            square(mean) if square else mean @ mean,
            len(mean) if size is None else size,
            log_det(cov) if log_det else torch.logdet(cov),
        )
        return factor * (terms[0] + terms[1] - terms[2] - terms[3])

    return answer


def reversed_kl(mean, cov):
    precision = torch.linalg.inv(cov)
    return 0.5 * (torch.trace(precision) + mean @ precision @ mean - len(mean) + torch.logdet(cov))


FULL_KL = Exercise(
    id="03.full_kl",
    title="KL of a Gaussian with any covariance to N(0, I)",
    reference=full_kl,
    cases=full_cases,
    mistakes=(
        Mistake(full_with(factor=1.0), "The factor 1/2 is missing."),
        Mistake(full_with(factor=-0.5), "The sign is turned round: a KL divergence is never negative."),
        Mistake(full_with(size=0), "The -k is missing: for N(0, I) itself the KL must be 0."),
        Mistake(
            full_with(log_det=torch.det),
            "The determinant enters as its logarithm.",
        ),
        Mistake(
            full_with(log_det=lambda c: torch.det(c).log()),
            "Right in few dimensions, infinite in many: a determinant underflows. Use torch.logdet.",
        ),
        Mistake(
            full_with(log_det=lambda c: -torch.logdet(c)),
            "The sign of log det Σ is turned round: a narrow encoder must cost more.",
        ),
        Mistake(
            full_with(log_det=lambda c: c.diagonal().log().sum()),
            "This uses the diagonal of Σ only: the determinant of a tilted Gaussian is smaller than the product of its "
            "variances.",
        ),
        Mistake(full_with(trace=torch.sum), "The trace is the sum of the diagonal, not of all entries."),
        Mistake(full_with(square=torch.sum), "The mean enters as μᵀμ, the sum of its squares."),
        Mistake(full_with(square=lambda m: (m @ m).sqrt()), "The mean enters as μᵀμ, not as its length."),
        Mistake(reversed_kl, "This is KL(N(0, I) ‖ N(μ, Σ)): the arguments have changed places."),
    ),
    hints=(
        "Each of the four terms of the formula is one torch function.",
        "Tr Σ is `torch.trace(cov)`, μᵀμ is `mean @ mean`, k is `len(mean)`, log det Σ is `torch.logdet(cov)`.",
        "`0.5 * (torch.trace(cov) + mean @ mean - len(mean) - torch.logdet(cov))`",
    ),
    minutes=5,
)


# Two estimates of a gradient


class Wave:
    """sin(k z₁) + z₂ + ...: a function of draws for the cases, smooth and not symmetric."""

    def __init__(self, k):
        self.k = k

    def __call__(self, z):
        return torch.sin(self.k * z[:, 0]) + z[:, 1:].sum(1)


def squares(z):
    return z.square().sum(1)


def constant(z):
    return 3 + 0 * z.sum(1)


def gradient_cases(rng):
    yield Case((constant, normal(rng, 2), normal(rng, 4, 2)), "f = 3 everywhere")
    yield Case((squares, torch.tensor([0.7]).double(), normal(rng, 5, 1)), "f = z², d = 1")
    yield Case((squares, normal(rng, 3), normal(rng, 6, 3)), "f = ‖z‖², d = 3")
    yield Case((Wave(2.0), normal(rng, 2), normal(rng, 4, 2)))


def score_gradient(f, mean, noise):
    return f(mean + noise)[:, None] * noise


def one_for_each_draw(answer, f, mean, noise):
    value = answer(f, mean, noise)
    if value is not None and not torch.is_tensor(value):
        raise Reject("Return a tensor: the averages and variances of the next cells are taken with torch.")
    if value is not None and value.shape == mean.shape and value.shape != noise.shape:
        raise Reject(
            "This is one gradient for all draws together; asked is the estimate that each draw gives, shape (K, d)."
        )
    return value


SCORE = Exercise(
    id="03.score_gradient",
    title="The score-function estimate of a gradient",
    reference=score_gradient,
    cases=gradient_cases,
    probe=one_for_each_draw,
    keeps=True,  # the noise is used again after the estimate
    mistakes=(
        Mistake(
            lambda f, m, e: f(m + e)[:, None] * (m + e),
            "The score of N(μ, I) is z - μ, which is the noise; here f is multiplied with z itself.",
        ),
        Mistake(lambda f, m, e: -score_gradient(f, m, e), "The sign is turned round: the score is z - μ."),
        Mistake(
            lambda f, m, e: f(e)[:, None] * e,
            "f is evaluated at the noise; it must be evaluated at the draw z = μ + noise.",
        ),
        Mistake(lambda f, m, e: e + 0 * m, "This is the score alone: multiply it with f(z)."),
        Mistake(
            lambda f, m, e: score_gradient(f, m, e).mean(0),
            "This is one gradient for all draws together; asked is the estimate that each draw gives, shape (K, d).",
        ),
        Mistake(
            lambda f, m, e: (f(m + e) - f(m + e).mean())[:, None] * e,
            "A baseline is subtracted already; here the plain estimate is asked for.",
        ),
    ),
    hints=(
        "∇_μ E f(z) = E[ f(z) ∇_μ log N(z; μ, I) ], and the gradient of the logarithm is z - μ.",
        "z = mean + noise, so z - μ is the noise itself: multiply each row of it with its f(z).",
        "`f(mean + noise)[:, None] * noise`",
    ),
    difficulty=2,
    minutes=7,
)


def pathwise_gradient(f, mean, noise):
    with torch.enable_grad():
        z = (mean + noise).detach().requires_grad_()
        return torch.autograd.grad(f(z).sum(), z)[0]


def gradient_at(point):
    def answer(f, mean, noise):
        z = point(mean, noise).expand_as(noise).clone().requires_grad_()
        return torch.autograd.grad(f(z).sum(), z)[0]

    return answer


PATHWISE = Exercise(
    id="03.pathwise_gradient",
    title="The pathwise estimate of a gradient",
    reference=pathwise_gradient,
    cases=gradient_cases,
    probe=one_for_each_draw,
    keeps=True,  # the noise is used again after the estimate
    mistakes=(
        Mistake(
            lambda f, m, e: pathwise_gradient(f, m, e) * e,
            "This is the estimate for the standard deviation: dz/dσ is the noise, but dz/dμ is 1.",
        ),
        Mistake(
            gradient_at(lambda m, e: m),
            "The slope is taken at the mean; each draw needs the slope at its own z.",
        ),
        Mistake(
            gradient_at(lambda m, e: e),
            "The slope is taken at the noise; it must be taken at z = mean + noise.",
        ),
        Mistake(
            lambda f, m, e: pathwise_gradient(f, m, e) / len(e),
            "This differentiates the mean of f over the draws; differentiate the sum, then each draw keeps its slope.",
        ),
        Mistake(
            lambda f, m, e: pathwise_gradient(f, m, e).mean(0),
            "This is one gradient for all draws together; asked is the estimate that each draw gives, shape (K, d).",
        ),
        Mistake(
            score_gradient, "This is the score-function estimate again; here f itself is differentiated."
        ),
        Mistake(lambda f, m, e: -pathwise_gradient(f, m, e), "The sign is turned round."),
    ),
    hints=(
        "With z = μ + ε the draw moves along with μ, so each draw's estimate is the slope of f at its z.",
        "Make z want a gradient: `z = (mean + noise).requires_grad_()`. Each f(z_k) depends on its own row only.",
        "`torch.autograd.grad(f(z).sum(), z)[0]`",
    ),
    difficulty=2,
    minutes=8,
)


# The best baseline


def best_baseline(values, score):
    return (values * score**2).mean() / (score**2).mean()


def baseline_cases(rng):
    yield Case((torch.full((6,), 2.5, dtype=torch.float64), normal(rng, 6)), "f = 2.5 everywhere")
    for mean in (0.7, -1.5):
        score = normal(rng, 50)
        yield Case(((mean + score) ** 2, score), f"f = z² at μ = {mean}")
    score = normal(rng, 30)
    yield Case((torch.sin(3 * score), score), "f = sin 3z")


BASELINE = Exercise(
    id="03.best_baseline",
    title="The baseline that leaves the least variance",
    reference=best_baseline,
    cases=baseline_cases,
    mistakes=(
        Mistake(
            lambda f, s: f.mean(),
            "This is E f, a good baseline and not the best one: draws with a large score must count more.",
        ),
        Mistake(
            lambda f, s: (f * s).mean() / (s**2).mean(),
            "The score must be squared in both means: the variance of (f - b)·s contains s².",
        ),
        Mistake(lambda f, s: (f * s**2).mean(), "The division by E[s²] is missing."),
        Mistake(
            lambda f, s: (f * s.abs()).mean() / s.abs().mean(),
            "The weights are s², not |s|: the variance of (f - b)·s contains s².",
        ),
        Mistake(
            lambda f, s: (f.square() * s**2).mean() / (s**2).mean(),
            "f enters to the first power: set the derivative of E[(f - b)² s²] with respect to b to zero.",
        ),
        Mistake(lambda f, s: f.median(), "This is the median of f; the answer weights each f with s²."),
        Mistake(lambda f, s: -best_baseline(f, s), "The sign is turned round: b is subtracted from f."),
    ),
    hints=(
        "E[s] = 0, so the mean of (f - b)·s does not depend on b, and only E[(f - b)² s²] must be made small.",
        "Its derivative with respect to b is -2 E[(f - b) s²]. Set it to zero and solve for b.",
        "`(values * score**2).mean() / (score**2).mean()`",
    ),
    difficulty=2,
    minutes=7,
)


# The loss


def negative_elbo(x, mean, logvar, decode, noise, sigma, beta):
    miss = (x - decode(mean + torch.exp(0.5 * logvar) * noise)).square().sum(-1)
    reconstruction = -miss / (2 * sigma**2) - x.shape[-1] * math.log(sigma * math.sqrt(2 * math.pi))
    kl = 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)
    return (beta * kl - reconstruction).mean()


def small_decoder(rng, d, pixels):
    """A decoder with weights from the case's own generator."""
    decoder = nn.Sequential(nn.Linear(d, pixels), nn.Tanh()).double()
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.copy_(normal(rng, *parameter.shape))
    return decoder


def loss_cases(rng):
    decoder = small_decoder(rng, 2, 4)
    first = normal(rng, 1, 4), normal(rng, 1, 2), normal(rng, 1, 2), decoder, normal(rng, 1, 2)
    yield Case((*first, 1.0, 1.0), "one image, σ = β = 1")
    for n, d, sigma, beta in ((3, 2, 0.2, 1.0), (5, 3, 0.6, 4.0), (4, 1, 1.7, 0.0)):
        args = normal(rng, n, 6), normal(rng, n, d), normal(rng, n, d), small_decoder(rng, d, 6)
        yield Case((*args, normal(rng, n, d), sigma, beta), f"σ = {sigma}, β = {beta}")
    single = (copy.deepcopy(part).float() for part in first)  # a module is changed in place
    yield Case((*single, 1.0, 1.0), "single precision, as in the training")


def loss_with(draw=None, miss=None, constant=None, kl=None, reduce=torch.mean, weight=None, sign=1):
    """The reference with one of its parts replaced."""

    def answer(x, mean, logvar, decode, noise, sigma, beta):
        z = draw(mean, logvar, noise) if draw else mean + torch.exp(0.5 * logvar) * noise
        squares = (x - decode(z)).square()
        fit = miss(squares, sigma) if miss else squares.sum(-1) / (2 * sigma**2)
        size = x.shape[-1]
        fit = fit + (constant(size, sigma) if constant else size * math.log(sigma * math.sqrt(2 * math.pi)))
        cost = kl(mean, logvar) if kl else 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)
        return sign * reduce(weight(fit, cost, beta) if weight else fit + beta * cost)

    return answer


def printed_loss(x, mean, logvar, decode, noise, sigma, beta):
    """The notes' ‖x - f(z)‖² in place of the log-likelihood."""
    z = mean + torch.exp(0.5 * logvar) * noise
    kl = 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)
    return (beta * kl - (x - decode(z)).square().sum(-1)).mean()


def bernoulli_loss(x, mean, logvar, decode, noise, sigma, beta):
    logits = decode(mean + torch.exp(0.5 * logvar) * noise)
    kl = 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)
    miss = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    return (beta * kl + miss).mean()


NEGATIVE_ELBO = Exercise(
    id="03.negative_elbo",
    title="The loss that a VAE is trained on",
    reference=negative_elbo,
    cases=loss_cases,
    gradient=("mean", "logvar", "decode"),
    atol=1e-5,
    tolerance_reason="single precision: 1e-5 is about a hundred of its rounding errors, also near 0",
    mistakes=(
        Mistake(
            loss_with(sign=-1),
            "The sign is turned round: the ELBO is to be maximised, so its negative is what training minimises.",
        ),
        Mistake(
            loss_with(draw=lambda m, s, e: (m + torch.exp(0.5 * s) * e).detach()),
            "The draw z is detached: no gradient of the reconstruction reaches the encoder.",
        ),
        Mistake(
            loss_with(constant=lambda n, s: 0.0),
            "The normalising constant is missing. It contains log σ: without it losses at two σ cannot be compared.",
        ),
        Mistake(
            loss_with(constant=lambda n, s: 0.5 * n * math.log(2 * math.pi)),
            "The log σ of each pixel is missing from the constant.",
        ),
        Mistake(
            loss_with(constant=lambda n, s: math.log(s * math.sqrt(2 * math.pi))),
            "The constant is that of one pixel; there is one for each pixel.",
        ),
        Mistake(
            printed_loss,
            "The notes print ‖x - f(z)‖²; the log-likelihood is -‖x - f(z)‖²/(2σ²) and a constant.",
        ),
        Mistake(
            loss_with(miss=lambda q, s: q.sum(-1) / (2 * s)),
            "The squared error is divided by 2σ; it must be divided by 2σ².",
        ),
        Mistake(
            loss_with(miss=lambda q, s: q.sum(-1) / s**2),
            "The 1/2 before the squared error is missing.",
        ),
        Mistake(
            loss_with(miss=lambda q, s: q.mean(-1) / (2 * s**2)),
            "The squared error is averaged over the pixels. Their log-likelihoods add up: sum over the last axis.",
        ),
        Mistake(
            loss_with(weight=lambda fit, cost, beta: fit - beta * cost),
            "The sign of the KL is turned round: the loss is β·KL minus the reconstruction.",
        ),
        Mistake(
            loss_with(weight=lambda fit, cost, beta: beta * fit + cost),
            "β weighs the reconstruction; it must weigh the KL.",
        ),
        Mistake(loss_with(weight=lambda fit, cost, beta: fit + cost), "β is not used: it multiplies the KL."),
        Mistake(
            loss_with(reduce=torch.sum),
            "This is the sum over the minibatch; asked is its mean: then the rate means the same for every batch size.",
        ),
        Mistake(
            loss_with(draw=lambda m, s, e: m + torch.exp(s) * e),
            "The noise is scaled with the variance: the standard deviation is exp(logvar / 2).",
        ),
        Mistake(
            loss_with(draw=lambda m, s, e: m + s * e),
            "The log-variance is used as a standard deviation: scale the noise with exp(logvar / 2).",
        ),
        Mistake(
            loss_with(constant=lambda n, s: -n * math.log(s * math.sqrt(2 * math.pi))),
            "The constant has the wrong sign: the log-likelihood contains -D log(σ√(2π)), the loss +D log(σ√(2π)).",
        ),
        Mistake(
            loss_with(draw=lambda m, s, e: m + torch.exp(0.5 * s) * torch.randn_like(e)),
            "The noise is drawn anew: use the argument `noise`, so that the same call gives the same number.",
        ),
        Mistake(
            bernoulli_loss,
            "This is the Bernoulli formula. The decoder here is Gaussian, N(decode(z), σ² I), and σ must occur.",
        ),
        Mistake(
            loss_with(draw=lambda m, s, e: m),
            "The noise is not used: z is a draw, mean + exp(logvar / 2) · noise.",
        ),
        Mistake(
            loss_with(kl=lambda m, s: (s.exp() + m.square() - 1 - s).sum(-1)),
            "The 1/2 before the KL is missing.",
        ),
        Mistake(
            loss_with(kl=lambda m, s: 0.5 * (s.exp() + m.square() - 1 - s).mean(-1)),
            "The KL is averaged over the latent dimensions; KLs of independent coordinates add up.",
        ),
    ),
    hints=(
        "Three lines: the draw z, the log-likelihood of x under N(decode(z), σ² I), the KL of the encoder to N(0, I).",
        "The log-likelihood is -‖x - decode(z)‖²/(2σ²) - D (log σ + ½ log 2π) with D = x.shape[-1] pixels. The KL of "
        "each image is ½ Σ (exp(logvar) + mean² - 1 - logvar).",
        "The result is `(beta * kl - log_likelihood).mean()`, with `z = mean + torch.exp(0.5 * logvar) * noise`.",
    ),
    difficulty=2,
    minutes=12,
)


# The optimum of the linear VAE


def linear_vae(cov, sigma, latent_size):
    values, vectors = torch.linalg.eigh(cov)
    values, vectors = values.flip(0)[:latent_size], vectors.flip(1)[:, :latent_size]
    weight = vectors * (values - sigma**2).clamp(min=0).sqrt()
    return weight, 0.5 * torch.log((values / sigma**2).clamp(min=1))


def diagonal(*variances):
    return torch.diag(torch.tensor(variances, dtype=torch.float64))


def linear_cases(rng):
    yield Case((diagonal(1.0, 4.0, 0.25), 1.0, 2), "variances 1, 4, 0.25 at σ = 1")
    yield Case(
        (diagonal(2.0, 0.5, 0.1), 0.6, 3), "variances 2, 0.5, 0.1 at σ = 0.6"
    )  # 0.5 lies between σ² and σ
    for size, latent, sigma in ((4, 2, 0.3), (6, 6, 0.7), (5, 3, 1.5)):
        factor = normal(rng, size, size)
        yield Case((factor @ factor.T / size, sigma, latent))
    factor = normal(rng, 6, 2)
    yield Case((factor @ factor.T, 0.5, 4), "a covariance of rank 2")


def linear_probe(answer, cov, sigma, latent_size):
    """Columns may change sign, and the latent axes may be rotated: W Wᵀ is what the model depends on."""
    result = answer(cov, sigma, latent_size)
    if not isinstance(result, tuple | list) or len(result) != 2 or not all(map(torch.is_tensor, result)):
        raise Reject(
            "Return two tensors: the decoder's weight W of shape (D, d), and the KL of each dimension."
        )
    weight, kl = result
    if tuple(weight.shape) != (len(cov), latent_size):
        raise Reject(
            f"W has shape {tuple(weight.shape)}; it maps {latent_size} numbers to {len(cov)} pixels, so its shape is "
            f"({len(cov)}, {latent_size})."
        )
    return {"W Wᵀ": weight @ weight.T, "KL": kl}


def linear_with(order=None, scale=None, kl=None, pick=None):
    def answer(cov, sigma, latent_size):
        values, vectors = torch.linalg.eigh(cov)
        if order is None:
            values, vectors = values.flip(0), vectors.flip(1)
        values = values[:latent_size]
        vectors = pick(vectors, latent_size) if pick else vectors[:, :latent_size]
        noise = sigma**2
        weight = vectors * (scale(values, sigma) if scale else (values - noise).clamp(min=0).sqrt())
        each = kl(values, sigma) if kl else 0.5 * torch.log((values / noise).clamp(min=1))
        return weight, each

    return answer


LINEAR_VAE = Exercise(
    id="03.linear_vae",
    title="The best linear VAE at a given σ",
    reference=linear_vae,
    cases=linear_cases,
    probe=linear_probe,
    rtol=1e-4,
    atol=1e-6,
    tolerance_reason="float32 eigenvectors are good to 1e-6; near λ = σ² a column is the root of a small difference",
    mistakes=(
        Mistake(
            linear_with(
                scale=lambda v, s: torch.where(v > s, (v - s**2).clamp(min=0).sqrt(), 0.0),
                kl=lambda v, s: torch.where(v > s, 0.5 * torch.log((v / s**2).clamp(min=1)), 0.0),
            ),
            "λ is compared with σ. It is a variance: a dimension lives where λ > σ².",
        ),
        Mistake(
            linear_with(scale=lambda v, s: (v - s).clamp(min=0).sqrt()),
            "λ is compared with σ. It is a variance: a dimension lives where λ > σ².",
        ),
        Mistake(
            linear_with(
                scale=lambda v, s: (v - s).clamp(min=0).sqrt(),
                kl=lambda v, s: 0.5 * torch.log((v / s).clamp(min=1)),
            ),
            "λ is compared with σ. It is a variance: a dimension lives where λ > σ².",
        ),
        Mistake(
            linear_with(scale=lambda v, s: v.clamp(min=0).sqrt()),
            "W carries the whole λ: the decoder's noise makes σ² of it, so the column has the length √(λ - σ²).",
        ),
        Mistake(
            linear_with(scale=lambda v, s: (v - s**2).clamp(min=0)),
            "The column's length is the square root: its square, λ - σ², is the variance that W must bring.",
        ),
        Mistake(
            linear_with(scale=lambda v, s: (v - s**2).sqrt()),
            "Where λ < σ² this is the root of a negative number: such a dimension is not used, its column is 0.",
        ),
        Mistake(
            linear_with(scale=lambda v, s: (v - s**2).sqrt(), kl=lambda v, s: 0.5 * torch.log(v / s**2)),
            "Where λ < σ² this is the root of a negative number: a dimension is unused there, its column and KL are 0.",
        ),
        Mistake(
            linear_with(kl=lambda v, s: 0.5 * torch.log(v / s**2)),
            "The KL of an unused dimension is 0, not negative: a KL never is.",
        ),
        Mistake(
            linear_with(kl=lambda v, s: torch.log((v / s**2).clamp(min=1))),
            "The 1/2 of the KL is missing.",
        ),
        Mistake(
            linear_with(kl=lambda v, s: 0.5 * torch.log((v / s).clamp(min=1))),
            "The KL compares λ with σ; it must be σ².",
        ),
        Mistake(
            linear_with(order="as eigh gives them"),
            "eigh sorts upwards: these are the smallest eigenvalues. The largest ones are wanted.",
        ),
        Mistake(
            linear_with(pick=lambda v, d: v[:d].T.contiguous()),
            "Eigenvectors stand in the columns of what eigh returns, not in its rows.",
        ),
    ),
    hints=(
        "Along a direction of variance λ the model has the variance w² + σ², w the length of its column of W. What is "
        "the best w, and what if λ is smaller than σ²?",
        "`values, vectors = torch.linalg.eigh(cov)` are sorted upwards: flip both, keep d. Column i is then "
        "u_i √(λ_i - σ²), or 0.",
        "The posterior has the variance v = σ²/λ, and its means spread with 1 - v over the data. "
        "½(v + (1 - v) - 1 - log v) leaves ½ log(λ/σ²), and 0 where λ < σ².",
    ),
    difficulty=3,
    minutes=25,
)


# A draw from the model


def generate(decode, z, noise, sigma):
    return decode(z) + sigma * noise


def one_picture_for_each_code(answer, decode, z, noise, sigma):
    value = answer(decode, z, noise, sigma)
    if value is not None and not torch.is_tensor(value):
        raise Reject(
            "Return one tensor (`torch.stack` makes one of a list): the next cells draw and measure it."
        )
    return value


def generate_cases(rng):
    yield Case((small_decoder(rng, 2, 3), normal(rng, 4, 2), normal(rng, 4, 3), 1.0), "σ = 1")
    for sigma in (0.15, 0.5):
        yield Case((small_decoder(rng, 3, 5), 2 * normal(rng, 6, 3), 2 * normal(rng, 6, 5), sigma))


GENERATE = Exercise(
    id="03.generate",
    title="A draw from the model, without the encoder",
    reference=generate,
    cases=generate_cases,
    probe=one_picture_for_each_code,
    keeps=True,
    mistakes=(
        Mistake(
            lambda decode, z, e, s: decode(z) + 0 * e,
            "This is the mean image. A draw from p(x|z) = N(f(z), σ² I) adds the decoder's noise.",
        ),
        Mistake(
            lambda decode, z, e, s: decode(z) + s**2 * e,
            "The noise is scaled with the variance; its standard deviation is σ.",
        ),
        Mistake(
            lambda decode, z, e, s: decode(z) + e,
            "The noise has the standard deviation 1 here; scale it with σ.",
        ),
        Mistake(
            lambda decode, z, e, s: (decode(z) + s * e).clamp(0, 1),
            "Cut off at 0 and 1 it is no draw from the Gaussian decoder any more: its variance is too small.",
        ),
        Mistake(
            lambda decode, z, e, s: decode(z) + s * torch.randn_like(e),
            "The noise is drawn anew: use the argument `noise`, so that the same call gives the same images.",
        ),
        Mistake(
            lambda decode, z, e, s: s * (decode(z) + e),
            "The mean image is scaled as well: only the noise is multiplied with σ.",
        ),
    ),
    hints=(
        "First the mean image f(z), then the noise that p(x|z) = N(f(z), σ² I) adds to every pixel.",
        "`decode(z) + sigma * noise`",
    ),
    minutes=4,
)
