"""Statements of the lectures against numbers: what a notebook runs to confirm one or to correct it."""

from course_lib.claims.counts import ledger_counts
from course_lib.claims.verdicts import argue, convention, erratum, holds

__all__ = ["argue", "convention", "erratum", "holds", "ledger_counts"]
