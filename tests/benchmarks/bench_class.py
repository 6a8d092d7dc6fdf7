"""What a class asks of one server: a kernel's memory and time for each lesson, and the moves of many students at once.

    python -m tests.benchmarks.bench_class [STUDENTS]

Each student has a kernel of lesson 1 and moves its first slider once a second for forty seconds, from a moment of
their own. A move is over when the kernel is idle again. The peer of the memory is a kernel that has imported torch.
"""

import queue
import statistics
import sys
import threading
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

__all__ = ["run"]

_NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
_SECONDS = 40
_STUDENTS = 30


class Student:
    """A kernel, with the widgets that its cells have made."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(_NOTEBOOKS))
        self.sliders = []

    def run(self, source: str) -> None:
        """Executes a cell and remembers its sliders."""
        self._wait(self.client.execute(source))

    def move(self, value: float) -> None:
        """Moves the first slider, as the page does."""
        ident = self.sliders[0][0]
        data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": ident, "data": data})
        self.client.shell_channel.send(message)
        self._wait(message["header"]["msg_id"])

    def _wait(self, ident, seconds=600):
        deadline = time.monotonic() + seconds
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            kind, content = message["msg_type"], message["content"]
            if kind == "comm_open" and content["data"].get("state", {}).get("_model_name", "").endswith(
                "SliderModel"
            ):
                self.sliders.append((content["comm_id"], content["data"]["state"]))
            if message["parent_header"].get("msg_id") == ident:
                if kind == "error":
                    raise RuntimeError("\n".join(content["traceback"]))
                if content.get("execution_state") == "idle":
                    return

    def megabytes(self) -> tuple[float, float]:
        """What the kernel holds now, with its share of what several kernels share, and at most, in MB (Linux)."""
        folder = Path(f"/proc/{self.manager.provisioner.process.pid}")
        found = {}
        for file in ("smaps_rollup", "status"):
            lines = (folder / file).read_text(encoding="utf-8").splitlines()[1:]
            found |= dict(line.split(":", 1) for line in lines)
        return tuple(int(found[name].split()[0]) / 1024 for name in ("Pss", "VmHWM"))

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def cells(path: Path) -> list[str]:
    """The code of a notebook's cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def run(students: int = _STUDENTS) -> list[dict]:
    """One row a lesson, then one for the class: name, MB now, MB at most, seconds (of the class: of a move), met."""
    rows = [_lesson("import torch", ["import torch"])]
    for path in sorted(_NOTEBOOKS.glob("[0-9]*.ipynb")):
        rows.append(_lesson(path.stem, cells(path)))
    return [*rows, _class(students)]


def _lesson(name, sources):
    student, start = Student(), time.perf_counter()
    try:
        for source in sources:
            student.run(source)
        seconds, (now, most) = time.perf_counter() - start, student.megabytes()
    finally:
        student.close()
    return _said(
        {"name": name, "MB": round(now), "MB at most": round(most), "seconds": round(seconds, 1), "met": True}
    )


def _class(count):
    sources = cells(_NOTEBOOKS / "01_mean_field_kl.ipynb")
    everybody = [Student() for _ in range(count)]
    try:
        _together(everybody, lambda one, _: [one.run(source) for source in sources])
        memory = sum(one.megabytes()[0] for one in everybody)
        times = queue.SimpleQueue()
        _together(everybody, lambda one, place: _moves(one, place / count, times.put))
        found = sorted(times.get() for _ in range(times.qsize()))
    finally:
        for one in everybody:
            one.close()
    middle, late = statistics.median(found), found[int(0.95 * len(found))]
    lost = count * _SECONDS - len(found)
    name = f"{count} students, one move a second each: median {middle:.2f} s, 95 % within {late:.2f} s, {lost} not made"
    return _said(
        {
            "name": name,
            "MB": round(memory),
            "MB at most": "-",
            "seconds": round(late, 2),
            "met": late < 1 and not lost,
        }
    )


def _moves(student, offset, tell):
    """Forty moves at whole seconds; a student who still waits for a picture does not move."""
    low, high = (student.sliders[0][1][end] for end in ("min", "max"))
    time.sleep(offset)
    start, turn = time.monotonic(), 0
    while turn < _SECONDS:
        began = time.perf_counter()
        student.move(low + (high - low) * (turn % 8) / 8)
        tell(time.perf_counter() - began)
        turn = max(turn + 1, int(time.monotonic() - start + 0.999))
        time.sleep(max(0.0, start + turn - time.monotonic()))


def _together(everybody, work):
    threads = [threading.Thread(target=work, args=(one, place)) for place, one in enumerate(everybody)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _said(row):
    print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return row


if __name__ == "__main__":
    run(*map(int, sys.argv[1:2]))
