"""The package behind the notebooks of the course on generative models.

Importing it is instant: each room (``course_lib.divergences``, ``course_lib.widgets``, ...) is imported when it
is first used, and ``python -m course_lib setup`` runs before anything is installed.
"""

__version__ = "0.1.0"
