"""Exercises of notebook 07: two mixtures, permutations and their cut, learned tests, points that follow a classifier.

The data have the distribution p, the model q; what comes from the model stands second.
"""

import math

import numpy as np
import torch
from scipy import stats
from torch.nn.functional import binary_cross_entropy, softplus

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject

LOG10 = math.log(10)


def _tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


# A mixture around the data -------------------------------------------------------------------------------------------


def _squares(x, centres):
    return (x[:, None] - centres).square().sum(-1)


def _log_bumps(x, centres, eps, half_d=None):
    half_d = x.shape[1] / 2 if half_d is None else half_d
    return -_squares(x, centres) / (2 * eps) - half_d * math.log(2 * math.pi * eps)


def log_p1(x, centres, eps):
    return torch.logsumexp(_log_bumps(x, centres, eps), 1) - math.log(len(centres))


def _mixtures(rng):
    yield Case((_tensor([[0.0]]), _tensor([[0.0]]), 0.25), "one centre on the line, x at the centre")
    x, centres = _tensor(rng.normal(size=(4, 2))), _tensor(rng.normal(size=(3, 2)))
    yield Case((x, centres, float(rng.uniform(0.2, 0.6))), "4 points and 3 centres in the plane")
    x, centres = _tensor(rng.normal(size=(2, 5))), _tensor(rng.normal(size=(6, 5)))
    yield Case((x, centres, float(rng.uniform(2, 3))), "5 dimensions, a variance above 1")
    x, centres = _tensor(rng.uniform(size=(2, 64))), _tensor(rng.uniform(size=(3, 64)))
    yield Case((x, centres, 1e-5), "64 dimensions, far from every centre")


LOG_P1 = Exercise(
    id="07.log_p1",
    title="The log-density of a mixture around the training points",
    reference=log_p1,
    cases=_mixtures,
    mistakes=(
        Mistake(
            lambda x, c, eps: log_p1(x, c, eps**2),
            "This takes ε for a standard deviation: in N(x | xᵢ, εI) it is the variance.",
        ),
        Mistake(
            lambda x, c, eps: torch.log(_log_bumps(x, c, eps).exp().mean(1)),
            "Right in theory, but far from every centre each exponential rounds to 0 and the logarithm is −∞: stay in "
            "logarithms, with `torch.logsumexp`.",
        ),
        Mistake(
            lambda x, c, eps: torch.logsumexp(_log_bumps(x, c, eps), 1),
            "This is the sum of the n densities: the mixture is their average, so log n has to be subtracted.",
        ),
        Mistake(
            lambda x, c, eps: _log_bumps(x, c, eps).mean(1),
            "This is the mean of the logarithms: the mixture needs the logarithm of the mean.",
        ),
        Mistake(
            lambda x, c, eps: _log_bumps(x, c, eps).sum(1),
            "This adds the logarithms, as if the densities were multiplied: a mixture averages densities.",
        ),
        Mistake(
            lambda x, c, eps: torch.logsumexp(_log_bumps(x, c, eps, 0.5), 1) - math.log(len(c)),
            "The factor (2πε)^(−1/2) belongs to each dimension: its logarithm counts d times.",
        ),
        Mistake(
            lambda x, c, eps: torch.logsumexp(_log_bumps(x, c, eps, 0.0), 1) - math.log(len(c)),
            "The Gaussians are not normalised: the factor (2πε)^(−d/2) is missing.",
        ),
        Mistake(
            lambda x, c, eps: (
                torch.logsumexp(-_squares(x, c) / eps - x.shape[1] / 2 * math.log(2 * math.pi * eps), 1)
                - math.log(len(c))
            ),
            "The 1/2 in the exponent is missing: exp(−‖x − xᵢ‖² / (2ε)).",
        ),
        Mistake(
            lambda x, c, eps: (
                torch.logsumexp(
                    -_squares(x, c).sqrt() / (2 * eps) - x.shape[1] / 2 * math.log(2 * math.pi * eps), 1
                )
                - math.log(len(c))
            ),
            "This has the distance in the exponent: it has to be squared.",
        ),
        Mistake(
            lambda x, c, eps: _log_bumps(x, c, eps).max(1).values,
            "This is the nearest bump alone, with weight 1: take all of them, each with weight 1/n.",
        ),
        Mistake(
            lambda x, c, eps: torch.logsumexp(_log_bumps(x, c, eps), 0) - math.log(len(c)),
            "The sum runs over the points x: for each x sum over the centres.",
        ),
    ),
    hints=(
        "log p₁(x) is the log of a mean of n Gaussian densities. Write the logarithm of each first: shape (m, n).",
        "log N(x | xᵢ, εI) = −‖x − xᵢ‖²/(2ε) − (d/2) log(2πε). The log of a sum of exponentials is `torch.logsumexp`.",
        "logs = -squares / (2 * eps) - d / 2 * math.log(2 * math.pi * eps); "
        "torch.logsumexp(logs, 1) - math.log(n), with squares = (x[:, None] - centres).square().sum(-1)",
    ),
    difficulty=2,
    minutes=8,
)


