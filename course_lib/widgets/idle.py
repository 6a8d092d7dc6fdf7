"""Whether the kernel has something better to do than to draw ahead of the reader, and when that may be stale."""

import weakref

__all__ = ["busy", "on_cell"]

_RUNNING = False
_LISTENERS: "weakref.WeakSet" = weakref.WeakSet()
_HOOKED: "weakref.WeakSet" = weakref.WeakSet()


def busy() -> bool:
    """Whether a cell is running now, or something trains on the screen."""
    from course_lib.widgets import runner

    return _RUNNING or runner.anything_plays()


def on_cell(listener):
    """Calls ``listener.on_cell()`` whenever a cell begins or ends; outside a notebook it never does."""
    _LISTENERS.add(listener)
    shell = _shell()
    if shell is not None and shell not in _HOOKED:
        _HOOKED.add(shell)
        shell.events.register("pre_execute", _starts)
        shell.events.register("post_execute", _ends)


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


def _tell(running):
    global _RUNNING
    _RUNNING = running
    for listener in list(_LISTENERS):
        listener.on_cell()
