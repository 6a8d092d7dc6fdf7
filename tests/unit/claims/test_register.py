"""The course's own register, and what is refused in one."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from course_lib.claims.register import NOTEBOOKS, RegisterError, load_register

ASSETS = Path(__file__).resolve().parents[3] / "assets"
# How many claims each notebook confirms; the lectures make 280 in all.
PLANNED = dict(zip(NOTEBOOKS, (19, 10, 14, 7, 20, 25, 15, 44, 12, 16, 36, 23, 28, 11), strict=True))
KINDS = {
    "identity",
    "inequality",
    "theorem",
    "closed form",
    "numeric value",
    "algorithm",
    "qualitative claim",
}


@pytest.fixture(scope="module")
def claims():
    return load_register(ASSETS / "claims.toml")


def test_every_claim_of_the_lectures_is_registered_once(claims):
    assert len(claims) == sum(PLANNED.values()) == 280
    assert Counter(claim.notebook for claim in claims.values()) == PLANNED


def test_ids_kinds_and_lectures_are_known(claims):
    for claim in claims.values():
        assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", claim.id), claim.id
        assert claim.kind in KINDS, claim.id
        assert set(claim.lectures) <= {"UL", "I21", "I22", "I24", "U17"}, claim.id
        assert len(set(claim.lectures)) == len(claim.lectures), claim.id


def test_the_place_names_each_lecture(claims):
    for claim in claims.values():
        for lecture in claim.lectures:
            assert re.search(rf"\b{lecture}\b", claim.place), (claim.id, claim.place)


def test_formulas_are_closed(claims):
    for claim in claims.values():
        dollars = len(re.findall(r"(?<!\\)\$", claim.statement))
        assert dollars % 2 == 0, claim.id
        assert claim.statement.count("{") == claim.statement.count("}"), claim.id


def test_statements_are_not_repeated(claims):
    assert max(Counter(claim.statement for claim in claims.values()).values()) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('id = "two"', 'id = "one"'), "comes twice"),
        (('place = "UL p.1"', 'place = " "'), "'place'"),
        (('kind = "closed form"\n', ""), "'kind'"),
        (('lectures = ["UL"]', "lectures = []"), "'lectures'"),
        (("[[claim]]", "[[claim"), "not valid TOML"),
    ],
)
def test_a_damaged_register_is_refused(register, change, sentence):
    text = register.read_text(encoding="utf-8")
    assert change[0] in text
    other = register.with_name("other.toml")
    other.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(RegisterError, match=sentence):
        load_register(other)


def test_a_missing_register_is_said_so(tmp_path):
    with pytest.raises(RegisterError, match="cannot be read"):
        load_register(tmp_path / "none.toml")


def test_a_changed_register_is_read_again(register):
    assert len(load_register(register)) == 4
    text = register.read_text(encoding="utf-8")
    register.write_text(text[: text.rindex("[[claim]]")], encoding="utf-8")
    os.utime(register, ns=(1, 1))  # whatever the resolution of the clock
    assert len(load_register(register)) == 3
