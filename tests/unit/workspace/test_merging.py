"""The rules of the three-way merge, one by one."""

import copy

import pytest

from course_lib.workspace.cells import _NewKeys, keyed, read_notebook, text
from course_lib.workspace.merging import merge


def code(key, source, **more):
    cell = {
        "cell_type": "code",
        "id": key,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {**cell, **more}


def book(*cells, **metadata):
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def letters(string):
    """One cell for each letter: the letter is the id, the source is its double."""
    return book(*(code(letter, letter * 2) for letter in string))


def ids(notebook):
    return [cell["id"] for cell in notebook["cells"]]


def texts(notebook):
    return [text(cell) for cell in notebook["cells"]]


def changed(notebook, **sources):
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = sources.get(cell["id"], cell["source"])
    return notebook


def test_untouched_cells_follow_changes_moves_and_removals():
    new = changed(letters("dbxa"), b="new b")
    merged = merge(letters("abcd"), letters("abcd"), new)
    assert merged.notebook == new
    assert (merged.kept, merged.offered, merged.returned) == (0, 0, 0)


def test_an_edit_of_the_student_alone_stays_and_goes_where_the_course_puts_the_cell():
    merged = merge(letters("abc"), changed(letters("abc"), b="mine"), letters("cba"))
    assert texts(merged.notebook) == ["cc", "mine", "aa"]
    assert (merged.kept, merged.offered) == (1, 0)


def test_a_cell_that_both_changed_keeps_the_students_text_with_the_new_one_offered_right_below():
    mine, new = changed(letters("abc"), b="mine"), changed(letters("abc"), b="theirs")
    merged = merge(letters("abc"), mine, new)
    assert texts(merged.notebook)[:2] == ["aa", "mine"]
    assert "New version from the course" in texts(merged.notebook)[2]
    assert texts(merged.notebook)[3:] == ["theirs", "cc"]
    assert merged.offered == 1
    # The stub of an exercise must not run after the student's answer when all cells are run.
    assert merged.notebook["cells"][3]["cell_type"] == "raw"


def test_an_offer_is_not_repeated_and_a_newer_one_takes_the_place_of_an_untouched_one():
    old, mine = letters("abc"), changed(letters("abc"), b="mine")
    second, third = changed(old, b="second"), changed(old, b="third")
    once = merge(old, mine, second).notebook
    assert merge(old, once, second).notebook == once
    assert merge(second, once, second).notebook == once
    later = merge(second, once, third)
    assert [line for line in texts(later.notebook) if "New version" not in line] == [
        "aa",
        "mine",
        "third",
        "cc",
    ]
    assert len(later.notebook["cells"]) == 5


def test_an_offer_that_the_student_wrote_into_is_never_taken_away():
    old, second, third = letters("ab"), changed(letters("ab"), b="second"), changed(letters("ab"), b="third")
    mine = merge(old, changed(old, b="mine"), second).notebook
    offer = next(cell for cell in mine["cells"] if text(cell) == "second")
    offer["source"] = "second and my remark"
    result = texts(merge(second, mine, third).notebook)
    assert {"mine", "second and my remark", "third"} <= set(result)


@pytest.mark.parametrize("edited", [False, True])
def test_an_offer_that_replaced_the_students_own_cell_is_the_courses_cell_again(edited):
    old, second, third = (
        letters("abc"),
        changed(letters("abc"), b="second"),
        changed(letters("abc"), b="third"),
    )
    mine = merge(old, changed(old, b="mine"), second).notebook
    mine["cells"] = [cell for cell in mine["cells"] if cell["id"] != "b"]
    for cell in mine["cells"]:
        if cell["cell_type"] == "raw":  # Esc, Y; some versions of JupyterLab then give a new id
            cell.update(cell_type="code", outputs=[], execution_count=None, id="renewed")
            cell["source"] += " with my change" * edited
    merged = merge(second, mine, third)
    if edited:
        assert ids(merged.notebook)[:2] == ["a", "b"] and merged.offered == 1 and merged.returned == 0
        assert texts(merged.notebook)[1] == "second with my change" and texts(merged.notebook)[3:] == [
            "third",
            "cc",
        ]
    else:
        assert texts(merged.notebook) == ["aa", "third", "cc"]
        assert ids(merged.notebook) == ["a", "b", "c"]


def test_when_both_write_the_same_text_nothing_is_offered():
    both = changed(letters("ab"), a="same")
    merged = merge(letters("ab"), both, both)
    assert merged.notebook == both and merged.offered == 0


def test_a_deleted_cell_stays_deleted_until_the_course_changes_it():
    assert ids(merge(letters("abc"), letters("ac"), letters("abcx")).notebook) == ["a", "c", "x"]
    merged = merge(letters("abc"), letters("ac"), changed(letters("abc"), b="better"))
    assert texts(merged.notebook)[0] == "aa" and texts(merged.notebook)[2:] == ["better", "cc"]
    assert "Back from the course" in texts(merged.notebook)[1]
    assert merged.returned == 1
    again = merge(letters("abc"), merged.notebook, changed(letters("abc"), b="better"))
    assert again.notebook == merged.notebook and again.returned == 0


def test_a_cell_that_the_course_removed_stays_only_when_the_student_wrote_in_it():
    merged = merge(letters("abcd"), changed(letters("abcd"), b="mine"), letters("ad"))
    assert texts(merged.notebook) == ["aa", "mine", "dd"]


@pytest.mark.parametrize(
    ("mine", "new", "expected"),
    [
        ("aXbc", "cab", "caXb"),  # below the cell under which it was written
        ("XYabc", "cab", "cXYab"),  # at the top: above the cell that followed
        ("abXc", "acd", "aXcd"),  # its upper neighbour is gone, the lower one is there
        ("aXbYc", "ac", "aXYc"),
        ("abcX", "yz", "Xyz"),  # nothing is left of its neighbourhood
        ("aXYbZ", "ba", "bZaXY"),
    ],
)
def test_added_cells_stay_beside_their_nearest_surviving_neighbour(mine, new, expected):
    merged = merge(letters("abc"), letters(mine), letters(new)).notebook
    assert "".join(ids(merged)) == expected
    assert merge(letters("abc"), merged, letters(new)).notebook == merged


def test_a_change_of_the_cell_type_counts_as_an_edit():
    mine = letters("ab")
    mine["cells"][1].update(cell_type="markdown")
    merged = merge(letters("ab"), mine, changed(letters("ab"), b="new"))
    assert merged.notebook["cells"][1]["cell_type"] == "markdown" and merged.offered == 1


def test_outputs_are_no_edit_and_stay_exactly_while_the_text_stays():
    ran = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
    old, mine, new = letters("abc"), letters("abc"), changed(letters("abc"), b="new")
    for cell in mine["cells"][:2]:
        cell.update(outputs=ran, execution_count=3)
    new["cells"][2]["outputs"] = fresh = [{"output_type": "stream", "name": "stdout", "text": "built"}]
    merged = merge(old, mine, new).notebook
    assert [cell["outputs"] for cell in merged["cells"]] == [ran, [], fresh]
    assert merged["cells"][0]["execution_count"] == 3


def test_metadata_follow_the_course_key_by_key_unless_the_student_changed_them():
    def tagged(**metadata):
        return book(code("a", "aa", metadata=metadata), title=metadata.get("tags"), kernelspec="k")

    mine = tagged(tags=["old"], collapsed=True)
    mine["metadata"]["kernelspec"] = "mine"
    merged = merge(tagged(tags=["old"]), mine, tagged(tags=["new"])).notebook
    assert merged["cells"][0]["metadata"] == {"tags": ["new"], "collapsed": True}
    assert merged["metadata"] == {"title": ["new"], "kernelspec": "mine"}


def test_without_a_base_no_text_of_the_student_is_dropped():
    mine = changed(letters("aXbc"), b="mine")
    merged = merge(None, mine, changed(letters("acbn"), b="theirs"))
    kept = [line for line in texts(merged.notebook) if "New version" not in line]
    assert kept == ["aa", "XX", "cc", "mine", "theirs", "nn"]


def test_repeated_and_missing_ids_lose_nothing_and_become_unique():
    mine = book(
        code("a", "aa"), code("a", "copy, edited"), code("a", "aa"), code("b", "bb"), code("c", "no id")
    )
    del mine["cells"][3]["id"], mine["cells"][4]["id"]
    merged = merge(letters("ab"), mine, changed(letters("ab"), a="new a", b="new b")).notebook
    assert texts(merged) == ["new a", "copy, edited", "aa", "new b", "no id"]
    assert len(set(ids(merged))) == 5


def test_a_tool_that_drops_or_renews_all_ids_does_not_make_the_cells_the_students():
    dropped, renewed = letters("abc"), letters("abc")
    for number, (one, other) in enumerate(zip(dropped["cells"], renewed["cells"], strict=True)):
        del one["id"]
        other["id"] = f"renewed-{number}"
    new = changed(letters("abcd"), b="new")
    assert merge(letters("abc"), dropped, new).notebook == new
    assert merge(letters("abc"), renewed, new).notebook == new


def test_keys_never_collide_with_ids_that_come_later():
    first = next(iter(keyed([{"cell_type": "code", "source": "x"}])))
    cells = [{"cell_type": "code", "source": "x"}, code(first, "y"), {"cell_type": "code", "source": "x"}]
    assert [text(cell) for cell in keyed(cells).values()] == ["x", "y", "x"]


def test_windows_line_ends_and_lists_of_lines_are_no_edit():
    old, mine, new = book(code("a", "x\ny")), book(code("a", ["x\r\n", "y"])), book(code("a", "z"))
    assert texts(merge(old, mine, new).notebook) == ["z"]


def test_a_pasted_picture_is_an_edit():
    def page(source, **more):
        return book({"cell_type": "markdown", "id": "a", "metadata": {}, "source": source, **more})

    picture = {"x.png": {"image/png": "AAAA"}}
    merged = merge(page("text"), page("text", attachments=picture), page("new")).notebook
    assert merged["cells"][0]["attachments"] == picture and texts(merged)[-1] == "new"


def test_a_free_key_is_found_without_trying_all_that_went_before():
    """20,000 pasted cells once took a minute and a half: for each the search began anew."""

    class Taken(set):
        looks = 0

        def __contains__(self, key):
            Taken.looks += 1
            return super().__contains__(key)

    cells = [code(None, "x") for _ in range(500)]
    first = keyed([{key: value for key, value in cells[0].items() if key != "id"}])
    new_keys = _NewKeys(Taken(first))
    keys = [*first, *(new_keys.of(cell) for cell in cells)]
    assert len(set(keys)) == len(keys) == 501
    assert Taken.looks == 501  # one a cell, and one more for the key that was taken before


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"{}", b'{"nbformat": 3, "worksheets": []}', b'{"nbformat": 4, "cells": [1]}',
     b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', b"\x00\xff\xfe", b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_notebook_is_recognised(raw):
    assert read_notebook(raw) == (None, False)
