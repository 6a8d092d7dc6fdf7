"""Exercises of notebook 09: sizes and overlaps, normalisation by a batch, and the losses of four tricks.

Data have the density p, generated points q. A label is what the discriminator is told: 1 for data, 0 for generated.
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from course_lib.exercises.exercise import Case, Exercise, Mistake


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


def _normal(rng, *shape, mean=0.0, std=1.0):
    return _tensor(mean + std * rng.normal(size=shape))


# The side of what a transposed convolution makes


def transposed_size(n, kernel, stride, padding, output_padding):
    return (n - 1) * stride - 2 * padding + kernel + output_padding


def _sizes(rng):
    yield Case((4, 4, 2, 1, 0), "DCGAN's layer on 4 pixels")
    yield Case((1, 5, 3, 0, 0), "one pixel")
    yield Case((7, 3, 2, 1, 1), "a kernel of 3 that doubles the side")
    for _ in range(4):
        kernel, stride = int(rng.integers(3, 8)), int(rng.integers(2, 4))
        sizes = int(rng.integers(5, 12)), kernel, stride, int(rng.integers(1, (kernel + 1) // 2))
        yield Case((*sizes, int(rng.integers(0, stride))))


TRANSPOSED_SIZE = Exercise(
    id="09.transposed_size",
    title="The side after a transposed convolution",
    reference=transposed_size,
    cases=_sizes,
    mistakes=(
        Mistake(
            lambda n, k, s, p, o: (n + 2 * p - k) // s + 1,
            "This is the size after a convolution, which shrinks: solve it for the size before.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n + 2 * p - k) // s + 1 + o,
            "This is the size after a convolution, which shrinks: solve it for the size before.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s - 2 * p + k,
            "The output padding is missing: that many rows are added at one end.",
        ),
        Mistake(
            lambda n, k, s, p, o: n * s - 2 * p + k + o,
            "n kernels are n - 1 strides apart, not n: the first one stands at 0.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s + k + o,
            "The padding is missing: a transposed convolution cuts that many rows off at both ends.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s - p + k + o,
            "The padding is cut off at both ends: take it away twice.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s + 2 * p + k + o,
            "The padding has the wrong sign: what a convolution adds at its input, the transposed one cuts off.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + 2 * o,
            "The output padding is added at one end only: count it once.",
        ),
        Mistake(
            lambda n, k, s, p, o: n * s,
            "This is the size only where the kernel and the paddings are chosen for it, as in DCGAN.",
        ),
        Mistake(
            lambda n, k, s, p, o: (n - 1) * s - 2 * p + (k - 1) + o,
            "The last kernel reaches k pixels from where it begins, not k - 1.",
        ),
    ),
    hints=(
        "Each input pixel puts down one kernel, `stride` pixels after the one before. How far does the last one reach?",
        "From the first kernel's begin to the last one's end: (n - 1) · stride + kernel. Then cut off and add.",
        "(n - 1) * stride + kernel - 2 * padding + output_padding",
    ),
    minutes=5,
)


# How many kernels cover a pixel


def overlap(kernel, stride):
    return [len(range(phase, kernel, stride)) for phase in range(stride)]


def _kernels(rng):
    yield Case((4, 2), "DCGAN's kernel: 4 pixels, stride 2")
    yield Case((3, 2), "3 pixels, stride 2")
    yield Case((2, 3), "a kernel that leaves gaps")
    for kernel, stride in ((5, 3), (7, 3), (int(rng.integers(6, 12)), 4)):
        yield Case((kernel, stride))


OVERLAP = Exercise(
    id="09.overlap",
    title="How many kernels cover each pixel",
    reference=overlap,
    cases=_kernels,
    mistakes=(
        Mistake(
            lambda k, s: [k // s] * s,
            "This is right only where the stride divides the kernel: the remainder goes to the first pixels.",
        ),
        Mistake(
            lambda k, s: [k / s] * s,
            "This is the mean over the phases: each single pixel is covered by a whole number of kernels.",
        ),
        Mistake(
            lambda k, s: [-(-k // s)] * s,
            "Rounded up for every phase: only the first `kernel % stride` of them are covered once more.",
        ),
        Mistake(
            lambda k, s: [len(range(r, k, s)) for r in range(s)][::-1],
            "The order is turned round: phase 0 is the pixel where a kernel begins, so it is covered most often.",
        ),
        Mistake(
            lambda k, s: [len(range(r, k + 1, s)) for r in range(s)],
            "One too many: the kernel's pixels are 0, ..., kernel - 1.",
        ),
        Mistake(
            lambda k, s: [len(range(r + 1, k, s)) for r in range(s)],
            "Shifted by one pixel: phase 0 is the kernel's own first pixel.",
        ),
        Mistake(
            lambda k, s: [len(range(r, k, s)) ** 2 for r in range(s)],
            "These are products for two dimensions: one dimension is asked for.",
        ),
        Mistake(
            lambda k, s: [len(range(r, k, s)) for r in range(k)],
            "There are as many phases as the stride is long: after that the pattern repeats.",
        ),
        Mistake(lambda k, s: max(k - s, 0), "This is how many pixels two neighbouring kernels share."),
    ),
    hints=(
        "Away from the edge, a pixel of phase r (its place modulo the stride) is the kernel's pixel r, r + stride, "
        "r + 2 stride, ... of one kernel each.",
        "Count the numbers r, r + stride, ... that are smaller than `kernel`.",
        "[len(range(r, kernel, stride)) for r in range(stride)]",
    ),
    minutes=6,
)


# Batch normalisation


def batch_norm(x, gamma, beta, eps, *, axes=(0, 2, 3), correction=0, outside=False, scaled=True):
    variance, mean = torch.var_mean(x, axes, correction=correction, keepdim=True)
    root = variance.sqrt() + eps if outside else (variance + eps).sqrt()
    out = (x - mean) / root
    return out * gamma[:, None, None] + beta[:, None, None] if scaled else out


def _maps(rng):
    gamma, beta = _tensor([1.0, 2.0]), _tensor([0.5, -1.0])
    yield Case((_normal(rng, 2, 2, 1, 1), gamma, beta, 1e-5), "two points with two channels of one pixel")
    # eps counts where the variance is small, and where it stands matters there.
    small = _normal(rng, 4, 2, 2, 3, mean=3.0, std=0.05)
    yield Case((small, gamma, beta, 1e-2), "maps with little variance")
    flat = torch.ones(3, 2, 2, 2, dtype=torch.float64)
    yield Case((flat, gamma, beta, 1e-5), "maps without variance")
    shape = (5, 3, 3, 2)
    yield Case(
        (_normal(rng, *shape, mean=1.0, std=2.0), _normal(rng, 3), _normal(rng, 3), 1e-3), "three channels"
    )


def _of(axes):
    return lambda x, g, b, e: batch_norm(x, g, b, e, axes=axes)


BATCH_NORM = Exercise(
    id="09.batch_norm",
    title="Batch normalisation of feature maps, as in training",
    reference=batch_norm,
    cases=_maps,
    gradient=("x", "gamma", "beta"),
    rtol=1e-5,
    atol=1e-6,
    mistakes=(
        Mistake(
            lambda x, g, b, e: batch_norm(x, g, b, e, correction=1),
            "The variance is divided by m - 1: batch normalisation divides by the number of values itself.",
        ),
        Mistake(
            _of((0,)),
            "Only the batch is averaged over: a convolution treats all pixels alike, so a channel's statistics are "
            "taken over the pixels too.",
        ),
        Mistake(_of((2, 3)), "This normalises each image by itself: that is instance normalisation."),
        Mistake(_of((1, 2, 3)), "This normalises each image over its channels: that is layer normalisation."),
        Mistake(_of((0, 1, 2, 3)), "One mean for all channels: each channel has its own."),
        Mistake(
            _of((1,)), "The mean is taken over the channels: it is taken over all axes but theirs."
        ),
        Mistake(
            lambda x, g, b, e: batch_norm(x, g, b, e, outside=True),
            "eps stands outside the root: it is added to the variance.",
        ),
        Mistake(
            lambda x, g, b, e: batch_norm(x, g, b, e, scaled=False),
            "gamma and beta are missing: they scale and shift what was normalised.",
        ),
        Mistake(
            lambda x, g, b, e: batch_norm(x, g, 0 * b, e), "The shift beta is missing."
        ),
        Mistake(
            lambda x, g, b, e: batch_norm(x, torch.ones_like(g), b, e), "The scale gamma is missing."
        ),
        Mistake(
            lambda x, g, b, e: (
                g[:, None, None] * (x - x.mean((0, 2, 3), keepdim=True))
                / (x.var((0, 2, 3), correction=0, keepdim=True) + e) + b[:, None, None]
            ),
            "This divides by the variance: divide by its root.",
        ),
    ),
    hints=(
        "Mean and variance for each channel, over all images and all pixels: axes 0, 2 and 3.",
        "`x.var((0, 2, 3), correction=0, keepdim=True)` keeps the axes, so that it can be subtracted and divided by.",
        "(x - mean) / (variance + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]",
    ),
    difficulty=2,
    minutes=10,
)  # fmt: skip


# Virtual batch normalisation


def virtual_batch_norm(x, reference, eps):
    m = len(reference)
    mean = (reference.sum(0) + x) / (m + 1)
    squares = ((reference - mean[:, None]) ** 2).sum(1) + (x - mean) ** 2
    return (x - mean) / (squares / (m + 1) + eps).sqrt()


def _norm_of(x, reference, eps, correction=0):
    return (x - reference.mean(0)) / (reference.var(0, correction=correction) + eps).sqrt()


def _coupled(x, reference, eps):
    return _norm_of(x, torch.cat([reference, x]), eps)


def _with_variance(variance, divisor=None):
    """The right mean, and something else for the variance."""

    def answer(x, reference, eps):
        m = len(reference)
        mean = (reference.sum(0) + x) / (m + 1)
        return (x - mean) / (variance(x, reference, mean, m) + eps).sqrt()

    return answer


def _unbiased(x, reference, mean, m):
    return (((reference - mean[:, None]) ** 2).sum(1) + (x - mean) ** 2) / m


def _one_half(x, reference, eps):
    mean = (reference.mean(0) + x) / 2
    variance = (reference.var(0, correction=0) + (x - reference.mean(0)) ** 2 / 2) / 2
    return (x - mean) / (variance + eps).sqrt()


def _root_outside(x, reference, eps):
    m = len(reference)
    mean = (reference.sum(0) + x) / (m + 1)
    return (x - mean) / (_unbiased(x, reference, mean, m) * m / (m + 1)).sqrt().add(eps)


def _references(rng):
    yield Case((_tensor([[3.0]]), _tensor([[-1.0], [1.0]]), 1e-5), "3 beside the reference -1, 1")
    yield Case((_tensor([[2.0], [2.0]]), _tensor([[5.0]]), 1e-3), "a reference of one point")
    yield Case(
        (_normal(rng, 4, 3), _normal(rng, 6, 3, mean=1.0, std=2.0), 1e-2), "4 points, 6 of the reference"
    )
    yield Case((_normal(rng, 1, 2), _normal(rng, 3, 2), 1e-5), "a batch of one")
    yield Case(
        (_normal(rng, 5, 2, mean=2.0), _normal(rng, 5, 2, std=0.3), 0.1),
        "as many points as the reference has",
    )


VIRTUAL_BATCH_NORM = Exercise(
    id="09.virtual_batch_norm",
    title="Virtual batch normalisation of all points at once",
    reference=virtual_batch_norm,
    cases=_references,
    gradient=("x",),
    rtol=1e-5,
    atol=1e-7,
    mistakes=(
        Mistake(
            _norm_of,
            "The statistics are the reference's alone: the slide puts the point itself into that batch.",
        ),
        Mistake(
            lambda x, r, e: _norm_of(x, r, e, correction=1) if len(r) > 1 else _norm_of(x, r, e),
            "The statistics are the reference's alone: the slide puts the point itself into that batch.",
        ),
        Mistake(
            _coupled,
            "All points went into one batch with the reference: so they depend on one another again. Each has its own "
            "batch of m + 1 points.",
        ),
        Mistake(
            lambda x, r, e: (x - x.mean(0)) / (x.var(0, correction=0) + e).sqrt(),
            "This is batch normalisation: the reference is not used.",
        ),
        Mistake(
            _with_variance(_unbiased),
            "The variance is divided by m: of m + 1 points it is divided by m + 1.",
        ),
        Mistake(
            _with_variance(lambda x, r, mean, m: r.var(0, correction=0)),
            "The mean is right; the variance is still that of the reference alone.",
        ),
        Mistake(
            _with_variance(lambda x, r, mean, m: m / (m + 1) * r.var(0, correction=0)),
            "The variance misses the distance between the point and the reference's mean: a part m/(m + 1)² of its "
            "square.",
        ),
        Mistake(
            _with_variance(
                lambda x, r, mean, m: (m * r.var(0, correction=0) + (x - r.mean(0)) ** 2) / (m + 1)
            ),
            "The squares are taken around the reference's mean: the mean of the m + 1 points lies between it and the "
            "point.",
        ),
        Mistake(
            _one_half,
            "The point weighs as much as the whole reference: it is one of m + 1 points.",
        ),
        Mistake(_root_outside, "eps stands outside the root: it is added to the variance."),
        Mistake(
            lambda x, r, e: virtual_batch_norm(x, r, 0 * e), "eps is missing: it is added to the variance."
        ),
        Mistake(
            lambda x, r, e: x - (r.sum(0) + x) / (len(r) + 1),
            "The mean is right; now divide by the root of the variance.",
        ),
    ),
    hints=(
        "For one point: put it into the reference, m + 1 rows, and normalise by their mean and variance (with the "
        "divisor m + 1). Only the row of the point is kept.",
        "The mean of all m + 1: (reference.sum(0) + x) / (m + 1), of shape (n, d), one for each point.",
        "Squares around it: ((reference - mean[:, None]) ** 2).sum(1) + (x - mean) ** 2; divide by m + 1.",
    ),
    difficulty=3,
    minutes=20,
)


# Arithmetic with latent codes


def latent_arithmetic(a, b, c):
    return a.mean(0) - b.mean(0) + c.mean(0)


def _code_sets(rng):
    yield Case(tuple(_normal(rng, 1, 3) for _ in range(3)), "one code of each kind")
    yield Case(tuple(_normal(rng, 3, 5) for _ in range(3)), "three codes of each kind")
    yield Case(tuple(_normal(rng, k, 4) for k in (2, 4, 6)), "2, 4 and 6 codes")


LATENT_ARITHMETIC = Exercise(
    id="09.latent_arithmetic",
    title="Vector arithmetic in the latent space",
    reference=latent_arithmetic,
    cases=_code_sets,
    mistakes=(
        Mistake(
            lambda a, b, c: a[0] - b[0] + c[0],
            "Only the first code of each kind is used: take the mean over all of them, the noise averages out.",
        ),
        Mistake(
            lambda a, b, c: a.sum(0) - b.sum(0) + c.sum(0),
            "These are sums: with k codes of each kind the result is k times too long. Take means.",
        ),
        Mistake(
            lambda a, b, c: a.mean(0) + b.mean(0) - c.mean(0),
            "The wrong kind is taken away: `b` has what `a` and `c` share and is subtracted.",
        ),
        Mistake(lambda a, b, c: b.mean(0) - a.mean(0) + c.mean(0), "`a` and `b` have changed places."),
        Mistake(
            lambda a, b, c: a.mean(1) - b.mean(1) + c.mean(1) if len(a) == len(b) == len(c) else a.mean(1),
            "The mean runs over the numbers of a code: it runs over the codes, axis 0.",
        ),
        Mistake(
            lambda a, b, c: torch.nn.functional.normalize(latent_arithmetic(a, b, c), dim=0),
            "The result is scaled to length 1: codes from N(0, I) have lengths near √d, leave it as it is.",
        ),
        Mistake(
            lambda a, b, c: (a.mean(0) - b.mean(0) + c.mean(0)) / 3,
            "Two are added and one is taken away: nothing has to be divided by 3.",
        ),
        Mistake(lambda a, b, c: a.mean(0) - b.mean(0) - c.mean(0), "`c` is added, not taken away."),
    ),
    hints=(
        "First one code for each kind: the mean of its codes.",
        "a.mean(0) - b.mean(0) + c.mean(0)",
    ),
    minutes=4,
)


# Feature matching


def feature_matching(real_features, fake_features):
    return (real_features.mean(0) - fake_features.mean(0)).square().sum()


def _features(rng):
    yield Case((_normal(rng, 6, 4), _normal(rng, 6, 4)), "6 points, 4 features")
    yield Case((_normal(rng, 5, 3), _normal(rng, 8, 3, mean=0.5)), "5 real and 8 generated points")
    yield Case((_normal(rng, 4, 2), _normal(rng, 4, 2, mean=9.0)), "means far apart")


def _pairs(r, f):
    return (r[: min(len(r), len(f))] - f[: min(len(r), len(f))]).square().sum(1).mean()


FEATURE_MATCHING = Exercise(
    id="09.feature_matching",
    title="The loss of feature matching",
    reference=feature_matching,
    cases=_features,
    gradient=("fake_features",),
    mistakes=(
        Mistake(
            _pairs,
            "This compares the points pairwise, and no pair belongs together: compare the two means.",
        ),
        Mistake(
            lambda r, f: (r[:, None] - f[None]).square().sum(2).mean(),
            "This is the mean squared distance of all pairs, which is smallest when all fakes sit at one point: take "
            "the means first.",
        ),
        Mistake(
            lambda r, f: (r.mean(0) - f.mean(0)).square().mean(),
            "The squares are averaged over the features: a squared norm is their sum.",
        ),
        Mistake(lambda r, f: (r.mean(0) - f.mean(0)).norm(), "This is the norm: the slide has its square."),
        Mistake(
            lambda r, f: (r.mean(0) - f.mean(0)).abs().sum(),
            "These are absolute values: the slide has the squared Euclidean norm.",
        ),
        Mistake(
            lambda r, f: (r.mean() - f.mean()).square(),
            "One mean over all features: each feature has its own.",
        ),
        Mistake(
            lambda r, f: (r.sum(0) - f.sum(0)).square().sum(),
            "These are sums over the points: an expectation is estimated by a mean.",
        ),
        Mistake(
            lambda r, f: (r.mean(1).mean() - f.mean(1)).square().sum(),
            "The mean runs over the features: it runs over the points, axis 0.",
        ),
        Mistake(
            lambda r, f: -(r.mean(0) - f.mean(0)).square().sum(),
            "The sign is wrong: the generator descends this, so that the means come together.",
        ),
        Mistake(
            lambda r, f: (r.mean(0) - f.detach().mean(0)).square().sum() + 0 * f.sum(),
            "The fake features are detached: so no gradient reaches the generator. Only real ones may be.",
        ),
    ),
    hints=(
        "E d(x) and E d(G(z)) are vectors: one mean for each feature, over the points.",
        "The squared norm of their difference is the sum of the squares of its entries.",
        "(real_features.mean(0) - fake_features.mean(0)).square().sum()",
    ),
    minutes=6,
)


# Historical averaging


def historical_step(theta, mean, t, gradient, rate, weight):
    theta = theta - rate * (gradient + 2 * weight * (theta - mean))
    return theta, mean + (theta - mean) / (t + 1)


def _history(rng):
    vector = _normal(rng, 2)
    yield Case((vector, vector.clone(), 1, _normal(rng, 2), 0.1, 0.5), "the first step, T = 1")
    yield Case((_normal(rng, 3), _normal(rng, 3), 4, _normal(rng, 3), 0.3, 0.0), "weight 0: plain descent")
    for t in (2, int(rng.integers(5, 40))):
        yield Case((_normal(rng, 3), _normal(rng, 3), t, _normal(rng, 3), float(rng.uniform(0.05, 0.4)),
                    float(rng.uniform(0.2, 2))))  # fmt: skip


def _with_pull(pull):
    def answer(theta, mean, t, gradient, rate, weight):
        theta = theta - rate * (gradient + pull(theta, mean, weight))
        return theta, mean + (theta - mean) / (t + 1)

    return answer


def _with_mean(average):
    def answer(theta, mean, t, gradient, rate, weight):
        new, _ = historical_step(theta, mean, t, gradient, rate, weight)
        return new, average(theta, new, mean, t)

    return answer


def _outside_the_rate(theta, mean, t, gradient, rate, weight):
    theta = theta - rate * gradient - 2 * weight * (theta - mean)
    return theta, mean + (theta - mean) / (t + 1)


def _uphill(theta, mean, t, gradient, rate, weight):
    theta = theta + rate * (gradient + 2 * weight * (theta - mean))
    return theta, mean + (theta - mean) / (t + 1)


HISTORICAL_STEP = Exercise(
    id="09.historical_step",
    title="One step with historical averaging",
    reference=historical_step,
    cases=_history,
    mistakes=(
        Mistake(
            _with_pull(lambda theta, mean, c: c * (theta - mean)),
            "The 2 is missing: the gradient of ‖θ - m‖² is 2 (θ - m).",
        ),
        Mistake(
            _with_pull(lambda theta, mean, c: -2 * c * (theta - mean)),
            "The pull has the wrong sign: it drives θ away from its mean.",
        ),
        Mistake(
            _with_pull(lambda theta, mean, c: c * (theta - mean).square().sum()),
            "The penalty itself is added to the gradient: take its gradient, 2 weight (θ - m).",
        ),
        Mistake(
            _with_pull(lambda theta, mean, c: 2 * c * theta),
            "This draws θ to 0 (weight decay): it is drawn to the mean of its history.",
        ),
        Mistake(_with_pull(lambda theta, mean, c: 0 * theta), "The pull to the mean is missing."),
        Mistake(
            _outside_the_rate,
            "The pull is not multiplied by the rate: it is part of the gradient that is descended.",
        ),
        Mistake(_uphill, "This climbs: a loss is descended, θ - rate · (...)."),
        Mistake(
            _with_mean(lambda old, new, mean, t: mean + (new - mean) / t),
            "The new value is the (t + 1)-th of the history: divide by t + 1.",
        ),
        Mistake(
            _with_mean(lambda old, new, mean, t: mean + (old - mean) / (t + 1)),
            "The old θ is in the mean already: the new one is added.",
        ),
        Mistake(
            _with_mean(lambda old, new, mean, t: 0.9 * mean + 0.1 * new),
            "This is an exponential average, which forgets: on the slide every earlier value counts 1/T.",
        ),
        Mistake(
            _with_mean(lambda old, new, mean, t: (mean + new) / 2),
            "This is the mean of two numbers, one of which stands for t values: weight it with t.",
        ),
        Mistake(
            _with_mean(lambda old, new, mean, t: mean),
            "The mean is the old one: the new θ joins the history.",
        ),
        Mistake(
            _with_mean(lambda old, new, mean, t: mean * t + new),
            "This is the sum of the history: divide it by t + 1.",
        ),
    ),
    hints=(
        "The loss is the player's own plus weight · ‖θ - m‖². What is its gradient?",
        "θ ← θ - rate · (gradient + 2 weight (θ - m)); then the new θ joins the mean of the t values before it.",
        "return new, (t * mean + new) / (t + 1)",
    ),
    difficulty=2,
    minutes=8,
)


# One-sided label smoothing


def smoothed_discriminator(p, q, alpha):
    return (1 - alpha) * p / (p + q)


def _densities(rng):
    yield Case((_tensor([0.3, 0.3]), _tensor([0.3, 0.1]), 0.1), "equal densities first")
    yield Case((_tensor([0.4, 0.0]), _tensor([0.0, 0.2]), 0.25), "points that only one of the two reaches")
    yield Case((_tensor(rng.uniform(0.05, 2, 4)), _tensor(rng.uniform(0.05, 2, 4)), 0.0), "alpha = 0")
    alpha = float(rng.uniform(0.05, 0.4))
    yield Case((_tensor(rng.uniform(0.05, 2, 5)), _tensor(rng.uniform(0.05, 2, 5)), alpha))
    yield Case((_tensor([1e-200, 3e-50]), _tensor([1e-200, 1e-50]), 0.1), "far out, where both are tiny")


SMOOTHED_DISCRIMINATOR = Exercise(
    id="09.smoothed_discriminator",
    title="The best discriminator for smoothed labels",
    reference=smoothed_discriminator,
    cases=_densities,
    mistakes=(
        Mistake(
            lambda p, q, a: (1 - a) * p / ((1 - a) * p + q),
            "The label is smoothed, not the mass: the missing alpha · p votes for 0 and stays in the denominator.",
        ),
        Mistake(
            lambda p, q, a: ((1 - a) * p + a * q) / (p + q),
            "This smooths the labels of generated points too: one-sided leaves them at 0.",
        ),
        Mistake(
            lambda p, q, a: p / (p + q) - a,
            "alpha is subtracted everywhere, also where no data are: the factor 1 - alpha belongs to p.",
        ),
        Mistake(lambda p, q, a: a * p / (p + q), "The label of the data is 1 - alpha, not alpha."),
        Mistake(
            lambda p, q, a: p / (p + q) + 0 * a, "alpha is not used: this is the best one for labels 1 and 0."
        ),
        Mistake(
            lambda p, q, a: p / (p + (1 - a) * q),
            "The generated points are weighted: only the label of the data changes.",
        ),
        Mistake(
            lambda p, q, a: (1 - a) * q / (p + q),
            "p and q are exchanged: D is the probability of being real.",
        ),
        Mistake(
            lambda p, q, a: (p / (p + q)).clamp(max=1 - a),
            "This cuts D* off at 1 - alpha: smoothing scales it everywhere.",
        ),
        Mistake(
            lambda p, q, a: (1 - a) * p / (p + q + 1e-8),
            "Far out the small number in the denominator is larger than both densities: p + q is never 0 here.",
        ),
    ),
    hints=(
        "At one point x the discriminator maximises p (1 - alpha) log D + p alpha log(1 - D) + q log(1 - D).",
        "a log D + b log(1 - D) is largest at D = a/(a + b). What are a and b?",
        "a = (1 - alpha) p and b = alpha p + q, so a + b = p + q.",
    ),
    difficulty=2,
    minutes=8,
)


def smoothed_loss(real_scores, fake_scores, alpha):
    on_real = (1 - alpha) * softplus(-real_scores) + alpha * softplus(real_scores)
    return on_real.mean() + softplus(fake_scores).mean()


def _scores(rng):
    yield Case((_normal(rng, 4), _normal(rng, 4), 0.1), "alpha = 0.1")
    yield Case(
        (_normal(rng, 5, 1, std=2.0), _normal(rng, 3, 1, std=2.0), 0.25), "5 real and 3 generated points"
    )
    yield Case((_normal(rng, 4), _normal(rng, 4), 0.0), "alpha = 0: the plain loss")
    # Beyond 745 the exponential of float64 is infinite or 0; float32 gives up at 104.
    yield Case((_tensor([-900.0, 800.0, 1.0]), _tensor([850.0, -820.0, 0.5]), 0.1), "scores of ±900")


def _bce(scores, label):
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))


def _by_probabilities(r, f, a):
    d, g = torch.sigmoid(r), torch.sigmoid(f)
    return -((1 - a) * d.log() + a * (1 - d).log()).mean() - (1 - g).log().mean()


SMOOTHED_LOSS = Exercise(
    id="09.smoothed_loss",
    title="The discriminator's loss with one-sided smoothing",
    reference=smoothed_loss,
    cases=_scores,
    gradient=("real_scores", "fake_scores"),
    mistakes=(
        Mistake(
            lambda r, f, a: (1 - a) * softplus(-r).mean() + softplus(f).mean(),
            "The other part of the label is missing: 1 - alpha says real, and alpha says generated, -log(1 - D).",
        ),
        Mistake(
            lambda r, f, a: _bce(r, 1 - a) + _bce(f, a),
            "The label of the generated points is smoothed too: one-sided leaves it at 0.",
        ),
        Mistake(
            lambda r, f, a: _bce(r, 1.0) + _bce(f, a),
            "The wrong side is smoothed: the data get the label 1 - alpha, generated points keep 0.",
        ),
        Mistake(lambda r, f, a: _bce(r, a) + _bce(f, 0.0), "The label of the data is 1 - alpha, not alpha."),
        Mistake(lambda r, f, a: _bce(r, 1.0) + _bce(f, 0.0) + 0 * a, "alpha is not used."),
        Mistake(
            lambda r, f, a: _bce(torch.sigmoid(r), 1 - a) + _bce(torch.sigmoid(f), 0.0),
            "The sigmoid is applied twice: binary_cross_entropy_with_logits wants the scores themselves.",
        ),
        Mistake(
            lambda r, f, a: (
                ((1 - a) * softplus(-r) + a * softplus(r)).sum() + softplus(f).sum()
            ),
            "These are sums: each of the two terms is a mean over its points.",
        ),
        Mistake(
            lambda r, f, a: -smoothed_loss(r, f, a),
            "The sign is wrong: a loss is minimised, so it is minus the logarithms.",
        ),
        Mistake(
            lambda r, f, a: smoothed_loss(r, f, a) / 2,
            "There is a 1/2 too many: V has one mean over the data and one over the generated points.",
        ),
        Mistake(
            lambda r, f, a: _bce(f, 1 - a) + _bce(r, 0.0),
            "The two kinds of points have changed places.",
        ),
        Mistake(
            _by_probabilities,
            "At scores of ±900 the sigmoid is rounded to 0 or 1 and its logarithm is infinite: stay with the scores, "
            "-log σ(a) = softplus(-a).",
        ),
        Mistake(
            lambda r, f, a: _bce(r, 1 - a) + softplus(-f).mean(),
            "The second term is the generator's: D wants generated points to be called generated, -log(1 - D).",
        ),
    ),
    hints=(
        "A label 1 - alpha means cross-entropy with both answers: -(1 - alpha) log D - alpha log(1 - D).",
        "From a score a: -log D = softplus(-a), and -log(1 - D) = softplus(a).",
        "((1 - alpha) * softplus(-real) + alpha * softplus(real)).mean() + softplus(fake).mean()",
    ),
    difficulty=2,
    minutes=8,
)  # fmt: skip
