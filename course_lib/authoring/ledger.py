"""The ledger of claims: what the executed solution notebooks print, gathered and checked against the register.

The printed block is parsed, so the ledger holds what the reader sees, nothing else.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.authoring.names import headings
from course_lib.claims.block import parse_blocks
from course_lib.claims.register import RegisteredClaim
from course_lib.claims.verdicts import VERDICTS

__all__ = ["Confirmed", "LedgerError", "gather", "ledger_json"]

_RELATION = re.compile(r"(?:first|corrected) (<=|<|>=|>) second")


class LedgerError(ValueError):
    """The notebooks and the register do not agree; one line a problem."""


@dataclass(frozen=True)
class Confirmed:
    """One claim with its verdict and evidence; ``cell`` is the id of the cell that confirms it."""

    id: str
    notebook: str
    section: str
    verdict: str
    corrected: str | None
    evidence: dict
    cell: str

    def as_row(self) -> dict:
        """What ``ledger.json`` holds."""
        fields = ("id", "notebook", "section", "verdict", "corrected", "evidence")
        return {field: getattr(self, field) for field in fields}


def gather(books: Mapping[str, dict], register: Mapping[str, RegisteredClaim]) -> list[Confirmed]:
    """Reads the claim cells of executed solution notebooks.

    Args:
        books: notebooks (nbformat 4) by name ``NN_topic``.
        register: the registered claims by id.

    Returns:
        The confirmed claims in the order of the register.

    Raises:
        LedgerError: the register lacks an id, a tag has no block or a block no tag, a verdict has no evidence, a
            claim is confirmed twice or in another notebook than the register says. The message has one line for
            each problem.
    """
    found: dict[str, Confirmed] = {}
    problems: list[str] = []
    for name in sorted(books):
        section = ""
        for cell in books[name]["cells"]:
            if cell["cell_type"] == "markdown":
                # An exercise is a heading of the third level: what follows it still belongs to the section.
                section = (headings(cell["source"], deepest=2) or [section])[-1]
                continue
            where = f"{name}, cell {cell.get('id')!r}"
            tags = [tag.removeprefix("claim:") for tag in _tags(cell) if tag.startswith("claim:")]
            blocks = parse_blocks(_printed(cell))
            printed = [block["id"] for block in blocks]
            problems += [
                f"{where}: tagged claim:{id}, but prints no claim {id}" for id in tags if id not in printed
            ]
            problems += [
                f"{where}: prints claim {id} without the tag claim:{id}" for id in printed if id not in tags
            ]
            for block in blocks:
                id = block["id"]
                if id not in register:
                    problems.append(f"{where}: the register does not have the claim {id}")
                elif id in found:
                    problems.append(f"{where}: claim {id} was confirmed before, in {found[id].notebook}")
                elif register[id].notebook != name:
                    problems.append(f"{where}: the register puts the claim {id} into {register[id].notebook}")
                else:
                    try:
                        found[id] = _confirmed(block, name, section, cell["id"])
                    except LedgerError as error:
                        problems.append(f"{where}: {error}")
    if problems:
        raise LedgerError("\n".join(problems))
    return [found[id] for id in register if id in found]


def _tags(cell: dict) -> list[str]:
    return list(cell["metadata"].get("tags", ()))


def _printed(cell: dict) -> str:
    texts = (output["text"] for output in cell["outputs"] if output["output_type"] == "stream")
    return "".join(text if isinstance(text, str) else "".join(text) for text in texts)


def _confirmed(block: dict, notebook: str, section: str, cell: str) -> Confirmed:
    id, verdict, corrected = block["id"], block["verdict"], block.get("corrected")
    if verdict not in VERDICTS:
        raise LedgerError(f"claim {id}: {verdict!r} is no verdict")
    if verdict == "erratum" and not corrected:
        raise LedgerError(f"claim {id}: an erratum without the corrected formula")
    if argued := block.get("argued"):
        evidence: dict = {"kind": "argument", "text": f"No computation decides this. {argued}"}
    else:
        evidence = _numbers(block)
    return Confirmed(id, notebook, section, verdict, corrected, evidence, cell)


def _numbers(block: dict) -> dict:
    """The two numbers, the relation that the lecture asserts, and for an erratum the corrected number."""
    id, values = block["id"], list(block["values"])
    if len(values) < 3:
        raise LedgerError(f"claim {id}: a verdict without evidence")
    evidence: dict = {"kind": "numbers", "left": _value(id, *values.pop(0)), "relation": "="}
    evidence["right"] = _value(id, *values.pop(0))
    if relation := _RELATION.fullmatch(values[0][0]):
        evidence["relation"] = relation[1]
        values.pop(0)
    evidence["difference"] = _value(id, *values.pop(0))["number"]
    if block["verdict"] == "convention":
        if "under" not in block:
            raise LedgerError(f"claim {id}: a convention that is not named")
        evidence["under"] = block["under"]
    if block["verdict"] == "erratum":
        if not values:
            raise LedgerError(f"claim {id}: an erratum without the corrected number")
        evidence["corrected_left"] = _value(id, *values.pop(0))
        changed = _RELATION.fullmatch(values[0][0]) if values else None
        evidence["corrected_relation"] = changed[1] if changed else "="
    return evidence


def _value(id: str, label: str, text: str) -> dict:
    try:
        number = float(text)
    except ValueError:
        raise LedgerError(f"claim {id}: expected a number behind {label!r}, got {text!r}") from None
    # JSON has no infinity, so the ledger says it in a word.
    if math.isinf(number):
        return {"label": label, "number": text}
    return {"label": label, "number": int(text) if re.fullmatch(r"-?\d+", text) else number}


def ledger_json(confirmed: list[Confirmed]) -> bytes:
    """The content of ``notebooks/ledger.json``."""
    rows = [claim.as_row() for claim in confirmed]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
