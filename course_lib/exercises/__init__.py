"""Exercises that are marked the moment they are run: ``check``, ``hint`` and ``progress``; predictions that are not."""

from course_lib.exercises.checking import check
from course_lib.exercises.hints import hint
from course_lib.exercises.ownership import owner
from course_lib.exercises.prediction import predict
from course_lib.exercises.progress_table import progress, progress_summary
from course_lib.exercises.sharing import share

__all__ = ["check", "hint", "owner", "predict", "progress", "progress_summary", "share"]
