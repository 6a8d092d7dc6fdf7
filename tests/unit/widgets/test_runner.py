import asyncio
import itertools
import threading
import time

import pytest

from course_lib.widgets.runner import Runner


class Log:
    """A step that takes about a millisecond, and a frame that notes the count."""

    def __init__(self, **options):
        self.count, self.seen, self.inside = 0, [], 0
        self.runner = Runner(self.step, lambda: self.seen.append(self.count), **options)

    def step(self):
        self.inside += 1
        assert self.inside == 1, "two steps at the same time"
        self.count += 1
        time.sleep(0.0005)
        self.inside -= 1


async def until(condition, seconds=5.0):
    end = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < end, "waited in vain"
        await asyncio.sleep(0.005)


def scenario(coroutine):
    def test():
        asyncio.run(coroutine())

    test.__name__ = coroutine.__name__
    return test


@scenario
async def test_plays_until_it_is_paused_while_the_loop_stays_alive():
    log = Log()
    log.runner.play()
    await until(lambda: log.count > 20)
    log.runner.pause()
    stopped = log.count
    await asyncio.sleep(0.05)
    assert log.count == stopped == log.runner.steps and log.runner.status == "paused"
    assert log.seen[-1] == stopped  # the last picture is the last state


@scenario
async def test_a_second_runner_stops_the_first():
    one, two = Log(), Log()
    one.runner.play()
    await until(lambda: one.count > 5)
    two.runner.play()
    assert not one.runner.playing and two.runner.playing
    stopped = one.count
    await until(lambda: two.count > 5)
    assert one.count == stopped
    two.runner.close()


@scenario
async def test_stops_at_the_cap_and_starts_again_after_a_restart():
    log = Log(cap=30)
    log.runner.play()
    await until(lambda: log.runner.status == "finished")
    assert log.count == 30
    log.runner.play()
    assert not log.runner.playing
    log.runner.restart(lambda: setattr(log, "count", 0))
    assert log.runner.status == "ready" and log.runner.steps == 0 and log.seen[-1] == 0
    log.runner.play()
    await until(lambda: log.count == 30)
    log.runner.close()


@scenario
async def test_jobs_of_another_thread_happen_between_two_steps_of_a_running_task():
    log = Log()
    log.runner.play()
    done = []
    for i in range(20):
        thread = threading.Thread(target=log.runner.submit, args=(lambda i=i: done.append((i, log.inside)),))
        thread.start()
        await asyncio.sleep(0.002)
    await until(lambda: len(done) == 20)
    log.runner.close()
    assert sorted(i for i, _ in done) == list(range(20))
    assert all(inside == 0 for _, inside in done)


@scenario
async def test_playing_from_another_thread_runs_on_the_loop():
    log = Log()
    where = set()
    step = log.runner._step
    log.runner._step = lambda: (where.add(threading.get_ident()), step())
    thread = threading.Thread(target=log.runner.play)
    thread.start()
    thread.join()
    await until(lambda: log.count > 5)
    log.runner.close()
    assert where == {threading.get_ident()}


@scenario
async def test_an_unhealthy_state_stops_the_run():
    log = Log(frame_s=0.0)
    log.runner._is_healthy = lambda: log.count < 10
    log.runner.play()
    await until(lambda: log.runner.status == "diverged")
    log.runner.play()
    assert not log.runner.playing


@scenario
async def test_an_error_in_a_step_stops_the_run_and_is_kept():
    log = Log()

    def broken():
        raise ZeroDivisionError("a student's step")

    log.runner._step = broken
    log.runner.play()
    await until(lambda: log.runner.status == "failed")
    assert isinstance(log.runner.error, ZeroDivisionError)


@scenario
async def test_closing_leaves_no_task_behind():
    log = Log()
    log.runner.play()
    await until(lambda: log.count > 5)
    log.runner.close()
    await until(lambda: len(asyncio.all_tasks()) == 1)
    stopped = log.count
    log.runner.play()
    await asyncio.sleep(0.02)
    assert log.count == stopped


@scenario
async def test_frames_keep_their_distance():
    log = Log(frame_s=0.05)
    times = []
    log.runner._frame = lambda: times.append(time.perf_counter())
    log.runner.play()
    await until(lambda: len(times) >= 6)
    log.runner.close()
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.045


@scenario
async def test_a_rate_limits_the_steps():
    log = Log()
    log.runner.rate = 50.0
    log.runner.play()
    start = time.perf_counter()
    await until(lambda: log.count >= 11)
    # ten intervals at 50 a second last at least 0.2 s, however slow the machine is
    assert time.perf_counter() - start > 0.19
    log.runner.close()


def test_without_a_loop_only_run_trains():
    log = Log(cap=25)
    with pytest.raises(RuntimeError, match="event loop"):
        log.runner.play()
    log.runner.run(10)
    assert log.count == 10 and log.seen == [10] and log.runner.status == "paused"
    log.runner.run(100)
    assert log.count == 25 and log.runner.status == "finished"


def test_a_job_submitted_by_a_job_is_done_too():
    log, done = Log(), []
    log.runner.submit(lambda: log.runner.submit(lambda: done.append("inner")))
    assert done == ["inner"]


def endless():
    while True:
        pass


@scenario
async def test_a_step_that_does_not_end_fails_and_the_loop_goes_on():
    log = Log(step_s=0.3)
    log.runner._step = endless
    log.runner.play()
    await until(lambda: log.runner.status == "failed")
    await until(lambda: log.seen)  # the state is shown
    assert isinstance(log.runner.error, TimeoutError)
    log.runner._step = log.step
    log.runner.restart(lambda: None)
    log.runner.play()
    await until(lambda: log.count > 5)
    log.runner.close()


@pytest.mark.parametrize("hand", ["pause", "close"])
def test_a_hand_ends_a_step_that_lasts_long(hand, monkeypatch):
    monkeypatch.setattr("course_lib.widgets.patience._LONG", 0.2)

    async def play():
        log = Log(step_s=60.0)
        log.runner._step = endless
        log.runner.play()
        reader = threading.Timer(0.6, getattr(log.runner, hand))
        reader.start()
        await until(lambda: isinstance(log.runner.error, TimeoutError), 30.0)

    asyncio.run(play())


def test_a_restart_ends_a_step_that_lasts_long_and_starts_again(monkeypatch):
    monkeypatch.setattr("course_lib.widgets.patience._LONG", 0.2)

    async def play():
        log, restarted = Log(step_s=60.0), []
        log.runner._step = endless
        log.runner.play()
        threading.Timer(0.6, lambda: log.runner.restart(lambda: restarted.append(1))).start()
        await until(lambda: restarted, 30.0)
        assert log.runner.status == "ready" and log.runner.error is None

    asyncio.run(play())


def test_a_frame_or_a_job_that_does_not_end_is_stopped_and_told():
    told = []
    runner = Runner(lambda: None, endless, step_s=0.3, notice=lambda: told.append(1))
    runner.run(1)
    assert runner.status == "failed" and isinstance(runner.error, TimeoutError) and told
    log = Log(step_s=0.3)
    log.runner.submit(endless)
    assert log.runner.status == "failed" and isinstance(log.runner.error, TimeoutError)
