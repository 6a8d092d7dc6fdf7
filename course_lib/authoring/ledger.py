"""The ledger of claims: what the executed solution notebooks show, gathered and checked against the register.

Each claim leaves its numbers as JSON beside the block that people read, rounded in the same way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from course_lib.authoring.names import headings
from course_lib.claims.register import RegisteredClaim
from course_lib.claims.showing import CLAIM_MIME
from course_lib.claims.verdicts import VERDICTS

__all__ = ["Confirmed", "LedgerError", "gather", "ledger_json"]

#: What numbers must say, in the order of ``ledger.json``, and what the verdict adds.
_NUMBERS = ("left", "relation", "right", "difference")
_ADDED = {"holds": (), "convention": ("under",), "erratum": ("corrected_left", "corrected_relation")}


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
        LedgerError: the register lacks an id, a tag has no claim or a claim no tag, a verdict has no evidence, a
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
            records = _records(cell)
            shown = [record.get("id") for record in records]
            problems += [
                f"{where}: tagged claim:{id}, but shows no claim {id}" for id in tags if id not in shown
            ]
            problems += [
                f"{where}: shows claim {id} without the tag claim:{id}" for id in shown if id not in tags
            ]
            for record in records:
                id = record.get("id")
                if id not in register:
                    problems.append(f"{where}: the register does not have the claim {id}")
                elif id in found:
                    problems.append(f"{where}: claim {id} was confirmed before, in {found[id].notebook}")
                elif register[id].notebook != name:
                    problems.append(f"{where}: the register puts the claim {id} into {register[id].notebook}")
                else:
                    try:
                        found[id] = _confirmed(record, name, section, cell["id"])
                    except LedgerError as error:
                        problems.append(f"{where}: {error}")
    if problems:
        raise LedgerError("\n".join(problems))
    return [found[id] for id in register if id in found]


def _tags(cell: dict) -> list[str]:
    return list(cell["metadata"].get("tags", ()))


def _records(cell: dict) -> list[dict]:
    found = (output.get("data", {}).get(CLAIM_MIME) for output in cell["outputs"])
    return [record for record in found if record is not None]


def _confirmed(record: dict, notebook: str, section: str, cell: str) -> Confirmed:
    id, verdict, corrected = record["id"], record.get("verdict"), record.get("corrected")
    if verdict not in VERDICTS:
        raise LedgerError(f"claim {id}: {verdict!r} is no verdict")
    if verdict == "erratum" and not corrected:
        raise LedgerError(f"claim {id}: an erratum without 'corrected'")
    if argument := record.get("argument"):
        evidence: dict = {"kind": "argument", "text": f"No computation decides this. {argument}"}
    else:
        evidence = {"kind": "numbers"}
        for field in (*_NUMBERS, *_ADDED[verdict]):
            if field not in record:
                raise LedgerError(f"claim {id}: a verdict ({verdict}) without {field!r}")
            evidence[field] = record[field]
    return Confirmed(id, notebook, section, verdict, corrected, evidence, cell)


def ledger_json(confirmed: list[Confirmed]) -> bytes:
    """The content of ``notebooks/ledger.json``."""
    rows = [claim.as_row() for claim in confirmed]
    return (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
