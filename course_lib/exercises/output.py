"""Keeps what a student's code prints within bounds: a print in a loop must not flood the page."""

import sys
import threading

__all__ = ["LimitedOutput"]

_lock = threading.Lock()
_budgets: dict[int, "LimitedOutput"] = {}  # thread identity -> who collects what it prints
_LIMIT_CHARACTERS = 2000
_LIMIT_LINES = 40


class _Router:
    """Stands in for ``sys.stdout`` and ``sys.stderr`` while checks run; other threads write as before."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        collector = _budgets.get(threading.get_ident())
        return self.stream.write(text) if collector is None else collector.take(text)

    def flush(self):
        if threading.get_ident() not in _budgets:
            self.stream.flush()

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self.stream, name)


class LimitedOutput:
    """Collects what one thread prints, up to 2,000 characters or 40 lines; the rest is dropped.

    Call ``watch(identity)`` from inside the ``with`` block. ``abandon()`` keeps the thread silent for good: it
    is for a thread that could not be stopped.
    """

    def __init__(self):
        self.text = ""
        self.cut = False
        self._idents: set[int] = set()
        self._abandoned = False

    def take(self, text) -> int:
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

    def watch(self, ident: int):
        self._idents.add(ident)
        _budgets[ident] = self

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
            if self._abandoned:
                return
            for ident in self._idents:
                _budgets.pop(ident, None)
            if not _budgets:
                for name in ("stdout", "stderr"):
                    if isinstance(stream := getattr(sys, name), _Router):
                        setattr(sys, name, stream.stream)

    def replay(self) -> str:
        """What was printed, with a last line that says so when there was more."""
        if not self.cut:
            return self.text
        return self.text.rstrip("\n") + "\n… your code printed more than this; the rest is not shown.\n"
