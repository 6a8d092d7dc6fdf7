"""Sources: every malformed marker, name or tag is refused by a sentence with file, line and cell."""

import ast

import pytest

from course_lib.authoring.editions import notebook, to_bytes
from course_lib.authoring.names import headings, slug
from course_lib.authoring.source import SourceError, parse_source

GOOD = '''# %% [markdown]
# # 1 · Mean field

# %% name="setup"
from course_lib.exercises import check

# %% [markdown]
# ## Two directions of $KL(q\\|p)$
# Text.

# %% [markdown]
# Predict, then move.

# %% tags=["claim:one", "claim:two"]
print("claims")

# %% tags=["exercise:01.add"]
def add(a, b):
    """Adds two numbers."""
    start = 0
    # region solution
    secret = start + a
    return secret + b
    # endregion


class Pair:
    def total(self):
        if self:
            # region solution
            return "hidden"
            # endregion


add = check("01.add", add)
'''

EXERCISE = GOOD[GOOD.index('# %% tags=["exercise') :]


@pytest.fixture
def parse(tmp_path):
    def parse(text, folder="n01_topic"):
        path = tmp_path / folder / "notebook.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return parse_source(path)

    return parse


def by_id(source, edition):
    return {cell.id: cell for cell in notebook(source, edition).cells}


def test_ids_come_from_names_tags_and_headings(parse):
    assert [cell.id for cell in parse(GOOD).cells] == [
        "text-1-mean-field",
        "setup",
        "text-two-directions-of-kl-q-p",
        "text-two-directions-of-kl-q-p-2",
        "claim-one",
        "exercise-01-add",
    ]


def test_an_inserted_neighbour_leaves_the_other_ids_alone(parse):
    before = {cell.id: cell.source for cell in parse(GOOD).cells}
    for new in ('# %% name="new"\n1\n\n', "# %% [markdown]\n# ## Another section\n# x\n\n"):
        for place in [index for index in range(len(GOOD)) if GOOD.startswith("# %%", index)]:
            # A heading that comes between takes over the text below it; only that text may get another id.
            after = {cell.id: cell.source for cell in parse(GOOD[:place] + new + GOOD[place:]).cells}
            moved = [id for id in before if after.get(id) != before[id]]
            assert set(moved) <= ({"text-two-directions-of-kl-q-p-2"} if "Another" in new else set())


def test_a_claim_cell_is_compared_by_nbval_and_keeps_its_claims(parse):
    cell = parse(GOOD).cells[4]
    assert cell.tags == ("claim:one", "claim:two", "nbval-check-output")
    assert parse(GOOD).claims == ("one", "two")


def test_the_code_of_a_picture_is_folded_and_no_other(parse):
    source = parse(GOOD.replace('# %% name="setup"', '# %% name="setup" tags=["picture"]'))
    for edition in ("student", "solution"):
        folded = [
            cell.id
            for cell in notebook(source, edition).cells
            if cell.metadata.get("jupyter", {}).get("source_hidden")
        ]
        assert folded == ["setup"]


def test_the_ledger_is_found_from_both_editions(parse):
    source = parse(GOOD.replace("# Text.", "# The [ledger](ledger.ipynb) has all."))
    links = {"student": "](ledger.ipynb)", "solution": "](../ledger.ipynb)"}
    for edition, link in links.items():
        assert any(link in cell.source for cell in notebook(source, edition).cells)


def test_the_stub_lacks_the_solution_and_keeps_everything_else(parse):
    source = parse(GOOD)
    stub = by_id(source, "student")["exercise-01-add"].source
    for hidden in ("secret", "hidden", "region"):
        assert hidden not in stub
        assert hidden not in to_bytes(notebook(source, "student")).decode()
    assert '    start = 0\n    raise NotImplementedError("your turn")\n' in stub
    assert '        if self:\n            raise NotImplementedError("your turn")\n' in stub
    assert '"""Adds two numbers."""' in stub
    assert stub.endswith('add = check("01.add", add)')
    ast.parse(stub)


def test_the_solution_has_the_code_of_the_region_without_its_markers(parse):
    solved = by_id(parse(GOOD), "solution")["exercise-01-add"].source
    assert "    secret = start + a\n    return secret + b\n" in solved
    assert "region" not in solved
    assert "NotImplementedError" not in solved


def test_two_readings_give_the_same_bytes(parse):
    for edition in ("student", "solution"):
        assert to_bytes(notebook(parse(GOOD), edition)) == to_bytes(notebook(parse(GOOD), edition))


