"""One valid call of each function of ``course_lib.distributions``."""

from course_lib.distributions import gaussian_mixture

PLANE = gaussian_mixture([1.0], [[0.0, 0.0]], 1.0)
COV = [[2.0, 1.0], [1.0, 3.0]]
AXIS = [-1.0, 0.0, 1.0]

CALLS = {
    "gaussian_mixture": lambda: {"weights": [0.25, 0.75], "means": [[0.0, 1.0], [2.0, 3.0]], "covs": COV},
    "log_density": lambda: {"distribution": PLANE, "x": [[0.0, 1.0], [2.0, 3.0]]},
}  # fmt: skip

OUTSIDE = {
    ("gaussian_mixture", "weights"): [[-0.25, 1.25], [0.5, 0.6], [1.0]],
    ("gaussian_mixture", "covs"): [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], 0.0, -1.0],
    ("log_density", "x"): [[[0.0, 1.0, 2.0]], 0.0],
}

VALID = {
    ("log_density", "x", "infinite"): "infinitely far away there is no mass",
    ("log_density", "x", "empty"): "no points, no densities",
    ("log_density", "x", "axis"): "points in any number of axes",
}
