"""Names of delivered files.

Belongs here: a safe, unique and readable file name for a representative, whatever their id holds. Does not belong here:
folders.
"""

from __future__ import annotations

import hashlib
import re

PROMISES_SUFFIX = "_promises.csv"
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def rep_file_name(rep_id: str) -> str:
    """`rep_<slug>-<hash>.csv`.

    The slug is the id in lower-case letters, digits and dashes (at most 40); the hash, 16 hexadecimal characters of SHA-256
    over the id as it is, keeps 'Li' and 'li', or 'a/b' and 'a_b', apart even where file names ignore case.
    """
    slug = _NOT_PLAIN.sub("-", rep_id.lower()).strip("-")[:40] or "rep"
    return f"rep_{slug}-{hashlib.sha256(rep_id.encode()).hexdigest()[:16]}.csv"


def promises_file_name(rep_id: str) -> str:
    """`rep_<slug>-<hash>_promises.csv`, beside the representative's list."""
    return rep_file_name(rep_id).removesuffix(".csv") + PROMISES_SUFFIX


def home_of(file_stem: str) -> str:
    """The stem that all files of one representative share."""
    return file_stem.removesuffix(PROMISES_SUFFIX.removesuffix(".csv"))


def is_promises_file(name: str) -> bool:
    """Whether a file name is that of a representative's promises."""
    return name.endswith(PROMISES_SUFFIX)
