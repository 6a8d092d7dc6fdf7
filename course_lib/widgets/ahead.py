"""Drawing ahead of the reader: what may be drawn without being asked for, so that nobody notices but by the speed."""

import contextlib
import random
import sys
import threading
import time

__all__ = ["Ahead"]

# Seconds that a frame may take that nobody has asked for.
_MOMENT = 0.05


class Ahead:
    """Frames of neighbouring values for the page to keep, and what the kernel must know when one of them is shown.

    A frame is worth keeping only if it would be the same when it is asked for later: drawing it must not change the
    limits that follow the data, and neither may anything else have changed (``forget``). Random numbers that the
    author's function draws are given back.

    Args:
        stage: makes the frames.

    Attributes:
        era: a number that is another one after each ``forget``.
    """

    def __init__(self, stage):
        self._stage = stage
        self._lock = threading.Lock()
        # Number of a frame to the values and read-outs that it shows; and of those thrown away, the values.
        self._kept, self._thrown = {}, {}
        self._seconds = float("inf")
        self.era = 0

    @contextlib.contextmanager
    def measured(self):
        """Measures how long a frame takes."""
        start = time.perf_counter()
        yield
        self._seconds = time.perf_counter() - start

    @property
    def quick(self) -> bool:
        """Whether a picture took a moment only, the last time."""
        return self._seconds <= _MOMENT

    def draw(self, draw, values):
        """The frame at ``values`` and its read-outs (label to value); ``None`` when it is not worth keeping."""
        before = self._stage.memory()
        view = self._stage.view()
        try:
            with _same_random_numbers(), self.measured():
                draw(view, **values)
                frame = self._stage.frame(view)
        except Exception:
            # The reader will be told when it happens at values that were asked for.
            self._stage.recall(before)
            return None
        if self._stage.memory() != before:
            self._stage.recall(before)
            return None
        return frame, {label: one.value for label, one in view.readouts.items()}

    def remember(self, number: int, values, readouts):
        """A frame goes to the page, which may show it again."""
        with self._lock:
            self._kept[number] = dict(values), readouts

    def recall(self, number: int):
        """Values and read-outs of a frame that the page shows, and whether it is still right; ``None`` if unknown."""
        with self._lock:
            if number in self._kept:
                return (*self._kept[number], True)
            return (self._thrown[number], {}, False) if number in self._thrown else None

    def forget(self) -> bool:
        """Throws all away; whether there was anything."""
        with self._lock:
            kept, self._kept = self._kept, {}
            self.era += 1
            if kept:
                # Only what was thrown away last can still be on its way.
                self._thrown = {number: values for number, (values, _) in kept.items()}
        return bool(kept)


@contextlib.contextmanager
def _same_random_numbers():
    """Whatever is drawn inside, the generators of Python, NumPy and torch go on as if it had not been."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    plain = random.getstate()
    of_numpy = numpy.random.get_state() if numpy else None
    of_torch = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(plain)
        if numpy:
            numpy.random.set_state(of_numpy)
        if torch:
            torch.set_rng_state(of_torch)
