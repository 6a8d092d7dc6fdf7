"""The course's own register, and what is refused in one."""

import os
import re
from collections import Counter

import pytest

from course_lib.catalog import LESSONS, find_lessons
from course_lib.claims.register import KINDS, LECTURES, RegisterError, load_register


@pytest.fixture(scope="module")
def claims():
    return load_register(LESSONS)


def test_every_lesson_with_a_register_is_read_and_the_order_is_that_of_the_files(claims):
    written = [
        id
        for lesson in find_lessons(LESSONS)
        if lesson.claims.exists()
        for id in re.findall(r'^id = "(.*)"$', lesson.claims.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert list(claims) == written and len(written) > 0


def test_ids_kinds_and_lectures_are_known(claims):
    for claim in claims.values():
        assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", claim.id), claim.id
        assert claim.kind in KINDS, claim.id
        assert set(claim.lectures) <= set(LECTURES), claim.id
        assert len(set(claim.lectures)) == len(claim.lectures), claim.id


def test_every_lecture_has_its_claims(claims):
    assert {lecture for claim in claims.values() for lecture in claim.lectures} == set(LECTURES)


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
        (('lectures = ["UL"]', 'lectures = ["XX"]'), "expected some of UL"),
        (('kind = "closed form"', 'kind = "rumour"'), "got 'rumour'"),
        (("[[claim]]", "[[claim"), "not valid TOML"),
    ],
)
def test_a_damaged_register_is_refused(register, change, sentence):
    path = register / "n01_mean_field_kl" / "claims.toml"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(RegisterError, match=sentence) as caught:
        load_register(register)
    assert "01_mean_field_kl/claims.toml" in str(caught.value)


def test_the_same_id_in_two_lessons_is_refused(register):
    path = register / "n02_variational_bayes_and_ep" / "claims.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"four"', '"one"'), encoding="utf-8")
    with pytest.raises(RegisterError, match="'one' comes twice, first in 01_mean_field_kl"):
        load_register(register)


def test_a_missing_register_is_said_so(tmp_path):
    with pytest.raises(RegisterError, match="cannot be read"):
        load_register(tmp_path / "none")


def test_a_changed_register_is_read_again(register):
    assert list(load_register(register)) == ["one", "two", "three", "four"]
    path = register / "n01_mean_field_kl" / "claims.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("[[claim]]")], encoding="utf-8")
    os.utime(path, ns=(1, 1))  # whatever the resolution of the clock
    assert list(load_register(register)) == ["one", "two", "four"]


def test_a_claim_knows_its_lesson(register):
    claims = load_register(register)
    assert [claim.notebook for claim in claims.values()] == [
        *["01_mean_field_kl"] * 3,
        "02_variational_bayes_and_ep",
    ]


def test_the_folder_is_the_one_that_the_environment_names(register):
    assert list(load_register()) == ["one", "two", "three", "four"]
