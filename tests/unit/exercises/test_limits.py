"""Endless code ends, everything is as before, and nothing leaks afterwards."""

# ruff: noqa: SIM105, B012, E722  (what students write is the subject here)

import inspect
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch

from course_lib.exercises.limits import run_limited


def plain_loop():
    while True:
        pass


def except_exception():
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            pass


def bare_except():
    while True:
        try:
            len("x")
        except:
            pass


def bare_except_around_a_sleep():
    while True:
        try:
            time.sleep(0.005)
        except:
            pass


def loop_inside_two_bare_excepts():
    while True:
        try:
            while True:
                try:
                    time.sleep(0.001)
                except:
                    pass
        except:
            pass


def finally_continue():
    while True:
        try:
            time.sleep(0.001)
        finally:
            continue


def torch_loop():
    x = torch.ones(3)
    while True:
        x = (x + 1).clamp(max=5.0)


LOOPS = [plain_loop, except_exception, bare_except, bare_except_around_a_sleep, finally_continue, torch_loop]
if sys.version_info < (3, 12):
    LOOPS.append(loop_inside_two_bare_excepts)


def course_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("course-exercise")]


@pytest.mark.parametrize("work", LOOPS)
def test_an_endless_loop_is_ended(work):
    outcome = run_limited(work, 0.05)
    assert outcome.timed_out
    assert not outcome.left_behind
    assert not course_threads()


def test_except_exception_never_sees_that_time_is_up():
    seen = []

    def work():
        while True:
            try:
                time.sleep(0.001)
            except Exception as error:
                seen.append(error)

    assert run_limited(work, 0.05).timed_out
    assert seen == []


@pytest.mark.parametrize("work", [plain_loop, bare_except_around_a_sleep])
def test_an_endless_loop_is_ended_from_another_thread(work):
    outcomes = []
    caller = threading.Thread(target=lambda: outcomes.append(run_limited(work, 0.05)))
    caller.start()
    caller.join(30)
    assert outcomes[0].timed_out
    assert not outcomes[0].left_behind


def test_what_is_stuck_in_compiled_code_is_left_behind_and_ends_later():
    release = threading.Event()
    after = []

    def stuck():
        release.wait()  # stands for a long call into a library
        while True:
            after.append(1)

    outcome = run_limited(stuck, 0.05, grace=0.1)
    assert outcome.timed_out
    assert outcome.left_behind
    release.set()
    for thread in course_threads():
        thread.join(30)
    assert not course_threads()


def test_handlers_timers_and_traces_are_as_before():
    def state():
        return signal.getsignal(signal.SIGINT), sys.gettrace(), threading.gettrace(), sys.getprofile()

    before = state()
    run_limited(bare_except, 0.05)
    run_limited(lambda: 1, 5)
    assert state() == before


def test_nothing_leaks_when_the_work_ends_at_the_limit():
    # Work that ends close to its limit meets the exception that is on its way; the caller must never see it.
    for step in range(40):
        run_limited(lambda: time.sleep(0.01), 0.0090 + step * 5e-5)
    deadline = time.monotonic() + 0.1
    while time.monotonic() < deadline:
        len("a leaked exception would be raised here")


def at_once():
    return 1


def at_the_limit():
    time.sleep(0.02)


@pytest.mark.parametrize(
    ("work", "seconds"), [(at_once, 5), (plain_loop, 0.05), (bare_except, 0.05), (at_the_limit, 0.02)]
)
def test_a_profiler_works_afterwards(work, seconds):
    # An interpreter that is told of an exception which then never comes spins forever under a profiler or a debugger.
    script = f"""
import cProfile, time
from course_lib.exercises.limits import run_limited

{inspect.getsource(work)}

def down(n):
    return n if n == 0 else down(n - 1)

for _ in range(5):
    run_limited({work.__name__}, {seconds})
profile = cProfile.Profile()
profile.enable()
for _ in range(1000):
    down(10)
profile.disable()
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_values_and_errors_come_back():
    assert run_limited(lambda: 7, 5).value == 7
    error = run_limited(lambda: 1 / 0, 5).error
    assert isinstance(error, ZeroDivisionError)
    assert isinstance(run_limited(sys.exit, 5).error, SystemExit)


def test_the_gradient_mode_is_the_callers():
    with torch.no_grad():
        assert run_limited(torch.is_grad_enabled, 5).value is False
    assert run_limited(torch.is_grad_enabled, 5).value is True


def test_an_interrupt_by_the_user_gets_through_and_stops_the_work():
    main = threading.main_thread().ident
    timer = threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run_limited(plain_loop, 30)
    assert not course_threads()
