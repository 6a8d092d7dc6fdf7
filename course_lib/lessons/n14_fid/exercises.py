"""Exercises of notebook 14: the Inception score, the parts of the FID, its bias, and the kernel distance."""

import math

import numpy as np
import torch

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


# The score from probabilities


def inception_score(probabilities):
    marginal = probabilities.mean(0)
    conditional = torch.special.entr(probabilities).sum(1).mean()
    return torch.exp(torch.special.entr(marginal).sum() - conditional)


def log_score(p):
    return torch.log(inception_score(p))


def _given_images(p):
    """KL(p(y|x) ‖ p(y)) of each image."""
    return (torch.special.xlogy(p, p) - torch.special.xlogy(p, p.mean(0))).sum(1)


def _other_way_round(p):
    marginal = p.mean(0)
    return torch.exp((marginal * (marginal.log() - p.log())).sum(1).mean())


def label_tables(rng):
    yield Case(
        (tensor([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]]),), "two images, three classes, one of them impossible"
    )
    yield Case((torch.eye(3, dtype=torch.float64),), "three images, each of a class of its own, for certain")
    for images, classes in ((6, 4), (5, 10)):
        yield Case(
            (tensor(rng.dirichlet([0.5] * classes, size=images)),), f"{images} images, {classes} classes"
        )


SCORE = Exercise(
    id="14.inception_score",
    title="The Inception score from label probabilities",
    reference=inception_score,
    cases=label_tables,
    mistakes=(
        Mistake(log_score, "The exponential is missing: this is the mutual information in nats."),
        Mistake(
            lambda p: torch.exp(log_score(p) / math.log(2)),
            "The entropies are in bits and the exponential is to the base e: use the natural logarithm in both.",
        ),
        Mistake(lambda p: log_score(p) / math.log(2), "This is in bits, and the exponential is missing."),
        Mistake(
            lambda p: 1 / inception_score(p), "The sign is turned round: it is H(y) minus the mean of H(y|x)."
        ),
        Mistake(
            lambda p: torch.exp(torch.special.entr(p).sum(1).mean()),
            "Only sharpness is in it: the entropy of p(y), the mean row, is missing.",
        ),
        Mistake(
            lambda p: torch.exp(torch.special.entr(p.mean(0)).sum()),
            "Only diversity is in it: subtract the mean entropy of the rows.",
        ),
        Mistake(
            lambda p: torch.exp(_given_images(p)).mean(),
            "The exponential is taken of each image's KL(p(y|x) ‖ p(y)) and then averaged: average first.",
        ),
        Mistake(
            _other_way_round,
            "The KL is the other way round: the score needs KL(p(y|x) ‖ p(y)), averaged over the images.",
        ),
        Mistake(
            lambda p: torch.exp(torch.special.entr(p.mean(0)).mean() - torch.special.entr(p).mean()),
            "The entropies are averaged over the classes: an entropy is a sum over the classes.",
        ),
        Mistake(
            lambda p: torch.exp(torch.special.entr(p.mean(0)).sum() - torch.special.entr(p).mean()),
            "The mean runs over images and classes: sum over the classes, then average over the images.",
        ),
        Mistake(
            lambda p: inception_score(p.T),
            "The axes are exchanged: a row is one image, and p(y) is the mean over the rows.",
        ),
        Mistake(
            lambda p: torch.exp(torch.special.entr(p.mean(0)).sum() - torch.special.entr(p).sum()),
            "The entropies of the images are added: average them.",
        ),
        Mistake(
            lambda p: torch.exp((p * (p.log() - p.mean(0).log())).sum(1).mean()),
            "A class with probability 0 must contribute 0, and 0 · log 0 gives NaN: use torch.special.entr.",
        ),
    ),
    hints=(
        "You need two entropies: of the mean row, and the mean over the rows of their own entropies.",
        "torch.special.entr(p) is -p log p for each entry, and 0 at p = 0.",
        "torch.exp(entr(p.mean(0)).sum() - entr(p).sum(1).mean())",
    ),
    minutes=6,
)


# The trace of the matrix root


