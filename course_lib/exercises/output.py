"""Keeps what a student's code prints within bounds: a print in a loop must not flood the page."""

import sys
import threading
import weakref

__all__ = ["LimitedOutput"]

_lock = threading.Lock()
# Who collects what a thread prints. Not by its identity: the system gives that to another thread later.
_collectors: weakref.WeakKeyDictionary[threading.Thread, "LimitedOutput"] = weakref.WeakKeyDictionary()
_LIMIT_CHARACTERS = 2000
_LIMIT_LINES = 40


class _Router:
    """Stands in for ``sys.stdout`` and ``sys.stderr`` while checks run; other threads write as before."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        collector = _collectors.get(threading.current_thread())
        return self.stream.write(text) if collector is None else collector.take(text)

    def flush(self):
        if threading.current_thread() not in _collectors:
            self.stream.flush()

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self.stream, name)


class LimitedOutput:
    """Collects what some threads print, up to 2,000 characters or 40 lines; the rest is dropped.

    Call ``watch(thread)`` from inside the ``with`` block. ``abandon()`` keeps the threads silent for good: it is for
    one that could not be stopped.
    """

    def __init__(self):
        self.text = ""
        self.cut = False
        self._threads: list[threading.Thread] = []
        self._abandoned = False

    def take(self, text) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        room = _LIMIT_CHARACTERS - len(self.text)
        if self.cut or room <= 0:
            self.cut = True
            return len(text)
        self.text += text[:room]
        lines = self.text.split("\n")
        if len(text) > room or len(lines) > _LIMIT_LINES:
            self.cut = True
            self.text = "\n".join(lines[:_LIMIT_LINES])
        return len(text)

    def watch(self, thread: threading.Thread):
        self._threads.append(thread)
        _collectors[thread] = self

    def abandon(self):
        self._abandoned = True

    def __enter__(self):
        with _lock:
            for name in ("stdout", "stderr"):
                if not isinstance(getattr(sys, name), _Router):
                    setattr(sys, name, _Router(getattr(sys, name)))
        return self

    def __exit__(self, *_):
        with _lock:
            for thread in list(_collectors):
                ended = thread.ident is not None and not thread.is_alive()
                if ended or (thread in self._threads and not self._abandoned):
                    _collectors.pop(thread, None)
            if not _collectors:
                for name in ("stdout", "stderr"):
                    if isinstance(stream := getattr(sys, name), _Router):
                        setattr(sys, name, stream.stream)

    def replay(self) -> str:
        """What was printed, with a last line that says so when there was more."""
        if not self.cut:
            return self.text
        return self.text.rstrip("\n") + "\n… your code printed more than this; the rest is not shown.\n"
