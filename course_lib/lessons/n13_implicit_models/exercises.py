"""Exercises of notebook 13: kernels and witnesses, density ratios and when they can be learnt, codes."""

import math

import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


# MMD between two Gaussians


def mmd2_gaussians(m, s, h):
    return _mmd2(m, s, h)


def _mmd2(m, s, h, *, width=None, twice=2.0, scale=1.0, exponent=2.0, spread=lambda s: s * s, own=2.0):
    """MMD², and, by its options, the ways to get it wrong."""
    h2 = h * h if width is None else width

    def kernel(mean, variance):
        return (h2 / (h2 + variance)) ** (scale / 2) * math.exp(-mean * mean / (exponent * (h2 + variance)))

    return kernel(0.0, own) + kernel(0.0, own * spread(s)) - twice * kernel(m, own / 2 * (1 + spread(s)))


def _gaussians(rng):
    yield Case((0.0, 1.0, 1.0), "equal distributions")
    yield Case((1.0, 1.0, 0.7), "a shift alone")
    yield Case((0.0, 2.5, 1.6), "another width alone")
    for _ in range(3):
        yield Case((float(rng.uniform(-3, 3)), float(rng.uniform(1.3, 2.5)), float(rng.uniform(0.3, 0.8))))


MMD2 = Exercise(
    id="13.mmd2_gaussians",
    title="MMD² of two Gaussians in closed form",
    reference=mmd2_gaussians,
    cases=_gaussians,
    mistakes=(
        Mistake(
            lambda m, s, h: math.sqrt(max(0.0, _mmd2(m, s, h))),
            "This is the MMD. Asked is its square, the three expectations themselves.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, width=h),
            "The bandwidth enters as h, but the kernel divides by 2h²: h² adds to the variances.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, spread=lambda s: s),
            "The variance of Q is s²; here s itself is used.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, twice=1.0),
            "The cross term counts twice: ‖a − b‖² = ‖a‖² − 2⟨a, b⟩ + ‖b‖².",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, scale=0.0),
            "The factor h/√(h² + v) before the exponential is missing.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, scale=2.0),
            "The factor before the exponential is h/√(h² + v): the root is missing.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, exponent=1.0),
            "The exponent is −μ²/(2(h² + v)): the 2 is missing.",
        ),
        Mistake(
            lambda m, s, h: _mmd2(m, s, h, own=1.0),
            "v is the variance of x − y. For two independent draws of P it is 1 + 1 = 2, not 1.",
        ),
        Mistake(
            lambda m, s, h: -_mmd2(m, s, h),
            "The sign is turned round: the two distributions with themselves count plus, the cross term minus.",
        ),
    ),
    hints=(
        "Each expectation is E k for a Gaussian difference x − y: what are its mean and its variance?",
        "x − x′ has mean 0 and variance 2; y − y′ mean 0 and variance 2s²; x − y mean −m and variance 1 + s².",
        "c = lambda mu, v: h / math.sqrt(h * h + v) * math.exp(-mu * mu / (2 * (h * h + v))), then "
        "c(0, 2) + c(0, 2 * s * s) − 2 * c(m, 1 + s * s).",
    ),
    atol=1e-6,
    tolerance_reason="equal distributions give a difference of equal numbers, of which float32 keeps about 1e-7",
    difficulty=1,
    minutes=8,
)


# The witness function


def witness(t, x, y, bandwidth):
    gap, norm2 = _witness(t, x, y, bandwidth)
    return gap / norm2.sqrt()


def _gauss(a, b, h, *, factor=2.0, power=2):
    return torch.exp(-((a[:, None] - b) ** 2) / (factor * h**power))


def _witness(t, x, y, h, **look):
    gap = _gauss(t, x, h, **look).mean(1) - _gauss(t, y, h, **look).mean(1)
    within = _gauss(x, x, h, **look).mean() + _gauss(y, y, h, **look).mean()
    return gap, within - 2 * _gauss(x, y, h, **look).mean()


def _other_kernel(**look):
    def answer(t, x, y, h):
        gap, norm2 = _witness(t, x, y, h, **look)
        return gap / norm2.sqrt()

    return answer


def _unbiased_norm(t, x, y, h):
    gap, _ = _witness(t, x, y, h)
    within = sum((_gauss(z, z, h).sum() - len(z)) / (len(z) * (len(z) - 1)) for z in (x, y))
    return gap / (within - 2 * _gauss(x, y, h).mean()).sqrt()


