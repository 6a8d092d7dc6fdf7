"""Runs a student's code under a time limit, so that an endless loop ends and the kernel goes on.

The work runs in a thread of its own. That keeps the way in which it is stopped, an exception raised in that thread
from outside, away from every other thread: nothing can leak into the notebook after the call has returned, no signal
handler and no timer is touched, and it is the same from a cell, from a slider's callback and on Windows.

What swallows the exception (``except:`` in an endless loop) is stopped by a second one: see ``stopping``.
What is stuck inside compiled code (``time.sleep(1000)``) is left behind after a short grace; it stops as soon
as it comes back to Python, and until then it is asked again and again. Compiled code that never gives the interpreter
back cannot be stopped from inside.

Time is the processor's time of the thread where the system tells it: on a busy machine an answer gets up to three
times its seconds. Work that fills the memory is stopped before it takes the kernel down.
"""

import contextlib
import contextvars
import itertools
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.exercises import memory
from course_lib.exercises.stopping import Stopped, send
from course_lib.exercises.threads import Family, pursue, where_is
from course_lib.places import Place

__all__ = ["Outcome", "run_limited"]

# The exception is sent again at this interval until the thread has ended; long against a thread switch (5 ms).
_INTERVAL = 0.02
_GRACE = 1.5
_PATIENCE = 3.0  # times the seconds, while the thread gets less than half of the processor
_IMPORT_SECONDS = 60.0
_MEMORY = 2 << 30  # bytes by which the process may grow
_PILE = 64 << 20  # bytes that are worth the quarter of a second that giving them back takes
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Outcome:
    """How limited work ended: its value, or the error it raised, or ``timed_out``.

    ``computed`` is the processor's time in seconds of the ``elapsed`` ones (None when the system does not tell);
    ``swollen`` says that it was stopped because of the memory it took. ``left_behind`` is the name of a thread that
    could not be ended; ``stuck_at`` lists where it was, innermost first. ``threads`` are sentences on threads that the
    work itself had started and that still ran.
    """

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    swollen: bool = False
    elapsed: float = 0.0
    computed: float | None = None
    left_behind: str = ""
    stuck_at: tuple[Place, ...] = ()
    threads: tuple[str, ...] = ()


class _Worker:
    def __init__(self, work: Callable[[], Any]):
        self.work = work
        self.value = None
        self.error = None
        self.finished = False  # the work came to its own end; nothing more is sent after that
        self.closed = False  # and what was sent has arrived
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.clock = None
        name = f"course-exercise-{next(_numbers)}"
        self.thread = threading.Thread(target=self.main, name=name, daemon=True)

    def main(self):
        # From inside: to ask for the clock of a thread that has ended is not safe, to read it is.
        if hasattr(time, "pthread_getcpuclockid"):
            self.clock = time.pthread_getcpuclockid(threading.get_ident())
        try:
            while not self.closed:
                try:
                    self.run_once()
                    self.close()
                except Stopped:  # one more was on its way
                    pass
        finally:
            self.done.set()

    def run_once(self):
        work, self.work = self.work, None
        if work is None:
            return
        try:
            self.value = work()
        except Stopped:
            pass
        except BaseException as error:
            self.error = error

    def close(self):
        with self.lock:
            self.finished = True
        # What was sent before that arrives at the next call, at the latest. It must not be withdrawn (by sending
        # nothing): the interpreter would look for it for good, and under a profiler or a debugger get no further.
        sys.settrace(None)
        self.closed = True

    def stop(self, grace: float) -> bool:
        """Sends the exception until the thread has ended; False when it did not within the grace."""
        deadline = time.monotonic() + grace
        while not self.done.is_set() and self.thread.is_alive():
            self.send()
            if time.monotonic() > deadline:
                return False
            self.done.wait(_INTERVAL)
        return True

    def send(self):
        with self.lock:
            if not self.finished:
                send(self.thread.ident)

    def computed(self) -> float | None:
        """The processor's time of the thread so far."""
        with contextlib.suppress(OSError, TypeError):
            return time.clock_gettime(self.clock)
        return None


def run_limited(
    work: Callable[[], Any],
    seconds: float,
    on_start: Callable[[threading.Thread], None] | None = None,
    grace: float = _GRACE,
) -> Outcome:
    """Runs ``work()`` for at most ``seconds`` and says how it ended; raises only what interrupts the caller.

    Context variables and torch's gradient mode are the caller's. ``on_start`` gets the thread before the work begins,
    and each thread that the work starts. A ``KeyboardInterrupt`` in the caller stops the work and goes on to
    the caller.
    """
    context = contextvars.copy_context()
    grad_mode = _grad_mode()

    with Family(on_start) as family:

        def body():
            family.adopt(threading.current_thread())
            with grad_mode():
                return context.run(work)

        worker = _Worker(body)
        start, held = time.monotonic(), memory.resident()
        worker.thread.start()
        try:
            cause = _wait(worker, seconds)
            if not cause:
                return Outcome(worker.value, worker.error, threads=family.end(grace))
            elapsed = time.monotonic() - start
            computed, stuck_at = worker.computed(), where_is(worker.thread.ident)
            ended = worker.stop(grace)
            if not ended:
                pursue(worker.thread, worker.send)
            outcome = Outcome(
                timed_out=True,
                swollen=cause == "memory",
                elapsed=elapsed,
                computed=computed,
                left_behind="" if ended else worker.thread.name,
                stuck_at=stuck_at,
                threads=family.end(grace),
            )
        except BaseException:
            worker.stop(grace)
            family.end(grace)
            raise
    worker.value = worker.error = None
    if memory.resident() - held > _PILE:
        memory.give_back()
    return outcome


def _wait(worker, seconds) -> str:
    """Waits for the work; says why it must be stopped, "time" or "memory", or '' when it has ended."""
    start, before = time.monotonic(), memory.resident()
    # Short waits, because on some systems an interrupt does not reach a wait without an end.
    while not worker.done.wait(max(0.0, min(0.1, start + seconds - time.monotonic())) or 0.05):
        elapsed = time.monotonic() - start
        if memory.resident() - before > _MEMORY:
            return "memory"
        if elapsed >= seconds:
            computed = worker.computed()
            used_up = computed is None or computed >= seconds / 2 or elapsed >= _PATIENCE * seconds
            if used_up and (elapsed > _IMPORT_SECONDS or not _imports(worker.thread.ident)):
                return "time"
    return ""


def _imports(ident) -> bool:
    """Whether a thread is importing: a library that is cut off there stays broken for the rest of the session."""
    return any(place.file.startswith("<frozen importlib") for place in where_is(ident))


def _grad_mode():
    """A context manager that gives another thread this thread's gradient mode, when torch is in use at all."""
    torch = sys.modules.get("torch")
    if torch is None:
        return contextlib.nullcontext
    enabled = torch.is_grad_enabled()
    return lambda: torch.set_grad_enabled(enabled)
