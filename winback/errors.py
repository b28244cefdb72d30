"""Errors that people read.

Belongs here: the exceptions whose message a user sees as it is. Each says what, where, how many and what to do next.
Does not belong here: errors of programming, which stay ordinary exceptions and show a traceback in the log.
"""

from __future__ import annotations


class WinbackError(Exception):
    """Base of all errors meant for people; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(WinbackError):
    """The command, configuration or input was used wrongly (exit code 2)."""

    exit_code = 2


class WithheldError(WinbackError):
    """A week was computed or begun and is deliberately not published (exit code 1)."""


class RunFailedError(WinbackError):
    """A run could not be finished (exit code 1)."""


class PassingError(RunFailedError):
    """What stopped the run may be over soon; the same attempt can succeed later (exit code 1)."""


class UnreadableFileError(WinbackError):
    """A delivered file cannot be read; it is rejected as a whole and the run goes on."""
