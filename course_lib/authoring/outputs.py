"""What is kept of a cell's outputs: only what repeats and what a saved notebook can show.

A widget is dead in a saved notebook, so its picture stays and its view goes. Warnings, progress bars and
timings differ from run to run. Pictures get a palette, which makes them about a third as large.
"""

import re

from course_lib.claims.showing import CLAIM_MIME

__all__ = ["clean_outputs"]

_WIDGET = "application/vnd.jupyter.widget-view+json"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
_KEPT = (*_TEXTS, "image/png", "image/svg+xml", "image/jpeg", CLAIM_MIME)


def clean_outputs(outputs: list[dict]) -> list[dict]:
    """The outputs of one executed cell as they are saved.

    Args:
        outputs: outputs in the notebook format, version 4.

    Returns:
        New outputs: standard error and widget views dropped, standard output joined to one, memory addresses in
        representations blanked, pictures made small.
    """
    kept: list[dict] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            if output["name"] != "stdout":
                continue
            if kept and kept[-1]["output_type"] == "stream":
                kept[-1]["text"] += output["text"]
            else:
                kept.append({"output_type": "stream", "name": "stdout", "text": output["text"]})
        elif kind in ("display_data", "execute_result"):
            data = {mime: output["data"][mime] for mime in _KEPT if mime in output["data"]}
            # A progress bar is a widget with nothing but its text beside it.
            if not data or (_WIDGET in output["data"] and set(data) == {"text/plain"}):
                continue
            metadata = {mime: value for mime, value in output.get("metadata", {}).items() if mime in data}
            clean = {"output_type": kind, "data": _clean_data(data), "metadata": metadata}
            if kind == "execute_result":
                clean["execution_count"] = output["execution_count"]
            kept.append(clean)
        else:
            kept.append(dict(output))
    for output in kept:
        if output["output_type"] == "stream":
            output["text"] = _overwritten(output["text"])
    return [output for output in kept if output.get("text") != ""]


def _clean_data(data: dict) -> dict:
    clean = dict(data)
    if isinstance(clean.get("text/plain"), str):
        clean["text/plain"] = _ADDRESS.sub("0x…", clean["text/plain"])
    return clean


def _overwritten(text: str) -> str:
    """What a terminal shows after carriage returns: the last state of each line."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return "\n".join(lines)
