"""Elements are escaped whatever comes, and a card looks the same where no stylesheet is loaded."""

import re
from html.parser import HTMLParser

import pytest

from course_lib.markup import Markup, card, element, inline_style, rich, styled, stylesheet


class Reader(HTMLParser):
    """What a browser would understand: the elements with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


_NASTY = "<script> & \"quoted\" 'single' &amp; `code`"


def test_text_and_attributes_arrive_as_they_were_given():
    read = Reader(element("p", _NASTY, element("b", _NASTY), title=_NASTY, data_alt="x", hidden=None))
    assert read.elements == [("p", {"title": _NASTY, "data-alt": "x"}), ("b", {})]
    assert read.text == _NASTY + _NASTY


def test_only_what_is_markup_already_is_left_alone():
    assert element("p", Markup("<i>a</i>"), "<i>") == "<p><i>a</i>&lt;i&gt;</p>"
    assert isinstance(element("p"), Markup) and not isinstance(Markup("<i>") + "<b>", Markup)


def test_backticks_make_code_and_a_lone_one_stays():
    assert rich("use `a<b>` or `c`") == "use <code>a&lt;b&gt;</code> or <code>c</code>"
    assert rich("it's 5` long") == "it&#x27;s 5` long"


@pytest.mark.parametrize("look", ["passed", "wrong", "open", "hint", "note", "predict", "alert"])
def test_a_card_carries_its_look_with_it(look):
    ((_, attributes),) = Reader(card(look, "words")).elements
    style = dict(part.strip().split(": ", 1) for part in attributes["style"].strip(" ;").split(";"))
    assert attributes["class"] == f"course-card course-card-{look}"
    assert "border-left-color" in style or "border-color" in style
    # Follows JupyterLab's theme where there is one and has a colour of its own where there is none.
    assert all(re.search(r"var\(--[\w-]+, [^)]+\)", value) for value in style.values() if "var(" in value)


def test_a_card_of_an_unknown_look_is_refused():
    with pytest.raises(ValueError, match=r"look: expected one of 'passed', 'wrong', .*, got 'fine'"):
        card("fine", "words")


def test_what_stands_in_a_card_carries_its_look_too_and_its_own_declarations_last():
    ((tag, attributes),) = Reader(
        styled("td", "course-fact course-fact-label", "a", more="width: 3%;")
    ).elements
    style = attributes["style"].strip(" ;").split("; ")
    assert tag == "td" and "text-align: left" in style
    assert [one for one in style if one.startswith("white-space")][-1] == "white-space: nowrap"
    assert style[-1] == "width: 3%"


def test_the_stylesheet_is_whole():
    text = re.sub(r"/\*.*?\*/", "", stylesheet(), flags=re.DOTALL)
    assert text.count("{") == text.count("}") > 20
    assert inline_style("course-card-passed") == "border-left-color: #009E73;"