# A mixture with noise ------------------------------------------------------------------------------------------------


def p2_gap(log_p, log_noise, weight):
    return torch.logaddexp(torch.full_like(log_p, math.log(weight)), math.log(1 - weight) + log_noise - log_p)


def _log_pairs(rng):
    yield Case((_tensor([0.0]), _tensor([0.0]), 0.01), "where both densities are 1")
    yield Case((_tensor(rng.normal(size=4)), _tensor(rng.normal(size=4)), 0.01), "both of the same size")
    weight = float(rng.uniform(0.1, 0.4))
    yield Case((_tensor(rng.normal(size=3)), _tensor(rng.normal(-1, 1, size=3)), weight), "another weight")
    table = _tensor(rng.normal(size=(2, 3))), _tensor(rng.normal(size=(2, 3)))
    yield Case((*table, 0.01), "a table of points, shape (2, 3)")
    yield Case((_tensor([-2850.0, -2800.0]), _tensor([-3700.0, -2790.0]), 0.01), "2,000 dimensions")
    yield Case(
        (_tensor([-800.0, 900.0]), _tensor([30.0, -5.0]), 0.01), "far out, where only one of them is alive"
    )


def _straightforward(log_p, log_noise, weight):
    return torch.log(weight * log_p.exp() + (1 - weight) * log_noise.exp()) - log_p


P2_GAP = Exercise(
    id="07.p2_gap",
    title="What mixing with noise costs, in nats",
    reference=p2_gap,
    cases=_log_pairs,
    mistakes=(
        Mistake(
            lambda p, n, w: torch.full_like(p, math.log(w)),
            "This is the bound log w: where p is small the noise lifts the mixture above it.",
        ),
        Mistake(
            _straightforward,
            "Right in theory, but in many dimensions the densities leave the range of numbers: stay in logarithms, "
            "with `torch.logaddexp`.",
        ),
        Mistake(
            lambda p, n, w: p2_gap(p, n, w) + p,
            "This is log p₂ itself: subtract log p.",
        ),
        Mistake(
            lambda p, n, w: -p2_gap(p, n, w),
            "The sign is turned round: this is log p − log p₂.",
        ),
        Mistake(
            lambda p, n, w: p2_gap(p, n, 1 - w),
            "The weights have changed places: `weight` belongs to p, the rest to the noise.",
        ),
        Mistake(
            lambda p, n, w: w * p + (1 - w) * n - p,
            "This mixes the logarithms: the mixture adds densities, and a logarithm of a sum is `logaddexp`.",
        ),
        Mistake(
            lambda p, n, w: torch.logaddexp(p, n) - p,
            "Both weights are missing: log w and log(1 − w) are added to the two log-densities.",
        ),
        Mistake(
            lambda p, n, w: torch.logaddexp(math.log(w) + p, n) - p,
            "The weight 1 − w of the noise is missing.",
        ),
        Mistake(
            lambda p, n, w: p2_gap(p, n, w) / LOG10, "This is in base 10: nats need the natural logarithm."
        ),
    ),
    hints=(
        "p₂ = w p + (1 − w) p_noise. Divide by p before you take the logarithm.",
        "log p₂ − log p = log(w + (1 − w) exp(log p_noise − log p)), and log(eᵃ + eᵇ) is `torch.logaddexp(a, b)`.",
        "torch.logaddexp(math.log(weight) + log_p, math.log(1 - weight) + log_noise) - log_p",
    ),
    difficulty=1,
    minutes=6,
)


# A p-value by permutations -------------------------------------------------------------------------------------------


def _distance_of_means(x, y):
    return (x.mean(0) - y.mean(0)).norm()


def _difference_of_sums(x, y):
    return float(x.sum() - y.sum())


