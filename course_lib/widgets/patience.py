"""Ends a call that does not end, so that an endless loop in a reader's own function does not take the kernel along."""

import contextlib
import ctypes
import signal
import threading
import time
import traceback

__all__ = ["Patience"]

_INTERVAL = 0.25
# The exception is sent again as long as the call goes on: a bare ``except:`` may have caught it.
_AGAIN = 0.5
# A call that has lasted longer counts as one that may never end: whoever asks for it now ends it.
_LONG = 2.0
# The thread that looks on ends when nothing was called for so long.
_IDLE = 5.0


class _Endless(BaseException):
    """Raised inside a call from outside; not an ``Exception``, so that ``except Exception`` does not catch it."""


class Patience:
    """Calls functions, one at a time, each for at most some seconds.

    The exception that ends one is raised in the thread that makes the call, which may be the main one, from a thread
    that looks on. What is stuck inside compiled code ends when it comes back to Python.

    Args:
        seconds: how long a call may last.
        on_wait: called about once a second, from another thread, while a call lasts long.
    """

    def __init__(self, seconds: float = 10.0, on_wait=None):
        self.seconds = seconds
        self._on_wait = on_wait or (lambda: None)
        # An interrupt is heard by the thread that makes the call, which may hold the lock then.
        self._lock = threading.RLock()
        self._ident = self._since = None
        self._lasted = self._last_end = self._last_sent = 0.0
        self._watcher = None

    @property
    def waiting(self) -> float:
        """For how many seconds the present call has lasted, if that is long; else 0."""
        since = self._since
        lasted = 0.0 if since is None else time.monotonic() - since
        return lasted if lasted > _LONG else 0.0

    def call(self, work):
        """Returns what ``work()`` returns.

        Raises:
            TimeoutError: it was ended; the traceback leads to the line where it was.
        """
        try:
            return self._called(work)
        except _Endless as endless:
            lasted = self._end()
            trace = endless.__traceback__
            # Its variables would stay alive with the error, and may be what an endless loop has piled up.
            traceback.clear_frames(trace)
            raise TimeoutError(
                f"it had not ended after {lasted:.0f} s and was stopped; is there an endless loop?"
            ).with_traceback(trace) from None

    def _called(self, work):
        with self._lock:
            self._ident, self._since = threading.get_ident(), time.monotonic()
            self._last_sent = 0.0
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="course-patience", daemon=True)
                self._watcher.start()
        try:
            return work()
        finally:
            self._end()
            _settle()

    def _end(self) -> float:
        """After this nothing is sent; returns how long the call has lasted."""
        with self._lock:
            if self._since is not None:
                self._last_end = time.monotonic()
                self._lasted, self._since = self._last_end - self._since, None
            return self._lasted

    def hurry(self):
        """Ends the present call if it has lasted long."""
        with self._lock:
            if self.waiting:
                self._send()

    @contextlib.contextmanager
    def interruptible(self, on_interrupt):
        """While the block runs, an interrupt of the kernel calls ``on_interrupt`` and ends a call that lasts long.

        Between cells a kernel ignores interrupts; where something else listens to them, as it does in a cell, that
        goes on.
        """
        inside = threading.current_thread() is threading.main_thread()
        if not inside or signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            yield
            return

        def heard(_signal, _frame):
            on_interrupt()
            if self.waiting:
                raise _Endless  # from here it wakes even what sleeps

        signal.signal(signal.SIGINT, heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    # From the thread that looks on

    def _watch(self):
        told = 0
        while True:
            time.sleep(_INTERVAL)
            with self._lock:
                now = time.monotonic()
                if self._since is None and now - self._last_end > _IDLE:
                    self._watcher = None
                    return
                if self._since is not None and now - self._since > self.seconds:
                    self._send()
            told = self._tell(told)

    def _tell(self, told):
        lasted = int(self.waiting)
        if lasted and lasted != told:
            with contextlib.suppress(Exception):
                self._on_wait()
        return lasted

    def _send(self):
        now = time.monotonic()
        if now - self._last_sent > _AGAIN:
            self._last_sent = now
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._ident), ctypes.py_object(_Endless)
            )


def _settle():
    """What was sent before the end of a call is raised when a function is entered: here at the latest."""
