"""The exception that ends a student's thread from outside, and that cannot be swallowed for long."""

import ctypes
import dis
import os
import sys
import threading

__all__ = ["Stopped", "send"]

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PUSH_EXC_INFO = dis.opmap.get("PUSH_EXC_INFO", -1)


class Stopped(SystemExit):
    """Raised in the student's code when its time is up.

    A ``SystemExit``, because ``except Exception`` does not catch it and a thread that dies of it stays silent. A bare
    ``except:`` does catch it. But Python makes the instance only when a handler takes the exception, in the
    student's thread: so the constructor knows that it is being caught, and has the steps that follow raise again,
    which leaves the ``try`` statement, through as many of them as there are. (From Python 3.12 on the
    instance is made a little earlier, and a second handler around the first may swallow the second exception; the
    thread is then left behind.) Handlers of the course's own code are left in peace.
    """

    def __init__(self):
        super().__init__("time is up")
        frame = sys._getframe(1)
        if not _is_ours(frame):
            again = _RaiseAgain()
            frame.f_trace = again
            frame.f_trace_opcodes = True
            sys.settrace(again)


class _RaiseAgain:
    """A trace function that sends one more :class:`Stopped`, best just after the handler that swallowed the last.

    While a handler runs, Python makes the next instance at once, and nothing would be known of who catches it; so
    it waits for the handler's end, unless that does not come.
    """

    patience = 500  # steps of bytecode

    def __call__(self, frame, event, _argument):
        if _is_ours(frame):
            return None
        frame.f_trace_opcodes = True
        if event not in ("line", "opcode") or frame.f_code.co_code[frame.f_lasti] == _PUSH_EXC_INFO:
            return self
        self.patience -= 1
        if sys.exc_info()[0] is None or self.patience < 0:
            sys.settrace(None)  # a trace function that is still set makes the instance too early as well
            send(threading.get_ident())
        return self


def _is_ours(frame) -> bool:
    return os.path.dirname(frame.f_code.co_filename) + os.sep == _HERE


def send(ident: int):
    """Raises :class:`Stopped` in the thread with this identity, at its next step of Python."""
    exception = ctypes.py_object(Stopped)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), exception)
