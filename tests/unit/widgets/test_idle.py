"""What counts as a cell: cells do, and messages of the page do unless they only move a picture."""

import pytest
from comm.base_comm import BaseComm
from IPython.core.interactiveshell import InteractiveShell

from course_lib.widgets import Slider, explore, idle


class Listener:
    def __init__(self):
        self.calls = 0
        self.was_busy = []

    def on_cell(self):
        self.calls += 1
        self.was_busy.append(idle.busy())


class Silent(BaseComm):
    """A comm whose other end is nowhere."""

    def publish_msg(self, *_args, **_settings):
        pass


@pytest.fixture
def shell(monkeypatch):
    shell = InteractiveShell()
    # Both the kernel's comms and our code ask for it.
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return shell


@pytest.fixture
def listener(shell):
    listener = Listener()
    idle.on_cell(listener)
    return listener


def tell(hear):
    """A message of the page, as a kernel handles it."""
    comm = Silent(target_name="test", primary=False)
    comm.on_msg(lambda _message: hear())
    comm.handle_msg({})


@pytest.mark.parametrize("source", ["x = 1", "1 / 0"])
def test_a_cell_begins_and_ends_also_when_it_fails(shell, listener, source, capsys):
    shell.run_cell(source)
    assert listener.was_busy[0] and not listener.was_busy[-1]
    assert not idle.busy()


def test_moving_a_picture_is_no_cell(shell, listener):
    explorable = explore(lambda view, slope: None, alt="Nothing.", slope=Slider(0.0, 1.0))
    calls = listener.calls
    tell(
        lambda: explorable.widget._arrived(
            None, {"do": "move", "ask": 1, "values": {"slope": 3}, "have": 1}, []
        )
    )
    assert explorable.values["slope"] == pytest.approx(0.03)
    assert listener.calls == calls


def test_a_message_to_any_other_widget_may_change_what_pictures_show(shell, listener):
    tell(idle.harmless)
    assert listener.calls == 0
    tell(lambda: None)
    assert listener.calls == 1 and not idle.busy()


def test_a_message_while_a_cell_runs_does_not_end_the_cell(shell, listener):
    busy = []
    shell.user_ns["message"] = lambda: (tell(lambda: None), busy.append(idle.busy()))
    shell.run_cell("message()")
    assert busy == [True] and not idle.busy()
