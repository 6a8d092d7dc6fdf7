"""Noticing that the reader has stopped moving."""

import asyncio
import contextlib
import threading
import time

__all__ = ["Rest"]

_QUIET = 0.35  # seconds


class Rest:
    """Calls a function once, in the kernel's event loop, when nothing has been touched for a moment.

    The loop is that of the thread which made the object; touches may come from any thread. Without a running loop
    (a plain script, a test) nothing is ever called.
    """

    def __init__(self, call):
        self._call = call
        self._lock = threading.Lock()
        self._last = 0.0
        self._waiting = self._cancelled = False
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def touch(self):
        """Something moved."""
        self._last = time.monotonic()
        if self._loop is None or self._cancelled:
            return
        with self._lock:
            if self._waiting:
                return
            self._waiting = True
        # A loop that was closed meanwhile calls nothing any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.call_later, _QUIET, self._look)

    def cancel(self):
        """Calls nothing from now on."""
        self._cancelled = True

    def _look(self):
        missing = _QUIET - (time.monotonic() - self._last)
        if missing > 0.001:
            self._loop.call_later(missing, self._look)
            return
        with self._lock:
            self._waiting = False
        if not self._cancelled:
            self._call()