def root_of(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT


def cross_trace(cov_pi, cov_p):
    root = root_of(cov_pi)
    return torch.linalg.eigvalsh(root @ cov_p @ root).clamp(min=0).sqrt().sum()


def covariance_pairs(rng):
    yield Case((tensor([[4.0, 0.0], [0.0, 1.0]]), tensor([[9.0, 0.0], [0.0, 1.0]])), "both diagonal")
    for d in (2, 4):
        # Positive entries, so that wrong ways give numbers and not NaN.
        first, second = (tensor(rng.uniform(0.2, 1.0, size=(d, d))) for _ in range(2))
        identity = torch.eye(d, dtype=torch.float64)
        yield Case((first @ first.T + 0.3 * identity, second @ second.T + 0.1 * identity), f"{d} dimensions")
    v = tensor(rng.uniform(0.5, 1.5, size=(3, 1)))
    w = tensor(rng.uniform(0.5, 1.5, size=(3, 3)))
    yield Case((w @ w.T, v @ v.T), "the second one is singular")
    yield Case((v @ v.T, w @ w.T), "the first one is singular")
    diagonal = torch.diag(tensor([2.0, 0.0, 1.0])), torch.diag(tensor([0.0, 3.0, 4.0]))
    yield Case(diagonal, "both are singular, and diagonal")
    # Many eigenvalues are 0 here, and rounding makes some of them negative, whatever the seed.
    for rows in (3, 4):
        few = (tensor(rng.uniform(0.2, 1.0, size=(rows, 12))) for _ in range(2))
        yield Case(tuple(x.T @ x / rows for x in few), f"both of rank {rows}, in 12 dimensions")


def probe_root(answer, *args):
    value = answer(*args)
    if np.iscomplexobj(value) or (torch.is_tensor(value) and value.is_complex()):
        raise Reject(
            "A complex number came back, and the distance is real: the eigenvalues are those of a positive"
            " semi-definite matrix. Take them with eigvalsh of the symmetric product, or keep the real part only."
        )
    return value


CROSS = Exercise(
    id="14.cross_trace",
    title="The trace of the matrix square root",
    reference=cross_trace,
    cases=covariance_pairs,
    probe=probe_root,
    keeps=True,
    rtol=1e-5,
    atol=1e-5,
    single=(1e-3, 2e-2),
    tolerance_reason="the root of a singular matrix keeps half of the digits, of 16 or of 7",
    mistakes=(
        Mistake(
            lambda c, d: torch.trace((c.sqrt() @ d @ c.sqrt()).sqrt()),
            "torch.sqrt takes the root of each entry. A matrix root takes those of the eigenvalues.",
        ),
        Mistake(
            lambda c, d: torch.trace((root_of(c) @ d @ root_of(c)).sqrt()),
            "The inner root is right, but the outer one is taken of each entry: it must be the matrix root.",
        ),
        Mistake(
            lambda c, d: torch.trace((c @ d).sqrt()), "The root of each entry is not the matrix square root."
        ),
        Mistake(lambda c, d: torch.trace(c @ d), "The outer square root is missing."),
        Mistake(
            lambda c, d: torch.trace(c @ d).clamp(min=0).sqrt(),
            "The root of the trace is not the trace of the root: take the root first.",
        ),
        Mistake(
            lambda c, d: torch.trace(root_of(c) @ root_of(d)),
            "The roots are multiplied one by one. That is right only when the covariances commute.",
        ),
        Mistake(
            lambda c, d: torch.linalg.eigvalsh(c @ d).clamp(min=0).sqrt().sum(),
            "The product of two covariances is not symmetric, and eigvalsh reads one triangle of it only: take the"
            " root of one of them on both sides, or torch.linalg.eigvals.",
        ),
        Mistake(
            lambda c, d: torch.linalg.svdvals(c @ d).sqrt().sum(),
            "The singular values of the product are not its eigenvalues: it is not symmetric.",
        ),
        Mistake(
            lambda c, d: 2 * cross_trace(c, d), "The factor 2 of the formula does not belong to this term."
        ),
        Mistake(
            lambda c, d: cross_trace(c, d) ** 2,
            "Something was squared: the sum runs over the roots of the eigenvalues.",
        ),
    ),
    hints=(
        "The trace of a matrix is the sum of its eigenvalues, and a matrix root has the roots of the eigenvalues.",
        "You need one matrix root, of cov_pi: V diag(√λ) Vᵀ. For the outer one its eigenvalues suffice.",
        "values, vectors = torch.linalg.eigh(cov_pi); root = (vectors * values.clamp(min=0).sqrt()) @ vectors.mT; then"
        " torch.linalg.eigvalsh(root @ cov_p @ root).clamp(min=0).sqrt().sum()",
    ),
    difficulty=2,
    minutes=12,
)


# The streaming mean and covariance


def update_statistics(count, mean, cov, batch, *, between=True, ddof=1, keep_ddof=1):
    m = len(batch)
    total = count + m
    batch_mean = batch.mean(0)
    delta = batch_mean - mean
    scatter = cov * (count - keep_ddof) + (batch - batch_mean).T @ (batch - batch_mean)
    if between:
        scatter = scatter + torch.outer(delta, delta) * (count * m / total)
    return total, mean + delta * (m / total), scatter / (total - ddof)


def _wrong_axis(count, mean, cov, batch):
    total, new_mean, right = update_statistics(count, mean, cov, batch)
    centred = batch - batch.mean(0)
    return total, new_mean, right + (centred @ centred.T - centred.T @ centred) / (total - 1)


def _old_centre(count, mean, cov, batch):
    total, new_mean, right = update_statistics(count, mean, cov, batch)
    delta = batch.mean(0) - mean
    return total, new_mean, right + torch.outer(delta, delta) * (len(batch) / (total - 1))


def _plain_average(count, mean, cov, batch):
    total, _, new_cov = update_statistics(count, mean, cov, batch)
    return total, (mean + batch.mean(0)) / 2, new_cov


def _with_covariances(weigh):
    """Wrong ways that average the two covariances; that of a single row is 0/0, as torch has it."""

    def answer(count, mean, cov, batch):
        total, new_mean, _ = update_statistics(count, mean, cov, batch)
        centred = batch - batch.mean(0)
        of_batch = centred.T @ centred / tensor(len(batch) - 1)
        return total, new_mean, weigh(count, cov, len(batch), of_batch)

    return answer


def _weighted(weigh):
    """The between term with another weight in place of n m / (n + m)."""

    def answer(count, mean, cov, batch):
        total, new_mean, _ = update_statistics(count, mean, cov, batch)
        delta = batch.mean(0) - mean
        within = cov * (count - 1) + (batch - batch.mean(0)).T @ (batch - batch.mean(0))
        return total, new_mean, (within + torch.outer(delta, delta) * weigh(count, len(batch))) / (total - 1)

    return answer


def _by_moments(count, mean, cov, batch):
    """E[x x'] - m m', which is right on paper."""
    total = count + len(batch)
    new_mean = (count * mean + batch.sum(0)) / total
    second = (count - 1) * cov + count * torch.outer(mean, mean) + batch.T @ batch
    return total, new_mean, (second - total * torch.outer(new_mean, new_mean)) / (total - 1)


def _by_the_old_count(count, mean, cov, batch):
    total, _, new_cov = update_statistics(count, mean, cov, batch)
    return total, mean + (batch.mean(0) - mean) * (len(batch) / count), new_cov


def _about_the_new_mean(count, mean, cov, batch):
    total, new_mean, _ = update_statistics(count, mean, cov, batch)
    centred = batch - new_mean
    return total, new_mean, (cov * (count - 1) + centred.T @ centred) / (total - 1)


def _old_count(count, mean, cov, batch):
    return count, *update_statistics(count, mean, cov, batch)[1:]


def statistics_cases(rng):
    for d, offset, label in (
        (3, 0.0, "three features"),
        (2, 5.0, "two features"),
        (1, 1.0, "one feature, and a batch of one row"),
        (2, 1e6, "a mean a million times the spread"),
    ):
        old = tensor(rng.normal(size=(6, d)) * (1 + rng.random(d)) + offset)
        # As many rows as features, so that a covariance over the wrong axis has the right shape.
        batch = tensor(rng.normal(size=(d, d)) + offset + 0.7)
        mean = old.mean(0)
        yield Case((len(old), mean, (old - mean).T @ (old - mean) / (len(old) - 1), batch), label)


STREAM = Exercise(
    id="14.update_statistics",
    title="Mean and covariance, one batch at a time",
    reference=update_statistics,
    cases=statistics_cases,
    rtol=1e-6,
    atol=1e-9,
    tolerance_reason="the rounding of float64 at a mean of a million times the spread, and a hundred times more",
    mistakes=(
        Mistake(
            lambda n, m, c, b: update_statistics(n, m, c, b, between=False),
            "The two groups also differ in their means: the term n m / (n + m) δ δᵀ is missing from the scatter.",
        ),
        Mistake(
            _old_centre,
            "The batch is centred by the old mean, so the difference of the means counts twice: centre it by its own.",
        ),
        Mistake(
            lambda n, m, c, b: update_statistics(n, m, c, b, ddof=0),
            "The new covariance is divided by n: divide by n - 1.",
        ),
        Mistake(
            lambda n, m, c, b: update_statistics(n, m, c, b, ddof=0, keep_ddof=0),
            "n is used for n - 1: the old covariance times count - 1 is the scatter, and the new scatter is divided by"
            " the new count less 1.",
        ),
        Mistake(
            lambda n, m, c, b: update_statistics(n, m, c, b, keep_ddof=0),
            "The old covariance was divided by n - 1: multiply it by count - 1 to get the scatter back.",
        ),
        Mistake(
            _wrong_axis, "The covariance is taken over the wrong axis: rows are images, columns are features."
        ),
        Mistake(
            _plain_average,
            "The two means are averaged as if the groups were of one size: weight them by the counts.",
        ),
        Mistake(
            _with_covariances(lambda n, cov, m, other: (n * cov + m * other) / (n + m)),
            "This averages the two covariances: the difference of the means is missing, and n is used for n - 1.",
        ),
        Mistake(
            _with_covariances(lambda n, cov, m, other: ((n - 1) * cov + (m - 1) * other) / (n + m - 2)),
            "This is the pooled covariance within the two groups: the difference of their means is missing.",
        ),
        Mistake(
            _with_covariances(lambda n, cov, m, other: ((n - 1) * cov + (m - 1) * other) / (n + m - 1)),
            "The difference of the means is missing from the scatter (and a batch of one row has no covariance).",
        ),
        Mistake(
            _weighted(lambda n, m: 1),
            "The term δ δᵀ has no weight: it enters the scatter n m / (n + m) times.",
        ),
        Mistake(
            _weighted(lambda n, m: n * m / (n + m) ** 2),
            "The weight n m / (n + m)² belongs to a covariance with n in the denominator: in the scatter it is"
            " n m / (n + m).",
        ),
        Mistake(
            _weighted(lambda n, m: m),
            "The old mean moves too: the weight of δ δᵀ is n m / (n + m), not the size of the batch.",
        ),
        Mistake(
            _by_moments,
            "This is E[x xᵀ] - m mᵀ, right on paper: with a mean of a million times the spread two huge numbers are"
            " subtracted and their digits are gone. Add scatters about the means.",
        ),
        Mistake(
            _by_the_old_count,
            "The mean moves by δ times m over the old count: divide by the new count, n + m.",
        ),
        Mistake(
            _about_the_new_mean,
            "Only the batch is centred by the new mean: the rows seen before are still around their old one.",
        ),
        Mistake(_old_count, "The count is the old one: return count + len(batch)."),
    ),
    hints=(
        "Add scatters (sums of squared deviations), not covariances: scatter = (n - 1) · covariance.",
        "The scatter of the union is that of both groups, each around its own mean, plus n m / (n + m) δ δᵀ, with δ the"
        " difference of the means.",
        "delta = batch.mean(0) - mean; new mean = mean + delta · m / (n + m); centre the batch by its own mean:"
        " sums of squares lose their digits when the mean is large.",
    ),
    difficulty=2,
    minutes=15,
)


# FID with fewer images than features


def fid_few(features_pi, features_p, *, ddof=1, means=True, double=2.0, centre=True, root=True):
    mean_pi, mean_p = features_pi.mean(0), features_p.mean(0)
    a = (features_pi - mean_pi if centre else features_pi) / math.sqrt(len(features_pi) - ddof)
    b = (features_p - mean_p if centre else features_p) / math.sqrt(len(features_p) - ddof)
    values = torch.linalg.svdvals(a @ b.T)
    cross = values.sum() if root else (values**2).sum()
    shift = ((mean_pi - mean_p) ** 2).sum() if means else 0.0
    return shift + (a**2).sum() + (b**2).sum() - double * cross


def _by_entries(features_pi, features_p):
    a, b = (x - x.mean(0) for x in (features_pi, features_p))
    a, b = a / math.sqrt(len(a) - 1), b / math.sqrt(len(b) - 1)
    shift = ((features_pi.mean(0) - features_p.mean(0)) ** 2).sum()
    return shift + (a**2).sum() + (b**2).sum() - 2 * torch.trace(a @ b.T)


def feature_pairs(rng):
    for n, m, d in ((3, 3, 4), (5, 5, 40), (6, 6, 300)):
        scale = rng.uniform(0.5, 2.0, size=d)
        p, q = (tensor(rng.normal(size=(rows, d)) * scale + shift) for rows, shift in ((n, 0.0), (m, 0.3)))
        yield Case((p, q), f"{n} images, {d} features")
    # Many singular values are 0 here: the root of an eigenvalue near 0 loses half of the digits, whatever the seed.
    plane = rng.normal(size=(2, 60))
    p, q = (tensor(rng.normal(size=(40, 2)) @ plane + shift) for shift in (0.0, 0.3))
    yield Case((p, q), "40 images whose 60 features lie in a plane")


def judge_digits(measured, expected, *_):
    try:
        got = float(measured)
    except (TypeError, ValueError):
        return f"Expected one number, {float(expected):.6g}."
    error = abs(got - float(expected)) / float(expected)
    if error <= 1e-9:
        return None
    came = f"Expected {float(expected):.10g}, got {got:.10g}."
    if not error <= 1e-3:  # also where it is NaN
        return came
    if getattr(measured, "dtype", None) in (torch.float32, torch.float16, torch.bfloat16):
        digits = "single precision, which has 7 digits: 9 are asked for"
        return f"This was computed in {digits}. {came}"
    return (
        f"Right to a share of {error:.0e}, and asked for is 1e-9: the root of an eigenvalue that should be 0 turns a"
        " rounding error of 1e-16 into 1e-8. Take the singular values of the small matrix A Bᵀ themselves. "
    ) + came


FEW = Exercise(
    id="14.fid_few_images",
    title="FID with fewer images than features",
    reference=fid_few,
    cases=feature_pairs,
    judge=judge_digits,
    time_limit=10.0,
    mistakes=(
        Mistake(lambda x, y: fid_few(x, y, ddof=0), "n is used for n - 1 in the covariances."),
        Mistake(lambda x, y: fid_few(x, y, means=False), "The squared distance of the means is missing."),
        Mistake(lambda x, y: fid_few(x, y, double=1.0), "The factor 2 before the cross term is missing."),
        Mistake(
            lambda x, y: fid_few(x, y, centre=False),
            "The features must be centred before they are a factor of the covariance.",
        ),
        Mistake(
            lambda x, y: fid_few(x, y, root=False),
            "The singular values are squared: they are the roots already, so add them as they are.",
        ),
        Mistake(
            lambda x, y: fid_few(x, y).clamp(min=0).sqrt(),
            "The root was taken: the FID is the squared distance.",
        ),
        Mistake(
            lambda x, y: (
                fid_few(x, y) - ((x.mean(0) - y.mean(0)) ** 2).sum() + (x.mean(0) - y.mean(0)).norm()
            ),
            "The distance of the means must be squared.",
        ),
        Mistake(
            _by_entries,
            "This is the trace of A Bᵀ itself, which depends on the order of the images: add its singular values.",
        ),
    ),
    hints=(
        "The matrix under the root has the same eigenvalues, but for zeros, as Σπ Σp = AᵀA BᵀB: the product of two"
        " matrices may be turned round, and then a small one is left.",
        "With M = A Bᵀ, n x m, they are the eigenvalues of M Mᵀ: their roots are the singular values of M.",
        "tr Σπ is the sum of the squares of A's entries.",
        "shift + (A**2).sum() + (B**2).sum() - 2 * torch.linalg.svdvals(A @ B.T).sum()",
    ),
    difficulty=3,
    minutes=25,
)


# The unbiased MMD


def mean_of_pairs(k):
    return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))


