"""Runs a student's code under a time limit, so that an endless loop ends and the kernel goes on.

The work runs in a thread of its own. That keeps the way in which it is stopped, an exception raised in that thread
from outside, away from every other thread: nothing can leak into the notebook after the call has returned, no signal
handler and no timer is touched, and it is the same from a cell, from a slider's callback and on Windows.

What swallows the exception (``except:`` in an endless loop) is stopped by a second one: see :class:`Stopped`.
What is stuck inside compiled code (``time.sleep(1000)``) is left behind after a short grace; it stops as soon
as it comes back to Python, and until then it is asked again and again. Compiled code that never gives the interpreter
back cannot be stopped from inside.

Time is the processor's time of the thread where the system tells it: on a busy machine an answer gets up to three
times its seconds. Work that fills the memory is stopped before it takes the kernel down.
"""

import contextlib
import contextvars
import ctypes
import dis
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.exercises import memory
from course_lib.exercises.lines import Place
from course_lib.exercises.threads import Family, pursue, where_is

__all__ = ["Outcome", "Stopped", "run_limited"]

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PUSH_EXC_INFO = dis.opmap.get("PUSH_EXC_INFO", -1)
# The exception is sent again at this interval until the thread has ended; long against a thread switch (5 ms).
_INTERVAL = 0.02
_GRACE = 1.5
_PATIENCE = 3.0  # times the seconds, while the thread gets less than half of the processor
_MEMORY = 2 << 30  # bytes by which the process may grow
_numbers = itertools.count(1)


class Stopped(SystemExit):
    """Raised in the student's code when its time is up.

    A ``SystemExit``, because ``except Exception`` does not catch it and a thread that dies of it stays silent. A bare
    ``except:`` does catch it. But Python makes the instance only when a handler takes the exception, in the
    student's thread: so the constructor knows that it is being caught, and has the steps that follow raise again,
    which leaves the ``try`` statement, through as many of them as there are. (From Python 3.12 on the
    instance is made a little earlier, and a second handler around the first may swallow the second exception; the
    thread is then left behind.) Handlers of the course's own code are left in peace.
    """

    def __init__(self):
        super().__init__("time is up")
        frame = sys._getframe(1)
        if not _is_ours(frame):
            again = _RaiseAgain()
            frame.f_trace = again
            frame.f_trace_opcodes = True
            sys.settrace(again)


class _RaiseAgain:
    """A trace function that sends one more :class:`Stopped`, best just after the handler that swallowed the last.

    While a handler runs, Python makes the next instance at once, and nothing would be known of who catches it; so
    it waits for the handler's end, unless that does not come.
    """

    patience = 500  # steps of bytecode

    def __call__(self, frame, event, _argument):
        if _is_ours(frame):
            return None
        frame.f_trace_opcodes = True
        if event not in ("line", "opcode") or frame.f_code.co_code[frame.f_lasti] == _PUSH_EXC_INFO:
            return self
        self.patience -= 1
        if sys.exc_info()[0] is None or self.patience < 0:
            sys.settrace(None)  # a trace function that is still set makes the instance too early as well
            _send(threading.get_ident(), Stopped)
        return self


def _is_ours(frame) -> bool:
    return os.path.dirname(frame.f_code.co_filename) + os.sep == _HERE


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
                _send(self.thread.ident, Stopped)

    def computed(self) -> float | None:
        """The processor's time of the thread so far."""
        with contextlib.suppress(OSError, TypeError):
            return time.clock_gettime(self.clock)
        return None


def _send(ident: int, exception: type[BaseException]):
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(exception))


def run_limited(
    work: Callable[[], Any],
    seconds: float,
    on_start: Callable[[int], None] | None = None,
    grace: float = _GRACE,
) -> Outcome:
    """Runs ``work()`` for at most ``seconds`` and says how it ended; raises only what interrupts the caller.

    Context variables and torch's gradient mode are the caller's. ``on_start`` gets the identity of the thread, and of
    each that it starts, before the work begins. A ``KeyboardInterrupt`` in the caller stops the work and goes on to
    the caller.
    """
    context = contextvars.copy_context()
    grad_mode = _grad_mode()

    with Family(on_start) as family:

        def body():
            family.join()
            with grad_mode():
                return context.run(work)

        worker = _Worker(body)
        start = time.monotonic()
        worker.thread.start()
        try:
            cause = _wait(worker, seconds)
            if not cause:
                return Outcome(worker.value, worker.error, threads=family.end(_stop_thread, grace))
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
                threads=family.end(_stop_thread, grace),
            )
        except BaseException:
            worker.stop(grace)
            family.end(_stop_thread, grace)
            raise
    worker.value = worker.error = None
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
            if computed is None or computed >= seconds / 2 or elapsed >= _PATIENCE * seconds:
                return "time"
    return ""


def _stop_thread(ident):
    _send(ident, Stopped)


def _grad_mode():
    """A context manager that gives another thread this thread's gradient mode, when torch is in use at all."""
    torch = sys.modules.get("torch")
    if torch is None:
        return contextlib.nullcontext
    enabled = torch.is_grad_enabled()
    return lambda: torch.set_grad_enabled(enabled)
