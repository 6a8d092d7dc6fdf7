"""Which live pictures a notebook cell made, so that running it again takes the old ones down."""

import threading

__all__ = ["register"]

_LOCK = threading.Lock()
# Cell to the execution that made its pictures, and those pictures.
_LIVE: dict[str, tuple[int, list]] = {}


def register(closable):
    """Remembers a picture of the running cell; pictures that an earlier run of the same cell made are closed.

    Outside a notebook nothing is remembered.
    """
    cell, execution = _running_cell()
    if cell is None:
        return
    with _LOCK:
        before, live = _LIVE.get(cell, (None, []))
        old = live if before != execution else []
        _LIVE[cell] = (execution, [closable] if before != execution else [*live, closable])
    for one in old:
        one.close()


def _running_cell():
    try:
        from IPython import get_ipython

        shell = get_ipython()
        metadata = shell.kernel.get_parent().get("metadata", {})
        cell = metadata.get("cellId") or metadata.get("cell_id")
        return cell, shell.execution_count
    except (ImportError, AttributeError, TypeError):
        return None, 0