def _all_values(statistic, x, y, orders):
    pooled, n = torch.cat([x, y]), len(x)
    return [float(statistic(pooled[order[:n]], pooled[order[n:]])) for order in orders]


def permutation_p_value(statistic, x, y, orders):
    observed = float(statistic(x, y))
    reached = sum(value >= observed for value in _all_values(statistic, x, y, orders))
    return (reached + 1) / (len(orders) + 1)


def _orders(rng, count, size):
    return torch.as_tensor(np.stack([rng.permutation(size) for _ in range(count)]))


def _two_samples(rng):
    x, y = _tensor(rng.normal(3, 1, size=(6, 1))), _tensor(rng.normal(2.5, 1, size=(9, 1)))
    yield Case((_difference_of_sums, x, y, _orders(rng, 40, 15)), "6 and 9 points on the line, 40 orders")
    x, y = _tensor(rng.normal(0, 1, size=(5, 3))), _tensor(rng.normal(0.3, 1, size=(4, 3)))
    yield Case((_distance_of_means, x, y, _orders(rng, 30, 9)), "5 and 4 points in 3 dimensions")
    x, y = _tensor([[1.0], [0.0], [1.0], [1.0]]), _tensor([[0.0], [0.0], [1.0], [0.0]])
    yield Case((_difference_of_sums, x, y, _orders(rng, 60, 8)), "zeros and ones, with many ties")
    x, y = _tensor(rng.uniform(5, 6, size=(8, 1))), _tensor(rng.uniform(0, 1, size=(8, 1)))
    yield Case((_difference_of_sums, x, y, _orders(rng, 20, 16)), "samples far apart, 20 orders")


def _counted(count):
    """A p-value from (observed, values of all orders)."""
    return lambda statistic, x, y, orders: count(
        float(statistic(x, y)), np.array(_all_values(statistic, x, y, orders)), len(orders)
    )


def _within_groups(statistic, x, y, orders):
    n = len(x)
    values = [float(statistic(x[o[o < n]], y[o[o >= n] - n])) for o in orders]
    # A sum in another order may differ by a rounding.
    return (sum(v >= float(statistic(x, y)) - 1e-9 for v in values) + 1) / (len(orders) + 1)


def _wrong_sizes(statistic, x, y, orders):
    pooled, m = torch.cat([x, y]), len(y)
    values = [float(statistic(pooled[o[:m]], pooled[o[m:]])) for o in orders]
    return (sum(v >= float(statistic(x, y)) for v in values) + 1) / (len(orders) + 1)


PERMUTATION_P_VALUE = Exercise(
    id="07.permutation_p_value",
    title="A p-value by permutations",
    reference=permutation_p_value,
    cases=_two_samples,
    mistakes=(
        Mistake(
            _counted(lambda t, v, b: (v >= t).sum() / b),
            "This is k/B, which can be 0: the order that came is one of the orders, p = (k + 1)/(B + 1). Without it "
            "the test rejects too often.",
        ),
        Mistake(
            _counted(lambda t, v, b: ((v > t).sum() + 1) / (b + 1)),
            "This counts orders with a larger statistic only: ties are as extreme as what came, so count ≥.",
        ),
        Mistake(
            _counted(lambda t, v, b: (v > t).sum() / b),
            "Two things: ties have to be counted (≥), and the order that came is one of the orders, (k + 1)/(B + 1).",
        ),
        Mistake(
            _counted(lambda t, v, b: ((v >= t).sum() + 1) / b),
            "The order that came belongs into the denominator, too: B + 1 orders in all.",
        ),
        Mistake(
            _counted(lambda t, v, b: (v >= t).sum() / (b + 1)),
            "The order that came belongs into the numerator, too: it reaches its own statistic, so k + 1.",
        ),
        Mistake(
            _counted(lambda t, v, b: ((v <= t).sum() + 1) / (b + 1)),
            "This counts the orders that are less extreme: a large T speaks against H₀, so count T′ ≥ T.",
        ),
        Mistake(
            _counted(lambda t, v, b: 1 - ((v >= t).sum() + 1) / (b + 1)),
            "This is 1 − p: small p-values speak against H₀.",
        ),
        Mistake(
            _counted(lambda t, v, b: 1 - (v >= t).sum() / b),
            "This is the share of orders that stay below T: small p-values speak against H₀, and the order that came "
            "counts as one.",
        ),
        Mistake(
            _within_groups,
            "The points are shuffled within their own sample, which changes nothing: pool both samples, then split.",
        ),
        Mistake(
            _wrong_sizes,
            "The first part has the size of y: split the pooled points into n and m as they came.",
        ),
    ),
    hints=(
        "Pool both samples. Each row of `orders` deals the points out anew: its first n go to x, the others to y.",
        "Count the orders whose statistic is at least the observed one. What came is itself one of B + 1 orders.",
        "pooled = torch.cat([x, y]); values = [statistic(pooled[o[:n]], pooled[o[n:]]) for o in orders]; "
        "(1 + sum(v >= statistic(x, y) for v in values)) / (1 + len(orders))",
    ),
    difficulty=2,
    minutes=10,
)


