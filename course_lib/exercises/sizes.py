"""The numbers of an input that may be a factor in a wrong answer: its sizes, and the numbers among its arguments."""

from collections.abc import Iterable

from course_lib.exercises.exercise import Case, Exercise
from course_lib.exercises.frozen import Numbers, freeze

__all__ = ["in_words", "sizes_of"]


def sizes_of(exercise: Exercise, case: Case) -> dict[tuple[str, str], float]:
    """Sizes and numbers by what they count of which argument: ``{("the number of rows of", "`x`"): 4.0}``.

    A number among the arguments counts nothing: ``("", "`rate`")``.
    """
    found: dict[tuple[str, str], float] = {}
    rows = []
    for index, value in enumerate(case.args):
        frozen, name = freeze(value), exercise.name_of(index)
        if not isinstance(frozen, Numbers) or frozen.array.dtype == complex:
            continue
        array = frozen.array
        if array.ndim == 0:
            found["", name] = float(array)
            continue
        if array.ndim > 1:
            found["the number of rows of", name] = float(array.shape[0])
            last = "columns" if array.ndim == 2 else "entries along the last axis"
            found[f"the number of {last} of", name] = float(array.shape[-1])
        found["the number of entries of", name] = float(array.size)
        rows.append((name, float(array.shape[0])))
    if len(rows) >= 2:
        (one, n), (two, m) = rows[:2]
        found["the number of pairs of", f"{one} and {two}"] = n * m
        found["the number of entries together of", f"{one} and {two}"] = n + m
    return found


def in_words(sizes: Iterable[tuple[str, str]]) -> str:
    """Sizes that are equal on every input, in words; the second one only if it belongs to another argument.

    >>> in_words([("the number of rows of", "`x`"), ("the number of rows of", "`y`"), ("the size of", "`x`")])
    'the number of rows of `x` or `y`'
    """
    groups: dict[str, list[str]] = {}
    for what, name in sizes:
        groups.setdefault(what, []).append(name)
    told, mentioned = [], set()
    for what, names in groups.items():
        if not mentioned or not mentioned & set(names):
            told.append(f"{what} {' or '.join(names[:2])}".strip())
            mentioned |= set(names)
    return " or ".join(told[:2])
