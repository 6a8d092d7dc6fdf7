"""``notebooks/ledger.ipynb``: the ledger as a page that people read."""

import re
from collections.abc import Mapping

import nbformat
from nbformat.v4 import new_markdown_cell

from course_lib.authoring.editions import wrap
from course_lib.authoring.ledger import Confirmed
from course_lib.claims.register import LECTURES, RegisteredClaim

__all__ = ["ledger_page", "table_text"]

_ICONS = {"holds": "✓&nbsp;holds", "convention": "◐&nbsp;convention", "erratum": "✗&nbsp;erratum"}
_SIGNS = {"=": "=", "<=": "≤", "<": "<", ">=": "≥", ">": ">"}
_UNBROKEN = 34  # characters of a line of numbers that a table keeps together
_NOT = {"=": "≠", "<=": "≰", "<": "≮", ">=": "≱", ">": "≯"}


def ledger_page(confirmed: list[Confirmed], register: Mapping[str, RegisteredClaim]) -> nbformat.NotebookNode:
    """The page: counts, errata, one table a lecture, and what is still open.

    Args:
        confirmed: what the notebooks confirm, in the order of the register.
        register: all claims by id.
    """
    by_id = {claim.id: claim for claim in confirmed}
    cells = [new_markdown_cell(_summary(confirmed, register), id="ledger-summary")]
    if errata := [claim for claim in confirmed if claim.verdict == "erratum"]:
        cells.append(new_markdown_cell(_errata(errata, register), id="ledger-errata"))
    for code, title in LECTURES.items():
        rows = [row for row in register.values() if code in row.lectures and row.id in by_id]
        if rows:
            table = _lecture(code, title, rows, by_id)
            cells.append(new_markdown_cell(table, id=f"ledger-{code.lower()}"))
    if left := [row for row in register.values() if row.id not in by_id]:
        cells.append(new_markdown_cell(_open(left), id="ledger-open"))
    return wrap(cells, edition="ledger")


def table_text(text: str) -> str:
    r"""A statement for a table cell: one line, and no bare bar, which would end the cell.

    >>> print(table_text("the density $p(x|z)$ | $KL(q\\|p)$"))
    the density $p(x\vert z)$ \| $KL(q\Vert p)$
    """
    text = " ".join(text.split())
    parts = re.split(r"(\$\$.+?\$\$|(?<!\\)\$.+?(?<!\\)\$)", text)
    for index, part in enumerate(parts):
        if index % 2:  # a formula
            parts[index] = part.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        else:
            parts[index] = re.sub(r"(?<!\\)\|", r"\\|", part)
    return re.sub(r"(\\[vV]ert) +", r"\1 ", "".join(parts))


def _summary(confirmed: list[Confirmed], register: Mapping[str, RegisteredClaim]) -> str:
    count = {verdict: sum(claim.verdict == verdict for claim in confirmed) for verdict in _ICONS}
    open_count = len(register) - len(confirmed)
    return "\n".join(
        [
            "# The ledger of claims",
            "",
            f"The five lectures make {len(register)} statements that can be checked. Each row below names one, the "
            "place where the lecture makes it, the two numbers that were compared, and the section of the notebook "
            "that compares them. This page is generated from what the notebooks print.",
            "",
            "| ✓ holds | ◐ holds under a convention | ✗ erratum | confirmed | ○ open |",
            "|:---:|:---:|:---:|:---:|:---:|",
            f"| **{count['holds']}** | **{count['convention']}** | **{count['erratum']}** "
            f"| **{len(confirmed)}** of {len(register)} | **{open_count}** |",
        ]
    )


def _errata(errata: list[Confirmed], register: Mapping[str, RegisteredClaim]) -> str:
    lines = [
        "## Errata",
        "",
        "These statements are false as printed. The first number is what the printed statement gives; the "
        "second one was computed independently of it.",
        "",
        "| Where | As printed, and corrected | The numbers | Checked in |",
        "|:---|:---|:---|:---|",
    ]
    for claim in errata:
        row = register[claim.id]
        lines.append(_line([row.place, _statement(row, claim), _evidence(claim)], _link(claim)))
    return "\n".join(lines)


def _lecture(code: str, title: str, rows: list[RegisteredClaim], by_id: Mapping[str, Confirmed]) -> str:
    lines = [
        f"## {code} · {title}",
        "",
        "| Where | Statement | Verdict | The numbers | Checked in |",
        "|:---|:---|:---|:---|:---|",
    ]
    for row in rows:
        claim = by_id[row.id]
        cells = [_own_place(row.place, code), _statement(row, claim), _ICONS[claim.verdict], _evidence(claim)]
        lines.append(_line(cells, _link(claim)))
    return "\n".join(lines)


def _open(rows: list[RegisteredClaim]) -> str:
    lines = ["## Still open", "", "No notebook has confirmed these yet.", ""]
    lines += ["| Where | Statement | Planned in |", "|:---|:---|:---|"]
    lines += [_line([row.place, row.statement], f"`{row.notebook}`") for row in rows]
    return "\n".join(lines)


def _own_place(place: str, code: str) -> str:
    """Of "UL p.2; I21 JSD" the part of one lecture; all of it where the lecture is not named."""
    parts = [part.strip() for part in place.split(";")]
    return "; ".join(part for part in parts if re.search(rf"\b{code}\b", part)) or place


def _statement(row: RegisteredClaim, claim: Confirmed) -> str:
    """What the lecture states, and below it under which convention it holds, or what is right instead."""
    if claim.verdict == "erratum":
        return f"{row.statement}<br>**Corrected:** {claim.corrected}"
    under = claim.evidence.get("under")
    return row.statement + (f"<br>**Convention:** {under}" if under else "")


def _evidence(claim: Confirmed) -> str:
    evidence = claim.evidence
    if evidence["kind"] == "argument":
        return evidence["text"]
    wrong = claim.verdict == "erratum"
    sign = (_NOT if wrong else _SIGNS)[evidence["relation"]]
    lines = [_number("", evidence["left"]), _number(sign, evidence["right"])]
    if wrong:
        lines.append("corrected:")
        lines.append(_number("", evidence["corrected_left"]))
        lines.append(_number(_SIGNS[evidence["corrected_relation"]], evidence["right"], label=False))
    return "<br>".join(lines)


def _number(sign: str, value: dict, label: bool = True) -> str:
    # The number comes first and a line breaks only where it is long: numbers stand below each other.
    text = f"{sign} **{_show(value)}**".strip() + (f" {_label(value)}" if label else "")
    return text.replace(" ", "&nbsp;") if len(text) <= _UNBROKEN and "$" not in text else text


def _label(value: dict) -> str:
    """A printed label is plain text: what Markdown would take for emphasis or a tag is escaped."""
    label = value["label"]
    if "$" in label:
        return label
    return re.sub(r"([*_`\[\]])", r"\\\1", label).replace("<", "&lt;")


def _show(value: dict) -> str:
    number = value["number"]
    if isinstance(number, str):
        return number.replace("inf", "∞")
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _link(claim: Confirmed) -> str:
    # JupyterLab scrolls to a cell by its id; elsewhere the link opens the notebook.
    section = re.sub(r"[\[\]]", "", claim.section) or claim.notebook
    return f"[{claim.notebook[:2]} · {table_text(section)}]({claim.notebook}.ipynb#cell-id={claim.cell})"


def _line(texts: list[str | None], last: str) -> str:
    return "| " + " | ".join([*(table_text(text or "") for text in texts), last]) + " |"
