"""What is wrong with a lesson, told before anything is executed."""

import ast
from collections.abc import Iterator, Mapping

from course_lib.authoring.source import Source, SourceCell
from course_lib.catalog import Lesson
from course_lib.claims.register import RegisteredClaim

__all__ = ["problems_of", "shows_counts"]

_PICTURES = ("explore", "LiveTraining")
_VERDICTS = ("holds", "convention", "erratum", "argue")
_LEAST_EXERCISES = 3


def problems_of(source: Source, lesson: Lesson, register: Mapping[str, RegisteredClaim]) -> list[str]:
    """One sentence for each mistake that can be known without running the notebook; empty when there is none.

    Args:
        source: the parsed notebook.
        lesson: the lesson that it belongs to.
        register: the registered claims by id.
    """
    file = f"{lesson.folder.name}/{source.path.name}"
    found = [*_claims(source, register), *_pictures(source), *_exercises(source, lesson)]
    return [f"{file}: {sentence}" for sentence in found]


def shows_counts(source: Source) -> bool:
    """Whether the notebook shows the ledger's counts, so that it is built after the ledger."""
    return any("ledger_counts" in cell.source for cell in source.cells if cell.kind == "code")


def _claims(source: Source, register: Mapping[str, RegisteredClaim]) -> Iterator[str]:
    for claim in dict.fromkeys(source.claims):
        if claim not in register:
            yield f"the register does not have the claim {claim}; its claims.toml must state it"
        elif register[claim].notebook != source.name:
            yield f"the register puts the claim {claim} into {register[claim].notebook}"
        if source.claims.count(claim) > 1:
            yield f"the claim {claim} is confirmed twice"
    for cell in source.cells:
        said = [_id_of(call) for call in _calls(cell, _VERDICTS)]
        computed = None in said  # which claim this is only the run can tell
        yield from (
            f"cell {cell.id!r} is tagged claim:{claim}, but gives no verdict on it: expected holds({claim!r}, ...), "
            "convention(...), erratum(...) or argue(...)"
            for claim in cell.claims
            if claim not in said and not computed
        )
        for claim in dict.fromkeys(said):
            if claim is not None and claim not in cell.claims:
                yield f"cell {cell.id!r} gives a verdict on {claim!r} without the tag claim:{claim}"
            elif claim is not None and said.count(claim) > 1:
                yield f"cell {cell.id!r} gives two verdicts on {claim!r}"
        if computed and not cell.claims:
            yield f"cell {cell.id!r} gives a verdict, but has no tag claim:<id>"
    if source.claims and shows_counts(source):
        yield "a notebook that shows the ledger's counts confirms no claims"


def _pictures(source: Source) -> Iterator[str]:
    for cell in source.cells:
        for call in _calls(cell, _PICTURES):
            given = [keyword.arg for keyword in call.keywords]
            if "alt" not in given and None not in given:  # None: **options
                yield f"cell {cell.id!r}: {call.func.id} has no alt=, the words for readers who do not see it"


def _exercises(source: Source, lesson: Lesson) -> Iterator[str]:
    asked = [cell for cell in source.cells if cell.exercise]
    if asked and not lesson.exercises.is_file():
        yield f"it has exercises, but {lesson.folder.name}/exercises.py is missing"
        return
    known = _exercise_records(lesson) if asked else {}
    for cell in asked:
        if cell.exercise not in known:
            yield f"cell {cell.id!r}: {lesson.folder.name}/exercises.py has no Exercise with the id {cell.exercise!r}"
    for id, record in known.items():
        if "reference" not in record:
            yield f"the exercise {id!r} has no reference"
        if not id.startswith(f"{lesson.number}."):
            yield f"the exercise {id!r} needs an id that begins with {lesson.number!r}"
    if asked and lesson.number != "00":
        hard = [cell for cell in asked if _text(known.get(cell.exercise, {}).get("difficulty")) == 3]
        if len(asked) < _LEAST_EXERCISES or not hard:
            yield (
                f"a lesson has at least {_LEAST_EXERCISES} exercises and one of difficulty 3; "
                f"this one has {len(asked)} and {len(hard)}"
            )


def _exercise_records(lesson: Lesson) -> dict[str, dict[str, ast.expr]]:
    """The keywords of each ``Exercise(...)`` by its id, read without importing anything."""
    try:
        tree = ast.parse(lesson.exercises.read_text(encoding="utf-8"))
    except SyntaxError:
        return {}
    records = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Exercise":
            keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            if isinstance(id := _text(keywords.get("id")), str):
                records[id] = keywords
    return records


def _calls(cell: SourceCell, names: tuple[str, ...]) -> Iterator[ast.Call]:
    if cell.kind != "code":
        return
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return  # a magic; running it will say what is wrong
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def _id_of(call: ast.Call) -> str | None:
    """The claim that a verdict is on, or None where its id is computed."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "id"]
    return _text(next(iter([*call.args[:1], *named]), None))


def _text(node: ast.expr | None):
    """The value of a constant, or None where it is computed."""
    return node.value if isinstance(node, ast.Constant) else None
