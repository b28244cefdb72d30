"""The page of one representative: this week's list as cards.

Belongs here: which cards are on the page and its head. Does not belong here: a card's content (`views`), layout (`templates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from winback.pages.document import render_page
from winback.pages.views import sheet_view
from winback.sheet.sheet import AccountSheet


def rep_page(
    sheets: Sequence[AccountSheet], *, rep_id: str, week_on: date, language: str, is_simulated: bool = False
) -> bytes:
    """HTML of the listed `sheets` as ranked cards, for readers of `language` ('en' or 'zh'); without sheets an empty list.

    Every sheet must be listed (`sheet.listed`). Holds personal data of the representative's own accounts.
    """
    views = [sheet_view(sheet, language=language) for sheet in sheets]
    views.sort(key=lambda view: (view.row or {})["rank"])
    return render_page(
        "rep_page.html",
        language=language,
        views=views,
        rep_id=rep_id,
        week_on=week_on,
        is_simulated=is_simulated,
        minutes=sum((view.row or {})["minutes"] for view in views),
    )
