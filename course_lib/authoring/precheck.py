"""What is wrong with a lesson, told before anything is executed."""

import ast
from collections.abc import Iterator, Mapping

from course_lib.authoring.dependencies import missing_modules, shows_whole_course
from course_lib.authoring.source import Source, SourceCell
from course_lib.catalog import LESSONS, Lesson
from course_lib.claims.register import RegisteredClaim

__all__ = ["problems_of"]

_PICTURES = ("explore", "LiveTraining")
_VERDICTS = ("holds", "convention", "erratum", "argue")
_LEAST_EXERCISES = 3


def problems_of(
    source: Source, lesson: Lesson, register: Mapping[str, RegisteredClaim], *, draft: bool = False
) -> list[str]:
    """One sentence for each mistake that can be known without running the notebook; empty when there is none.

    Args:
        source: the parsed notebook.
        lesson: the lesson that it belongs to.
        register: the registered claims by id.
        draft: whether it may have fewer exercises than a lesson has.
    """
    file = f"{lesson.folder.name}/{source.path.name}"
    if found := [*_syntax(source)]:  # the other questions need code that can be read
        return [f"{file}: {sentence}" for sentence in found]
    found = [
        *_head(lesson),
        *_imports(source, lesson),
        *_claims(source, register),
        *_pictures(source),
        *_predictions(source, lesson),
        *_exercises(source, lesson, draft or lesson.number == "00"),
    ]
    return [f"{file}: {sentence}" for sentence in found]


def _syntax(source: Source) -> Iterator[str]:
    for cell in source.cells:
        if cell.kind == "code":
            try:
                ast.parse(cell.source)
            except SyntaxError as error:
                yield f"cell {cell.id!r} is not plain Python: {error.msg} (its line {error.lineno})"


def _imports(source: Source, lesson: Lesson) -> Iterator[str]:
    bank = [lesson.exercises.read_text(encoding="utf-8")] if lesson.exercises.is_file() else []
    # The second place is the course's own package, for a lesson that lies elsewhere.
    for module in missing_modules([*source.code, *bank], lesson.folder.parents[2], LESSONS.parents[1]):
        yield f"it imports {module}, which does not exist"


def _head(lesson: Lesson) -> Iterator[str]:
    if not (lesson.folder / "__init__.py").is_file():
        yield f"{lesson.folder.name}/__init__.py is missing: without it the folder is no package"
    if lesson.number != "00" and not (lesson.summary and lesson.follows):
        yield (
            f"{lesson.folder.name}/claims.toml needs title, summary and follows above its claims: "
            "they make the lesson's row in notebook 00"
        )


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
        lacking = [claim for claim in cell.claims if claim not in said and not computed]
        extra = [claim for claim in dict.fromkeys(said) if claim not in (None, *cell.claims)]
        if len(lacking) == len(extra) == 1:
            yield f"cell {cell.id!r} is tagged claim:{lacking[0]}, and gives its verdict on {extra[0]!r} instead"
        else:
            for claim in lacking:
                yield (
                    f"cell {cell.id!r} is tagged claim:{claim}, but gives no verdict on it: expected "
                    f"holds({claim!r}, ...), convention(...), erratum(...) or argue(...)"
                )
            for claim in extra:
                yield f"cell {cell.id!r} gives a verdict on {claim!r} without the tag claim:{claim}"
        for claim in cell.claims:
            if said.count(claim) > 1:
                yield f"cell {cell.id!r} gives two verdicts on {claim!r}"
        if computed and not cell.claims:
            yield f"cell {cell.id!r} gives a verdict, but has no tag claim:<id>"
    if source.claims and shows_whole_course(source.code):
        yield "a notebook that shows the ledger's counts confirms no claims"


def _pictures(source: Source) -> Iterator[str]:
    for cell in source.cells:
        for call in _calls(cell, _PICTURES):
            given = [keyword.arg for keyword in call.keywords]
            if "alt" not in given and None not in given:  # None: **options
                yield f"cell {cell.id!r}: {call.func.id} has no alt=, the words for readers who do not see it"


def _predictions(source: Source, lesson: Lesson) -> Iterator[str]:
    seen = set()
    for cell in source.cells:
        for call in _calls(cell, ("predict",)):
            id = _text(call.args[0]) if call.args else None
            if not isinstance(id, str):
                continue  # only the run can tell
            if id in seen:
                yield f"cell {cell.id!r}: the prediction {id!r} comes twice"
            if not id.startswith(f"{lesson.number}."):
                yield f"cell {cell.id!r}: the prediction {id!r} needs an id that begins with '{lesson.number}.'"
            seen.add(id)


def _exercises(source: Source, lesson: Lesson, few: bool) -> Iterator[str]:
    bank = f"{lesson.folder.name}/exercises.py"
    asked = {cell.exercise: cell for cell in source.cells if cell.exercise}
    if asked and not lesson.exercises.is_file():
        yield f"it has exercises, but {bank} is missing"
        return
    try:
        known = _exercise_records(lesson)
    except SyntaxError as error:
        yield f"{bank} is not valid Python: {error.msg} (line {error.lineno})"
        return
    missing, spare = [id for id in asked if id not in known], [id for id in known if id not in asked]
    if len(missing) == len(spare) == 1:
        yield f"cell {asked[missing[0]].id!r} asks the exercise {missing[0]!r}, and {bank} has {spare[0]!r} instead"
    else:
        for id in missing:
            yield f"cell {asked[id].id!r}: {bank} has no Exercise with the id {id!r}"
        for id in spare:
            yield f"{bank}: no cell asks the exercise {id!r}"
    for id, record in known.items():
        if "reference" not in record and None not in record:  # None: **options
            yield f"{bank}: the exercise {id!r} has no reference"
    hard = [id for id in asked if id in known and _text(known[id].get("difficulty")) == 3]
    if not few and (len(asked) < _LEAST_EXERCISES or not hard):
        yield (
            f"a lesson has at least {_LEAST_EXERCISES} exercises, one of them of difficulty 3; this one has "
            f"{len(asked)}, and {len(hard)} of that difficulty (build --draft passes over this)"
        )


def _exercise_records(lesson: Lesson) -> dict[str, dict[str | None, ast.expr]]:
    """The keywords of each ``Exercise(...)`` by its id, read without importing anything."""
    if not lesson.exercises.is_file():
        return {}
    records = {}
    for node in ast.walk(ast.parse(lesson.exercises.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Exercise":
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            if isinstance(id := _text(keywords.get("id")), str):
                records[id] = keywords
    return records


def _calls(cell: SourceCell, names: tuple[str, ...]) -> Iterator[ast.Call]:
    if cell.kind != "code":
        return
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def _id_of(call: ast.Call) -> str | None:
    """The claim that a verdict is on, or None where its id is computed."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "id"]
    return _text(next(iter([*call.args[:1], *named]), None))


def _text(node: ast.expr | None):
    """The value of a constant, or None where it is computed."""
    return node.value if isinstance(node, ast.Constant) else None
