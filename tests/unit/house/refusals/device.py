"""One valid call of each function of ``course_lib.device``."""

CALLS = {
    "get_device": lambda: {"name": "cpu"},
    "seed_everything": lambda: {"seed": 3},
}

VALID = {("seed_everything", "seed", "zero"): "a seed"}
