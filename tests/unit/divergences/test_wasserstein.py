"""Transport on a line with weights of every size, against the same coupling in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib.divergences import wasserstein_1d


def exact(x, y, p, weights_x, weights_y):
    """sum of mass |x - y|^p along the monotone coupling, in fractions: no rounding anywhere."""
    sides = []
    for places, weights in ((x, weights_x), (y, weights_y)):
        total = sum(map(Fraction, weights))
        sides.append(
            [(Fraction(a), Fraction(w) / total) for a, w in sorted(zip(places, weights, strict=True))]
        )
    (first, second), cost = sides, Fraction(0)
    while first and second:
        (a, u), (b, v) = first[0], second[0]
        mass = min(u, v)
        cost += mass * abs(a - b) ** p
        first = first[1:] if u == mass else [(a, u - mass), *first[1:]]
        second = second[1:] if v == mass else [(b, v - mass), *second[1:]]
    return cost


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("least", [1e-12, 1e-14, 1e-16, 1e-20, 1e-100])
def test_a_tiny_weight_travels_a_long_way(least, p):
    far = float(least ** (-1 / p))
    x, y, weights = [0.0, far], [0.0], [1.0 - least, least]
    value = wasserstein_1d(x, y, p, weights, [1.0]).item()
    assert value == pytest.approx(float(exact(x, y, p, weights, [1.0])) ** (1 / p), rel=1e-9)
    assert value == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_weights_of_all_sizes(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 9, 2)
    x, y = rng.normal(size=n) * 10.0 ** rng.integers(-3, 12, n), rng.normal(size=m)
    a, b = (w / w.sum() for w in (10.0 ** rng.uniform(-25, 0, n), 10.0 ** rng.uniform(-25, 0, m)))
    for p in (1, 2):
        expected = float(exact(x, y, p, a, b)) ** (1 / p)
        # 1e-12: the weights are scaled to the sum one, and a level that is off by 1e-16 moves that much mass.
        assert wasserstein_1d(x, y, p, a, b).item() == pytest.approx(
            expected, rel=1e-9, abs=1e-15 * np.abs(x).max()
        )


def test_between_places_in_the_middle_too():
    # 1e-15 sits at 1e15 beyond both; the rest stays where it is but for what the scaling moves.
    x, y, a, b = [0.0, 1e15, 1.0], [0.0, 1.0], [0.5, 1e-15, 0.5], [0.5, 0.5]
    assert wasserstein_1d(x, y, 1, a, b).item() == pytest.approx(float(exact(x, y, 1, a, b)), rel=1e-12)


@pytest.mark.parametrize("p", [1, 100])
def test_rounding_is_not_taken_for_mass(p):
    # Tenths add up to thirds of a sum with an error of 1e-17, whose 100th root is 0.68.
    tenths = [0.1] * 10
    for other in ([0.3, 0.3, 0.4], [0.1, 0.2, 0.7], [0.6, 0.4]):
        places = np.repeat(np.arange(len(other)), [round(10 * w) for w in other])
        assert wasserstein_1d(places, np.arange(len(other)), p, tenths, other).item() == 0.0
    thirds = [1 / 3] * 3
    assert wasserstein_1d([0, 0, 1, 1, 2, 2], [0, 1, 2], p, [1 / 6] * 6, thirds).item() == 0.0
    for n in (7, 49, 1000):
        points = np.arange(n)
        assert wasserstein_1d(points, points, p, np.full(n, 1 / n), None).item() == 0.0


def test_weights_and_their_absence_agree():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=12), rng.normal(size=8)
    even = [np.full(k, 1 / k) for k in (12, 8)]
    for p in (1, 2.5):
        plain = wasserstein_1d(x, y, p).item()
        for a, b in ((even[0], None), (None, even[1]), even):
            assert wasserstein_1d(x, y, p, a, b).item() == pytest.approx(plain, rel=1e-13)


@pytest.mark.parametrize("p", [1, 2, 3.5])
def test_slopes_in_the_weights(p):
    rng = np.random.default_rng(1)
    x, y, a, b = (torch.from_numpy(rng.normal(size=k)) for k in (5, 4, 5, 4))

    def value(a, b):
        return wasserstein_1d(x, y, p, torch.softmax(a, 0), torch.softmax(b, 0))

    assert torch.autograd.gradcheck(value, (a.requires_grad_(), b.requires_grad_()))
