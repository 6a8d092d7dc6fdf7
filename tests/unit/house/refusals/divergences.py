"""One valid call of each function of ``course_lib.divergences``."""

import math

import torch
from torch.distributions import Normal

from course_lib.divergences import (
    F_DIVERGENCES,
    gaussian_kernel,
    linear_kernel,
    polynomial_kernel,
)

X, Y = [[0.0, 1.0], [2.0, 0.0], [1.0, 3.0]], [[1.0, 0.0], [0.0, 2.0]]
TWO, THREE = [0.25, 0.75], [0.5, 0.25, 0.25]
COST = [[1.0, 2.0], [0.0, 3.0], [4.0, 1.0]]
COV = [[2.0, 1.0], [1.0, 3.0]]
NO_TWO, NO_THREE = [[-0.25, 1.25], [0.5, 0.6], THREE], [[-0.5, 0.5, 1.0], [0.5, 0.5, 0.5], TWO]
NO_COVARIANCE = [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]], [[1.0]]]
KL = F_DIVERGENCES["kl"]


def normal(mean):
    return Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))


def half_kl():
    """The arguments of a row of one's own: half of the Kullback-Leibler divergence."""
    return {
        "name": "half_kl",
        "f": lambda u: 0.5 * u * u.log(),
        "f_prime": lambda u: 0.5 * (u.log() + 1),
        "conjugate": lambda t: 0.5 * (2 * t - 1).exp(),
        "conjugate_domain": (-math.inf, math.inf),
        "output_activation": lambda v: v,
    }


def two_distributions(**more):
    return {"p": normal(0.0), "q": normal(1.0), **more}


def two_gaussians():
    return {"mean_p": [0.0, 1.0], "cov_p": COV, "mean_q": [1.0, 1.0], "cov_q": COV}


GRID = torch.linspace(-5, 5, 11, dtype=torch.float64)

CALLS = {
    "all_divergences": lambda: two_distributions(grid=GRID, kinds=["kl", "gan"]),
    "c_transform": lambda: {"potential": [0.5, 1.0, 0.0], "cost": COST},
    "divergence": lambda: two_distributions(kind="kl", grid=GRID),
    "divergence_with_error": lambda: two_distributions(kind="kl", grid=GRID),
    "emd": lambda: {"weights_p": THREE, "weights_q": TWO, "cost": COST},
    "emd_dual": lambda: {"weights_p": THREE, "weights_q": TWO, "cost": COST},
    "f_divergence": half_kl,
    "FDivergence.activated_conjugate": lambda: {"self": KL, "v": [0.5, 1.0]},
    "FDivergence.conjugate": lambda: {"self": KL, "t": [0.5, 1.0]},
    "FDivergence.f": lambda: {"self": KL, "u": [0.5, 1.0]},
    "FDivergence.f_prime": lambda: {"self": KL, "u": [0.5, 1.0]},
    "FDivergence.output_activation": lambda: {"self": KL, "v": [0.5, 1.0]},
    "frechet_distance": two_gaussians,
    "gaussian_kernel": lambda: {"bandwidth": 0.5},
    "gaussian_mmd2": lambda: {
        "mean_p": [0.0, 1.0], "std_p": 1.0, "mean_q": [1.0, 1.0], "std_q": [1.0, 2.0], "bandwidth": 1.0
    },
    "gaussian_kl": two_gaussians,
    "linear_kernel": dict,
    "mmd2": lambda: {"x": X, "y": Y, "kernel": gaussian_kernel(1.0)},
    "pairwise_distances": lambda: {"x": X, "y": Y},
    "polynomial_kernel": lambda: {"degree": 2, "scale": 0.5, "offset": 1.0},
    "register": lambda: {"row": KL},
    "sinkhorn": lambda: {"weights_p": THREE, "weights_q": TWO, "cost": COST, "epsilon": 0.5},
    "variational_bound": lambda: {
        "kind": "kl", "critic_p": [0.5, 1.0, 0.0], "critic_q": [1.0, 0.0], "weights_p": THREE, "weights_q": TWO
    },
    "wasserstein_1d": lambda: {"x": [0.0, 1.0, 2.0], "y": [1.0, 5.0], "p": 2.0, "weights_x": THREE, "weights_y": TWO},
    "gaussian_kernel()": lambda: {"self": gaussian_kernel(1.0), "x": X, "y": Y},
    "linear_kernel()": lambda: {"self": linear_kernel(), "x": X, "y": Y},
    "polynomial_kernel()": lambda: {"self": polynomial_kernel(), "x": X, "y": Y},
}  # fmt: skip

