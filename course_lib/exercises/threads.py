"""The threads that a student's code starts, and those that could not be ended at once."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from course_lib.exercises.lines import is_students, students_line
from course_lib.exercises.stopping import Stopped, send
from course_lib.exercises.texts import one_line, safely
from course_lib.places import Place

__all__ = ["Family", "left_behind", "pursue", "where_is"]

_PURSUIT_SECONDS = 0.25
_lock = threading.Lock()
_original_start = threading.Thread.start
_families: dict[threading.Thread, "Family"] = {}
_pursued: dict[threading.Thread, Callable[[], object]] = {}


def _start(thread):
    """Stands in for ``Thread.start`` while students' code runs; all other threads start as before."""
    family = _families.get(threading.current_thread())
    if family is not None:
        thread.run = partial(_quietly, thread.run)
        family.adopt(thread)
    _original_start(thread)


def _quietly(run):
    """A thread that is stopped says nothing about it; the card does."""
    with contextlib.suppress(Stopped):
        run()


class Family:
    """One thread and all that are started from it while the ``with`` block is open."""

    def __init__(self, on_start: Callable[[threading.Thread], None] | None = None):
        self.members: list[threading.Thread] = []
        self.on_start = on_start

    def adopt(self, thread: threading.Thread):
        self.members.append(thread)
        _families[thread] = self
        if self.on_start is not None:
            self.on_start(thread)

    def __enter__(self):
        with _lock:
            threading.Thread.start = _start
        return self

    def __exit__(self, *_):
        with _lock:
            for thread in self.members:
                _families.pop(thread, None)
            if not _families and threading.Thread.start is _start:
                threading.Thread.start = _original_start

    def end(self, grace: float) -> tuple[str, ...]:
        """Ends the children that still run the student's code; says of each what became of it.

        What a library keeps ready (the idle workers of a pool, a monitor) is left alone.
        """
        deadline = time.monotonic() + grace
        children = [one for one in self.members[1:] if one.ident is not None]
        for child in children:
            child.join(max(0.0, min(0.1, deadline - time.monotonic())))
        told = []
        for child in children:
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
    frame = sys._current_frames().get(ident)
    places = []
    while frame is not None and len(places) < 200:
        places.append(Place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return tuple(places)


def pursue(thread: threading.Thread, again: Callable[[], object]):
    """Goes on sending (``again``) until the thread has ended, so that what was left behind does not grow for ever."""
    with _lock:
        idle = not _pursued
        _pursued[thread] = again
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
            again = list(_pursued.values())
        for one in again:
            with contextlib.suppress(Exception):
                one()


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
