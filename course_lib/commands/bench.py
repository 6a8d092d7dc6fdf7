"""``bench``: speed as a ratio to a peer measured in the same run, written to ``tests/benchmarks/RESULTS.md``."""

import importlib
import importlib.util
import sys

from course_lib.commands.environment import ROOT

__all__ = ["BENCHMARKS", "main"]

#: name -> the title of its table
BENCHMARKS = {
    "sliders": "Sliders: from a key to pixels, bytes and lag, against Matplotlib images and ipywidgets.interact",
    "live": "Live training: steering, steps and frames, against a blocking loop that redraws every 25 steps",
    "open": "Opening a lesson: from run all to the last picture on the screen",
    "fid": "Frechet distance of features: time and error, against the formulas of pytorch-fid and torchmetrics",
    "class": "A class on one server: a kernel's memory and time for each lesson, and thirty students at once",
    "wgan": "WGAN-GP critic steps, against a loop as public collections write it",
}


def main(argv: list[str]) -> int:
    """Runs all benchmarks, or those that are named; 1 when a target is missed."""
    unknown = [name for name in argv if name not in BENCHMARKS]
    if unknown:
        print(f"bench: expected some of {', '.join(BENCHMARKS)}, got {' '.join(unknown)}", file=sys.stderr)
        return 2
    sys.path.insert(0, str(ROOT))  # the benchmarks stand beside the tests, outside the package
    from tests.benchmarks.results import append_table

    missed = False
    for name in argv or BENCHMARKS:
        if importlib.util.find_spec(f"tests.benchmarks.bench_{name}") is None:
            continue
        rows = importlib.import_module(f"tests.benchmarks.bench_{name}").run()
        append_table(BENCHMARKS[name], rows, ROOT / "tests" / "benchmarks" / "RESULTS.md")
        missed |= any(row.get("met") is False for row in rows)
    return int(missed)
