"""How a wrong answer is related to the right one: by a factor or a difference.

Every function here and in ``forms`` takes a :class:`Series`, what came and what was expected over all inputs, and
returns words that follow "your answer" (``"is the expected one times 2"``), or None. A relation must hold for every
number that can be used, and must not be one that two or three numbers obey by chance.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from course_lib.exercises.sizes import in_words
from course_lib.exercises.wording import number_text

__all__ = ["Series", "by_case", "constant", "difference", "factor"]

LOG_2_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Series:
    """The numbers of one result over all inputs, each pair of one shape.

    Args:
        got, want: one array for each input.
        sizes: for each input the numbers that may explain a factor, by the words for them.
        tolerance: how far, relative to the size of the numbers, two of them may differ by rounding.
    """

    got: Sequence[np.ndarray]
    want: Sequence[np.ndarray]
    sizes: Sequence[Mapping[tuple[str, str], float]] = ()
    tolerance: float = 1e-6

    def __post_init__(self):
        got, want, case, scale = [], [], [], []
        for index, (mine, right) in enumerate(zip(self.got, self.want, strict=True)):
            keep = np.isfinite(mine) & np.isfinite(right)
            got.append(mine[keep])
            want.append(right[keep])
            case.append(np.full(int(keep.sum()), index))
            scale.append(np.full(int(keep.sum()), float(np.abs(right[keep]).max(initial=0.0))))
        # Every entry where both are finite, with its input's number and the size of its input's largest number.
        self.__dict__["entries"] = tuple(np.concatenate(one) for one in (got, want, case, scale))

    def equal(self, one, other, scale):
        """Entry by entry, whether two numbers agree up to rounding."""
        size = np.maximum(np.abs(one), np.abs(other))
        return np.abs(one - other) <= self.tolerance * size + 1e-3 * self.tolerance * scale + self.noise

    @property
    def noise(self) -> float:
        """What is rounding beside the largest number of all inputs."""
        return 1e-12 * float(np.abs(self.entries[1]).max(initial=0.0))

    @property
    def is_right(self) -> bool:
        got, want, _, scale = self.entries
        return bool(np.all(self.equal(got, want, scale)))

    def evidence(self, values=None) -> int:
        """How many different numbers there are among the expected ones, zero not counted; small whole numbers, which
        often agree by chance, count one less."""
        values = self.entries[1] if values is None else values
        values = values[np.abs(values) > 1e-300]
        different = {f"{value:.6g}" for value in values.tolist()}
        whole = all(abs(value - round(value)) < 1e-9 and abs(value) <= 20 for value in values.tolist())
        return len(different) - whole


# --- a factor -----------------------------------------------------------------------------------------------------

_FACTORS = {
    "2": 2.0, "1/2": 0.5, "4": 4.0, "1/4": 0.25, "3": 3.0, "1/3": 1 / 3,
    "1/log 2 (the logarithm to the base 2 has this factor)": 1 / math.log(2), "log 2": math.log(2),
    "1/log 10 (the logarithm to the base 10 has this factor)": 1 / math.log(10),
    "√2": math.sqrt(2), "1/√2": math.sqrt(0.5), "π": math.pi, "2π": 2 * math.pi, "1/(2π)": 0.5 / math.pi,
    "√(2π)": math.sqrt(2 * math.pi), "1/√(2π)": 1 / math.sqrt(2 * math.pi),
}  # fmt: skip

_OF_A_SIZE: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("divided by {n}, as a mean is of a sum", lambda n: 1 / n),
    ("times {n}, as a sum is of a mean", lambda n: n),
    ("times (n − 1)/n, with n {n}", lambda n: (n - 1) / n),
    ("times n/(n − 1), with n {n}", lambda n: n / (n - 1)),
    ("times n − 1, with n {n}", lambda n: n - 1),
    ("divided by n − 1, with n {n}", lambda n: 1 / (n - 1)),
    ("divided by n², with n {n}", lambda n: 1 / n**2),
    ("times n², with n {n}", lambda n: n**2),
    ("divided by √n, with n {n}", lambda n: n**-0.5),
    ("times √n, with n {n}", lambda n: n**0.5),
    ("divided by 2n, with n {n}", lambda n: 0.5 / n),
    ("times 2/n, with n {n}", lambda n: 2 / n),
    ("divided by log n, with n {n}", lambda n: 1 / math.log(n)),
)


def constant(series: Series) -> str | None:
    """The same number everywhere."""
    got, _, case, _ = series.entries
    if len(got) < 2 or np.ptp(got) > 0 or series.evidence() < 2 or len(set(case.tolist())) < 2:
        return None
    return f"is {number_text(got[0])}, the same number"


def factor(series: Series) -> str | None:
    """A constant factor, or one that is a size of the input."""
    ratios = by_case(series, ratio=True)
    if ratios is None or series.evidence() < 2:
        return None
    values = list(ratios.values())
    if np.ptp(values) <= 4 * series.tolerance * max(map(abs, values)):
        return _constant_factor(series, ratios, float(np.mean(values)))
    for sign, word in ((1.0, ""), (-1.0, ", and has the other sign")):
        target = {index: sign * value for index, value in ratios.items()}
        if words := _of_a_size(series, _OF_A_SIZE, target):
            return f"is the expected one {words}{word}"
    return None


def _constant_factor(series, ratios, value):
    if abs(value - 1) <= 4 * series.tolerance:
        return None
    if abs(value + 1) <= 4 * series.tolerance:
        return "is the expected one times −1: the sign is turned round"
    for words, known in _FACTORS.items():
        if abs(abs(value) - known) <= 4 * series.tolerance * known:
            return f"is the expected one times {'−' if value < 0 else ''}{words}"
    words = _of_a_size(series, _OF_A_SIZE[:2], ratios, varying=False)
    fraction = Fraction(value).limit_denominator(
        12
    )  # a simple one is no chance even when there are two numbers only
    simple = abs(fraction.numerator) <= 100 and abs(value - fraction) <= 4 * series.tolerance * abs(value)
    if words or simple or series.evidence() >= 3:
        return f"is the expected one {words or 'times ' + (str(fraction) if simple else f'{value:.5g}')}"
    return None


def by_case(series: Series, *, ratio: bool) -> dict[int, float] | None:
    """The ratio, or the difference, on each input; None when there are several on one."""
    got, want, case, scale = series.entries
    if ratio:  # says nothing where zero is expected, but zero must have come
        zero = np.abs(want) <= 1e-9 * scale + series.noise
        if np.any(np.abs(got[zero]) > 1e-6 * scale[zero] + 1e3 * series.noise):
            return None
        got, want, case, scale = got[~zero], want[~zero], case[~zero], scale[~zero]
    found = {}
    for index in sorted(set(case.tolist())):
        here = case == index
        one, other = got[here], want[here]
        values = one / other if ratio else one - other
        middle = float(np.median(values))
        # Rounding is relative to the numbers themselves, which may be far larger than their difference.
        limit = 2 * series.tolerance * abs(middle)
        limit += 1e-6 * series.tolerance if ratio else 1e-2 * series.tolerance * scale[here].max()
        if np.any(np.abs(values - middle) > limit):
            return None
        found[index] = middle
    return found or None


def _of_a_size(series, formulas, values: Mapping[int, float], varying=True) -> str:
    """The words of the first formula that gives these values from a size that every input has."""
    if not series.sizes:
        return ""
    every = [series.sizes[index] for index in values]
    keys = [key for key in every[0] if all(key in sizes for sizes in every)]
    if varying:
        keys = [key for key in keys if len({sizes[key] for sizes in every}) > 1]
    for words, function in formulas:
        fitting = [
            key for key in keys if _explains(series, function, [one[key] for one in every], values.values())
        ]
        counts = [key for key in fitting if key[0]]
        if fitting:  # often several: all that is seen is said
            text = words.format(n=in_words(counts or fitting))
            return text if counts else text.partition(", as a")[0]
    return ""


def _explains(series, function, sizes, values) -> bool:
    try:
        wanted = [function(size) for size in sizes]
    except (ValueError, ZeroDivisionError, OverflowError):
        return False
    return all(
        isinstance(one, float | int)
        and abs(one - value) <= 8 * series.tolerance * max(abs(value), abs(one)) + 1e3 * series.noise
        for one, value in zip(wanted, values, strict=True)
    )


# --- a difference -------------------------------------------------------------------------------------------------

_DIFFERENCES = {
    "1": 1.0, "1/2": 0.5, "2": 2.0, "log 2": math.log(2), "log 4": math.log(4), "½ log 2π": LOG_2_PI / 2,
    "log 2π": LOG_2_PI, "log π": math.log(math.pi),
}  # fmt: skip

_SHIFTS_OF_A_SIZE: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("log n, with n {n}", math.log),
    ("½ log 2π times {n}", lambda n: n * LOG_2_PI / 2),
    ("log 2π times {n}", lambda n: n * LOG_2_PI),
    ("half of {n}", lambda n: n / 2),
    ("half of n − 1, with n {n}", lambda n: (n - 1) / 2),
    ("{n}", lambda n: n),
    ("1/n, with n {n}", lambda n: 1 / n),
    ("log n, with n {n} less 1", lambda n: math.log(n - 1)),
)


def difference(series: Series) -> str | None:
    """A constant difference, or one that is a size of the input or its logarithm."""
    shifts = by_case(series, ratio=False)
    if shifts is None or series.evidence() < 2 or series.is_right:
        return None
    values = list(shifts.values())
    largest = max(map(abs, values))
    scale = float(np.abs(series.entries[1]).max())
    if np.ptp(values) <= 4 * series.tolerance * max(largest, 1e-3 * scale):
        value = float(np.mean(values))
        for words, known in _DIFFERENCES.items():
            if abs(abs(value) - known) <= 8 * series.tolerance * known:
                return f"is {words} {_side(value)} than the expected one"
        return f"is {abs(value):.5g} {_side(value)} than the expected one" if series.evidence() >= 4 else None
    for sign in (1.0, -1.0):
        words = _of_a_size(series, _SHIFTS_OF_A_SIZE, {index: sign * one for index, one in shifts.items()})
        if words:
            return f"is {_side(sign)} than the expected one by {words}"
    return None


def _side(value) -> str:
    return "larger" if value > 0 else "smaller"
