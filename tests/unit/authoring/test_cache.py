"""What executes a notebook again: what its outputs can depend on, and nothing else."""

import pytest

from course_lib.authoring.cache import Cache, execution_key
from course_lib.authoring.dependencies import dependencies
from course_lib.authoring.editions import notebook
from course_lib.authoring.layout import Layout
from course_lib.authoring.source import parse_source
from course_lib.catalog import find_lessons

LESSON = "n01_mean_field_kl"
CELLS = [
    "from course_lib.widgets import explore\nfrom course_lib.science import deep",
    f"from course_lib.lessons.{LESSON}.runs import stored\n\nexplore(deep(stored()))",
]
FILES = {
    "widgets/__init__.py": '''"""Widgets."""

from course_lib.widgets.controls import Slider
from course_lib.widgets.explorable import explore


def __getattr__(name):
    if name == "LiveTraining":
        from course_lib.widgets.live_training import LiveTraining

        return LiveTraining
''',
    "widgets/explorable.py": '''"""Explorables."""

from course_lib.figure.panel import Panel


def explore(draw, size=3):
    """Shows it."""
    return Panel(draw, "title", size)  # at once


def close(one):
    return one
''',
    "widgets/controls.py": "class Slider: pass\n",
    "widgets/live_training.py": "class LiveTraining: pass\n",
    "widgets/page.css": "p {}\n",
    "figure/panel.py": "Panel = print\n",
    "figure/__init__.py": "",
    "science/__init__.py": "from course_lib.science.deep import deep\nfrom course_lib.science.wide import wide\n",
    "science/deep.py": "def deep(x):\n    return x + 1\n",
    "science/wide.py": "def wide(x):\n    return x\n",
    "science/hidden.py": "def deep(x):\n    return x\n",
    "commands/lab.py": "x = 1\n",
    f"lessons/{LESSON}/exercises.py": "from course_lib.science.wide import wide\n\nREFERENCE = wide\n",
    f"lessons/{LESSON}/runs.py": 'def stored():\n    """Reads."""\n    return 1\n',
    f"lessons/{LESSON}/runs.npz": "arrays\n",
    "lessons/n02_variational_bayes_and_ep/exercises.py": "x = 1\n",
    "lessons/n02_variational_bayes_and_ep/runs.npz": "arrays\n",
}


