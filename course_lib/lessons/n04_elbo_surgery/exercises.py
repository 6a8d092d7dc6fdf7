"""Exercises of notebook 04: the terms of the ELBO, the aggregated posterior, mutual information, the VampPrior."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.variational.diagonal import kl_to_standard_normal, log_prob, mixture_log_prob


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


# Posteriors in single precision, as the networks give them: at the draws no density is near 0.
SINGLE = tuple(torch.tensor([[1.0, -1.0], [0.5, 2.0], [0.0, -1.0], [1.0, 0.5]]).float().split(2))
DRAWS = torch.tensor([[0.5, 1.0], [3.0, -2.0]]).float()

# The closed-form KL


def gaussian_kl(mean, logvar):
    return kl_to_standard_normal(mean, logvar)


def kl_cases(rng):
    yield Case((torch.zeros(2, 3), torch.zeros(2, 3)), "the prior itself")
    for n, d in ((1, 1), (4, 2), (3, 5)):
        yield Case((normal(rng, n, d), normal(rng, n, d)))
    yield Case(SINGLE, "single precision")


def kl_with(variance, mean, log):
    return 0.5 * (variance + mean.square() - 1 - log).sum(-1)


def kl_probe(answer, mean, logvar):
    """One number would be broadcast to every image unnoticed: the shape is part of the answer."""
    value = answer(mean, logvar)
    if torch.is_tensor(value) and value.ndim == 0 and len(mean) > 1:
        raise Reject(
            "This is one number for all images: sum over the last axis only, so that each image keeps its own."
        )
    return value


KL = Exercise(
    id="04.gaussian_kl",
    title="KL of a diagonal Gaussian to the standard normal",
    reference=gaussian_kl,
    cases=kl_cases,
    probe=kl_probe,
    mistakes=(
        Mistake(
            lambda m, s: kl_with(s.square(), m, 2 * s.abs().log()),
            "The log-variance is used as a standard deviation: σ² is exp(logvar), not logvar².",
        ),
        Mistake(
            lambda m, s: kl_with(torch.exp(2 * s), m, 2 * s),
            "The log-variance is used as the logarithm of the standard deviation: σ² = exp(logvar), without a 2.",
        ),
        Mistake(lambda m, s: 2 * gaussian_kl(m, s), "The factor 1/2 is missing."),
        Mistake(
            lambda m, s: gaussian_kl(m, s) / m.shape[-1],
            "This is the mean over the latent dimensions. KLs of independent coordinates add up: sum over them.",
        ),
        Mistake(
            lambda m, s: -gaussian_kl(m, s), "The sign is turned round: a KL divergence is never negative."
        ),
        Mistake(
            lambda m, s: kl_with(s.exp(), m, s) + 0.5 * m.shape[-1],
            "The -1 of each dimension is missing: at mean 0 and variance 1 the KL must be 0.",
        ),
        Mistake(
            lambda m, s: kl_with(s.exp(), m.abs().sqrt(), s),
            "The mean enters as a square, mean², not as |mean|.",
        ),
        Mistake(
            lambda m, s: 0.5 * (m.square() * s.neg().exp() + s.neg().exp() - 1 + s).sum(-1),
            "This is KL(prior ‖ posterior): the arguments have changed places.",
        ),
        Mistake(
            lambda m, s: gaussian_kl(m, s) / (m.shape[0] * m.shape[1]),
            "This is divided by the number of images times the number of dimensions: sum over the dimensions, and "
            "leave the images apart.",
        ),
        Mistake(
            lambda m, s: gaussian_kl(m.detach(), s),
            "No gradient reaches `mean`: the training of the next section would never move the means.",
        ),
    ),
    gradient=True,
    keeps=True,
    hints=(
        "The coordinates are independent, so the KL is a sum over them of one-dimensional KLs.",
        "Each coordinate gives ½ (σ² + μ² - 1 - log σ²), and σ² = exp(logvar).",
        "`0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum(-1)`",
    ),
    minutes=5,
)


# The reparameterised draw


def reparameterise(mean, logvar, noise):
    return mean + torch.exp(0.5 * logvar) * noise


def draw_cases(rng):
    yield Case((normal(rng, 2), torch.zeros(2).double(), normal(rng, 2)), "variance 1")
    yield Case((normal(rng, 3, 2), normal(rng, 3, 2), normal(rng, 3, 2)))
    yield Case((normal(rng, 3, 2), normal(rng, 3, 2), normal(rng, 5, 3, 2)), "five draws of each")
    yield Case((*SINGLE, DRAWS), "single precision")


def draw_probe(answer, mean, logvar, noise):
    mean, logvar = mean.clone().requires_grad_(), logvar.clone().requires_grad_()
    z = answer(mean, logvar, noise)
    if not torch.is_tensor(z):
        raise Reject("The draw must be a tensor.")
    if z.shape != noise.shape:
        raise Reject(
            f"The draw has shape {tuple(z.shape)}; it must have the shape of the noise, {tuple(noise.shape)}."
        )
    if not z.requires_grad:
        raise Reject(
            "No gradient reaches mean and logvar: compute the draw from them with torch functions only."
        )
    slopes = torch.autograd.grad(z.square().sum(), (mean, logvar), allow_unused=True)
    if slopes[0] is None or slopes[1] is None:
        raise Reject("No gradient reaches both mean and logvar: the draw must depend on each of them.")
    return {"draw": z, "gradient for mean": slopes[0], "gradient for logvar": slopes[1]}


DRAW = Exercise(
    id="04.reparameterise",
    title="A draw that lets gradients through",
    reference=reparameterise,
    cases=draw_cases,
    probe=draw_probe,
    mistakes=(
        Mistake(
            lambda m, s, e: m + s * e,
            "The log-variance is used as a standard deviation: scale the noise with exp(logvar / 2).",
        ),
        Mistake(
            lambda m, s, e: m + s.exp() * e,
            "The noise is scaled with exp(logvar), which is the variance: the standard deviation is its square root, "
            "exp(logvar / 2).",
        ),
        Mistake(
            lambda m, s, e: m + torch.exp(-0.5 * s) * e,
            "The sign of the exponent is turned round: exp(+logvar / 2).",
        ),
        Mistake(
            lambda m, s, e: torch.exp(0.5 * s) * (m + e),
            "The mean is scaled as well: only the noise is multiplied with the standard deviation.",
        ),
        Mistake(
            lambda m, s, e: (m + torch.exp(0.5 * s) * e).detach(),
            "No gradient reaches mean and logvar: compute the draw from them with torch functions only.",
        ),
        Mistake(
            lambda m, s, e: m + 0.5 * s * e,
            "Half of the log-variance is the *logarithm* of the standard deviation: it lacks its exp.",
        ),
    ),
    keeps=True,  # the noise is used again after the draw
    hints=(
        "Shift and scale standard normal noise: z = μ + σ ε.",
        "σ is the square root of exp(logvar), which is exp(logvar / 2).",
    ),
    minutes=4,
)


# The Gaussian decoder


def gaussian_decoder(x, mean, sigma):
    residual = (x - mean).square().sum(-1)
    return -0.5 * residual / sigma**2 - x.shape[-1] * (math.log(sigma) + 0.5 * math.log(2 * math.pi))


def decoder_cases(rng):
    yield Case((normal(rng, 2, 3), normal(rng, 2, 3), 1.0), "sigma 1")
    for sigma in (0.2, 1.7):
        yield Case((normal(rng, 3, 5), normal(rng, 3, 5), sigma))
    yield Case((normal(rng, 2, 3, 4), normal(rng, 2, 3, 4), 0.5), "two draws for each image")
    yield Case((DRAWS, SINGLE[0], 0.5), "single precision")


def residual_only(scale):
    return lambda x, m, s: scale(s) * (x - m).square().sum(-1)


def decoder_constant(x, s, dimensions=None):
    return (dimensions or x.shape[-1]) * (math.log(s) + 0.5 * math.log(2 * math.pi))


DECODER = Exercise(
    id="04.gaussian_decoder",
    title="Log-likelihood of a Gaussian decoder",
    reference=gaussian_decoder,
    cases=decoder_cases,
    mistakes=(
        Mistake(
            residual_only(lambda s: 1.0),
            "This is ‖x - f(z)‖² as the notes print it. A log-likelihood needs -1/(2σ²) before it, and the constant.",
        ),
        Mistake(
            residual_only(lambda s: -0.5 / s**2),
            "The normalising constant is missing. It contains log σ: without it σ cannot be learnt or compared.",
        ),
        Mistake(
            lambda x, m, s: (
                -0.5 * (x - m).square().sum(-1) / s**2 - 0.5 * x.shape[-1] * math.log(2 * math.pi)
            ),
            "The log σ of each pixel is missing from the constant.",
        ),
        Mistake(
            lambda x, m, s: gaussian_decoder(x, m, s) / x.shape[-1],
            "This is the mean over the pixels. The pixels are independent given z: their logarithms add up.",
        ),
        Mistake(
            lambda x, m, s: -0.5 * (x - m).square().sum(-1) / s - decoder_constant(x, s),
            "The squared error is divided by σ, not by σ².",
        ),
        Mistake(
            lambda x, m, s: -0.5 * (x - m).square().sum(-1) / s**2 - decoder_constant(x, s, 1),
            "The constant is that of one pixel; there is one for each pixel.",
        ),
        Mistake(
            lambda x, m, s: -0.5 * ((x - m) ** 2).sum(1) / s**2 - decoder_constant(x, s),
            "The pixels are the last axis, whatever stands before it: sum over -1, not over 1.",
        ),
        Mistake(
            lambda x, m, s: -0.5 * (x - m).square().sum(-1) / s**2 + decoder_constant(x, s),
            "The constant has the wrong sign: a density with a larger σ is lower at its peak.",
        ),
    ),
    hints=(
        "It is the logarithm of a product of one-dimensional Gaussian densities, one for each pixel.",
        "Each pixel gives -(x - m)² / (2σ²) - log σ - ½ log 2π.",
        "Sum over the last axis; the constant part is there `x.shape[-1]` times.",
    ),
    difficulty=2,
    minutes=6,
)


# The aggregated posterior


def log_q_agg(z, mean, logvar):
    return mixture_log_prob(z, mean, logvar)


def table(z, mean, logvar):
    return log_prob(z[..., None, :], mean, logvar)


def aggregate_cases(rng):
    yield Case((normal(rng, 3, 2), normal(rng, 1, 2), normal(rng, 1, 2)), "a single posterior")
    yield Case((normal(rng, 4, 2), normal(rng, 5, 2), normal(rng, 5, 2)))
    yield Case((normal(rng, 2, 3, 2), normal(rng, 4, 2), normal(rng, 4, 2) - 1), "a table of points")
    yield Case((DRAWS, *SINGLE), "single precision")
    far = torch.tensor([[-40.0, 0.0], [40.0, 0.0]], dtype=torch.float64)
    yield Case(
        (torch.zeros(1, 2).double(), far, torch.zeros(2, 2).double()),
        "posteriors 40 standard deviations away",
    )


AGGREGATE = Exercise(
    id="04.log_q_agg",
    title="Log-density of the aggregated posterior",
    reference=log_q_agg,
    cases=aggregate_cases,
    mistakes=(
        Mistake(
            lambda z, m, s: log_q_agg(z, m, s) + math.log(len(m)),
            "The 1/n is missing: subtract log n, otherwise the density integrates to n.",
        ),
        Mistake(
            lambda z, m, s: table(z, m, s).mean(-1),
            "This is the mean of the logarithms; asked is the logarithm of the mean.",
        ),
        Mistake(
            lambda z, m, s: table(z, m, s).exp().mean(-1).log(),
            "Right where posteriors are near, and -∞ where all of them are far: exp underflows. Use torch.logsumexp.",
        ),
        Mistake(
            lambda z, m, s: torch.logsumexp(log_prob(z[..., None, :], m, 2 * s), -1) - math.log(len(m)),
            "The log-variance is used as the logarithm of a standard deviation: the variance is exp(logvar).",
        ),
        Mistake(
            lambda z, m, s: (
                torch.logsumexp(log_prob(z[..., None, :], m, 2 * s.abs().log()), -1) - math.log(len(m))
            ),
            "The log-variance is used as a standard deviation: the variance is exp(logvar).",
        ),
        Mistake(
            lambda z, m, s: log_q_agg(z, m, s) + 0.5 * m.shape[-1] * math.log(2 * math.pi),
            "The constant -½ log 2π of each dimension is missing.",
        ),
        Mistake(
            lambda z, m, s: log_q_agg(z, m, s) - math.log(len(m)),
            "The 1/n is there twice: subtract log n once.",
        ),
        Mistake(
            lambda z, m, s: torch.logsumexp(table(z, m, s), -1) / len(m),
            "The logarithm is divided by n. The n stands inside the logarithm: subtract log n.",
        ),
        Mistake(
            lambda z, m, s: (torch.softmax(table(z, m, s), -1) * table(z, m, s)).sum(-1),
            "This is the mean of the log-densities with softmax weights, and no logsumexp: log of the sum of exp.",
        ),
        Mistake(
            lambda z, m, s: log_q_agg(z, m, s).detach(),
            "No gradient flows back to the posteriors: the VampPrior below is trained through this function.",
        ),
    ),
    gradient=("mean", "logvar"),
    hints=(
        "First a table of log q(z|xᵢ) for every point and every posterior: `z[..., None, :]` lines them up.",
        "log (1/n) Σᵢ exp(aᵢ) = logsumexp(a) - log n.",
        "log q(z|xᵢ) = -½ Σ_k [(z_k - μ_ik)² / exp(logvar_ik) + logvar_ik + log 2π].",
    ),
    difficulty=2,
    minutes=10,
)


# Mutual information


def mutual_information(log_q):
    n = len(log_q)
    return (log_q.diagonal() - torch.logsumexp(log_q, 1) + math.log(n)).mean()


def information_cases(rng):
    same = torch.from_numpy(rng.normal(size=(4, 1))).expand(4, 4).clone()
    yield Case((same,), "all posteriors equal")
    apart = torch.full((3, 3), -900.0, dtype=torch.float64)
    apart.fill_diagonal_(1.5)
    yield Case((apart,), "posteriors far apart")
    for n in (3, 6):
        z, mean, logvar = normal(rng, n, 2), normal(rng, n, 2), normal(rng, n, 2)
        yield Case((table(mean + z * torch.exp(0.5 * logvar), mean, logvar),))
    unlucky = normal(rng, 4, 4)
    unlucky.diagonal().copy_(unlucky.min(1).values - 1)
    yield Case((unlucky,), "draws that other posteriors explain better: this estimate is negative")
    mixed = normal(rng, 4, 4)
    mixed.diagonal().copy_(mixed.max(1).values + 4)
    mixed[3, 3] = torch.logsumexp(mixed[3, :3], 0) - math.log(3) - 1
    yield Case((mixed,), "one draw of four that other posteriors explain better")


INFORMATION = Exercise(
    id="04.mutual_information",
    title="Mutual information from a table of log-densities",
    reference=mutual_information,
    cases=information_cases,
    mistakes=(
        Mistake(
            lambda t: mutual_information(t) - math.log(len(t)),
            "log q_agg lacks its 1/n: equal posteriors would carry -log n nats instead of 0.",
        ),
        Mistake(
            lambda t: mutual_information(t) * len(t),
            "This is the sum over the images; the mutual information is the mean.",
        ),
        Mistake(
            lambda t: (t.diagonal() - torch.logsumexp(t, 0) + math.log(len(t))).mean(),
            "The logsumexp runs over the points, not over the posteriors: row i is the point zᵢ, so sum along the row.",
        ),
        Mistake(
            lambda t: (t.diagonal() - t.mean(1)).mean(),
            "log q_agg is the logarithm of a mean, not a mean of logs.",
        ),
        Mistake(
            lambda t: -mutual_information(t),
            "The sign is turned round: log q(zᵢ|xᵢ) minus log q_agg(zᵢ), whose mean over all draws is never negative.",
        ),
        Mistake(
            lambda t: (t - torch.logsumexp(t, 1, keepdim=True) + math.log(len(t))).mean(),
            "The first term must be log q(zᵢ|xᵢ), the diagonal: zᵢ was drawn from its own posterior.",
        ),
        Mistake(
            lambda t: (t.diagonal().exp() * (t.diagonal() - torch.logsumexp(t, 1) + math.log(len(t)))).mean(),
            "The terms are weighted with the density once more; the zᵢ are drawn from it already.",
        ),
        Mistake(
            lambda t: mutual_information(t).clamp(min=0),
            "The estimate is cut off at 0. The information is never negative, an estimate of it may be; cutting it "
            "off makes it too large on average.",
        ),
        Mistake(
            lambda t: (t.diagonal() - torch.logsumexp(t, 1) + math.log(len(t))).clamp(min=0).mean(),
            "Each image's term is cut off at 0. Other posteriors may explain a draw better: leave it negative.",
        ),
        Mistake(
            lambda t: (t.diagonal() - (torch.softmax(t, 1) * t).sum(1)).mean(),
            "Softmax weights times the logarithms are no logsumexp: log q_agg is the log of a mean of exp.",
        ),
    ),
    hints=(
        "I = mean over i of log q(zᵢ|xᵢ) - log q_agg(zᵢ).",
        "log q(zᵢ|xᵢ) stands on the diagonal; log q_agg(zᵢ) comes from row i.",
        "log q_agg(zᵢ) = logsumexp of row i, minus log n.",
    ),
    difficulty=2,
    minutes=8,
)


# The three terms together


def surgery(mean, logvar, noise):
    z = mean + torch.exp(0.5 * logvar) * noise
    own, aggregate, prior = log_prob(z, mean, logvar), log_q_agg(z, mean, logvar), standard(z)
    return (own - prior).mean(), (own - aggregate).mean(), (aggregate - prior).mean()


def standard(z):
    return log_prob(z, torch.zeros_like(z), torch.zeros_like(z))


def surgery_cases(rng):
    yield Case(
        (torch.zeros(3, 2).double(), torch.zeros(3, 2).double(), normal(rng, 4, 3, 2)), "posteriors = prior"
    )
    for n, d in ((4, 2), (6, 3)):
        yield Case((normal(rng, n, d), normal(rng, n, d) - 1, normal(rng, 5, n, d)))


def surgery_variant(point=None, shift=0.0, scale=None, reduce=torch.mean, aggregate=log_q_agg):
    def answer(mean, logvar, noise):
        z = mean + (torch.exp(0.5 * logvar) if scale is None else scale(logvar)) * noise
        at = z if point is None else point(mean).expand_as(z)
        own, mixture = log_prob(z, mean, logvar), aggregate(z, mean, logvar) + shift * math.log(len(mean))
        return reduce(own - standard(at)), reduce(own - mixture), reduce(mixture - standard(at))

    return answer


SURGERY = Exercise(
    id="04.surgery",
    title="The three terms from one set of draws",
    reference=surgery,
    cases=surgery_cases,
    mistakes=(
        Mistake(
            surgery_variant(point=lambda mean: mean),
            "The prior is evaluated at the wrong point, at the means: it must be evaluated at the draws z.",
        ),
        Mistake(
            surgery_variant(shift=1.0),
            "log q_agg lacks its 1/n, so mutual information and marginal KL are off by log n (and their sum is not).",
        ),
        Mistake(
            surgery_variant(scale=torch.exp),
            "The draws are scaled with the variance: the standard deviation is exp(logvar / 2).",
        ),
        Mistake(
            surgery_variant(scale=lambda s: s),
            "The log-variance is used as a standard deviation for the draws: scale the noise with exp(logvar / 2).",
        ),
        Mistake(
            surgery_variant(reduce=torch.sum), "These are sums over draws and images; each term is a mean."
        ),
        Mistake(
            surgery_variant(reduce=lambda t: t.mean(0).sum()),
            "The draws are averaged but the images are summed; each term is the mean over both.",
        ),
        Mistake(
            surgery_variant(aggregate=lambda z, m, s: table(z, m, s).mean(-1)),
            "log q_agg is the logarithm of a mean of densities, not the mean of the log-densities.",
        ),
        Mistake(
            lambda m, s, e: tuple(surgery(m, s, e)[k] for k in (0, 2, 1)),
            "Mutual information and marginal KL have changed places.",
        ),
        Mistake(
            lambda m, s, e: (kl_to_standard_normal(m, s).mean(), *surgery(m, s, e)[1:]),
            "The first term is the closed form and not the mean over the draws; then the three terms add up only "
            "within their errors.",
        ),
    ),
    hints=(
        "Draw z = μ + σ ε, one for each entry of the noise; all three terms use the same z.",
        "Three log-densities at z: its own posterior, the aggregated posterior, the prior N(0, I).",
        "average KL = mean(own - prior), information = mean(own - aggregate), marginal KL = mean(aggregate - prior).",
    ),
    difficulty=3,
    minutes=20,
)


# The VampPrior


def vamp_log_prob(z, encode, pseudo_inputs):
    return mixture_log_prob(z, *encode(pseudo_inputs))


class LinearEncoder:
    """A fixed linear encoder for the cases: callable, so that it can be handed over like a VAE's ``encode``."""

    def __init__(self, weight, offset):
        self.weight, self.offset = weight, offset

    def __call__(self, x):
        return x @ self.weight, -1 + 0.3 * x @ self.offset


