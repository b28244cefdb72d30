"""The page of one account: its sheet, to print before a visit.

Belongs here: the page around one sheet. Does not belong here: its content (`views`), layout (`templates`).
"""

from __future__ import annotations

from winback.pages.document import render_page
from winback.pages.views import sheet_view
from winback.sheet.build import TIMELINE_ROWS
from winback.sheet.sheet import AccountSheet


def account_page(sheet: AccountSheet, *, language: str, is_simulated: bool = False) -> bytes:
    """HTML of one sheet with its whole timeline. Holds personal data."""
    return render_page(
        "account_page.html",
        language=language,
        view=sheet_view(sheet, language=language, timeline_rows=TIMELINE_ROWS),
        sheet=sheet,
        is_simulated=is_simulated,
    )
