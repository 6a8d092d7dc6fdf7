"""How many statements of the lectures are confirmed, for the page that shows it."""

import json
import os
from pathlib import Path

from course_lib.claims.register import RegisterError, load_register
from course_lib.claims.verdicts import VERDICTS

__all__ = ["ledger_counts"]

_NAME = "ledger.json"


def ledger_counts(path: Path | None = None) -> dict[str, int]:
    """How many claims are confirmed, by verdict, and how many are open.

    Args:
        path: a ``ledger.json``; without it, the one that ``COURSE_LEDGER`` names, else the repository's, else the one
            that lies beside the notebooks (where the package was installed without the repository).

    Returns:
        ``holds``, ``convention``, ``erratum``, ``confirmed`` (their sum), ``open`` and ``total``. Without a ledger
        nothing is confirmed, and without a register nothing is open.
    """
    try:
        verdicts = [row["verdict"] for row in json.loads((path or _ledger()).read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError):
        verdicts = []
    try:
        total = len(load_register())
    except RegisterError:
        total = len(verdicts)
    counts = {verdict: verdicts.count(verdict) for verdict in VERDICTS}
    confirmed = sum(counts.values())
    return {**counts, "confirmed": confirmed, "open": max(total - confirmed, 0), "total": total}


def _ledger() -> Path:
    if asked := os.environ.get("COURSE_LEDGER", "").strip():
        return Path(asked)
    here = Path.cwd()  # notebooks run in their folder; the solutions lie one below
    folders = (Path(__file__).resolve().parents[2] / "notebooks", here, here.parent)
    return next((folder / _NAME for folder in folders if (folder / _NAME).is_file()), here / _NAME)