# The cut -------------------------------------------------------------------------------------------------------------


def _place(count, alpha):
    """Which order statistic is the cut: the smallest j with j >= (1 - alpha)(B + 1)."""
    return count + 1 - math.floor(alpha * (count + 1) + 1e-9)


def cut(statistics, alpha):
    j = _place(len(statistics), alpha)
    return statistics.sort().values[j - 1] if j <= len(statistics) else _tensor(math.inf)


def _null_values(rng):
    def values(count):
        return _tensor(rng.gamma(2.0, 1.0, size=count))

    yield Case((values(19), 0.05), "19 values, α = 0.05")
    yield Case((values(999), 0.05), "999 values, α = 0.05")
    yield Case((values(20), 0.05), "20 values, α = 0.05")
    yield Case((values(99), 0.1), "99 values, α = 0.1")
    yield Case((values(9), 0.05), "9 values, α = 0.05: too few to reject at all")


def _or_last(statistics, j):
    return statistics.sort().values[min(max(j, 1), len(statistics)) - 1]


CUT = Exercise(
    id="07.cut",
    title="Where to cut, for a level",
    reference=cut,
    cases=_null_values,
    mistakes=(
        Mistake(
            lambda s, a: _tensor(a), "This is α itself: α is a probability, the cut is in the units of T."
        ),
        Mistake(
            lambda s, a: _or_last(s, math.ceil(a * (len(s) + 1) - 1e-9)),
            "This is the lower tail: a large T speaks against H₀, so cut at the upper end.",
        ),
        Mistake(
            lambda s, a: torch.quantile(s, a),
            "This is the α-quantile, the lower tail: a large T speaks against H₀.",
        ),
        Mistake(
            lambda s, a: torch.quantile(s, 1 - a),
            "This interpolates between two values, which puts the cut a little too low: take the ⌈(1 − α)(B + 1)⌉-th "
            "smallest, so that the level holds for every B.",
        ),
        Mistake(
            lambda s, a: _or_last(s, math.ceil((1 - a) * len(s) - 1e-9)),
            "This counts B orders: the one that came is one of them, so B + 1. With 20 or 9 values it makes a "
            "difference.",
        ),
        Mistake(
            lambda s, a: _or_last(s, _place(len(s), a)),
            "With 9 values no order statistic will do: even the largest of 10 orders has probability 0.1 under H₀. The "
            "cut is infinite then, and nothing is rejected.",
        ),
        Mistake(
            lambda s, a: s[_place(len(s), a) - 1] if _place(len(s), a) <= len(s) else _tensor(math.inf),
            "The values are not sorted: an order statistic is a place in the sorted list.",
        ),
        Mistake(
            lambda s, a: s.mean() + float(stats.norm.ppf(1 - a)) * s.std(),
            "This takes T for Gaussian: its distribution under H₀ is what the permutations are for.",
        ),
        Mistake(
            lambda s, a: (
                s.sort().values[_place(len(s), a / 2) - 1]
                if _place(len(s), a / 2) <= len(s)
                else _tensor(math.inf)
            ),
            "This leaves α/2 at the upper end: only large values of T speak against H₀, so the whole α stands there.",
        ),
    ),
    hints=(
        "You reject when T is larger than the cut. The order that came is one of B + 1, all equally likely under H₀.",
        "The cut is the j-th smallest of the B values with j = ⌈(1 − α)(B + 1)⌉, or infinity when j > B.",
        "j = math.ceil((1 - alpha) * (B + 1) - 1e-9); statistics.sort().values[j - 1] if j <= B else "
        "torch.tensor(math.inf)",
    ),
    difficulty=2,
    minutes=8,
)


