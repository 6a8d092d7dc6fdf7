"""``test``: everything that must hold before a change is believed."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from course_lib.commands.environment import ROOT

__all__ = ["STEPS", "main"]

_PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
_CONTROLS = "tests/browser/test_every_control.py"
_ACCEPTED = "tests/notebooks/test_accepted_answers.py"
_NOT_UNITS = [f"--ignore={path}" for path in ("tests/browser", "tests/hub", _ACCEPTED)]
_NBVAL = [*_PYTEST, "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]

#: name -> the pytest runs of that step; runs of one step go side by side, one a core.
STEPS = {
    "units": [
        [*_PYTEST, "tests", "course_lib", *_NOT_UNITS, "--durations=5"],
        [*_PYTEST, _CONTROLS],
    ],
    "notebooks": [
        [*_NBVAL, "notebooks", "--ignore=notebooks/solutions"],
        [*_NBVAL, "notebooks/solutions"],
        [*_PYTEST, _ACCEPTED],
    ],
    "browser": [[*_PYTEST, "tests/browser", f"--ignore={_CONTROLS}", "-rs"]],
    "hub": [[*_PYTEST, "tests/hub", "-rs"]],
}


def main(argv: list[str]) -> int:
    """Runs all steps, or those that are named (``test units browser``); other words go on to pytest."""
    chosen = [name for name in STEPS if name in argv] or list(STEPS)
    options = [word for word in argv if word not in STEPS]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="course-test-") as home:
        for name in chosen:
            started = time.monotonic()
            print(f"\n=== {name} ===", flush=True)
            outcomes.append((name, _run_step(STEPS[name], options, Path(home)), time.monotonic() - started))
    print()
    for name, passed, seconds in outcomes:
        print(f"{name:10} {'passed' if passed else 'FAILED':7} {seconds:6.0f} s")
    return 0 if all(passed for _, passed, _ in outcomes) else 1


def _run_step(runs: list[list[str]], options: list[str], home: Path) -> bool:
    """One step's runs side by side; the first writes to the screen, the others' output follows it."""
    environment = _environment(home, threads=max(1, (os.cpu_count() or 1) // len(runs)))
    started = []
    for i, run in enumerate(runs):
        output = (
            None if i == 0 else (home / f"run-{len(list(home.iterdir()))}.log").open("w+", encoding="utf-8")
        )
        started.append(
            (
                subprocess.Popen([*run, *options], cwd=ROOT, env=environment, stdout=output, stderr=output),
                output,
            )
        )
    passed = True
    for process, output in started:
        passed &= process.wait() == 0
        if output is not None:
            output.seek(0)
            print(output.read(), flush=True)
            output.close()
    return passed


def _environment(home: Path, threads: int) -> dict[str, str]:
    """A student's progress, settings and caches are out of reach of the tests; runs repeat and stay on the CPU."""
    folders = {
        name: str(home / name.lower())
        for name in ("COURSE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR",
                     "MPLCONFIGDIR")
    }  # fmt: skip
    for folder in folders.values():
        Path(folder).mkdir(exist_ok=True)
    settings = {
        "COURSE_PROGRESS": "off",
        "COURSE_SEED": "0",
        "COURSE_DEVICE": os.environ.get("COURSE_DEVICE", "cpu"),
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": str(threads),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONUTF8": "1",  # as everywhere but on Windows
    }
    return {**os.environ, **folders, **settings}