RECORDS = {
    "FDivergence": "made by f_divergence, which checks it",
    "FDivergence.density": "the integrand, on log densities that were checked, evaluated thousands of times",
}

OUTSIDE = {
    **{(name, "weights_p"): NO_THREE for name in ("emd", "emd_dual", "sinkhorn", "variational_bound")},
    **{(name, "weights_q"): NO_TWO for name in ("emd", "emd_dual", "sinkhorn", "variational_bound")},
    ("wasserstein_1d", "weights_x"): NO_THREE,
    ("wasserstein_1d", "weights_y"): NO_TWO,
    **{(name, f"cov_{side}"): NO_COVARIANCE for name in ("gaussian_kl", "frechet_distance") for side in "pq"},
    **{(name, side): NO_TWO[:2] for name in ("divergence", "all_divergences") for side in "pq"},
    ("c_transform", "cost"): [[[-math.inf, 1.0], [0.0, 1.0], [1.0, 1.0]]],
    ("c_transform", "potential"): [[0.5, 1.0], [0.5, 1.0, math.inf]],
    ("emd", "cost"): [[[-math.inf, 1.0], [0.0, 1.0], [1.0, 1.0]], [[math.inf, 1.0]] * 3],
    ("FDivergence.f_prime", "u"): [[-1.0]],
    ("f_divergence", "f"): [lambda u: u, lambda u: -u.log() + 1, lambda u: u.sqrt() - 1],
    ("wasserstein_1d", "p"): [0.5],
}

VALID = {
    ("c_transform", "cost", "infinite"): "an infinite cost forbids the pair",
    ("emd", "cost", "infinite"): "an infinite cost forbids the pair",
    ("emd_dual", "cost", "infinite"): "an infinite cost forbids the pair",
    ("FDivergence.activated_conjugate", "v", "infinite"): "the limit",
    ("FDivergence.conjugate", "t", "infinite"): "f* has a value at infinity",
    ("FDivergence.f", "u", "infinite"): "the limit, where q = 0",
    ("FDivergence.f_prime", "u", "infinite"): "the limit, where q = 0",
    ("FDivergence.output_activation", "v", "infinite"): "the limit",
    **{("FDivergence." + name, "*", kind): "elementwise, of any shape" for name in (
        "activated_conjugate", "conjugate", "f", "f_prime", "output_activation") for kind in ("empty", "axis")},
    ("all_divergences", "kinds", "shape"): "no kinds, no values",
    ("f_divergence", "name", "text"): "any name will do",
    ("gaussian_kl", "*", "axis"): "batches",
    ("gaussian_mmd2", "*", "axis"): "batches",
    ("gaussian_mmd2", "std_p", "zero"): "a point mass",
    ("gaussian_mmd2", "std_p", "shape"): "one for each coordinate",
    ("polynomial_kernel", "offset", "zero"): "a homogeneous kernel",
    ("variational_bound", "critic_p", "infinite"): "the bound is then infinite",
    ("variational_bound", "critic_q", "infinite"): "the bound is then infinite",
    ("*", "critic_p", "axis"): "any shape",
    ("*", "critic_q", "axis"): "any shape",
}  # fmt: skip
