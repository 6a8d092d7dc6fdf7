"""The lessons are found by their folders, and tell what stands in their table."""

import re

import pytest

from course_lib.catalog import Lesson, find_lessons, lessons_table

HEAD = 'title = "A title"\nsummary = "what it shows"\nfollows = "UL p.1"\n'


@pytest.fixture
def folder(tmp_path):
    for name in (
        "n00_start_here",
        "n02_second_one",
        "n01_first",
        "n1_bad",
        "m03_bad",
        "n04_Bad",
        "__pycache__",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "n05_file").touch()
    (tmp_path / "n01_first" / "claims.toml").write_text(HEAD, encoding="utf-8")
    (tmp_path / "n01_first" / "notebook.py").touch()
    return tmp_path


def test_lessons_are_folders_in_the_order_of_their_numbers(folder):
    assert [lesson.name for lesson in find_lessons(folder)] == ["00_start_here", "01_first", "02_second_one"]
    assert find_lessons(folder / "none") == ()


def test_the_table_links_what_is_written_and_leaves_out_the_first_page(folder):
    assert lessons_table(folder)._repr_markdown_().splitlines()[2:] == [
        "| [1 · A title](01_first.ipynb) | what it shows | UL p.1 |",
        "| 2 · Second one |  |  |",
    ]
    assert repr(lessons_table(folder)).splitlines() == [
        "  1 · A title: what it shows (UL p.1)",
        "  2 · Second one (still being written)",
    ]


@pytest.mark.parametrize("content", [b"\xff", b"title = ", b"title = 1\n", b""])
def test_a_head_that_cannot_be_read_leaves_the_name(folder, content):
    (folder / "n01_first" / "claims.toml").write_bytes(content)
    assert Lesson(folder / "n01_first").title == "First"


def test_every_lesson_of_the_course_says_what_it_shows():
    for lesson in find_lessons():
        if lesson.number != "00":
            assert lesson.summary and re.search(r"\b(UL|I21|I22|I24|U17)\b", lesson.follows)
