"""Where measurements are kept: dated tables with the versions and the kind of machine they were taken on."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

__all__ = ["append_table", "machine", "versions"]

_HEAD = "# Measurements\n\nNewest last. Read the ratios rather than the milliseconds: machines differ.\n"


def append_table(title: str, rows: list[dict], path) -> None:
    """Adds a table to a Markdown file, which is made when it is missing.

    Args:
        title: what was measured.
        rows: one mapping a row, all with the keys of the first; numbers are rounded to three figures.
        path: the file.

    Raises:
        ValueError: there are no rows, or their keys differ.
    """
    if not rows or any(list(row) != list(rows[0]) for row in rows):
        raise ValueError(f"rows: expected at least one mapping, all with the same keys, got {rows!r:.120}")
    path = Path(path)
    columns = list(rows[0])
    lines = [f"\n## {title} ({datetime.date.today().isoformat()})\n", f"{machine()}; {versions()}.\n"]
    lines.append("| " + " | ".join(columns) + " |")
    lines.append(
        "|" + "|".join("---" if isinstance(rows[0][name], str) else "---:" for name in columns) + "|"
    )
    lines += ["| " + " | ".join(_cell(row[name]) for name in columns) + " |" for row in rows]
    before = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    path.write_text(before.rstrip("\n") + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


def versions(names=("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "matplotlib", "torch")) -> str:
    """The versions of Python and of some packages."""
    found = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def machine() -> str:
    """The kind of machine in general words: system, number of cores, family of the processor, GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{platform.system()}, {cores} cores ({_processor()})"
    try:
        import torch

        if torch.cuda.is_available():
            text += f", GPU {torch.cuda.get_device_name(0)}"
    except ImportError:
        pass
    return text


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _cell(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else str(value)
