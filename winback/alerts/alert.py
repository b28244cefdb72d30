"""One alert.

Belongs here: its parts, its text, and hiding what could be personal data in the cause. Does not belong here: channels.
"""

from __future__ import annotations

from dataclasses import dataclass

from winback.reasons.masking import mask_personal

LONGEST_CAUSE = 600


@dataclass(frozen=True)
class Alert:
    """What failed in which week, the asset it failed in, the cause, and what to do next."""

    workspace: str
    week: str | None
    asset: str | None
    cause: str
    next_step: str

    @property
    def title(self) -> str:
        """One line."""
        return f"winback {self.workspace}: {'week ' + self.week if self.week else 'a load'} did not come out"

    @property
    def text(self) -> str:
        """The whole message."""
        return f"{self.title}\nIn: {self.asset or 'no asset'}\nCause: {self.cause}\nNext: {self.next_step}"


def alert_of(workspace: str, week: str | None, asset: str | None, cause: str) -> Alert:
    """The alert for a failed run; numbers, names and addresses in the cause are hidden, since causes can quote cells."""
    command = f"winback run --week {week}" if week else "winback run"
    next_step = f"winback status and winback doctor say more; after mending: {command}. The last good week stays until then."
    return Alert(workspace, week, asset, mask_personal(cause).strip()[:LONGEST_CAUSE], next_step)