def _sum_witness(t, x, y, h):
    gap = _gauss(t, x, h).sum(1) - _gauss(t, y, h).sum(1)
    norm2 = _gauss(x, x, h).sum() + _gauss(y, y, h).sum() - 2 * _gauss(x, y, h).sum()
    return gap / norm2.sqrt()


def _two_samples(rng):
    t = torch.linspace(-3, 4, 7, dtype=torch.float64)
    yield Case((t, _tensor([0.0]), _tensor([3.0]), 1.0), "one point each")
    yield Case((t, _tensor([0.0, 0.5]), _tensor([3.0]), 0.5), "two points and one")
    for n, m in ((5, 8), (9, 4)):
        x, y = rng.normal(size=n), rng.normal(2.5, 1.0, size=m)
        yield Case((t, _tensor(x), _tensor(y), float(rng.uniform(0.6, 2.0))), f"{n} and {m} points")


WITNESS = Exercise(
    id="13.witness",
    title="The witness function of two samples",
    reference=witness,
    cases=_two_samples,
    mistakes=(
        Mistake(
            lambda t, x, y, h: -witness(t, x, y, h),
            "The sign is turned round: the witness is large where x has more points.",
        ),
        Mistake(
            lambda t, x, y, h: _witness(t, x, y, h)[0],
            "It is not normalised: divide by the MMD, so that its norm is 1.",
        ),
        Mistake(
            lambda t, x, y, h: _witness(t, x, y, h)[0] / _witness(t, x, y, h)[1],
            "This is divided by MMD². The norm of the difference is the MMD, its root.",
        ),
        Mistake(
            _unbiased_norm,
            "The norm is that of the two empirical distributions: the pairs of a point with itself belong to it.",
        ),
        Mistake(
            _sum_witness,
            "These are sums over the points. Both expectations are means, or a larger sample would count for more.",
        ),
        Mistake(_other_kernel(factor=1.0), "The kernel is exp(−|t − x|²/(2h²)): the 2 is missing."),
        Mistake(_other_kernel(power=1), "The kernel divides by 2h²: the bandwidth is not squared here."),
        Mistake(
            lambda t, x, y, h: _witness(t, x, y, h)[0] / _witness(t, x, y, h)[0].abs().max(),
            "This is scaled to a largest value of 1. The norm is that of the kernel's space: divide by the MMD.",
        ),
    ),
    hints=(
        "Above the fraction line: the mean of k(t, xᵢ) over the points of x, minus the same for y.",
        "Below it: √(mean of k(xᵢ, xⱼ) + mean of k(yᵢ, yⱼ) − 2 · mean of k(xᵢ, yⱼ)), over all pairs.",
        "k = lambda a, b: torch.exp(-(a[:, None] - b) ** 2 / (2 * bandwidth**2)); "
        "gap = k(t, x).mean(1) - k(t, y).mean(1); "
        "gap / (k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()).sqrt()",
    ),
    difficulty=2,
    minutes=10,
)


# A classifier's ratio


def ratio_from_classifier(logit, real_share):
    return torch.exp(torch.as_tensor(logit)) * (1 - real_share) / real_share


def _logits(rng):
    yield Case((_tensor([0.0, 1.0, -2.0]), 0.5), "equally many of both")
    yield Case((_tensor([0.5, -1.0]), 0.75), "three real points for each generated one")
    for size in (3, 5):
        yield Case((_tensor(rng.normal(0, 2, size=size)), float(rng.choice([0.2, 0.35, 0.8]))))
    yield Case((_tensor([40.0, -40.0]), 0.4), "a classifier that is certain")


