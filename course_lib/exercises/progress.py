"""What a student has done; kept in memory until the file is there (see :func:`record`)."""

from dataclasses import dataclass

__all__ = ["Saved", "progress", "record"]
_memory: dict = {}


@dataclass(frozen=True)
class Saved:
    had_passed: bool = False
    notice: str = ""


def record(exercise_id, *, passed=False, attempted=False, hints=0) -> Saved:
    entry = _memory.setdefault(exercise_id, {"passed": False, "hints": 0, "attempts": 0})
    had = entry["passed"]
    entry["passed"] = had or passed
    entry["attempts"] += attempted
    entry["hints"] = max(entry["hints"], hints)
    return Saved(had)


def progress():
    return None