MALFORMED = {
    "nested": ("    secret = start + a\n", "    # region solution\n", "inside another"),
    "unclosed": ("    # endregion\n", "", "inside another"),
    "unclosed at the end": ("            # endregion\n", "", "never closed"),
    "unopened": ("    # region solution\n    secret", "    secret", "closes no region"),
    "closed deeper": ("    # endregion\n", "        # endregion\n", "indented differently"),
    "content less indented": ("    secret = start + a\n", "# secret\n", "indented less"),
    "empty": ("    secret = start + a\n    return secret + b\n", "\n", "empty"),
    "other word": ("# region solution", "# region Solution", "alone on the line"),
    "no blank": ("# region solution", "#region solution", "alone on the line"),
    "something behind": ("# endregion", "# endregion of add", "alone on the line"),
    "two words": ("# endregion", "# end region", "alone on the line"),
    "behind code": ("    secret = start + a\n", "    secret = start + a  # endregion\n", "alone on the line"),
    "no check": ('add = check("01.add", add)', "add = add", "check"),
    "check of another": ('check("01.add", add)', 'check("01.sub", add)', "check"),
    "check in a comment": ('add = check("01.add", add)', '# check("01.add", add)', "check"),
    "outside a function": ("def add(a, b):", "if True:", "inside a function"),
    "solution is no Python": ("secret = start + a", "secret = = a", "not valid Python"),
    "stub is no Python": ("    start = 0\n", "    start = (\n", "not valid Python"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_region_fails_with_file_line_and_cell(parse, case):
    old, new, sentence = MALFORMED[case]
    assert old in EXERCISE
    text = GOOD.replace(EXERCISE, EXERCISE.replace(old, new, 1))
    with pytest.raises(SourceError, match=sentence) as caught:
        parse(text)
    assert str(caught.value).startswith("n01_topic/notebook.py, line ")
    assert "cell 'exercise-01-add'" in str(caught.value)


def test_the_line_of_a_malformed_marker_is_the_line_of_the_file(parse):
    text = GOOD.replace("    # endregion\n\n\nclass", "        # endregion\n\n\nclass")
    with pytest.raises(SourceError) as caught:
        parse(text)
    line = int(str(caught.value).split("line ")[1].split(",")[0])
    assert text.splitlines()[line - 1] == "        # endregion"


REFUSED = {
    "region outside an exercise": (
        'print("claims")',
        "def f():\n    # region solution\n    1\n    # endregion",
        "exercise tag",
    ),
    "exercise without region": (
        EXERCISE,
        '# %% tags=["exercise:01.add"]\nadd = check("01.add", 1)\n',
        "needs a region",
    ),
    "region in markdown": ("# Predict, then move.", "# region solution", "markdown"),
    "no name": (' name="setup"', "", "needs a name"),
    "name is no slug": ('name="setup"', 'name="Set up"', "small letters"),
    "name twice": (EXERCISE, '# %% name="setup"\n1\n', "same id"),
    "claim twice": (EXERCISE, '# %% tags=["claim:one"]\n1\n', "same id"),
    "claim and exercise": ('tags=["exercise:01.add"]', 'tags=["exercise:01.add", "claim:x"]', "not both"),
    "two exercises": (
        'tags=["exercise:01.add"]',
        'tags=["exercise:01.add", "exercise:01.b"]',
        "one exercise",
    ),
    "tag misspelt": ("claim:two", "claim: two", "expected tags"),
    "exercise of another notebook": ("exercise:01.add", "exercise:02.add", "of this notebook"),
    "raises-exception": ('name="setup"', 'name="setup" tags=["raises-exception"]', "proves nothing"),
    "claim tag on text": (
        "# %% [markdown]\n# Predict",
        '# %% [markdown] tags=["claim:x"]\n# Predict',
        "code cell",
    ),
    "name beside a tag": ('# %% tags=["claim:one"', '# %% name="x" tags=["claim:one"', "no name"),
    "empty cell": ("from course_lib.exercises import check\n", "", "empty"),
    "raw cell": ("# %% [markdown]\n# Predict", "# %% [raw]\n# Predict", "markdown and code"),
    "text before the first cell": (
        "# %% [markdown]\n# # 1",
        "x = 1\n# %% [markdown]\n# # 1",
        "nothing before the first",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_build_a_wrong_notebook_is_refused(parse, case):
    old, new, sentence = REFUSED[case]
    assert old in GOOD
    with pytest.raises(SourceError, match=sentence):
        parse(GOOD.replace(old, new, 1))


def test_a_folder_without_a_number_is_refused(parse):
    with pytest.raises(SourceError, match="a name like n01_topic, got 'topic'"):
        parse(GOOD, "topic")


def test_a_comment_about_a_region_in_prose_is_no_marker(parse):
    text = GOOD.replace("    start = 0\n", "    start = 0  # the region of overlap\n")
    parse(text)


def test_slugs_are_short_valid_and_never_empty():
    assert slug("≤ ≥") == "section"
    assert slug("Größe") == "grosse" or slug("Größe") == "gro-e"
    long = slug("word " * 30)
    assert len(long) <= 48 and not long.endswith("-") and long.endswith("word")


def test_headings_in_code_are_none():
    assert headings("text\n```python\n# no\n```\n### Yes #\n#no") == ["Yes"]