RATIO = Exercise(
    id="13.ratio_from_classifier",
    title="The ratio that a classifier knows",
    reference=ratio_from_classifier,
    cases=_logits,
    mistakes=(
        Mistake(
            lambda a, c: torch.sigmoid(a),
            "This is D itself. The ratio is D/(1 − D), corrected for the shares of the two classes.",
        ),
        Mistake(
            lambda a, c: torch.exp(a),
            "The shares of the classes are forgotten: D/(1 − D) is the ratio times c/(1 − c).",
        ),
        Mistake(
            lambda a, c: torch.exp(a) * c / (1 - c),
            "The shares stand upside down: many real points raise D/(1 − D), so divide by c/(1 − c).",
        ),
        Mistake(
            lambda a, c: torch.exp(-a) * (1 - c) / c,
            "D/(1 − D) is upside down: the logit is log D/(1 − D), and D is the probability of real.",
        ),
        Mistake(
            lambda a, c: torch.exp(-a) * c / (1 - c),
            "This is q/p: the whole ratio is upside down.",
        ),
        Mistake(
            lambda a, c: torch.sigmoid(a) / (1 - torch.sigmoid(a)) * (1 - c) / c,
            "Right for moderate logits; at 40 the sigmoid rounds to 1 and the ratio to ∞. Stay with e^logit.",
        ),
        Mistake(
            lambda a, c: a + math.log((1 - c) / c),
            "This is the logarithm of the ratio.",
        ),
    ),
    hints=(
        "Bayes: D/(1 − D) = c p(x) / ((1 − c) q(x)).",
        "And D/(1 − D) is e^logit exactly: no sigmoid is needed.",
        "torch.exp(logit) * (1 - real_share) / real_share",
    ),
    difficulty=1,
    minutes=4,
)


# Divergence minimisation, second form


def divergence_two_loss(f_prime, f_star, r_real, r_fake):
    return f_star(f_prime(r_fake)).mean() - f_prime(r_real).mean()


def _rows(rng):
    kl = (lambda r: torch.log(r) + 1, lambda t: torch.exp(t - 1))
    pearson = (lambda r: 2 * (r - 1), lambda t: t + t**2 / 4)
    hellinger = (lambda r: 1 - r**-0.5, lambda t: t / (1 - t))
    gan = (lambda r: -torch.log1p(1 / r), lambda t: -torch.log(-torch.expm1(t)))
    yield Case((*kl, _tensor([1.0]), _tensor([1.0])), "KL, ratio 1 everywhere")
    for name, row in (("KL", kl), ("Pearson", pearson), ("Hellinger", hellinger), ("GAN", gan)):
        real, fake = (_tensor(rng.uniform(0.3, 3.0, size=n)) for n in (4, 6))
        yield Case((*row, real, fake), name)


SECOND_FORM = Exercise(
    id="13.divergence_two_loss",
    title="The ratio loss of divergence minimisation II",
    reference=divergence_two_loss,
    cases=_rows,
    mistakes=(
        Mistake(
            lambda d, s, real, fake: s(fake).mean() - real.mean(),
            "This is the first form, with the ratio in the place of T. In the second form T = f′(r).",
        ),
        Mistake(
            lambda d, s, real, fake: s(fake).mean() - d(real).mean(),
            "On the generated points f* is taken of r itself; it must be f*(f′(r)).",
        ),
        Mistake(
            lambda d, s, real, fake: s(d(fake)).mean() - real.mean(),
            "On the real points stands r itself; it must be f′(r).",
        ),
        Mistake(
            lambda d, s, real, fake: d(real).mean() - s(d(fake)).mean(),
            "This is L, which is raised in φ. The ratio loss is −L, to be minimised.",
        ),
        Mistake(
            lambda d, s, real, fake: s(d(real)).mean() - d(fake).mean(),
            "Real and generated points are exchanged: f* belongs to the expectation under q.",
        ),
        Mistake(
            lambda d, s, real, fake: s(d(fake)).sum() - d(real).sum(),
            "These are sums; the expectations are means over each sample.",
        ),
        Mistake(
            lambda d, s, real, fake: s(d(fake)).mean() + d(real).mean(),
            "The mean over real points is subtracted, not added.",
        ),
    ),
    gradient=("r_real", "r_fake"),
    hints=(
        "L = E_p f′(r) − E_q f*(f′(r)), and the ratio loss is −L.",
        "On generated points apply f_prime first and then f_star.",
        "f_star(f_prime(r_fake)).mean() - f_prime(r_real).mean()",
    ),
    difficulty=1,
    minutes=4,
)


# When does the loss have a minimum?


def fit_exists(x, y, kind):
    low, high = y.min(), y.max()
    if kind == "least_squares":
        return bool(low < x.min() and x.max() < high)
    if kind == "f:kl":
        return bool(low < x.mean() < high)
    return bool(x.max() > low and high > x.min())


def _instead(**other):
    """The reference with the rule of some kinds replaced."""

    def answer(x, y, kind):
        rule = other.get({"f:kl": "kl"}.get(kind, kind))
        return rule(x, y) if rule else fit_exists(x, y, kind)

    return answer


