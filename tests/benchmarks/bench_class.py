"""What a class asks of one server: a kernel's memory and time for each lesson, and the moves of many students at once.

    python -m tests.benchmarks.bench_class [STUDENTS]

Each student has a kernel of lesson 1 and moves its first slider once a second for forty seconds, from a moment of
their own. A move is over when its picture has come. Between two moves a page that rests asks for the neighbours of what
it shows, one after the other; the students' moves go farther than that, so that the kernel draws each. The class is
measured with pages that do not ask, too. The peer of a kernel's memory and time is one that has imported torch.
"""

import itertools
import json
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
_LESSON = _NOTEBOOKS / "01_mean_field_kl.ipynb"
_SECONDS = 40
# The page waits so long after a move before it asks for neighbours.
_REST = 0.15
_STUDENTS = 30


class Student:
    """A kernel, and the page's end of the pictures that its cells make."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(_NOTEBOOKS))
        self.pictures = []
        self._asks = itertools.count(1)

    def run(self, source: str) -> None:
        """Executes a cell and remembers its pictures."""
        ident = self.client.execute(source)
        self._listen(
            600, lambda kind, content, parent: parent == ident and content.get("execution_state") == "idle"
        )

    @property
    def steps(self) -> int:
        """Steps of the first slider."""
        return len(self._slider["texts"]) - 1

    def move(self, step: int, ahead: bool = False, seconds: float = 60) -> None:
        """Moves the first slider, or asks for a picture that may come next, as the page does; waits for the answer."""
        picture, ask = self.pictures[0], next(self._asks)
        content = {"do": "ahead" if ahead else "move", "ask": ask, "values": {self._slider["name"]: step}}
        data = {"method": "custom", "content": {**content, "have": picture["number"]}}
        message = self.client.session.msg("comm_msg", {"comm_id": picture["ident"], "data": data})
        self.client.shell_channel.send(message)

        def answers(kind, content, parent):
            told = content.get("data", {}).get("content", {}) if kind == "comm_msg" else {}
            if told.get("ask") != ask:
                return False
            if not ahead:
                picture["number"] = told["number"]
            return True

        self._listen(seconds, answers)

    @property
    def _slider(self):
        return next(one for one in self.pictures[0]["controls"] if one["kind"] == "slider")

    def _listen(self, seconds, is_last):
        deadline = time.monotonic() + seconds
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            state = content["data"].get("state", {}) if kind == "comm_open" else {}
            if "spec" in state:
                controls = json.loads(state["spec"])["controls"]
                picture = {"ident": content["comm_id"], "controls": controls, "number": state["number"]}
                self.pictures.append(picture)
            if is_last(kind, content, message["parent_header"].get("msg_id")):
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
    """One row a lesson, then those of the class: name, MB now, MB at most, seconds (of the class: of a move), met."""
    rows = [_lesson("import torch", ["import torch"]), _first_picture()]
    for path in sorted(_NOTEBOOKS.glob("[0-9]*.ipynb")):
        rows.append(_lesson(path.stem, cells(path)))
    return [*rows, *_class(students)]


def _first_picture():
    return _lesson(
        "01_mean_field_kl, up to its first picture", cells(_LESSON), lambda student: student.pictures
    )


def _lesson(name, sources, until=lambda student: False):
    start = time.perf_counter()
    student = Student()
    try:
        for source in sources:
            student.run(source)
            if until(student):
                break
        seconds, (now, most) = time.perf_counter() - start, student.megabytes()
    finally:
        student.close()
    return _said(
        {"name": name, "MB": round(now), "MB at most": round(most), "seconds": round(seconds, 1), "met": True}
    )


def _class(count):
    sources = cells(_LESSON)
    everybody = [Student() for _ in range(count)]
    try:
        _together(everybody, lambda one, _: [one.run(source) for source in sources])
        memory = round(sum(one.megabytes()[0] for one in everybody))
        for rests in (False, True):
            found = _lecture(everybody, rests)
            middle, late, lost = (
                statistics.median(found),
                found[int(0.95 * len(found))],
                count * _SECONDS - len(found),
            )
            name = f"{count} students, one move a second each{', neighbours asked for' if rests else ''}: "
            name += f"median {middle:.2f} s, 95 % within {late:.2f} s, {lost} not made"
            numbers = {
                "MB": memory,
                "MB at most": "-",
                "seconds": round(late, 2),
                "met": late < 1 and not lost,
            }
            yield _said({"name": name, **numbers})
    finally:
        for one in everybody:
            one.close()


def _lecture(everybody, rests):
    """Seconds of all moves, the quickest first."""
    times = queue.SimpleQueue()
    _together(everybody, lambda one, place: _moves(one, place / len(everybody), times.put, rests))
    return sorted(times.get() for _ in range(times.qsize()))


def _moves(student, offset, tell, rests):
    """Forty moves at whole seconds; a student who still waits for a picture does not move."""
    time.sleep(offset)
    start, turn = time.monotonic(), 0
    while turn < _SECONDS:
        began = time.perf_counter()
        step = student.steps * (turn % 8) // 8
        student.move(step)
        tell(time.perf_counter() - began)
        turn = max(turn + 1, int(time.monotonic() - start + 0.999))
        if rests:
            _rest(student, step, start + turn)
        time.sleep(max(0.0, start + turn - time.monotonic()))


def _rest(student, step, end):
    """Asks for neighbours until it is time to move, as the page does."""
    time.sleep(_REST)
    for far in itertools.count(1):
        near = [step + way * far for way in (1, -1) if 0 <= step + way * far <= student.steps]
        if not near:
            return
        for neighbour in near:
            if time.monotonic() > end - 0.02:
                return
            student.move(neighbour, ahead=True)


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
