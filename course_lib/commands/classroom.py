"""``class``: what a folder of shared counts says of a class, and what to repeat in the next lecture."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.exercises import registry
from course_lib.exercises.sharing import PREFIX, SCHEMA

__all__ = ["Tally", "main", "read_class", "report"]

_BAR = 20
_NAMES = 3  # so many mistakes an exercise
_REPEAT = 5
# With fewer answers a share says nothing.
_ENOUGH = 3


@dataclass
class Tally:
    """What a class did with one exercise; each student counts once."""

    tried: int = 0
    passed: int = 0
    attempts: int = 0
    hints: int = 0
    mistakes: Counter = field(default_factory=Counter)

    @property
    def open(self) -> float:
        """The share of those who tried and have not passed."""
        return 1 - self.passed / self.tried if self.tried else 0.0


def main(argv: list[str]) -> int:
    """Shows the table; 1 where there is nothing to show."""
    folder = Path(argv[0] if argv else ".").expanduser()
    if not folder.is_dir():
        print(f"folder: expected a folder that exists, got {str(folder)!r}", file=sys.stderr)
        return 1
    students, tallies, unreadable = read_class(folder)
    for name in unreadable:
        print(f"{name} could not be read and is left out.", file=sys.stderr)
    if not students:
        print(
            f"{folder} holds no file {PREFIX}*.json. Students make one with: python -m course_lib share FOLDER",
            file=sys.stderr,
        )
        return 1
    print(report(students, tallies))
    return 0


def read_class(folder: Path) -> tuple[int, dict[str, Tally], list[str]]:
    """The number of students, what they did by exercise, and the files that could not be read."""
    students, tallies, unreadable = 0, {}, []
    for path in sorted(Path(folder).glob(f"{PREFIX}*.json")):
        try:
            shared = _read(path)
        except (OSError, ValueError):
            unreadable.append(path.name)
            continue
        students += 1
        for exercise_id, entry in shared.items():
            tally = tallies.setdefault(exercise_id, Tally())
            tally.tried += entry["attempts"] > 0
            tally.passed += bool(entry["passed"])
            tally.attempts += entry["attempts"]
            tally.hints += entry["hints"]
            tally.mistakes.update(entry["mistakes"].keys())
    return students, tallies, unreadable


def _read(path) -> dict:
    content = json.loads(path.read_text(encoding="utf-8"))
    shared = content["exercises"] if isinstance(content, dict) and content.get("schema") == SCHEMA else None
    if not isinstance(shared, dict) or not all(map(_is_entry, shared.values())):
        raise ValueError("no counts")
    return shared


def _is_entry(entry) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("passed"), bool)
        and all(isinstance(entry.get(name), int) and entry[name] >= 0 for name in ("attempts", "hints"))
        and isinstance(entry.get("mistakes"), dict)
    )


def report(students: int, tallies: dict[str, Tally]) -> str:
    """The class as text: a bar an exercise, its most frequent mistakes below it, and what to repeat."""
    lines = [f"{students} student{'s' if students != 1 else ''} shared their counts."]
    titles = {}
    for digits, lesson in registry.lessons_with_exercises().items():
        found = registry.exercises_of(digits)
        titles |= {exercise.id: exercise.title for exercise in found}
        if not any(exercise.id in tallies for exercise in found):
            continue
        lines += ["", f"{digits}  {lesson.title}"]
        for exercise in found:
            lines += _lines(exercise.title, tallies.get(exercise.id, Tally()), students)
    return "\n".join([*lines, *_to_repeat(titles, tallies)])


def _lines(title, tally, students):
    passed = round(_BAR * tally.passed / students)
    tried = max(round(_BAR * tally.tried / students), passed)
    bar = "█" * passed + "░" * (tried - passed) + "·" * (_BAR - tried)
    numbers = f"{tally.passed} passed, {tally.tried} tried"
    per_head = f", {tally.attempts / tally.tried:.1f} attempts and {tally.hints / tally.tried:.1f} hints each"
    lines = [f"  {title[:44]:44}  {bar}  {numbers}{per_head if tally.tried else ''}"]
    return lines + [f"      {count} × {name}" for name, count in tally.mistakes.most_common(_NAMES)]


def _to_repeat(titles, tallies):
    known = {key: tally for key, tally in tallies.items() if key in titles and tally.tried >= _ENOUGH}
    stuck = sorted((key for key in known if known[key].open > 0), key=lambda key: -known[key].open)
    if not stuck:
        return []
    lines = ["", "To repeat: where most of those who tried have not passed"]
    for key in stuck[:_REPEAT]:
        tally = known[key]
        name = next((f"; most often: {name}" for name, _ in tally.mistakes.most_common(1)), "")
        lines.append(f"  {tally.tried - tally.passed} of {tally.tried}  {titles[key]} ({key}){name}")
    return lines