def _inside(x, y):
    return fit_exists(x, y, "least_squares")


def _mean_inside(x, y):
    return fit_exists(x, y, "f:kl")


def _hulls_meet(x, y):
    return fit_exists(x, y, "class_probability")


def _pairs_of_samples(rng):
    kinds = ("least_squares", "f:kl", "class_probability")
    pictures = {
        "the real points inside the range of the others": ([-0.5, 0.2, 1.0], [-2.0, 0.1, 0.7, 2.5]),
        "one real point beyond all others": ([-0.5, 0.2, 3.0], [-2.0, 0.1, 0.7, 2.5]),
        "one real point below all others": ([-3.0, 0.2, 1.0], [-2.0, 0.1, 0.7, 2.5]),
        "the mean of the real points beyond all others": ([1.0, 5.0, 6.0], [-2.0, 0.1, 2.5]),
        "the mean of the real points below all others": ([-6.0, -5.0, -1.0], [-2.0, 0.1, 2.5]),
        "the real points all to the right": ([3.0, 4.0, 5.5], [-2.0, 0.1, 2.5]),
        "the real points all to the left": ([-4.0, -3.0], [-2.0, 0.1, 2.5]),
        "the real points on both sides": ([-4.0, 3.5], [-2.0, 0.1, 2.5]),
    }
    for label, (x, y) in pictures.items():
        shift = float(rng.normal())
        for kind in kinds:
            yield Case((_tensor(x) + shift, _tensor(y) + shift, kind), f"{kind}, {label}")


EXISTS = Exercise(
    id="13.fit_exists",
    title="Does the loss have a minimum on these samples?",
    reference=fit_exists,
    cases=_pairs_of_samples,
    mistakes=(
        Mistake(
            lambda x, y, kind: True,
            "Not always: walk along a direction in which a loss falls for ever, or to a limit that it never reaches.",
        ),
        Mistake(
            lambda x, y, kind: fit_exists(y, x, kind),
            "The two samples are exchanged: the price is paid at y, where the exponential must be held down.",
        ),
        Mistake(
            _instead(least_squares=_mean_inside),
            "Least squares: e^(a+bx) at the outermost real point grows fastest, so the mean is not what counts.",
        ),
        Mistake(
            _instead(kl=_inside),
            "KL: the real points enter only through their mean, since the gain is log r = a + bx itself.",
        ),
        Mistake(
            _instead(kl=_hulls_meet),
            "KL: that the ranges meet is not enough; the gain is the mean of log r, so look at the mean of x.",
        ),
        Mistake(
            _instead(class_probability=_mean_inside),
            "Logistic: it fails only if one threshold separates the samples; where the mean lies does not matter.",
        ),
        Mistake(
            _instead(class_probability=_inside),
            "Logistic: real points may lie outside, as long as no threshold separates the two samples.",
        ),
        Mistake(
            _instead(class_probability=lambda x, y: bool(x.min() < y.max())),
            "Logistic: the real points may also lie all to the left. Then b is negative, and the samples are "
            "separated as well.",
        ),
        Mistake(
            _instead(class_probability=lambda x, y: bool(x.max() > y.min())),
            "Logistic: the real points may also lie all to the right. Then b is positive, and the samples are "
            "separated as well.",
        ),
        Mistake(
            _instead(least_squares=lambda x, y: bool(x.max() < y.max())),
            "Least squares: only one end is looked at; with a negative b the smallest real point runs away.",
        ),
        Mistake(
            lambda x, y, kind: _inside(x, y),
            "This is the condition of least squares for all three losses; the other two ask for less.",
        ),
        Mistake(
            lambda x, y, kind: _hulls_meet(x, y),
            "This is the condition of the logistic loss for all three losses; the other two ask for more.",
        ),
    ),
    hints=(
        "Walk to log r = t(u + vx) with t → ∞ and ask which term grows fastest. If along some direction the loss falls "
        "for ever, or to a limit that it never reaches, there is no minimum.",
        "Least squares: the gain is e^(t(u + vx)) at real points, the price ½e^(2t(u + vx)) at generated ones. Choose "
        "the zero of u + vx between the outermost generated and the outermost real point.",
        "KL: −mean(u + vx) · t against mean e^(t(u + vy)): it falls for ever if u + v·mean(x) > 0 while u + vy ≤ 0 "
        "at all y. Logistic: both terms go to 0 if u + vx > 0 at all x and u + vy < 0 at all y.",
        "least_squares: y.min() < x.min() and x.max() < y.max(); f:kl: y.min() < x.mean() < y.max(); "
        "class_probability: x.max() > y.min() and y.max() > x.min().",
    ),
    difficulty=3,
    minutes=30,
)


