"""Statements of the lectures against numbers: what a notebook runs to confirm one or to correct it."""

from course_lib.claims.counts import ledger_counts
from course_lib.claims.verdicts import argue, claim

__all__ = ["argue", "claim", "ledger_counts"]
