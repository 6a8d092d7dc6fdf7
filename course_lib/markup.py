"""HTML of the course: elements that are always escaped, cards, and the one stylesheet.

A notebook that is only looked at (GitHub, nbviewer, a reopened file) loads no stylesheet. So a card carries the
declarations of its classes with it; what appears only in a running notebook can rely on the classes alone.
"""

import re
from functools import cache
from html import escape
from importlib import resources

__all__ = ["Markup", "card", "element", "inline_style", "rich", "styled", "stylesheet"]


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes) -> Markup:
    """An element; plain text in it is escaped. A trailing underscore of an attribute's name falls off, others are "-".

    >>> element("b", "1 < 2", class_="number", aria_label='a "true" statement')
    '<b class="number" aria-label="a &quot;true&quot; statement">1 &lt; 2</b>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{given}>{''.join(map(_safe, content))}</{tag}>")


def _safe(text):
    return text if isinstance(text, Markup) else escape(text)


def rich(text: str) -> Markup:
    """Text in which `code` between backticks is shown as code.

    >>> rich("call `f(x)` & see")
    'call <code>f(x)</code> &amp; see'
    """
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a lone backtick
        return Markup(escape(text))
    return Markup(
        "".join(element("code", piece) if odd % 2 else escape(piece) for odd, piece in enumerate(pieces))
    )


def card(look: str, *content: str, role: str = "status") -> Markup:
    """A box with a coloured edge.

    Args:
        look: ``"passed"``, ``"wrong"``, ``"open"``, ``"hint"``, ``"note"``, ``"predict"``, or ``"alert"`` for what
            stopped a picture.
        content: text, or elements, one below the other.
        role: what it is to a screen reader.

    Raises:
        ValueError: there is no such look.
    """
    names = ("course-card", f"course-card-{look}")
    if names[1] not in _declarations():
        known = ", ".join(repr(name[12:]) for name in _declarations() if name.startswith("course-card-"))
        raise ValueError(f"look: expected one of {known}, got {look!r}")
    return styled("div", " ".join(names), *content, role=role)


def styled(tag: str, classes: str, *content: str, more: str = "", **attributes) -> Markup:
    """An element of these classes that carries their declarations with it.

    Args:
        tag, content, attributes: as for ``element``.
        classes: names in the stylesheet, a space between them.
        more: declarations of this one element, such as the width of a bar.

    >>> styled("div", "course-bar-done", more="width: 40%;")
    '<div class="course-bar-done" style="height: 10px; background-color: #009E73; width: 40%;"></div>'
    """
    style = f"{inline_style(*classes.split())} {more}".strip()
    return element(tag, *content, class_=classes, style=style, **attributes)


@cache
def stylesheet() -> str:
    """The text of ``course.css``."""
    return resources.files("course_lib").joinpath("course.css").read_text(encoding="utf-8")


def inline_style(*classes: str) -> str:
    """What the stylesheet declares for these classes (not for what is inside them), for a ``style`` attribute."""
    return " ".join(_declarations()[name] for name in classes)


@cache
def _declarations():
    rules = re.findall(r"^\.([\w-]+) \{([^}]*)\}", stylesheet(), re.MULTILINE)
    return {name: re.sub(r"\s+", " ", body).strip() for name, body in rules}