# A classifier's test -------------------------------------------------------------------------------------------------


def _nearest_mean(points, labels):
    """A tiny classifier: a point belongs to the label whose mean is nearer."""
    labels = torch.as_tensor(labels).reshape(-1).bool()
    ones, zeros = points[labels].mean(0), points[~labels].mean(0)

    def predict(new):
        return ((new - ones).norm(dim=1) < (new - zeros).norm(dim=1)).double()

    return predict


def _labelled(x, y):
    return torch.cat([x, y]), torch.cat([torch.ones(len(x)), torch.zeros(len(y))])


def _counted_right(fit, x, y, learn, look):
    """Right answers on ``look`` of a classifier that learned on ``learn``; both take a sample to a part of it."""
    predict = fit(*_labelled(learn(x), learn(y)))
    points, labels = _labelled(look(x), look(y))
    return int((predict(points) == labels).sum()), len(points)


def _first(x):
    return x[: len(x) // 2]


def _second(x):
    return x[len(x) // 2 :]


def _whole(x):
    return x


def held_out_test(x, y, fit):
    right, n = _counted_right(fit, x, y, _first, _second)
    return right / n, float(stats.binom.sf(right - 1, n, 0.5))


def _test_with(p_value, learn=_first, look=_second):
    def test(x, y, fit):
        right, n = _counted_right(fit, x, y, learn, look)
        return right / n, float(p_value(right, n))

    return test


def _upper(right, n):
    return stats.binom.sf(right - 1, n, 0.5)


def _classified(rng):
    def pair(n, d, shift):
        x, y = rng.normal(size=(n, d)), rng.normal(size=(n, d))
        y[:, 0] += shift
        return _tensor(x), _tensor(y)

    yield Case((*pair(10, 1, 3.0), _nearest_mean), "10 + 10 points on the line, well apart")
    yield Case((*pair(20, 2, 1.0), _nearest_mean), "20 + 20 points in the plane")
    yield Case((*pair(40, 30, 0.0), _nearest_mean), "40 + 40 points of one distribution, 30 dimensions")
    yield Case((*pair(60, 2, 0.8), _nearest_mean), "60 + 60 points in the plane")
    (x, y), (more_x, more_y) = pair(30, 1, 2.0), pair(30, 1, 0.0)
    x, y = torch.cat([x, more_x]), torch.cat([y, more_y])
    yield Case((x, y, _nearest_mean), "samples whose first halves differ and whose second halves do not")


HELD_OUT_TEST = Exercise(
    id="07.held_out_test",
    title="A classifier's test on points that it never saw",
    reference=held_out_test,
    cases=_classified,
    mistakes=(
        Mistake(
            _test_with(_upper, _whole, _whole),
            "This tests on the points that the classifier learned from: in 30 dimensions it finds a difference where "
            "there is none.",
        ),
        Mistake(
            _test_with(_upper, _whole, _second),
            "The classifier has seen the second halves, too: fit it on the first halves only.",
        ),
        Mistake(
            _test_with(_upper, _first, _first),
            "This looks at the halves that were learned from: count on the second halves.",
        ),
        Mistake(
            _test_with(_upper, _second, _first),
            "The halves have changed places: learn on the first, count on the second.",
        ),
        Mistake(
            _test_with(lambda k, n: stats.binom.sf(k, n, 0.5)),
            "This is P(K > k): what came is as extreme as itself, so P(K ≥ k).",
        ),
        Mistake(
            _test_with(lambda k, n: stats.binomtest(k, n).pvalue),
            "This is two-sided: only an accuracy above 1/2 speaks against H₀.",
        ),
        Mistake(
            _test_with(lambda k, n: stats.binom.cdf(k, n, 0.5)),
            "This is the lower tail P(K ≤ k): a high accuracy would get a large p-value.",
        ),
        Mistake(
            _test_with(lambda k, n: stats.norm.sf((k / n - 0.5) / (0.5 / math.sqrt(n)))),
            "This is the normal approximation: with a few dozen points take the binomial distribution itself.",
        ),
        Mistake(
            _test_with(lambda k, n: stats.norm.sf((k / n - 0.5) / 0.5)),
            "The standard deviation of an accuracy is 1/(2√n), not 1/2. And take the binomial distribution itself.",
        ),
        Mistake(
            _test_with(lambda k, n: k / n),
            "The second number is the accuracy again: it asks for P(K ≥ k) with K of Bin(n, 1/2).",
        ),
        Mistake(
            lambda x, y, fit: held_out_test(x, y, fit)[::-1],
            "The two results have changed places: the accuracy first, then the p-value.",
        ),
    ),
    hints=(
        "Fit on the first halves, with label 1 for x and 0 for y. Count the right answers among the second halves.",
        "Under H₀ each answer is right with probability 1/2: p = P(K ≥ k) for K of Bin(n, 1/2), n the number of all "
        "held-out points.",
        "scipy.stats.binom.sf(k - 1, n, 0.5) is P(K ≥ k); k = (predict(points) == labels).sum()",
    ),
    difficulty=2,
    minutes=10,
)


# MMD for all orders at once ------------------------------------------------------------------------------------------


def _sides(n, orders):
    ones = torch.ones(orders[:, :n].shape, dtype=torch.float64)
    x = torch.zeros(orders.shape, dtype=torch.float64).scatter(1, orders[:, :n], ones)
    return x, 1 - x


def _mmds(kernel, n, orders, within=None, cross=2.0, other=None):
    """The three sums, with their weights."""
    x, y = _sides(n, orders)
    m = orders.shape[1] - n
    of_x, of_y = ((side @ kernel * side).sum(1) for side in (x, y))
    between = (x @ kernel * y).sum(1)
    size_x, size_y = within(n, m) if within else (n * (n - 1), m * (m - 1))
    return of_x / size_x + of_y / size_y - cross * between / (n * m)


def _without_diagonal(kernel):
    return kernel - torch.diag(kernel.diagonal())


def mmd_permutations(kernel, n, orders):
    return _mmds(_without_diagonal(kernel), n, orders)


def _kernels(rng):
    def kernel(points, bandwidth):
        return torch.exp(-_squares(points, points) / (2 * bandwidth**2))

    points = _tensor(rng.normal(size=(5, 1)))
    yield Case((kernel(points, 1.0), 2, _orders(rng, 4, 5)), "2 + 3 points, 4 orders")
    points = _tensor(rng.normal(size=(14, 3)))
    yield Case((kernel(points, 1.5), 8, _orders(rng, 25, 14)), "8 + 6 points, 25 orders")
    points = _tensor(rng.normal(size=(20, 60)))
    yield Case(
        (kernel(points, 1.0), 10, _orders(rng, 20, 20)), "60 dimensions: a tiny kernel off the diagonal"
    )


def _in_units_of_the_kernel(answer, kernel, n, orders):
    found = answer(kernel, n, orders)
    scale = _without_diagonal(kernel).sum() / (len(kernel) * (len(kernel) - 1))
    if not isinstance(found, torch.Tensor | np.ndarray | list | tuple):
        return found
    found = torch.stack([_tensor(one) for one in found]) if isinstance(found, list | tuple) else found
    return found / float(scale)


def _diagonal_subtracted(kernel, n, orders):
    x, y = _sides(n, orders)
    m, diagonal = orders.shape[1] - n, kernel.diagonal()
    of_x, of_y = ((side @ kernel * side).sum(1) - side @ diagonal for side in (x, y))
    return of_x / (n * (n - 1)) + of_y / (m * (m - 1)) - 2 * (x @ kernel * y).sum(1) / (n * m)


MMD_PERMUTATIONS = Exercise(
    id="07.mmd_permutations",
    title="MMD for all orders in a few products",
    reference=mmd_permutations,
    cases=_kernels,
    probe=_in_units_of_the_kernel,
    keeps=True,
    single=(1e-3, 1e-3),
    mistakes=(
        Mistake(
            lambda k, n, o: _mmds(k, n, o),
            "The diagonal is still there: a point with itself is no pair. In many dimensions it is all that is left.",
        ),
        Mistake(
            lambda k, n, o: _mmds(k, n, o, lambda n, m: (n * n, m * m)),
            "This is the biased estimate, with the diagonal and 1/n²: leave the diagonal out and divide by n(n − 1).",
        ),
        Mistake(
            lambda k, n, o: _mmds(_without_diagonal(k), n, o, lambda n, m: (n * n, m * m)),
            "The diagonal is gone, so there are n(n − 1) pairs within a sample, not n².",
        ),
        Mistake(
            _diagonal_subtracted,
            "Right in theory, but in 60 dimensions the kernel off the diagonal is smaller than the rounding of sums "
            "with the diagonal in them: set the diagonal to 0 before you add up.",
        ),
        Mistake(
            lambda k, n, o: _mmds(_without_diagonal(k), n, o, cross=1.0),
            "The factor 2 of the cross term is missing: MMD² = E k(x, x′) + E k(y, y′) − 2 E k(x, y).",
        ),
        Mistake(
            lambda k, n, o: _mmds(_without_diagonal(k), n, o, cross=-2.0),
            "The cross term is added: it has to be subtracted.",
        ),
        Mistake(
            lambda k, n, o: mmd_permutations(k, n, torch.arange(len(k)).expand_as(o)),
            "All orders give the same: the rows of `orders` are not used.",
        ),
        Mistake(
            lambda k, n, o: mmd_permutations(k, n, torch.argsort(o, dim=1)),
            "This uses the inverse of each order: row b says which points come first, orders[b, :n] are those of x.",
        ),
        Mistake(
            lambda k, n, o: _mmds(_without_diagonal(k), n, o, lambda n, m: (n * (n - 1), n * (n - 1))),
            "Both samples are counted as n points: the second has m = N − n.",
        ),
        Mistake(
            lambda k, n, o: _mmds(
                _without_diagonal(k), n, o, lambda n, m: (n * (n - 1) / 2, m * (m - 1) / 2)
            ),
            "Each pair stands in the kernel matrix twice, and both are in the sum: divide by n(n − 1).",
        ),
    ),
    hints=(
        "An order is a row of zeros and ones: a[b, i] = 1 where the i-th pooled point goes to x. Then the sum of the "
        "kernel over pairs within x is a[b] K a[b].",
        "All orders at once: `(a @ K * a).sum(1)`. Set the diagonal of K to 0 first; c = 1 − a stands for y.",
        "a = torch.zeros(orders.shape, dtype=kernel.dtype).scatter(1, orders[:, :n], 1.0); "
        "K = kernel - torch.diag(kernel.diagonal()); (a @ K * a).sum(1) / (n * (n - 1)) + ...",
    ),
    difficulty=3,
    minutes=25,
)


# The classifier that moves points ------------------------------------------------------------------------------------


def cross_entropy(logits, labels):
    return (softplus(logits) - labels * logits).mean()


def _labelled_logits(rng):
    yield Case((_tensor([0.0, 0.0]), _tensor([1.0, 0.0])), "a classifier that guesses: log 2")
    yield Case((_tensor(3 * rng.normal(size=5)), _tensor([1.0, 0.0, 1.0, 1.0, 0.0])), "5 points")
    yield Case((_tensor([1000.0, -1000.0]), _tensor([0.0, 1.0])), "sure and wrong")
    yield Case((_tensor([1000.0, -1000.0]), _tensor([1.0, 0.0])), "sure and right")


def _clipped(logits, labels):
    return binary_cross_entropy(torch.sigmoid(logits), labels)


def _by_logarithms(logits, labels):
    d = torch.sigmoid(logits)
    return -(labels * torch.log(d) + (1 - labels) * torch.log(1 - d)).mean()


CROSS_ENTROPY = Exercise(
    id="07.cross_entropy",
    title="The loss of a classifier, from logits",
    reference=cross_entropy,
    cases=_labelled_logits,
    gradient=("logits",),
    mistakes=(
        Mistake(lambda a, t: -cross_entropy(a, t), "The sign is turned round: a loss is minimised."),
        Mistake(
            lambda a, t: cross_entropy(torch.sigmoid(a), t),
            "The sigmoid is applied twice: what comes in are logits.",
        ),
        Mistake(
            lambda a, t: cross_entropy(a, 1 - t),
            "The labels are exchanged: a point with label 1 should get a large logit.",
        ),
        Mistake(
            lambda a, t: cross_entropy(a, t) * len(a), "This is a sum: the loss is the mean over the points."
        ),
        Mistake(
            _by_logarithms,
            "Right in theory, but at logits like ±1000 the sigmoid rounds to 0 or 1 and a logarithm is infinite: use "
            "softplus of the logit.",
        ),
        Mistake(
            _clipped,
            "PyTorch cuts the logarithms of `binary_cross_entropy` off at −100, and the gradient with them: use "
            "`binary_cross_entropy_with_logits`, or softplus.",
        ),
        Mistake(
            lambda a, t: cross_entropy(a, t) / math.log(2), "This is in bits: use the natural logarithm."
        ),
        Mistake(
            lambda a, t: softplus(a).mean(),
            "The labels are not used: this treats every point as one of q.",
        ),
        Mistake(
            lambda a, t: softplus(-a).mean(),
            "The labels are not used: this treats every point as one of p.",
        ),
        Mistake(
            lambda a, t: (torch.sigmoid(a) - t).square().mean(),
            "This is the squared error of D: where D is sure and wrong its gradient is 0. Take the cross-entropy.",
        ),
    ),
    hints=(
        "With D = σ(a): −log D for label 1, −log(1 − D) for label 0.",
        "−log σ(a) = softplus(−a) and −log(1 − σ(a)) = softplus(a): no logarithm is needed.",
        "torch.nn.functional.binary_cross_entropy_with_logits(logits, labels)",
    ),
    difficulty=1,
    minutes=6,
)


def _slope(function, q):
    q = q.detach().clone().requires_grad_(True)
    return torch.autograd.grad(function(q).sum(), q)[0]


def move(q, logit, step):
    return q.detach() + step * _slope(logit, q)


def _fields(rng):
    direction, bias = _tensor(rng.normal(size=2)), float(rng.normal())

    def linear(x):
        return x @ direction[:, None] + bias

    centre = _tensor(rng.normal(size=2))

    def hill(x):
        return 4 - 2 * (x - centre).square().sum(1, keepdim=True)

    yield Case((_tensor(rng.normal(size=(5, 2))), linear, 0.3), "a linear logit: all points move alike")
    yield Case((_tensor(rng.normal(size=(4, 2))), hill, 0.1), "a logit with a hill")
    yield Case(
        (_tensor(rng.normal(size=(3, 1))), lambda x: torch.sin(3 * x), 0.5), "a wavy logit on the line"
    )


def _moved(answer, q, logit, step):
    found = answer(q, logit, step)
    if found is not None and not isinstance(found, torch.Tensor):
        raise Reject(f"Expected a tensor of the new points, got {type(found).__name__}.")
    if found is not None and found.requires_grad:
        raise Reject(
            "The new points still carry the gradient of the move: `.detach()` them, or all moves before are kept."
        )
    return found


MOVE = Exercise(
    id="07.move",
    title="Points that follow a classifier",
    reference=move,
    cases=_fields,
    probe=_moved,
    keeps=("q", "step"),
    mistakes=(
        Mistake(
            lambda q, f, step: q - step * _slope(f, q),
            "The points walk away from p: the logit is large where p is, so climb it.",
        ),
        Mistake(
            lambda q, f, step: q + step * _slope(lambda x: torch.sigmoid(f(x)), q),
            "This is the gradient of D = σ(logit), which vanishes where D is sure: follow the logit.",
        ),
        Mistake(
            lambda q, f, step: q + step * _slope(lambda x: torch.nn.functional.logsigmoid(f(x)), q),
            "This is the gradient of log D: follow the logit, log D − log(1 − D).",
        ),
        Mistake(
            lambda q, f, step: q - step * _slope(lambda x: -softplus(f(x)), q),
            "This is the way down log(1 − D), the loss of the minimax game: follow the logit.",
        ),
        Mistake(
            lambda q, f, step: q + step * _slope(f, q) / len(q),
            "This is the gradient of the mean: each point follows its own slope, so take the sum of the logits.",
        ),
        Mistake(lambda q, f, step: q + _slope(f, q), "The step size is missing."),
        Mistake(lambda q, f, step: step * _slope(f, q), "This is the displacement: add it to the points."),
        Mistake(
            lambda q, f, step: q + step * torch.nn.functional.normalize(_slope(f, q), dim=1),
            "Only the direction is left: the length of the slope counts, too.",
        ),
        Mistake(
            lambda q, f, step: q + step * _slope(f, q).sign(),
            "Only the signs of the slope are left: the move is step times the gradient itself.",
        ),
        Mistake(
            lambda q, f, step: q + step * f(q).detach(),
            "This adds the logit itself: the points follow its gradient.",
        ),
    ),
    hints=(
        "Make a copy of q that needs gradients, compute the logits of all points, and differentiate their sum.",
        "The sum, not the mean: the logit of one point depends on no other point, so each gets its own slope.",
        "x = q.detach().clone().requires_grad_(True); slope = torch.autograd.grad(logit(x).sum(), x)[0]; "
        "q.detach() + step * slope",
    ),
    difficulty=2,
    minutes=10,
)
