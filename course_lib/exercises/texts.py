"""Words that come from a student's objects, made fit for a card: short, printable, and never an error."""

from course_lib.exercises.stopping import Stopped

__all__ = ["clean", "error_text", "one_line", "safely"]


def safely(call, fallback=""):
    """``call()``, or the fallback when the object behind it raises, even a ``SystemExit``.

    Only the exception that ends a thread whose time is up goes through (see ``stopping``).
    """
    try:
        return call()
    except Stopped:
        raise
    except BaseException:
        return fallback


def clean(text: str, limit: int = 2000) -> str:
    """The text without lone surrogates and control characters, cut to at most ``limit`` characters.

    >>> clean("a" * 10, 4), clean("bell\\a \\ud800")
    ('aaa…', 'bell� �')
    """
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        one if one in "\n\t" or not (ord(one) < 32 or 0x7F <= ord(one) < 0xA0 or 0xD800 <= ord(one) < 0xE000)
        else "�"
        for one in text
    )  # fmt: skip


def one_line(text: str, limit: int) -> str:
    """The same on one line, with single spaces."""
    return clean(" ".join(text[: 8 * limit].split()), limit)


def error_text(error: BaseException, limit: int = 400) -> str:
    """``"ValueError: the message"``, whatever the exception's own ``__str__`` does."""
    name = one_line(safely(lambda: str(type(error).__name__), "an error"), 80)
    text = one_line(safely(lambda: str.__str__(str(error)), "(its message cannot be shown)"), limit)
    return f"{name}: {text}" if text else name
