"""What the place where a notebook is shown can do."""

import sys

__all__ = ["paints_from_threads"]


def paints_from_threads() -> bool:
    """Whether the page shows what a background thread does to a widget; on Colab it does not."""
    return "google.colab" not in sys.modules
