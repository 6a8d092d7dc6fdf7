"""Exercises that are marked the moment they are run: ``check``, ``hint`` and ``progress``."""

from .check import check
from .hints import hint
from .owner import owner
from .progress import progress, progress_summary

__all__ = ["check", "hint", "owner", "progress", "progress_summary"]
