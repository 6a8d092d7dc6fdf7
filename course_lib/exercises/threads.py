"""The threads that a student's code starts, and those that could not be ended at once."""

import contextlib
import threading
import time
from collections.abc import Callable

from course_lib.exercises.lines import Place, is_students, students_line
from course_lib.exercises.texts import one_line, safely

__all__ = ["Family", "left_behind", "pursue", "where_is"]

_PURSUIT_SECONDS = 0.25
_lock = threading.Lock()
_original_start = threading.Thread.start
_families: dict[int, "Family"] = {}  # thread identity -> the family it belongs to
_pursued: dict[threading.Thread, Callable[[], object]] = {}


def _start(thread):
    """Stands in for ``Thread.start`` while students' code runs; all other threads start as before."""
    family = _families.get(threading.get_ident())
    _original_start(thread)
    if family is not None:
        family.adopt(thread)


class Family:
    """One thread and all that are started from it while the ``with`` block is open."""

    def __init__(self, on_start: Callable[[int], None] | None = None):
        self.children: list[threading.Thread] = []
        self.on_start = on_start
        self.idents: set[int] = set()

    def join(self):
        """Makes the calling thread the first of the family."""
        self._enter(threading.get_ident())

    def adopt(self, thread: threading.Thread):
        self.children.append(thread)
        if thread.ident is not None:
            self._enter(thread.ident)

    def _enter(self, ident):
        self.idents.add(ident)
        _families[ident] = self
        if self.on_start is not None:
            self.on_start(ident)

    def __enter__(self):
        with _lock:
            threading.Thread.start = _start
        return self

    def __exit__(self, *_):
        with _lock:
            for ident in self.idents:
                if _families.get(ident) is self:
                    del _families[ident]
            if not _families and threading.Thread.start is _start:
                threading.Thread.start = _original_start

    def end(self, send: Callable[[int], object], grace: float) -> tuple[str, ...]:
        """Ends the children that still run the student's code; says of each what became of it.

        What a library keeps ready (the idle workers of a pool, a monitor) is left alone.
        """
        deadline = time.monotonic() + grace
        for child in self.children:
            child.join(max(0.0, min(0.1, deadline - time.monotonic())))
        told = []
        for child in self.children:
            line = _students_line_of(child)
            if line:
                while child.is_alive() and time.monotonic() < deadline:
                    send(child.ident)
                    child.join(0.02)
                fate = "was stopped"
                if child.is_alive():
                    pursue(child, lambda one=child: send(one.ident))
                    fate = "could not be stopped and still runs"
                told.append(f"A thread that your code started {fate}: `{_name(child)}`, {line}.")
        return tuple(told)


def where_is(ident) -> tuple[Place, ...]:
    """The frames of a thread, innermost first."""
    import sys

    frame = sys._current_frames().get(ident)
    places = []
    while frame is not None and len(places) < 200:
        places.append(Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return tuple(places)


def pursue(thread: threading.Thread, send: Callable[[], object]):
    """Goes on sending until the thread has ended, so that what was left behind does not grow for ever."""
    with _lock:
        idle = not _pursued
        _pursued[thread] = send
    if idle:
        threading.Thread(target=_pursue, name="course-pursuit", daemon=True).start()


def _pursue():
    while True:
        time.sleep(_PURSUIT_SECONDS)
        with _lock:
            for thread in [one for one in _pursued if not one.is_alive()]:
                del _pursued[thread]
            if not _pursued:
                return
            sends = list(_pursued.values())
        for send in sends:
            with contextlib.suppress(Exception):
                send()


def left_behind() -> tuple[str, ...]:
    """The threads that could not be ended and still run, by name and line."""
    with _lock:
        threads = [one for one in _pursued if one.is_alive()]
    return tuple(
        f"`{_name(one)}`" + (f", {line}" if (line := _students_line_of(one)) else "") for one in threads
    )


def _students_line_of(thread) -> str:
    places = where_is(thread.ident) if thread.is_alive() else ()
    return students_line(places) if any(is_students(place.file) for place in places) else ""


def _name(thread) -> str:
    return one_line(safely(lambda: str.__str__(thread.name), "a thread"), 60)
