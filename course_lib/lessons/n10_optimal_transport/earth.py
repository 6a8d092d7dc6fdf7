"""What the pictures of notebook 10 share: tours on a map, maps drawn at random, plans as ways and as matrices."""

import itertools
import math

import numpy as np
import torch

from course_lib.divergences import pairwise_distances

__all__ = [
    "closed_tours",
    "clouds",
    "comb",
    "corners",
    "draw_ways",
    "five_and_five",
    "nearest_first",
    "on_a_line",
    "one_shovel_more",
    "write_matrix",
]


def closed_tours(cost):
    """The tours that send one unit more over a cell (i, j) and put all sums right again.

    A tour adds a unit in some cells and takes one away in as many others, so that no row and no column notices: over
    two rows it is a square, over three a hexagon.

    Returns:
        A list of (cell, cells that give one up, change of the cost).
    """
    n, m = cost.shape
    prices, tours = cost.tolist(), []
    for i, j in itertools.product(range(n), range(m)):
        others = [k for k in range(n) if k != i], [k for k in range(m) if k != j]
        for size in range(1, min(n, m)):
            for r, c in itertools.product(*(itertools.permutations(one, size) for one in others)):
                r, c = (i, *r), (j, *c)
                more = list(zip(r, c, strict=True))
                less = list(zip(r, (*c[1:], j), strict=True))
                change = sum(prices[k][l] for k, l in more) - sum(prices[k][l] for k, l in less)
                tours.append(((i, j), less, change))
    return tours


def one_shovel_more(plan, tours):
    """What a unit more over each cell changes, with the best tour that makes up for it; inf where there is none."""
    masses = plan.tolist()
    best = torch.full_like(plan, torch.inf)
    for cell, less, change in tours:
        if change < best[cell] and all(masses[i][j] > 0 for i, j in less):
            best[cell] = change
    return best


def corners(A, b):
    """All corners of the set of plans {w >= 0, A w = b}, as an array (k, n * m).

    A (n + m, n * m) and b (n + m,) are arrays. Of the equations n + m - 1 are independent: so many ways decide all.
    """
    A, b = np.asarray(A, dtype=float)[:-1], np.asarray(b, dtype=float)[:-1]
    found = set()
    for ways in itertools.combinations(range(A.shape[1]), len(b)):
        square = A[:, ways]
        if abs(np.linalg.det(square)) > 0.5:  # it is 0, 1 or -1
            masses = np.linalg.solve(square, b)
            if masses.min() > -1e-12:
                plan = np.zeros(A.shape[1])
                plan[list(ways)] = masses
                found.add(tuple(np.abs(np.round(plan, 9))))
    return np.array(sorted(found))


def nearest_first(weights_p, weights_q, cost):
    """The greedy plan: always the shortest way that is still open, with all that it can carry."""
    left_p, left_q, plan = weights_p.tolist(), weights_q.tolist(), torch.zeros_like(cost)
    for way in cost.flatten().argsort().tolist():
        i, j = divmod(way, cost.shape[1])
        moved = min(left_p[i], left_q[j])
        plan[i, j] = moved
        left_p[i] -= moved
        left_q[j] -= moved
    return plan


def five_and_five(seed):
    """Five piles and five holes at random in the unit square, and the distances."""
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.rand(5, 2, generator=random, dtype=torch.float64) for _ in range(2))
    return x, y, pairwise_distances(x, y)


def on_a_line(seed):
    """Eight piles and eight holes at random on [0, 10]."""
    random = torch.Generator().manual_seed(seed)
    return tuple(10 * torch.rand(8, generator=random, dtype=torch.float64) for _ in range(2))


def clouds(n, d, m=0.0):
    """n draws of N(0, I) in d dimensions, and n of N((m, 0, ...), I)."""
    random = torch.Generator().manual_seed(1000 * d + n)
    x, y = (torch.randn(n, d, generator=random, dtype=torch.float64) for _ in range(2))
    y[:, 0] += m
    return x, y


def comb(x, n):
    """The density that is 2 on the n teeth [k/n, k/n + 1/2n) of [0, 1], else 0."""
    inside = (x >= 0) & (x < 1)
    return torch.where(inside & ((x * n) % 1 < 0.5), 2.0, 0.0)


def draw_ways(panel, plan, piles, holes, scale=0.9, names=True):
    """Piles, holes and the ways between them, as thick as what they carry; a negative load is dotted."""
    for i, j in (plan.abs() > 1e-9).nonzero().tolist():
        x, y = zip(piles[i].tolist(), holes[j].tolist(), strict=True)
        good = float(plan[i, j]) > 0
        width = 0.8 + scale * abs(float(plan[i, j]))
        panel.curve(
            f"{i}{j}",
            x,
            y,
            color="muted" if good else "q",
            width=width,
            style="-" if good else ":",
            alpha=0.7,
        )
    for name, places, color, above in (("piles", piles, "p", -0.36), ("holes", holes, "q", 0.22)):
        panel.scatter(name, places, color=color, size=11, label=name)
        for k, (x, y) in enumerate(places.tolist() if names else []):
            panel.text(
                f"{name}{k}",
                x + 0.27,
                y + above,
                f"{'x' if name == 'piles' else 'y'}{'₁₂₃₄'[k]}",
                align="center",
            )


def write_matrix(panel, numbers, form=".3g"):
    """The numbers in their cells: row i at the height i + 1, column j at the place j + 1."""
    for i, j in itertools.product(range(numbers.shape[0]), range(numbers.shape[1])):
        value = float(numbers[i, j])
        shown = "–" if math.isinf(value) else f"{value:{form}}".replace("-", "−")
        panel.text(f"{i}{j}", j + 1, i + 1, shown, align="center")
