"""Mistakes in the claims of a lesson, each told by its sentence before anything runs."""

import pytest

from course_lib.authoring.precheck import problems_of
from course_lib.authoring.source import parse_source
from course_lib.catalog import find_lessons
from course_lib.claims.register import load_register

RIGHT = """# %% [markdown]
# # Title

# %% tags=["claim:one", "claim:two"]
holds("one", ("l", 1), ("r", 1))
erratum(
    "two", ("l", 1), ("r", 2), corrected="c", corrected_left=("c", 2),
)

# %% tags=["claim:three"]
argue("three", "holds", "because")

# %% name="none"
print("no claim")
"""


@pytest.fixture
def problems(register):
    def of(text):
        folder = register / "n01_mean_field_kl"
        (folder / "notebook.py").write_text(text, encoding="utf-8")
        lesson = next(lesson for lesson in find_lessons(register) if lesson.name == "01_mean_field_kl")
        return problems_of(parse_source(lesson.notebook), lesson, load_register(register), draft=True)

    return of


def test_every_tag_with_its_verdict_is_right(problems):
    assert problems(RIGHT) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('argue("three", "holds", "because")', "x = 1", "tagged claim:three, but gives no verdict on it"),
        ('argue("three"', 'print("three"', "expected holds('three', ...), convention(...)"),
        ('argue("three"', 'claim("three"', "tagged claim:three, but gives no verdict on it"),
        ('print("no claim")', 'holds("four", a, b)', "verdict on 'four' without the tag claim:four"),
        ('print("no claim")', "if x:\n    holds(id=name)", "cell 'none' gives a verdict, but has no tag"),
        ('argue("three"', 'holds("one", a, b)\nargue("three"', "verdict on 'one' without the tag claim:one"),
        (
            'argue("three"',
            'convention(id="three", left=a)\nargue("three"',
            "'claim-three' gives two verdicts on 'three'",
        ),
        ('name="none"', 'tags=["claim:three"]', "the claim three is confirmed twice"),
        ('name="none"', 'tags=["claim:nine"]', "the register does not have the claim nine"),
        ('name="none"', 'tags=["claim:four"]', "puts the claim four into 02_variational_bayes_and_ep"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_cell(problems, old, new, sentence):
    assert old in RIGHT
    text = RIGHT.replace(old, new)
    if 'tags=["claim:three"]\nprint' in text:  # two cells of one tag would have one id
        text = text.replace('tags=["claim:three"]\nprint', 'tags=["claim:four", "claim:three"]\nprint')
    found = problems(text)
    assert any(sentence in problem for problem in found), found
    assert all(problem.startswith("n01_mean_field_kl/notebook.py: ") for problem in found)


def test_an_id_that_is_computed_may_be_any_of_the_tags(problems):
    loop = 'for name in ("one", "two"):\n    holds(name, ("l", 1), ("r", 1))'
    start, rest = RIGHT.split('holds("one"')
    assert problems(start + loop + rest[rest.index("\n\n# %% tags") :]) == []
