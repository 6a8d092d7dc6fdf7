"""A frame as the picture of a saved notebook."""

__all__ = ["still"]


def still(frame) -> bytes:
    """A small PNG of a ``Frame``, two pixels for each CSS pixel; the same frame, the same bytes."""
    from course_lib.figure import agg, encode

    return encode.static_png(agg.paint(frame, ratio=2.0))