def mmd2_unbiased(kxx, kyy, kxy):
    return mean_of_pairs(kxx) + mean_of_pairs(kyy) - 2 * kxy.mean()


def kernel(a, b):
    return (a @ b.T / 2 + 1) ** 3


def kernel_tables(rng):
    same = tensor(rng.normal(size=(4, 2)))
    yield Case((kernel(same, same),) * 3, "a set against itself")
    for n, m in ((3, 3), (5, 4), (2, 6)):
        x, y = tensor(rng.normal(size=(n, 2))), tensor(rng.normal(size=(m, 2)) + 0.5)
        yield Case((kernel(x, x), kernel(y, y), kernel(x, y)), f"{n} against {m} images")


def _no_diagonal(k):
    return k.sum() - k.diagonal().sum()


def _unit_diagonal(kxx, kyy, kxy):
    within = ((k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in (kxx, kyy))
    return sum(within) - 2 * kxy.mean()


MMD = Exercise(
    id="14.mmd2_unbiased",
    title="The unbiased squared MMD",
    reference=mmd2_unbiased,
    cases=kernel_tables,
    mistakes=(
        Mistake(
            lambda a, b, c: a.mean() + b.mean() - 2 * c.mean(),
            "This is the biased estimate: an image paired with itself is in the sums, and always looks similar.",
        ),
        Mistake(
            lambda a, b, c: _no_diagonal(a) / a.numel() + _no_diagonal(b) / b.numel() - 2 * c.mean(),
            "The diagonal is out of the sums but still in the count: there are n (n - 1) pairs of different images.",
        ),
        Mistake(
            lambda a, b, c: (
                a.sum() / (len(a) * (len(a) - 1)) + b.sum() / (len(b) * (len(b) - 1)) - 2 * c.mean()
            ),
            "The count n (n - 1) is that of the pairs of different images, but the sums still hold the diagonal.",
        ),
        Mistake(
            _unit_diagonal,
            "1 is taken off for each image, but k(x, x) is 1 for some kernels only: take off the diagonal itself.",
        ),
        Mistake(
            lambda a, b, c: mmd2_unbiased(a, b, c) + c.mean(), "The cross term enters twice: - 2 E k(x, y)."
        ),
        Mistake(
            lambda a, b, c: mmd2_unbiased(a, b, c) + 4 * c.mean(), "The sign of the cross term is wrong."
        ),
        Mistake(
            lambda a, b, c: mmd2_unbiased(a, b, c).clamp(min=0),
            "Cut off at zero it is no longer unbiased: values below zero must stay.",
        ),
        Mistake(
            lambda a, b, c: mmd2_unbiased(a, b, c).clamp(min=0).sqrt(),
            "The squared MMD is asked for: its root is not unbiased.",
        ),
        Mistake(
            lambda a, b, c: (
                mmd2_unbiased(a, b, c) + 2 * c.mean()
                - 2 * (c.sum() - c.diagonal().sum()) / (c.numel() - min(c.shape))
            ),
            "The diagonal of kxy must stay: its pairs are of different images, one real and one generated.",
        ),
    ),
    hints=(
        "It is the mean over pairs of reals, plus that over pairs of fakes, minus twice that over mixed pairs.",
        "Pairs within one set must be of different images: leave out the diagonal, and divide by n (n - 1).",
        "(kxx.sum() - kxx.diagonal().sum()) / (n * (n - 1)), the same for kyy, and - 2 * kxy.mean()",
    ),
    minutes=8,
)  # fmt: skip


# The extrapolation


def fit_line(x, y):
    centred = x - x.mean()
    slope = (centred * y).sum() / (centred**2).sum()
    return y.mean() - slope * x.mean(), slope


def extrapolate(sizes, values):
    return fit_line(1 / sizes, values)[0]


def line_cases(rng):
    yield Case((tensor([100.0, 200.0]), tensor([3.0, 2.0])), "two sizes: the line goes through both")
    for _ in range(2):
        sizes = tensor(sorted(rng.choice([50, 80, 100, 150, 200, 300, 500, 900], size=5, replace=False)))
        values = rng.uniform(0.5, 5) + rng.uniform(50, 200) / sizes + tensor(0.05 * rng.normal(size=5))
        yield Case((sizes, values), "five sizes")


LINE = Exercise(
    id="14.extrapolate",
    title="FID for infinitely many images",
    reference=extrapolate,
    cases=line_cases,
    mistakes=(
        Mistake(
            lambda n, v: fit_line(n, v)[0], "The line is fitted in n: the bias is a constant over n, so take 1/n as x."
        ),
        Mistake(lambda n, v: fit_line(1 / n, v)[1], "This is the slope: the value at 1/n = 0 is the intercept."),
        Mistake(lambda n, v: v[-1], "This is the value at the largest size, bias included: go on to 1/n = 0."),
        Mistake(lambda n, v: v.mean(), "This is the mean of the values: the bias is still in it."),
        Mistake(lambda n, v: fit_line(1 / n**0.5, v)[0], "The bias shrinks like 1/n, not like 1/√n."),
        Mistake(
            lambda n, v: fit_line(v, 1 / n)[0], "x and y are exchanged: the FID is fitted as a function of 1/n."
        ),
        Mistake(lambda n, v: fit_line(n.log(), v)[0], "The line is fitted in log n: the bias is a constant over n."),
    ),
    hints=(
        "Make x = 1/n and fit a straight line by least squares. Infinitely many images are x = 0.",
        "slope = Σ (x - x̄)(y - ȳ) / Σ (x - x̄)²; intercept = ȳ - slope · x̄.",
    ),
    minutes=8,
)  # fmt: skip


# A detector of copies


def nearest(samples, training):
    return torch.cdist(samples, training).min(1).values


def image_sets(rng):
    training = tensor(rng.random((5, 3)))
    yield Case((training[[1, 3]], training), "two copies")
    yield Case(
        (tensor(rng.random((4, 64))), tensor(rng.random((7, 64)))), "four samples, seven training images"
    )
    # By |s|² + |t|² - 2 s·t some of these squares come out below 0, whatever the seed.
    copied = tensor(rng.random((40, 64)))
    yield Case((copied, copied.clone()), "forty copies")
    yield Case((tensor(rng.random((6, 2))), tensor(rng.random((3, 2)))), "six samples, three training images")


NEAREST = Exercise(
    id="14.nearest",
    title="The distance to the nearest training image",
    reference=nearest,
    cases=image_sets,
    atol=1e-6,
    tolerance_reason="a distance of 0 that is found by a matrix product keeps half of the digits",
    mistakes=(
        Mistake(lambda s, t: nearest(s, t) ** 2, "The distance is squared: take the root."),
        Mistake(
            lambda s, t: nearest(t, s),
            "The roles are exchanged: one number for each sample, its distance to the nearest training image.",
        ),
        Mistake(
            lambda s, t: torch.cdist(s, t).min(), "This is the smallest of all: one number a sample is asked for."
        ),
        Mistake(
            lambda s, t: torch.cdist(s, t).mean(1), "This is the mean distance: the smallest one shows a copy."
        ),
        Mistake(
            lambda s, t: torch.cdist(s, t).topk(2, largest=False).values[:, 1],
            "This is the distance to the second nearest: a copy of a training image has one at 0, and it counts.",
        ),
        Mistake(
            lambda s, t: torch.cdist(s, t).min(1).indices, "This says which image is nearest, not how far it is."
        ),
        Mistake(
            lambda s, t: (s[:, None] - t[None, :]).abs().sum(-1).min(1).values,
            "This adds absolute differences: the Euclidean distance is asked for.",
        ),
    ),
    hints=(
        "All distances between two sets of points: torch.cdist(samples, training), shape (n, m).",
        "Then the minimum over the training images, the second axis: .min(1).values",
    ),
    minutes=4,
)  # fmt: skip
