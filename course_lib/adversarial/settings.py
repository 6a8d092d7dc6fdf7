"""The settings of a game, looked at whenever one is assigned: sliders and students assign them between two steps."""

from course_lib import checks

__all__ = ["Settings"]


def _at_least_zero(name: str, value) -> float:
    return checks.number(name, value, 0)


def _count(name: str, value) -> int:
    """A positive integer; a slider's 3.0 is one."""
    found = checks.number(name, value, 1)
    if found != int(found):
        raise checks.refuse(name, "a positive integer", value)
    return int(found)


def _decays(name: str, value) -> tuple[float, float]:
    pair = checks.items(name, value, "two numbers from 0 to 1, without 1")
    if len(pair) != 2:
        raise checks.refuse(name, "two numbers from 0 to 1, without 1", value)
    return tuple(checks.number(name, beta, 0, 1, open_high=True) for beta in pair)


_QUESTIONS = {
    "lr_d": _at_least_zero,
    "lr_g": _at_least_zero,
    "d_steps": _count,
    "batch_size": _count,
    "noise_size": _count,
    "input_noise": _at_least_zero,
    "penalty": _at_least_zero,
    "r1": _at_least_zero,
    "r2": _at_least_zero,
    "gp": _at_least_zero,
    "clip": _at_least_zero,
    "optimizer": lambda name, value: checks.one_of(name, value, ("adam", "sgd")),
    "betas": _decays,
    "seed": lambda name, value: checks.integer(name, value, 0, 2**32 - 1),
    "update_d": checks.function,
    "update_g": checks.function,
}


class Settings:
    """Whoever inherits it refuses a setting that is none, with its name."""

    def __setattr__(self, name: str, value) -> None:
        question = _QUESTIONS.get(name)
        super().__setattr__(name, value if question is None else question(name, value))
