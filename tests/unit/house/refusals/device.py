"""One valid call of each function of ``course_lib.device``."""

import torch

CALLS = {
    "get_device": lambda: {"name": "cpu", "dtype": torch.float64},
    "seed_everything": lambda: {"seed": 3},
}

VALID = {("seed_everything", "seed", "zero"): "a seed"}
