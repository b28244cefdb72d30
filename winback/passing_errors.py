"""Which errors may pass by themselves.

Belongs here: telling a lock, a full disk, or a connection that broke from an error that the next attempt would meet again. Does not
belong here: trying again (`assets.steps`).
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator

import duckdb

from winback.errors import PassingError, UsageError, WithheldError

_PASSING_NUMBERS = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EDEADLK,
        errno.EDQUOT,
        errno.EINTR,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOLCK,
        errno.ENOSPC,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.ETXTBSY,
    }
)
_PASSING_TEXTS = (
    "Could not set lock on file",
    "Conflicting lock",
    "No space left on device",
    "Disk quota exceeded",
    "Resource temporarily unavailable",
    "Device or resource busy",
    "Too many open files",
)
"""What DuckDB says: it passes on the system's words, not its numbers, under several of its classes."""


def may_pass(error: BaseException) -> bool:
    """Whether another attempt can succeed with nobody mending anything but the machine's own state.

    True of `PassingError`, and of an error that has a lock, a full disk or quota, too many open files or a broken connection
    among its causes. What people did wrong (`UsageError`) and weeks withheld on purpose never pass, whatever caused them.
    """
    if isinstance(error, UsageError | WithheldError):
        return False
    return any(_passes(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _passes(error: BaseException) -> bool:
    if isinstance(error, PassingError | TimeoutError | ConnectionError):
        return True
    if isinstance(error, duckdb.Error):
        return any(text in str(error) for text in _PASSING_TEXTS)
    return isinstance(error, OSError) and (error.errno in _PASSING_NUMBERS or _is_lost_answer(error))


def _is_lost_answer(error: OSError) -> bool:
    """Of requests, which is not loaded where nobody asked anything over the network."""
    requests = sys.modules.get("requests")
    return requests is not None and isinstance(error, (requests.Timeout, requests.ConnectionError))
