"""A cell that a student edited in an earlier version of the course still gives its verdict."""

import pytest

pytestmark = pytest.mark.usefixtures("register")


def test_the_cells_of_before_work(capsys):
    from course_lib.authoring import argue, claim, ledger_counts  # what their setup cell imported

    claim("one", "holds", ("left", 1.0), ("right", 1.0))
    claim("two", "convention", ("left", 1.0), ("right", 2.0), "<", under="so")
    claim(
        "three",
        "erratum",
        ("left", 1.0),
        ("right", 2.0),
        corrected="r",
        corrected_left=("l", 2.0),
        under=None,
    )
    argue("four", "holds", "It is so.")
    printed = capsys.readouterr().out
    assert [line.split(" · ")[1] for line in printed.splitlines() if line.startswith("claim ")] == [
        "holds", "convention", "erratum", "holds",
    ]  # fmt: skip
    assert "total" in ledger_counts()


def test_what_never_was_there_is_not_there():
    with pytest.raises(ImportError):
        from course_lib.authoring import theorem  # noqa: F401
