"""What is committed under notebooks/ is fit to be read on GitHub and opened in the classroom."""

import json
import re
from urllib.parse import unquote

import pytest

from course_lib.authoring.layout import Layout
from course_lib.authoring.precheck import problems_of
from course_lib.authoring.source import parse_source
from course_lib.claims.register import load_register
from course_lib.commands.environment import ROOT

NOTEBOOKS = sorted(
    [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks" / "solutions").glob("*.ipynb")]
)


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: "/".join(path.parts[-2:]))
def notebook(request):
    return request.param, json.loads(request.param.read_text(encoding="utf-8"))


def outputs(book):
    return [output for cell in book["cells"] for output in cell.get("outputs", [])]


def test_there_is_something_to_test():
    assert len(NOTEBOOKS) >= 5


def test_no_cell_failed_and_no_warning_is_shown(notebook):
    _, book = notebook
    assert [o.get("ename") for o in outputs(book) if o["output_type"] == "error"] == []
    assert [o["text"] for o in outputs(book) if o.get("name") == "stderr"] == []


def test_every_picture_was_drawn(notebook):
    _, book = notebook
    texts = ["".join(o.get("data", {}).get("text/plain", "")) for o in outputs(book)]
    assert [text for text in texts if text.startswith("The drawing function failed")] == []


def test_every_explorable_left_a_picture_and_words_for_those_who_do_not_see_it(notebook):
    _, book = notebook
    for cell in book["cells"]:
        if "picture" in cell["metadata"].get("tags", []):
            data = [o["data"] for o in cell["outputs"] if "data" in o]
            assert any("image/png" in d and len("".join(d["text/plain"])) > 20 for d in data), cell["id"]


def test_the_code_of_every_picture_is_folded(notebook):
    _, book = notebook
    for cell in book["cells"]:
        if any("image/png" in o.get("data", {}) for o in cell.get("outputs", [])):
            assert "picture" in cell["metadata"].get("tags", []), cell["id"]


def test_a_prediction_does_not_show_its_answer_above_the_question(notebook):
    _, book = notebook
    for cell in book["cells"]:
        if re.search(r"^predict\(", "".join(cell["source"]), re.MULTILINE):
            assert cell["metadata"].get("jupyter", {}).get("source_hidden"), cell["id"]


def test_every_link_to_a_file_of_the_course_leads_somewhere(notebook):
    path, book = notebook
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)\s]+)\)", "".join(cell["source"])):
                if not re.match(r"[a-z]+:|#", target):
                    linked = (path.parent / unquote(target.split("#")[0])).resolve()
                    assert linked.exists(), f"{cell['id']}: {target}"
                    # The student's copy has what lies below notebooks/, and nothing else.
                    assert linked.is_relative_to(ROOT / "notebooks"), f"{cell['id']}: {target}"


@pytest.mark.parametrize("lesson", Layout().written(), ids=lambda lesson: lesson.name)
def test_every_lesson_is_sound(lesson):
    """At least three exercises and one of them hard among it; ``make check`` says the same."""
    assert problems_of(parse_source(lesson.notebook), lesson, load_register()) == []
