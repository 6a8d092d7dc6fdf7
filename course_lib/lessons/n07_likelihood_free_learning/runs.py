"""Counts how often two-sample tests see a difference, as the dimension grows; stores runs.npz.

    python -m course_lib.lessons.n07_likelihood_free_learning.runs

About ten minutes of one processor; it repeats. All tests have the level 0.05. Data: n points of N(0, I) in d
dimensions against n points whose first coordinate is shifted. "power/<test>" has the shape (shifts, sizes, dimensions),
with the tests "median" and "one" (MMD with the median distance and with 1 as bandwidth, by 199 permutations), "linear"
(a linear classifier on held-out halves) and "network" (the course's classifier test; for one shift and one size, NaN
elsewhere). "blobs/widths" and "blobs/power" (k,) are the same for MMD on a grid of nine blobs, round against slanted;
"blobs/median" is the mean of the median distances there, and "blobs/network" the power of the network.
"""

import math
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from tqdm.auto import tqdm

from course_lib.data.stored import load_stored
from course_lib.evaluation import classifier_two_sample_test

SHIFTS = (0.0, 0.3, 0.6, 1.0)
SIZES = (50, 100, 200)
DIMENSIONS = (1, 2, 4, 8, 16, 32, 64, 128)
REPEATS, ORDERS, LEVEL = 200, 199, 0.05
WIDTHS = (0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
BLOBS, BLOB_REPEATS = 400, 60
STORE = Path(__file__).with_name("runs.npz")


def squares_between(z: Tensor) -> Tensor:
    """|z_i - z_j|^2 for all pairs of z, shape (m, d) to (m, m)."""
    return torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist").square()


def kernel_without_diagonal(squares: Tensor, bandwidth) -> Tensor:
    """exp(-|x - y|^2 / (2 h^2)) for pairs of different points, and 0 for a point with itself."""
    return torch.exp(-squares / (2 * bandwidth**2)).fill_diagonal_(0)


def random_signs(n: int, count: int, generator: torch.Generator) -> Tensor:
    """Shape (count, 2 n): rows of n entries 1/n and n entries -1/n in random order; in the first one as they came."""
    one = torch.cat([torch.ones(n), -torch.ones(n)]).double() / n
    rows = [one] + [one[torch.randperm(2 * n, generator=generator)] for _ in range(count - 1)]
    return torch.stack(rows)


def mmd_p_value(kernel: Tensor, signs: Tensor) -> float:
    """The p-value of MMD, all orders in one product; two samples of the same size.

    With equal sizes the V-statistic and the U-statistic order the permutations alike, and so does signs K signs.
    """
    values = ((signs @ kernel) * signs).sum(1)
    return float((values >= values[0] - 1e-12 * values.abs().max()).double().mean())


def linear_p_value(x: Tensor, y: Tensor) -> float:
    """A linear classifier (least squares with a ridge) fitted on one half of each sample and counted on the other."""
    h = len(x) // 2
    points = torch.cat([x[h:], y[h:]])
    centre = points.mean(0)
    points = points - centre
    labels = torch.cat([torch.ones(len(x) - h), -torch.ones(len(y) - h)]).double()
    ridge = 1e-2 * len(points) * torch.eye(points.shape[1]).double()
    weights = torch.linalg.solve(points.T @ points + ridge, points.T @ labels)
    right = int(((x[:h] - centre) @ weights > 0).sum() + ((y[:h] - centre) @ weights <= 0).sum())
    return float(stats.binom.sf(right - 1, 2 * h, 0.5))


def blob_pair(n: int, generator: torch.Generator, correlation: float = 0.8) -> tuple[Tensor, Tensor]:
    """n points each on a grid of 3 x 3 blobs of standard deviation 0.1 with centres 1 apart: round, and slanted."""

    def normal():
        return torch.randn(n, 2, generator=generator, dtype=torch.float64)

    def centres():
        return torch.randint(3, (n, 2), generator=generator).double()

    noise = normal()
    slanted = torch.stack(
        [noise[:, 0], correlation * noise[:, 0] + math.sqrt(1 - correlation**2) * noise[:, 1]], 1
    )
    return centres() + 0.1 * normal(), centres() + 0.1 * slanted


def power(shift: float, n: int, d: int, repeats: int, seed: int) -> dict[str, float]:
    """The share of pairs of samples in which each test rejects."""
    random = torch.Generator().manual_seed(seed)
    rejected = {"median": 0, "one": 0, "linear": 0}
    for _ in range(repeats):
        z = torch.randn(2 * n, d, generator=random, dtype=torch.float64)
        z[n:, 0] += shift
        squares, signs = squares_between(z), random_signs(n, ORDERS + 1, random)
        median = squares[torch.triu(torch.ones_like(squares), 1) > 0].median().sqrt()
        for name, bandwidth in (("median", median), ("one", 1.0)):
            rejected[name] += mmd_p_value(kernel_without_diagonal(squares, bandwidth), signs) <= LEVEL + 1e-9
        rejected["linear"] += linear_p_value(z[:n], z[n:]) <= LEVEL
    return {name: count / repeats for name, count in rejected.items()}


def network_power(pairs, repeats: int, seed: int) -> float:
    """The same for the course's classifier test; ``pairs(generator)`` draws two samples."""
    random = torch.Generator().manual_seed(seed)
    p_values = [float(classifier_two_sample_test(*pairs(random), random).p_value) for _ in range(repeats)]
    return float(np.mean(np.array(p_values) <= LEVEL))


def shifted_pair(shift: float, n: int, d: int):
    """A function of a generator that draws n points of N(0, I) and n shifted ones."""

    def draw(generator):
        z = torch.randn(2 * n, d, generator=generator, dtype=torch.float64)
        z[n:, 0] += shift
        return z[:n], z[n:]

    return draw


def main() -> None:
    """Runs everything and stores it."""
    torch.set_num_threads(1)
    shape = (len(SHIFTS), len(SIZES), len(DIMENSIONS))
    out = {f"power/{name}": np.full(shape, np.nan) for name in ("median", "one", "linear", "network")}
    cells = list(np.ndindex(*shape))
    for i, j, k in tqdm(cells, desc="dimensions"):
        found = power(SHIFTS[i], SIZES[j], DIMENSIONS[k], REPEATS, seed=1000 * i + 100 * j + k)
        for name, value in found.items():
            out[f"power/{name}"][i, j, k] = value
        if (SHIFTS[i], SIZES[j]) == (0.6, 100):
            pairs = shifted_pair(SHIFTS[i], 100, DIMENSIONS[k])
            out["power/network"][i, j, k] = network_power(pairs, REPEATS // 2, seed=10 * i + k)
    random, rejected, medians = torch.Generator().manual_seed(0), np.zeros(len(WIDTHS)), []
    for _ in tqdm(range(BLOB_REPEATS), desc="blobs"):
        z = torch.cat(blob_pair(BLOBS, random))
        squares, signs = squares_between(z), random_signs(BLOBS, ORDERS + 1, random)
        medians.append(float(squares[torch.triu(torch.ones_like(squares), 1) > 0].median().sqrt()))
        for w, width in enumerate(WIDTHS):
            rejected[w] += mmd_p_value(kernel_without_diagonal(squares, width), signs) <= LEVEL + 1e-9
    out["blobs/widths"], out["blobs/power"] = np.array(WIDTHS), rejected / BLOB_REPEATS
    out["blobs/median"] = np.array(np.mean(medians))
    out["blobs/network"] = np.array(network_power(lambda g: blob_pair(BLOBS, g), BLOB_REPEATS, seed=5))
    np.savez_compressed(STORE, **{name: value.astype(np.float32) for name, value in out.items()})


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored."""
    return load_stored(STORE)


if __name__ == "__main__":
    main()