# Ratio matching with kernels


def fit_ratio(x_p, x_q, centres, bandwidth, ridge):
    return _fit(x_p, x_q, centres, bandwidth, ridge)


def _fit(x_p, x_q, centres, bandwidth, ridge, *, under="q", sums=False, mixed=False, width=None, half=False):
    """The coefficients, and, by its options, the ways to get them wrong."""
    scale = bandwidth**2 if width is None else width
    on_p, on_q = (torch.exp(-((x[:, None] - centres) ** 2) / (2 * scale)) for x in (x_p, x_q))
    base = on_q if under == "q" else on_p
    H, h = base.T @ base, on_p.sum(0)
    if not sums:
        H = H if mixed else H / len(base)
        h = h / len(on_p)
    if half:
        H = H / 2
    return torch.linalg.solve(H + ridge * torch.eye(len(centres), dtype=H.dtype), h)


def _bumps(rng):
    yield Case((_tensor([0.0]), _tensor([1.0]), _tensor([0.0]), 1.0, 0.5), "one bump, one point each")
    for n, m in ((6, 9), (8, 5)):
        x, y = rng.normal(0.0, 1.0, size=n), rng.normal(1.0, 1.5, size=m)
        centres = _tensor([-2.0, 0.0, 2.0])
        yield Case(
            (_tensor(x), _tensor(y), centres, float(rng.uniform(0.5, 0.8)), 0.1), f"{n} and {m} points"
        )
    far = _tensor(rng.normal(4.0, 0.3, size=7))
    yield Case((far, _tensor([-1.0, 0.0, 1.0]), _tensor([-2.0, 0.0, 3.0]), 1.8, 0.05), "hardly any overlap")


FIT_RATIO = Exercise(
    id="13.fit_ratio",
    title="Ratio matching with bumps",
    reference=fit_ratio,
    cases=_bumps,
    mistakes=(
        Mistake(
            lambda *a: _fit(*a, under="p"),
            "H is averaged over x_p. The square of r stands under E_q, so H belongs to x_q.",
        ),
        Mistake(
            lambda p, q, c, b, l: _fit(q, p, c, b, l),
            "The samples are exchanged: this is the ratio q/p.",
        ),
        Mistake(
            lambda *a: _fit(*a, sums=True),
            "These are sums over the points. Expectations are means: otherwise ridge means something else at each n.",
        ),
        Mistake(
            lambda *a: _fit(*a, mixed=True),
            "H is a sum where it should be a mean over the points of x_q.",
        ),
        Mistake(
            lambda *a: _fit(*a, half=True),
            "A factor ½ is left: the derivative of ½aᵀHa is Ha.",
        ),
        Mistake(
            lambda p, q, c, b, l: _fit(p, q, c, b, l, width=b),
            "The bump divides by 2h²: the bandwidth is not squared here.",
        ),
        Mistake(
            lambda p, q, c, b, l: _fit(p, q, c, b, l, width=b**2 / 2),
            "The bump is exp(−|x − c|²/(2h²)): the 2 is missing.",
        ),
        Mistake(
            lambda *a: _fit(*a).clamp(min=0),
            "Negative coefficients are cut off. That is another estimator; the minimum itself may have them.",
        ),
        Mistake(
            lambda p, q, c, b, l: _fit(p, q, c, b, 0.0),
            "The ridge is missing: add ridge to the diagonal of H.",
        ),
        Mistake(
            lambda p, q, c, b, l: _fit(p, q, c, b, 2 * l),
            "The ridge counts twice: the derivative of ½ ridge |a|² is ridge · a.",
        ),
    ),
    hints=(
        "With r(x) = Σ aₗ φₗ(x) the loss is ½ aᵀHa − hᵀa + ½ ridge aᵀa: a quadratic form in a.",
        "H = mean over x_q of φφᵀ, h = mean over x_p of φ, and (H + ridge I) a = h.",
        "phi = lambda x: torch.exp(-(x[:, None] - centres) ** 2 / (2 * bandwidth**2)); "
        "H = phi(x_q).T @ phi(x_q) / len(x_q); "
        "torch.linalg.solve(H + ridge * torch.eye(len(centres), dtype=H.dtype), phi(x_p).mean(0))",
    ),
    rtol=1e-4,
    single=(1e-2, 1e-3),
    tolerance_reason="a linear system loses a few digits to its condition, about a hundred here; float32 more",
    difficulty=2,
    minutes=12,
)


