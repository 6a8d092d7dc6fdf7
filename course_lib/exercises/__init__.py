"""Exercises that are marked the moment they are run: ``check``, ``hint`` and ``progress``."""

from .check import check
from .hints import hint
from .progress import progress, progress_summary

__all__ = ["check", "hint", "progress", "progress_summary"]
