"""Whose function a picture runs on, to be said in the picture."""

__all__ = ["owner"]


def owner(function) -> str:
    """``"your function"`` for what was written in the notebook, else ``"the course's function"``.

    ``check`` gives back one or the other; a picture that says which shows that an answer is carried on.

    >>> owner(print)
    "the course's function"
    """
    return "your function" if getattr(function, "__module__", None) == "__main__" else "the course's function"