@pytest.fixture
def course(tmp_path, register):
    """A small course; ``course.key()`` is what the outputs of its lesson 01 are kept under."""

    class Course:
        root = tmp_path / "course_lib"

        def key(self, cells=CELLS, claims=("one",)):
            (lesson,) = [one for one in find_lessons(register) if one.folder.name == LESSON]
            return execution_key(cells, claims, lesson, Layout(tmp_path))

        def edit(self, name, old, new):
            text = (self.root / name).read_text(encoding="utf-8")
            assert text.count(old) == 1
            (self.root / name).write_text(text.replace(old, new), encoding="utf-8")

    for name, text in FILES.items():
        (tmp_path / "course_lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "course_lib" / name).write_text(text, encoding="utf-8")
    return Course()


EXPLORABLE, OTHER = "widgets/explorable.py", "lessons/n02_variational_bayes_and_ep"
NOTHING = {
    "a comma": (EXPLORABLE, '"title", size)', '"title", size,)'),
    "a comment": (EXPLORABLE, "# at once", "# immediately"),
    "layout": (EXPLORABLE, "Panel(draw, ", "Panel(\n        draw,\n        "),
    "a docstring": (EXPLORABLE, "Shows it.", "Shows the picture."),
    "a docstring more": (EXPLORABLE, "def close(one):", 'def close(one):\n    """Closes it."""'),
    "the docstring of a module": (EXPLORABLE, '"""Explorables."""', '"""Explorable pictures."""'),
    "a part of the package that the lesson does not use": ("widgets/live_training.py", "pass", "x = 1"),
    "another one, which the package imports at once": ("widgets/controls.py", "pass", "x = 1"),
    "a module that nobody imports": ("science/hidden.py", "return x", "return 2 * x"),
    "a command": ("commands/lab.py", "1", "2"),
    "another lesson's exercises": (f"{OTHER}/exercises.py", "1", "2"),
    "another lesson's runs": (f"{OTHER}/runs.npz", "arrays", "others"),
    "another lesson's claims": (f"{OTHER}/claims.toml", "Nobody", "No one"),
    "a claim that the notebook does not confirm": (f"lessons/{LESSON}/claims.toml", "UL p.2", "UL p.3"),
}
AGAIN = {
    "a function that the lesson uses": (EXPLORABLE, "return Panel(draw,", "return Panel(0,"),
    "a default": (EXPLORABLE, "size=3", "size=4"),
    "a text": (EXPLORABLE, '"title"', '"a title"'),
    "what that imports": ("figure/panel.py", "print", "repr"),
    "what lies beside it": ("widgets/page.css", "p {}", "p {color: red}"),
    "a function by way of its package": ("science/deep.py", "x + 1", "x + 2"),
    "another module behind the package's name": ("science/__init__.py", "science.deep", "science.hidden"),
    "the lesson's exercises": (f"lessons/{LESSON}/exercises.py", "REFERENCE = wide", "REFERENCE = None"),
    "what only its exercises import": ("science/wide.py", "return x", "return 2 * x"),
    "the script of its runs": (f"lessons/{LESSON}/runs.py", "return 1", "return 2"),
    "its stored runs": (f"lessons/{LESSON}/runs.npz", "arrays", "others"),
    "the place of a claim that it confirms": (f"lessons/{LESSON}/claims.toml", 'UL p.1"', 'UL p.9"'),
}


@pytest.mark.parametrize("change", NOTHING)
def test_what_can_change_no_output_executes_nothing(course, change):
    before = course.key()
    course.edit(*NOTHING[change])
    assert course.key() == before


@pytest.mark.parametrize("change", AGAIN)
def test_what_the_lesson_uses_executes_it(course, change):
    before = course.key()
    course.edit(*AGAIN[change])
    assert course.key() != before


def test_the_code_of_the_notebook_counts_and_its_order(course):
    assert course.key(CELLS[::-1]) != course.key() != course.key([*CELLS, "x = 1"])


@pytest.mark.parametrize(
    "cell",
    [
        "from course_lib.widgets import LiveTraining",
        "from course_lib import widgets",
        "import course_lib.widgets as w",
        "from course_lib.widgets import *",
        "from course_lib.widgets.live_training import LiveTraining",
        "def f():\n    from course_lib.widgets import LiveTraining",
    ],
)
def test_every_form_of_import_is_followed(course, cell):
    before = course.key([cell])
    course.edit("widgets/live_training.py", "pass", "x = 1")
    assert course.key([cell]) != before


def test_a_damaged_entry_counts_as_none(tmp_path):
    cache = Cache(tmp_path)
    cache.put("01_x", "student", "key", [{"outputs": []}])
    assert cache.get("01_x", "student", "key") == [{"outputs": []}]
    assert cache.get("01_x", "student", "other") is None
    assert cache.get("01_x", "solution", "key") is None
    (path,) = tmp_path.rglob("*.json")
    for damage in ("", "[]", '{"key": "key"}', "\xff"):
        path.write_text(damage, encoding="latin-1")
        assert cache.get("01_x", "student", "key") is None


LAYOUT = Layout()


@pytest.mark.parametrize("lesson", LAYOUT.written(), ids=lambda lesson: lesson.name)
def test_a_lesson_of_the_course_depends_on_its_own_folder_and_on_what_it_imports(lesson):
    cells = [cell.source for cell in notebook(parse_source(lesson.notebook), "solution").cells]
    own = [f"import {lesson.package}.exercises"] if lesson.exercises.is_file() else []
    code = [cell for cell in cells if "course_lib" in cell]
    files = {
        path.relative_to(LAYOUT.root / "course_lib").as_posix()
        for path in dependencies([*code, *own], LAYOUT.root)
    }
    assert ("widgets/live_training.py" in files) == ("LiveTraining(" in "\n".join(cells))
    assert {"widgets/explorable.py", f"lessons/{lesson.folder.name}/exercises.py"} <= files
    assert {path.name for path in lesson.folder.glob("*.npz")} <= {file.rpartition("/")[2] for file in files}
    assert [file for file in files if file.startswith(("authoring/", "commands/", "workspace/"))] == []
    assert {file.split("/")[1] for file in files if file.startswith("lessons/")} <= {lesson.folder.name}
