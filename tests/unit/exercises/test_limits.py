"""Endless code ends, everything is as before, and nothing leaks afterwards."""

# ruff: noqa: SIM105, B012, E722  (what students write is the subject here)

import asyncio
import contextlib
import gc
import inspect
import itertools
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from course_lib.exercises import limits, memory, stopping, threads
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


def counting():
    n = 0
    while True:
        n += 1


def for_over_count():
    for n in itertools.count():
        n * n


def generator():
    def numbers():
        while True:
            yield 1

    for _ in numbers():
        pass


def any_over_a_generator():
    any(n < 0 for n in itertools.count())


def comprehension():
    return [n for n in itertools.count() if n < 0]


def recursion_again_and_again():
    def deeper(n):
        return deeper(n + 1)

    while True:
        try:
            deeper(0)
        except RecursionError:
            pass


def two_that_call_each_other():
    def ping(n):
        while n < 100:
            n = pong(n)

    def pong(n):
        return n - 1

    ping(0)


def list_that_grows():
    path = []
    while True:
        path.append(len(path))


def text_that_grows():
    text = ""
    while True:
        text += "x"


def dict_that_grows():
    seen = {}
    while True:
        seen[len(seen)] = None


def except_base_exception():
    while True:
        try:
            len("x")
        except BaseException:
            pass


def except_system_exit():
    while True:
        try:
            len("x")
        except SystemExit:
            pass


def except_several():
    while True:
        try:
            time.sleep(0.001)
        except (Exception, SystemExit, KeyboardInterrupt):
            continue


def suppress_everything():
    while True:
        with contextlib.suppress(BaseException):
            len("x")


def swallowed_in_a_function_below():
    def attempt():
        try:
            len("x")
        except:
            return None

    while True:
        attempt()


def raises_and_catches():
    while True:
        try:
            raise ValueError
        except ValueError:
            pass


def return_in_finally():
    def attempt():
        try:
            time.sleep(0.001)
        finally:
            return 1

    while attempt():
        pass


def finally_that_works():
    n = 0
    while True:
        try:
            n += 1
        finally:
            n -= 1


def descent():
    w = torch.ones(2, requires_grad=True)
    while w.abs().sum() > 0:
        (slope,) = torch.autograd.grad((w**2).sum(), w)
        w = (w - 0.0 * slope).detach().requires_grad_(True)


def numpy_loop():
    x = np.ones(3)
    while x.sum() > 0:
        x = np.clip(x + 1, 0, 5)


def waits_for_an_event():
    event = threading.Event()
    while not event.is_set():
        event.wait(0.01)


def prints():
    while True:
        print("", end="")


def event_loop():
    async def forever():
        while True:
            await asyncio.sleep(0)

    asyncio.run(forever())


def own_iterator():
    class Numbers:
        def __iter__(self):
            return self

        def __next__(self):
            return 1

    for _ in Numbers():
        pass


def sort_key_that_never_ends():
    def key(x):
        while x > 0:
            x = x + 1
        return x

    sorted([3, 1, 2], key=key)


LOOPS = [
    plain_loop, except_exception, bare_except, bare_except_around_a_sleep, finally_continue,
    torch_loop, counting, for_over_count, generator, any_over_a_generator, comprehension,
    recursion_again_and_again, two_that_call_each_other, list_that_grows, text_that_grows,
    dict_that_grows, except_base_exception, except_system_exit, except_several, suppress_everything,
    swallowed_in_a_function_below, raises_and_catches, return_in_finally, finally_that_works,
    descent, numpy_loop, waits_for_an_event, prints, event_loop, own_iterator,
    sort_key_that_never_ends,
]  # fmt: skip
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
    assert [outcome.left_behind] == [thread.name for thread in course_threads()]
    assert "release.wait()" in threads.left_behind()[0]
    release.set()
    for thread in course_threads():
        thread.join(30)
    assert not course_threads()
    assert not threads.left_behind()


def test_what_was_left_behind_is_asked_again_until_it_ends(monkeypatch):
    """Even when it has swallowed what was sent before: it must not go on growing for ever."""
    monkeypatch.setattr(stopping._RaiseAgain, "__call__", lambda self, *_: self)
    release, piled = threading.Event(), []

    def stuck():
        release.wait()
        for _ in range(3):  # as many handlers around one another as it takes
            try:
                while True:
                    piled.append(1)
                    time.sleep(0.001)
            except:
                pass

    assert run_limited(stuck, 0.05, grace=0.1).left_behind
    release.set()
    deadline = time.monotonic() + 30
    while threads.left_behind() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not course_threads()
    length = len(piled)
    time.sleep(0.05)
    assert len(piled) == length