# Moment matching


def moment_loss(real_features, fake_features):
    return (real_features.mean(0) - fake_features.mean(0)).square().sum()


def _features(rng):
    yield Case((_tensor([[1.0], [3.0]]), _tensor([[0.0]])), "one feature, two points and one")
    for n, m, k in ((5, 3, 2), (4, 7, 3)):
        yield Case(
            (_tensor(rng.normal(1, 1, size=(n, k))), _tensor(rng.normal(size=(m, k)))), f"N = {n}, M = {m}"
        )


MOMENTS = Exercise(
    id="13.moment_loss",
    title="The moment matching loss from two samples",
    reference=moment_loss,
    cases=_features,
    mistakes=(
        Mistake(
            lambda x, g: (x.mean(0) - g.sum(0) / len(x)).square().sum(),
            "The generated points are divided by N, as the slide prints it. There are M of them.",
        ),
        Mistake(
            lambda x, g: (x.mean(0) - g.mean(0)).square().mean(),
            "This is the mean over the features; the squared length is their sum.",
        ),
        Mistake(
            lambda x, g: (x.mean(0) - g.mean(0)).sum().square(),
            "The differences are added before they are squared: those of different features cancel.",
        ),
        Mistake(
            lambda x, g: (x.mean(0) - g.mean(0)).norm(),
            "This is the length; asked is its square.",
        ),
        Mistake(
            lambda x, g: (x[:, None] - g).square().sum(-1).mean(),
            "This compares all pairs of points. Match the means, not the points.",
        ),
        Mistake(
            lambda x, g: (x.mean(0) - g.mean(0)).abs().sum(),
            "These are absolute values; the differences must be squared.",
        ),
        Mistake(
            lambda x, g: (x.mean() - g.mean()).square(),
            "All features are averaged together; take the mean over the points only, `mean(0)`.",
        ),
    ),
    gradient=("fake_features",),
    hints=(
        "Average each feature over the N real points and over the M generated ones.",
        "Then the squared length of the difference of the two vectors.",
        "(real_features.mean(0) - fake_features.mean(0)).square().sum()",
    ),
    difficulty=1,
    minutes=3,
)


# The price of the codes


def code_price(logits):
    return -logits.mean()


def _code_logits(rng):
    yield Case((_tensor([0.0, 0.0]),), "a classifier that sees no difference")
    yield Case((_tensor([-1.0, -3.0]),))
    yield Case((_tensor(rng.normal(-2.0, 1.0, size=5)),))
    yield Case((_tensor([-60.0, 2.0]),), "a code that the prior hardly ever gives")


CODE_PRICE = Exercise(
    id="13.code_price",
    title="A KL from a classifier of codes",
    reference=code_price,
    cases=_code_logits,
    mistakes=(
        Mistake(
            lambda a: a.mean(),
            "This is −KL: C is the probability of the prior, which stands below the fraction line of q/p.",
        ),
        Mistake(
            lambda a: -torch.sigmoid(a).mean(),
            "This averages C itself; asked is log C/(1 − C), which is the logit.",
        ),
        Mistake(
            lambda a: torch.nn.functional.softplus(-a).mean(),
            "This is −log C. The logarithm of the ratio is log C − log(1 − C).",
        ),
        Mistake(
            lambda a: -torch.nn.functional.softplus(a).mean(),
            "This is log(1 − C). The logarithm of the ratio is log C − log(1 − C).",
        ),
        Mistake(
            lambda a: torch.exp(-a).mean(),
            "This averages the ratio q/p; a KL averages its logarithm.",
        ),
        Mistake(lambda a: -a.sum(), "This is the sum over the codes; the expectation is their mean."),
    ),
    gradient=True,
    hints=(
        "KL(q‖p) = E_q log q/p = −E_q log p/q, and p/q = C/(1 − C).",
        "log C/(1 − C) is the logit.",
        "-logits.mean()",
    ),
    difficulty=1,
    minutes=3,
)
