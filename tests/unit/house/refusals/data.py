"""One valid call of each function of ``course_lib.data``."""

import torch

from course_lib.data import ring, spiral

CALLS = {
    "Toy.log_prob": lambda: {"self": ring(), "x": [[0.0, 1.0], [2.0, 3.0]]},
    "Toy.sample": lambda: {"self": ring(), "shape": 3, "generator": torch.Generator().manual_seed(0)},
    "load_digits": lambda: {"device": "cpu"},
    "ring": lambda: {"modes": 3},
    "segment": dict,
    "spiral": dict,
    "sprites": lambda: {"device": "cpu"},
    "two_blobs": dict,
    "Toy.sample()": lambda: {"self": spiral().sample, "shape": (2, 3), "generator": torch.Generator()},
}

RECORDS = {"Toy": "made by the functions beside it"}

VALID = {
    ("Toy.log_prob", "x", "infinite"): "infinitely far away there is no mass",
    ("Toy.log_prob", "x", "empty"): "no points, no densities",
    ("Toy.log_prob", "x", "axis"): "points in any number of axes",
    ("Toy.sample", "shape", "zero"): "no points",
    ("Toy.sample", "shape", "shape"): "a shape",
    ("Toy.sample()", "shape", "empty"): "one point",
    ("segment", "theta", "zero"): "any place will do",
    ("segment", "theta", "negative"): "any place will do",
    ("*", "noise", "zero"): "no noise",
}
