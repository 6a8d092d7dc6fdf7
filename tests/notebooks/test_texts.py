"""What a reader meets in the texts of the lessons: words that were introduced, lines that fit, calls that work."""

import ast
import re

import pytest

from course_lib.authoring.layout import Layout, read_notebook
from course_lib.authoring.source import parse_source

LESSONS = Layout().written()
#: Code cells are shown up to this width at 1,024 px without scrolling sideways.
WIDEST = 110


@pytest.fixture(scope="module", params=LESSONS, ids=lambda lesson: lesson.name)
def lesson(request):
    return parse_source(request.param.notebook)


@pytest.fixture(scope="module")
def solution(lesson):
    return read_notebook(Layout().edition(lesson.name, "solution"))


def code(lesson):
    return [cell for cell in lesson.cells if cell.kind == "code"]


def names_bound(source: str):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def test_what_cards_tell_a_student_to_call_is_there(lesson):
    bound = {name for cell in code(lesson) for name in names_bound(cell.source)}
    told = {"check", "hint"} if any(cell.exercise for cell in lesson.cells) else set()
    for cell in lesson.cells:
        if cell.kind == "markdown":
            told |= set(re.findall(r"`(hint|check|progress|predict)\(", cell.source))
    assert told <= bound


def test_no_line_of_code_is_wider_than_the_page(lesson):
    wide = [
        f"{cell.id}: {len(line)} characters: {line.strip()[:60]}"
        for cell in code(lesson)
        for line in cell.source.splitlines()
        if len(line) > WIDEST
    ]
    assert wide == []


def test_students_read_distribution_and_not_law(lesson):
    words = re.compile(r"\blaws?\b(?! of (large numbers|total|the unconscious|cosines))", re.IGNORECASE)
    found = [
        f"{cell.id}: {match[0]} in: {line[:90]}"
        for cell in lesson.cells
        if cell.kind == "markdown"
        for line in cell.source.splitlines()
        if (match := words.search(line))
    ]
    assert found == []


def test_a_question_before_a_picture_can_be_committed(lesson):
    """ "Predict" is a cell that keeps the prediction, not a sentence that nobody has to answer."""
    asked = [
        cell.id
        for cell in lesson.cells
        if cell.kind == "markdown" and re.search(r"\*\*Predict, then move\.?\*\*", cell.source)
    ]
    committed = [cell for cell in code(lesson) if re.search(r"^predict\(", cell.source, re.MULTILINE)]
    pictures = [cell for cell in code(lesson) if re.search(r"^(\w+ = )?explore\(", cell.source, re.MULTILINE)]
    if lesson.name[:2] != "00":
        assert asked == []
        assert len(committed) >= min(3, len(pictures))


def test_predictions_have_ids_of_their_own_lesson(lesson):
    ids = [found for cell in code(lesson) for found in re.findall(r'\bpredict\(\s*"([^"]+)"', cell.source)]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if not id.startswith(f"{lesson.name[:2]}.")] == []


def test_no_number_is_a_negative_zero(solution):
    texts = [
        "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        for cell in solution.cells
        for output in cell.get("outputs", [])
    ]
    assert [text for text in texts if re.search(r"(?<![\w.])[-−]0(\.0+)?(?![\w.])", text)] == []


def test_the_next_lesson_is_the_next_that_there_is(lesson):
    names = [one.name for one in LESSONS]
    text = "\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    after = names[names.index(lesson.name) + 1 :]
    for target in re.findall(r"Next[^\n]*?\]\((\d\d_\w+)\.ipynb", text):
        assert target == after[0]
