"""Headings of a notebook and the identifiers made of them."""

import re
import unicodedata

__all__ = ["MAX_ID", "headings", "slug"]

MAX_ID = 64  # the notebook format's limit for a cell id
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*\S)\s*")


def slug(text: str, length: int = 48) -> str:
    """A text as an identifier of small letters, digits and hyphens, cut at a word.

    >>> slug("2.1 · Mean field: $q_1$ and Poincaré's KL(q‖p)")
    '2-1-mean-field-q-1-and-poincare-s-kl-q-p'
    """
    decomposed = unicodedata.normalize("NFD", text.lower())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")
    if len(words) > length:
        words = words[: length + 1].rpartition("-")[0] or words[:length]
    return words or "section"


def headings(markdown: str, deepest: int = 6) -> list[str]:
    """The texts of the headings in a markdown cell down to a level, in order; fenced code is passed over.

    >>> headings("# One\\ntext\\n## Two\\n```\\n# a comment\\n```")
    ['One', 'Two']
    >>> headings("## 1.4 The Gaussian\\n### Exercise 1.2", deepest=2)
    ['1.4 The Gaussian']
    """
    found, fenced = [], False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and (match := _HEADING.fullmatch(line.rstrip())) and len(match[1]) <= deepest:
            found.append(match[2].rstrip("#").strip())
    return found
