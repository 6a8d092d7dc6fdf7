"""What does not end is stopped, in whichever thread it is, and nothing is left that could hit what comes after."""

import os
import signal
import subprocess
import sys
import threading
import time
import traceback

import pytest

from course_lib.widgets import patience as module
from course_lib.widgets.patience import Patience


def endless():
    while True:
        pass


def endless_and_deaf():
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def hoarding():
    hoard = [bytes(1_000_000)]
    while True:
        hoard[0] += b""


@pytest.mark.parametrize("work", [endless, endless_and_deaf])
def test_an_endless_call_is_stopped_and_the_error_leads_to_its_line(work):
    with pytest.raises(TimeoutError, match="endless loop") as caught:
        Patience(0.3).call(work)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == work.__name__


def test_what_the_call_has_piled_up_is_let_go_with_it():
    with pytest.raises(TimeoutError) as caught:
        Patience(0.3).call(hoarding)
    trace = caught.value.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    assert trace.tb_frame.f_code.co_name == "hoarding" and "hoard" not in trace.tb_frame.f_locals


def test_a_loop_that_catches_everything_once_is_asked_again():
    seen = []

    def stubborn():
        try:
            endless()
        except BaseException as error:
            seen.append(error)
        endless()

    with pytest.raises(TimeoutError):
        Patience(0.3).call(stubborn)
    assert len(seen) == 1


def test_calls_that_end_are_let_through_with_their_values_and_their_errors():
    patience = Patience(0.3)
    assert [patience.call(lambda i=i: i) for i in range(1000)] == list(range(1000))
    with pytest.raises(KeyError):
        patience.call(lambda: {}["missing"])
    assert patience.waiting == 0


def test_an_exception_sent_at_the_last_moment_hits_nothing_that_comes_after():
    """The limit and the end of the call meet again and again; whichever wins, what follows the call goes on."""
    patience, outcomes = Patience(0.0), set()
    for _ in range(12):

        def until_it_is_sent():
            before = patience._last_sent
            while patience._last_sent == before:
                pass

        try:
            patience.call(until_it_is_sent)
            outcomes.add("returned")
        except TimeoutError:
            outcomes.add("stopped")
        assert sum(range(20_000)) == 199_990_000
    assert outcomes <= {"returned", "stopped"}


def test_who_asks_ends_a_call_that_lasts_long_but_not_a_short_one(monkeypatch):
    monkeypatch.setattr(module, "_LONG", 0.2)
    patience = Patience(60.0)
    patience.hurry()  # nothing is there to end
    asking = threading.Thread(target=lambda: [time.sleep(0.05) or patience.hurry() for _ in range(40)])
    asking.start()
    with pytest.raises(TimeoutError):
        patience.call(endless)
    asking.join()
    monkeypatch.setattr(module, "_LONG", 60.0)
    patience.hurry()
    assert patience.call(lambda: patience.hurry() or "done") == "done"


def test_while_a_call_lasts_long_it_is_told(monkeypatch):
    monkeypatch.setattr(module, "_LONG", 0.0)
    told = []
    patience = Patience(1.6, lambda: told.append(patience.waiting))
    with pytest.raises(TimeoutError):
        patience.call(endless)
    assert told and all(one > 0 for one in told)


def test_the_thread_that_looks_on_ends_when_nothing_is_called(monkeypatch):
    monkeypatch.setattr(module, "_IDLE", 0.0)
    patience = Patience()
    patience.call(lambda: None)
    watcher = patience._watcher
    if watcher is not None:  # else it has ended already
        watcher.join(10)
        assert not watcher.is_alive()
    assert patience._watcher is None and patience.call(lambda: 3) == 3


_INTERRUPTED = """
import os, signal, threading, time
from course_lib.widgets import patience as module
module._LONG = 0.2
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a kernel does between cells
patience, heard = module.Patience(60.0), []
threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with patience.interruptible(lambda: heard.append("pause")):
        patience.call(lambda: time.sleep(50))
except TimeoutError as error:
    print(error, heard, signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGINT)  # is ignored again
print("alive")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals between processes")
def test_an_interrupt_of_the_kernel_ends_what_even_sleeps():
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True, timeout=60, env={**os.environ}
    )
    assert "endless loop? ['pause'] True" in done.stdout and "alive" in done.stdout, done.stderr


def test_where_something_else_listens_to_interrupts_it_goes_on_listening():
    before = signal.getsignal(signal.SIGINT)
    with Patience().interruptible(lambda: None):
        assert signal.getsignal(signal.SIGINT) == before != signal.SIG_IGN