def vamp_cases(rng):
    for k, label in ((1, "one pseudo-input"), (4, ""), (7, "")):
        encode = LinearEncoder(normal(rng, 5, 2), normal(rng, 5, 2))
        yield Case((normal(rng, 6, 2), encode, torch.from_numpy(rng.uniform(size=(k, 5)))), label)
    yield Case((DRAWS, LinearEncoder(*SINGLE), SINGLE[0] / 2), "single precision")
    encode = LinearEncoder(100 * torch.eye(2, dtype=torch.float64), torch.zeros(2, 2).double())
    far = torch.tensor([[0.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    yield Case((torch.tensor([[50.0, 50.0]]).double(), encode, far), "components far from the point")
    encode = LinearEncoder(normal(rng, 5, 2), normal(rng, 5, 2))
    yield Case(
        (normal(rng, 2, 3, 2), encode, torch.from_numpy(rng.uniform(size=(4, 5)))), "a table of points"
    )


VAMP = Exercise(
    id="04.vamp_log_prob",
    title="Log-density of the VampPrior",
    reference=vamp_log_prob,
    cases=vamp_cases,
    mistakes=(
        Mistake(
            lambda z, encode, u: vamp_log_prob(z, encode, u) + math.log(len(u)),
            "The 1/K is missing: subtract log K.",
        ),
        Mistake(
            lambda z, encode, u: table(z, *encode(u)).mean(-1),
            "This is the mean of the logarithms; asked is the logarithm of the mean over the pseudo-inputs.",
        ),
        Mistake(
            lambda z, encode, u: table(z, *encode(u)).exp().mean(-1).log(),
            "Right near the components, and -∞ far from them: exp underflows. Use torch.logsumexp.",
        ),
        Mistake(
            lambda z, encode, u: log_prob(z, *encode(u.mean(0))),
            "This is the posterior of the mean pseudo-input: encode each of them and mix the K posteriors.",
        ),
        Mistake(
            lambda z, encode, u: standard(z),
            "This is the standard normal prior, which the VampPrior replaces.",
        ),
        Mistake(
            lambda z, encode, u: mixture_log_prob(z, encode(u)[0], torch.zeros_like(encode(u)[1])),
            "The components have variance 1 here: use the log-variance that the encoder gives.",
        ),
        Mistake(
            lambda z, encode, u: vamp_log_prob(z, encode, u.detach()),
            "No gradient reaches the pseudo-inputs, so they could not be learnt.",
        ),
        Mistake(
            lambda z, encode, u: table(z, *encode(u)).sum(-1),
            "This is the sum of the logarithms, a product of the components; asked is the logarithm of the mean.",
        ),
    ),
    gradient=("pseudo_inputs",),
    hints=(
        "It is the aggregated posterior of the pseudo-inputs: your log_q_agg does the work.",
        "`mean, logvar = encode(pseudo_inputs)` gives K posteriors.",
        "`log_q_agg(z, *encode(pseudo_inputs))`",
    ),
    minutes=5,
)


# The importance-weighted bound


def importance_bound(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def bound_cases(rng):
    yield Case((normal(rng, 1, 3),), "one draw")
    yield Case((normal(rng, 8, 4) * 3 - 20,))
    yield Case((normal(rng, 5, 2) - 1000,), "log-weights near -1000")


BOUND = Exercise(
    id="04.importance_bound",
    title="The importance-weighted bound",
    reference=importance_bound,
    cases=bound_cases,
    mistakes=(
        Mistake(
            lambda w: w.mean(0),
            "This is the mean of the logarithms: the ELBO again, however many draws there are.",
        ),
        Mistake(lambda w: torch.logsumexp(w, 0), "The 1/K is missing: subtract log K."),
        Mistake(
            lambda w: w.exp().mean(0).log(),
            "Right for moderate weights, and -∞ for small ones: exp underflows. Use torch.logsumexp.",
        ),
        Mistake(
            lambda w: torch.logsumexp(w, 1) - math.log(w.shape[1]),
            "The mean runs over the images; it must run over the draws, the first axis.",
        ),
        Mistake(
            lambda w: importance_bound(w).mean(),
            "This is the mean over the images; asked is one bound for each image.",
        ),
        Mistake(
            lambda w: torch.logsumexp(w, 0) / len(w),
            "The logarithm is divided by K. The K stands inside the logarithm: subtract log K.",
        ),
        Mistake(
            lambda w: (torch.softmax(w, 0) * w).sum(0),
            "This is the mean of the log-weights with softmax weights, and no logsumexp: log of the sum of exp.",
        ),
        Mistake(
            lambda w: w.max(0).values,
            "This is the largest log-weight alone; the mean weight counts all of them.",
        ),
    ),
    hints=(
        "Average the weights w, and take the logarithm afterwards.",
        "log (1/K) Σ exp(log w) = logsumexp(log w) - log K, along the first axis.",
    ),
    minutes=5,
)
