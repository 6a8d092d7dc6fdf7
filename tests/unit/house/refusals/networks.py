"""One valid call of each function of ``course_lib.networks``."""

import torch

CALLS = {
    "mlp": lambda: {
        "sizes": (2, 3, 1), "activation": "tanh", "output_activation": "sigmoid", "spectral_norm": False, "seed": 1,
        "dtype": torch.float64, "device": "cpu",
    },
}  # fmt: skip

OUTSIDE = {("mlp", "sizes"): [(2, 0, 1), (2, -3, 1), (2, 1.5, 1), (2, True, 1), (2,)]}

VALID = {("mlp", "seed", "zero"): "a seed"}
