"""Names a user gave, looked up among those that exist.

Belongs here: finding a name or saying which one may have been meant. Does not belong here: what is done with it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from winback.errors import UsageError

_MOST_LISTED = 20


def require_name(name: str, known: Sequence[str], kind: str, place: str) -> str:
    """`name` if it is among `known`; else UsageError that says which was likely meant, or lists what there is.

    `kind` is what the name stands for ("column"), `place` where it was looked for ("'test.csv'").
    """
    if name in known:
        return name
    close = difflib.get_close_matches(name.casefold(), [k.casefold() for k in known], n=1, cutoff=0.6)
    meant = next((k for k in known if close and k.casefold() == close[0]), None)
    hint = f" Did you mean '{meant}'?" if meant is not None else ""
    raise UsageError(f"{place} has no {kind} '{name}'.{hint} It has: {listed(known)}.")


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, the first twenty of them."""
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_LISTED])
    rest = len(names) - _MOST_LISTED
    return f"{shown} and {rest:,} more" if rest > 0 else shown