class Node:
    """A chain that holds itself: only the garbage collector can free it."""

    def __init__(self, before):
        self.before, self.itself, self.data = before, self, bytearray(3000)


def test_memory_that_an_endless_loop_has_piled_up_is_given_back():
    if not memory.resident():
        pytest.skip("this system does not tell how much memory is held")

    def piles_up():
        node, length = None, 0
        while True:
            if length < 50_000:
                node, length = Node(node), length + 1

    gc.collect()
    gc.disable()
    try:
        before = memory.resident()
        assert run_limited(piles_up, 0.5).timed_out
        assert memory.resident() - before < 64 << 20
    finally:
        gc.enable()


def test_work_that_fills_the_memory_is_stopped_before_its_time(monkeypatch):
    if not memory.resident():
        pytest.skip("this system does not tell how much memory is held")
    monkeypatch.setattr(limits, "_MEMORY", 200 << 20)

    def piles_up():
        rows = []
        while True:
            rows.append(np.ones(1 << 17))

    outcome = run_limited(piles_up, 60.0)
    assert outcome.swollen
    assert outcome.timed_out


def test_time_is_the_processors_where_the_machine_is_busy():
    """A thread that gets no processor has three times its seconds; one that computes has not."""
    if not hasattr(time, "pthread_getcpuclockid"):
        pytest.skip("this system does not tell a thread's processor time")
    assert run_limited(lambda: time.sleep(0.3), 0.2).timed_out is False
    outcome = run_limited(plain_loop, 0.2)
    assert outcome.timed_out
    assert outcome.computed >= 0.1
    outcome = run_limited(bare_except_around_a_sleep, 0.1)
    assert outcome.timed_out
    assert outcome.elapsed >= 0.3 or outcome.computed >= 0.05


def test_an_import_is_not_cut_off(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import time\nfor _ in range(30): time.sleep(0.01)\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        import slow_to_import

        return slow_to_import.whole

    outcome = run_limited(work, 0.02)
    assert outcome.timed_out or outcome.value
    assert sys.modules["slow_to_import"].whole
    monkeypatch.setattr(limits, "_IMPORT_SECONDS", 0.1)
    (tmp_path / "never_imported.py").write_text("while True: pass\n")

    def stuck():
        import never_imported  # noqa: F401

    assert run_limited(stuck, 0.02).timed_out


def test_threads_that_the_work_started_are_stopped_and_named():
    def background():
        while True:
            time.sleep(0.001)

    def starts():
        threading.Thread(target=background, name="my thread", daemon=True).start()
        return 7

    outcome = run_limited(starts, 5)
    assert outcome.value == 7
    assert len(outcome.threads) == 1
    assert "A thread that your code started was stopped: `my thread`, line" in outcome.threads[0]
    assert not [one for one in threading.enumerate() if one.name == "my thread"]


def test_a_thread_that_cannot_be_stopped_is_named_and_ends_later(monkeypatch):
    monkeypatch.setattr(stopping._RaiseAgain, "__call__", lambda self, *_: self)
    release = threading.Event()

    def stuck():
        for _ in range(3):
            try:
                release.wait()
                while True:
                    time.sleep(0.001)
            except:
                pass

    def starts():
        threading.Thread(target=stuck, name="stuck thread", daemon=True).start()

    outcome = run_limited(starts, 5, grace=0.3)
    assert "could not be stopped and still runs: `stuck thread`" in outcome.threads[0]
    (thread,) = (one for one in threading.enumerate() if one.name == "stuck thread")
    release.set()
    thread.join(30)
    assert not thread.is_alive()


def test_idle_threads_of_a_library_are_left_alone():
    pools = []

    def uses_a_pool():
        from concurrent.futures import ThreadPoolExecutor

        pools.append(ThreadPoolExecutor(1))
        return pools[0].submit(abs, -3).result()

    outcome = run_limited(uses_a_pool, 5)
    assert outcome.value == 3
    assert outcome.threads == ()
    assert pools[0].submit(abs, -4).result(30) == 4
    pools[0].shutdown()


def test_other_threads_start_as_before():
    start = threading.Thread.start
    run_limited(lambda: 1, 5)
    assert threading.Thread.start is start


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
