"""One valid call of each function of ``course_lib.networks``."""

import torch

IMAGES = {
    "image_shape": (1, 8, 8), "widths": (4, 2), "kernel_size": 3, "batch_norm": False, "std": 0.02, "seed": 1,
    "dtype": torch.float64, "device": "cpu",
}  # fmt: skip

CALLS = {
    "conv_discriminator": lambda: dict(IMAGES),
    "conv_generator": lambda: {"noise_size": 3} | IMAGES,
    "mlp": lambda: {
        "sizes": (2, 3, 1), "activation": "tanh", "output_activation": "sigmoid", "spectral_norm": False, "seed": 1,
        "dtype": torch.float64, "device": "cpu",
    },
}  # fmt: skip

OUTSIDE = {
    ("mlp", "sizes"): [(2, 0, 1), (2, -3, 1), (2, 1.5, 1), (2, True, 1), (2,)],
    **{(f"conv_{name}", argument): values for name in ("generator", "discriminator") for argument, values in {
        "image_shape": [(8, 8), (1, 8, 4), (1, 0, 0), (1, 8.0, 8.0)],
        "widths": [(4, 2, 2, 2), (4, 0), ()],
        "kernel_size": [1],
    }.items()},
}  # fmt: skip

VALID = {("*", "seed", "zero"): "a seed"}
