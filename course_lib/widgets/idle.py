"""Whether the kernel has something better to do than to draw ahead of the reader, and when that may be stale."""

import threading
import weakref

__all__ = ["busy", "harmless", "on_cell"]

_RUNNING = False
_LISTENERS: "weakref.WeakSet" = weakref.WeakSet()
_HOOKED: "weakref.WeakSet" = weakref.WeakSet()
# Set in a thread whose present message changes nothing.
_MESSAGE = threading.local()


def busy() -> bool:
    """Whether a cell is running now, or something trains on the screen."""
    from course_lib.widgets import runner

    return _RUNNING or runner.anything_plays()


def on_cell(listener):
    """Calls ``listener.on_cell()`` whenever a cell begins or ends, and after messages of the page that may change data.

    Such messages are those to widgets of others, and to trainings. Outside a notebook it never calls.
    """
    _LISTENERS.add(listener)
    shell = _shell()
    if shell is not None and shell not in _HOOKED:
        _HOOKED.add(shell)
        shell.events.register("pre_run_cell", lambda _info: _starts())
        shell.events.register("post_run_cell", lambda _result: _ends())
        # A kernel tells of a message of the page as if it were a cell.
        shell.events.register("post_execute", _heard)


def harmless():
    """The message that this thread handles now moves a picture: it changes nothing that others draw."""
    _MESSAGE.harmless = True


def _shell():
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def _starts():
    _tell(running=True)


def _ends():
    _tell(running=False)


def _heard():
    if not vars(_MESSAGE).pop("harmless", False):
        _tell(running=_RUNNING)


def _tell(running):
    global _RUNNING
    _RUNNING = running
    for listener in list(_LISTENERS):
        listener.on_cell()
