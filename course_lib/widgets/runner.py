"""Steps in slices on the kernel's event loop, so that everything else stays alive. Knows neither widgets nor plots."""

import asyncio
import threading
import time
from collections import deque

from course_lib.widgets.patience import Patience

__all__ = ["Runner", "anything_plays"]

_ACTIVE_LOCK = threading.Lock()
_ACTIVE: "Runner | None" = None

# Turns of the loop that are given away after each slice: messages to the kernel need more than one to get through.
_HOPS = 3
# A picture may take this share of the time before pictures become rarer than ``frame_s``.
_FRAME_SHARE = 0.18


class Runner:
    """Calls ``step`` again and again as a task of an event loop, at most one runner at a time in this process.

    Buttons and sliders of a notebook arrive in other threads than the one that runs the loop. What they want is
    *submitted*: it happens between two steps, whichever thread that takes.

    A step (or job, or frame) that does not end within ``step_s`` is stopped, and so is one that has lasted for two
    seconds when somebody pauses, restarts, closes or interrupts the kernel; the run has failed then, with a
    ``TimeoutError`` that leads to the line.

    Args:
        step: one update, without arguments.
        frame: shows the present state; called between steps, never at the same time as one.
        is_healthy: asked before each frame; a false answer stops the run as ``"diverged"``.
        notice: says the status where no frame can: a step lasts long, or a frame was stopped; called from any thread.
        cap: steps after which the run stops by itself.
        slice_s: seconds of stepping before the loop gets its turn.
        frame_s: least seconds from one frame to the next. Slow frames come more rarely, so that steps keep their share,
            but not below 8 a second unless one takes more than 40 ms.
        step_s: seconds that one step may take.

    Attributes:
        status: ``"ready"``, ``"playing"``, ``"paused"``, ``"finished"`` (the cap), ``"diverged"`` or ``"failed"``.
        error: what ``step`` or a submitted job raised, or ``None``.
        steps: calls of ``step`` since the last ``restart``.
        rate: steps a second that are allowed; infinity for as many as go.
        frames: pictures since the runner was made.
    """

    def __init__(
        self,
        step,
        frame,
        *,
        is_healthy=None,
        notice=lambda: None,
        cap=20_000,
        slice_s=0.03,
        frame_s=0.095,
        step_s=10.0,
    ):
        self._step, self._frame, self._is_healthy, self._notice = step, frame, is_healthy, notice
        self.cap, self.slice_s, self.frame_s = int(cap), slice_s, frame_s
        self.status, self.error, self.steps, self.frames = "ready", None, 0, 0
        self.rate = float("inf")
        self.steps_per_second = 0.0
        self._jobs = deque()
        self.patience = Patience(step_s, notice)
        self._work = threading.Lock()  # held while anything touches what is trained
        self._credit = 0.0
        self._last_frame = self._frame_cost = 0.0
        self._task = None
        self._closed = False
        try:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.get_ident()
        except RuntimeError:
            self._loop = self._thread = None

    @property
    def playing(self) -> bool:
        """Whether steps are being made."""
        return self.status == "playing"

    def play(self):
        """Starts, or goes on; whichever runner was active is paused.

        Raises:
            RuntimeError: there is no event loop (a plain script); ``run`` works there.
        """
        if self._loop is None or self._loop.is_closed():
            raise RuntimeError(
                "play: expected a notebook's event loop, found none; run(n) trains without one"
            )
        if self._closed or self.playing or self.status in ("finished", "diverged", "failed"):
            return
        _activate(self)
        self._measure_from, self._measured_steps = time.perf_counter(), self.steps
        self.status = "playing"
        if threading.get_ident() == self._thread:
            self._ensure_task()
        else:
            self._loop.call_soon_threadsafe(self._ensure_task)

    def pause(self):
        """Stops after the present step."""
        self._rest()
        self.patience.hurry()

    def _rest(self):
        if self.playing:
            self.status = "paused"

    def restart(self, reset):
        """Calls ``reset`` between two steps and counts from zero; a playing run goes on playing."""

        def job():
            reset()
            self.steps, self.error = 0, None
            if not self.playing:
                self.status = "ready"

        self.patience.hurry()
        self.submit(job)

    def submit(self, job):
        """Calls ``job`` between two steps, then shows the state if nothing is playing."""
        self._jobs.append(job)
        self._serve()

    def run(self, n: int, tick=None):
        """Makes up to n steps at once, in the calling thread, and then shows the state.

        Args:
            tick: called after each step.
        """
        self.pause()
        with self._work:
            self._drain()
            for _ in range(n):
                if not self._one():
                    break
                if tick is not None:
                    tick()
            if self.status in ("ready", "playing"):
                self.status = "paused"
            self._show()
        self._serve()

    def close(self):
        """Stops for good."""
        global _ACTIVE
        self._closed = True
        self.pause()
        self._jobs.clear()
        with _ACTIVE_LOCK:
            if _ACTIVE is self:
                _ACTIVE = None

    # Between steps

    def _serve(self):
        # Whoever holds the lock looks for jobs after letting go, so none is left behind.
        while self._jobs and self._work.acquire(blocking=False):
            try:
                self._drain()
                if not self.playing:
                    self._show()
            finally:
                self._work.release()

    def _drain(self):
        while self._jobs:
            try:
                job = self._jobs.popleft()
            except IndexError:
                return
            try:
                self.patience.call(job)
            except Exception as error:
                self._fail(error)

    def _one(self) -> bool:
        """One step; whether another may follow."""
        if self._closed or self.status in ("finished", "diverged", "failed"):
            return False
        if self.steps >= self.cap:
            self.status = "finished"
            return False
        try:
            self.patience.call(self._step)
        except Exception as error:
            self._fail(error)
            return False
        self.steps += 1
        return True

    def _fail(self, error):
        self.status, self.error = "failed", error

    def _show(self):
        if self._closed:
            return
        start = time.perf_counter()
        try:
            self.patience.call(self._look)
        except TimeoutError as error:
            self._fail(error)
            self._notice()
        self.frames += 1
        self._last_frame, self._frame_cost = start, time.perf_counter() - start

    def _look(self):
        if self._is_healthy is not None and self.status != "failed" and not self._is_healthy():
            self.status = "diverged"
        self._frame()

    # As a task

    def _ensure_task(self):
        if self._task is None and self.playing:
            self._task = self._loop.create_task(self._train())

    async def _train(self):
        try:
            self._moment = time.perf_counter()
            while self.playing:
                self._slice()
                for _ in range(_HOPS):
                    await asyncio.sleep(0)
                if self.playing and self.rate != float("inf"):
                    await asyncio.sleep(min(0.02, max(0.0, (1 - self._credit) / self.rate)))
            with self._work:
                self._show()
        finally:
            self._task = None
        # Played again while the last picture was drawn.
        self._ensure_task()

    def _slice(self):
        with self.patience.interruptible(self._rest), self._work:
            now = time.perf_counter()
            # A slice ends early when a frame is due: frames would otherwise be late by half a slice.
            end = min(now + self.slice_s, max(self._last_frame + self._interval(), now + 0.005))
            while self.playing:
                self._drain()
                if not self.playing or not self._may_step(now):
                    break
                self._one()
                now = time.perf_counter()
                if now >= end:
                    break
            if self.playing and now - self._last_frame >= self._interval():
                self._measure(now)
                self._show()
        self._serve()

    def _may_step(self, now) -> bool:
        if self.rate == float("inf"):
            return True
        # Credit for at most one step is saved up: a pause is not made good by a burst.
        self._credit = min(1.0, self._credit + (now - self._moment) * self.rate)
        self._moment = now
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True

    def _interval(self) -> float:
        wanted = self._frame_cost / _FRAME_SHARE
        return max(self.frame_s, min(wanted, max(0.115, 3 * self._frame_cost)))

    def _measure(self, now):
        if now - self._measure_from >= 0.5:
            self.steps_per_second = (self.steps - self._measured_steps) / (now - self._measure_from)
            self._measure_from, self._measured_steps = now, self.steps


def anything_plays() -> bool:
    """Whether some runner is making steps now."""
    return _ACTIVE is not None and _ACTIVE.playing


def _activate(runner: Runner):
    global _ACTIVE
    with _ACTIVE_LOCK:
        before, _ACTIVE = _ACTIVE, runner
    if before is not None and before is not runner:
        before.pause()
