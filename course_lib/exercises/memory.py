"""How much memory the process holds, and how to give back what is not needed any more."""

import contextlib
import ctypes
import gc
import os

__all__ = ["give_back", "resident"]


def resident() -> int:
    """Bytes of memory that the process holds, 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def give_back():
    """What an endless loop has piled up goes back to the system; the C library would keep it for the next thread."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
