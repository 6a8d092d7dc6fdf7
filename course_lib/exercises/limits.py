"""Runs a student's code under a time limit, so that an endless loop ends and the kernel goes on.

The work runs in a thread of its own. That keeps the way in which it is stopped, an exception raised in that thread
from outside, away from every other thread: nothing can leak into the notebook after the call has returned, no signal
handler and no timer is touched, and it is the same from a cell, from a slider's callback and on Windows.

What swallows the exception (``except:`` in an endless loop) is stopped by a second one: see :class:`Stopped`.
What is stuck inside compiled code (``time.sleep(1000)``) is left behind after a short grace; it stops as soon
as it comes back to Python. Compiled code that never gives the interpreter back cannot be stopped from inside.
"""

import contextvars
import ctypes
import dis
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Outcome", "Stopped", "run_limited"]

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PUSH_EXC_INFO = dis.opmap.get("PUSH_EXC_INFO", -1)
# The exception is sent again at this interval until the thread has ended; long against a thread switch (5 ms).
_INTERVAL = 0.02
_GRACE = 1.5


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

    ``left_behind`` says that the thread could not be ended; ``stuck_at`` lists where it was, innermost first,
    as (file, line number).
    """

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    left_behind: bool = False
    stuck_at: Any = None


class _Worker:
    def __init__(self, work: Callable[[], Any]):
        self.work = work
        self.value = None
        self.error = None
        self.finished = False  # the work came to its own end; nothing more is sent after that
        self.closed = False  # and what was sent has arrived
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.main, name="course-exercise", daemon=True)

    def main(self):
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
            with self.lock:
                if not self.finished:
                    _send(self.thread.ident, Stopped)
            if time.monotonic() > deadline:
                return False
            self.done.wait(_INTERVAL)
        return True


def _send(ident: int, exception: type[BaseException]):
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(exception))


def run_limited(
    work: Callable[[], Any],
    seconds: float,
    on_start: Callable[[int], None] | None = None,
    grace: float = _GRACE,
) -> Outcome:
    """Runs ``work()`` for at most ``seconds`` and says how it ended; raises only what interrupts the caller.

    Context variables and torch's gradient mode are the caller's. ``on_start`` gets the thread's identity before
    the work begins. A ``KeyboardInterrupt`` in the caller stops the work and goes on to the caller.
    """
    context = contextvars.copy_context()
    grad_mode = _grad_mode()

    def body():
        if on_start is not None:
            on_start(threading.get_ident())
        with grad_mode():
            return context.run(work)

    worker = _Worker(body)
    worker.thread.start()
    try:
        # Short waits, because on some systems an interrupt does not reach a wait without an end.
        deadline = time.monotonic() + seconds
        while not worker.done.wait(max(0.0, min(0.1, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                stuck_at = _where(worker.thread.ident)
                ended = worker.stop(grace)
                return Outcome(timed_out=True, left_behind=not ended, stuck_at=stuck_at)
    except BaseException:
        worker.stop(grace)
        raise
    return Outcome(value=worker.value, error=worker.error)


def _grad_mode():
    """A context manager that gives another thread this thread's gradient mode, when torch is in use at all."""
    import contextlib

    torch = sys.modules.get("torch")
    if torch is None:
        return contextlib.nullcontext
    enabled = torch.is_grad_enabled()
    return lambda: torch.set_grad_enabled(enabled)


def _where(ident):
    """The frames of a thread, innermost first, as (file name, line number)."""
    frame = sys._current_frames().get(ident)
    places = []
    while frame is not None and len(places) < 200:
        places.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return places
