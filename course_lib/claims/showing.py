"""What a claim leaves in a notebook: one output, the block that people read and the same numbers as JSON.

Both are made of the same rounded numbers, so the ledger, which reads the JSON, holds what the reader sees.
"""

import sys

from course_lib.claims.block import ARGUED, as_json, format_difference, format_number, lines_of, paragraph
from course_lib.claims.relations import Comparison, Side

__all__ = ["CLAIM_MIME", "show_argument", "show_numbers"]

#: JupyterLab, GitHub and nbconvert have no renderer for it, so they show the text beside it.
CLAIM_MIME = "application/vnd.course.claim+json"


def show_numbers(
    id: str,
    verdict: str,
    place: str,
    stated: Comparison,
    digits: int,
    *,
    under: str | None = None,
    corrected: str | None = None,
    mended: Comparison | None = None,
) -> None:
    """Shows a claim that numbers decide; ``mended`` is what holds in the place of an erratum."""
    numbers = [stated.left.number, stated.right.number, *([mended.left.number] if mended else [])]
    record: dict = {"id": id, "verdict": verdict}
    rows: list = []

    def side(key: str, side: Side) -> None:
        text = format_number(side.number, numbers, stated.tol, digits)
        rows.append((side.label, text))
        record[key] = {"label": side.label, "number": as_json(text)}

    def outcome(first: str, comparison: Comparison, word: str) -> str:
        if comparison.relation != "=":
            rows.append((f"{first} {comparison.relation} second", word))
        text = format_difference(comparison.left.number, comparison.right.number, comparison.tol, digits)
        rows.append((f"second - {first}", text))
        return text

    side("left", stated.left)
    record["relation"] = stated.relation
    side("right", stated.right)
    record["difference"] = as_json(outcome("first", stated, "false" if mended else "true"))
    if under is not None:
        rows.append(paragraph("under", under))
        record["under"] = _one_line(under)
    if mended:
        rows.append(paragraph("corrected", corrected))
        record["corrected"] = _one_line(corrected)
        side("corrected_left", mended.left)
        record["corrected_relation"] = mended.relation
        outcome("corrected", mended, "true")
    _publish(_head(id, verdict, place), lines_of(rows), record)


def show_argument(id: str, verdict: str, place: str, text: str, corrected: str | None) -> None:
    """Shows a claim that an argument decides."""
    lines = [paragraph(ARGUED, text)]
    record = {"id": id, "verdict": verdict, "argument": _one_line(text)}
    if corrected is not None:
        lines.append(paragraph("corrected", corrected))
        record["corrected"] = _one_line(corrected)
    _publish(_head(id, verdict, place), lines, record)


def _head(id: str, verdict: str, place: str) -> str:
    return f"claim {id} · {verdict} · {place}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _publish(head: str, lines: list[str], record: dict) -> None:
    text = "\n".join([head, *lines])
    ipython = sys.modules.get("IPython")  # a kernel has imported it; a script need not
    if ipython is None or ipython.get_ipython() is None:
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, CLAIM_MIME: record}, raw=True)
