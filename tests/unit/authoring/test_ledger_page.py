"""The ledger's page: tables that render, and nothing left out."""

import re

import pytest

from course_lib.authoring.editions import to_bytes
from course_lib.authoring.ledger import Confirmed
from course_lib.authoring.ledger_page import ledger_page, table_text
from course_lib.claims.register import load_register

NAME = "01_mean_field_kl"


def numbers(**more):
    left, right = {"label": "lecture: q_1*", "number": "inf"}, {"label": "computed", "number": 0.5}
    return {"kind": "numbers", "left": left, "relation": "=", "right": right, "difference": 0.0, **more}


@pytest.fixture
def page(register):
    claims = load_register(register)
    fixed = {"label": "corrected", "number": 0.5}
    wrong = numbers(corrected_left=fixed, corrected_relation="<=")
    confirmed = [
        Confirmed(
            "one", NAME, "Why $q(x|y)$ | [more]", "convention", None, numbers(under="a | b"), "claim-one"
        ),
        Confirmed("two", NAME, "Second", "erratum", r"$2\,JSD(\pi\|p)$", wrong, "claim-two"),
    ]
    return ledger_page(confirmed, claims)


def cells(page):
    return {cell.id: cell.source for cell in page.cells}


def test_the_page_has_counts_errata_lectures_and_what_is_open(page):
    found = cells(page)
    assert list(found) == ["ledger-summary", "ledger-errata", "ledger-ul", "ledger-i21", "ledger-open"]
    assert "| **0** | **1** | **1** | **2** of 4 | **2** |" in found["ledger-summary"]
    assert "claim-two" in found["ledger-errata"] and "claim-one" not in found["ledger-errata"]
    assert "claim-one" in found["ledger-ul"] and "claim-two" in found["ledger-ul"]
    assert "claim-two" in found["ledger-i21"] and "claim-one" not in found["ledger-i21"]
    assert "$W$ is continuous." in found["ledger-open"] and "Nobody" in found["ledger-open"]


def test_every_row_has_as_many_cells_as_its_head(page):
    for source in cells(page).values():
        rows = [line for line in source.splitlines() if line.startswith("|")]
        for row in rows:
            assert len(re.findall(r"(?<!\\)\|", row)) == len(re.findall(r"(?<!\\)\|", rows[0])), row


def test_a_merged_claim_shows_each_lecture_its_own_place(page):
    assert "| UL p.2 |" in cells(page)["ledger-ul"]
    assert "| I21 JSD |" in cells(page)["ledger-i21"]
    assert "| UL p.2; I21 JSD |" in cells(page)["ledger-errata"]


def test_links_are_relative_and_name_the_cell(page):
    links = re.findall(r"\]\(([^)]+)\)", cells(page)["ledger-ul"])
    assert links == [f"{NAME}.ipynb#cell-id=claim-one", f"{NAME}.ipynb#cell-id=claim-two"]


def test_numbers_relations_and_labels_are_readable(page):
    found = cells(page)
    assert "**∞**&nbsp;lecture:&nbsp;q\\_1\\*<br>=&nbsp;**0.5**&nbsp;computed |" in found["ledger-ul"]
    errata = found["ledger-errata"]
    assert (
        "≠&nbsp;**0.5**&nbsp;computed<br>corrected:<br>**0.5**&nbsp;corrected<br>≤&nbsp;**0.5** |" in errata
    )
    assert "**Convention:** a \\| b | ◐&nbsp;convention |" in found["ledger-ul"]
    assert r"**Corrected:** $2\,JSD(\pi\Vert p)$ | ✗&nbsp;erratum |" in found["ledger-ul"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("$p(x|z)$", r"$p(x\vert z)$"),
        (r"$KL(q\|p)$", r"$KL(q\Vert p)$"),
        (r"$a \Vert b$ and $c$", r"$a \Vert b$ and $c$"),
        ("a | b", r"a \| b"),
        (r"a \| b", r"a \| b"),
        ("two\nlines", "two lines"),
        ("$$x|y$$", r"$$x\vert y$$"),
        (r"costs \$5 | \$6", r"costs \$5 \| \$6"),
    ],
)
def test_no_bare_bar_is_left_in_a_table(text, clean):
    assert table_text(text) == clean


def test_the_same_ledger_gives_the_same_bytes(page):
    assert to_bytes(page) == to_bytes(page)
