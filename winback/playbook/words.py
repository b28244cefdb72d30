"""What each row of the lists says.

Belongs here: turning the facts of a listed row into its texts, in which language. Does not belong here: the sentences
(`winback.plays`, `winback.offers.texts`), or fetching the facts (`sql/out/out_facts*.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from winback.offers.texts import offer_text
from winback.playbook.script import traditional
from winback.plays.facts import load_facts
from winback.plays.library import load_plays
from winback.plays.play import Play
from winback.plays.row_texts import action_text, do_not_say, reason_text, steps_text, why_now
from winback.plays.talk_track import facts_to_bring, restart_text, talk_track
from winback.plays.written import Language, in_one_line

_TEXTS = (
    "row_key", "action", "why_now", "reason_name", "offer_text", "talk_track", "do_not_say", "facts_text", "steps_text",
    "restart_text", "drivers_text",
)  # fmt: skip


def word_rows(
    facts: pl.DataFrame, offers: pl.DataFrame, drivers: pl.DataFrame, *, language: Language, currency: str
) -> pl.DataFrame:
    """Rows of `out_words`, one for each row of `facts` (the columns of `out_facts`), in the order of their keys.

    `offers` has the columns of `out_offers`, `drivers` those of `score_drivers`; either may be empty. Everything is in
    `language`, that of the workspace, but for the talk track, which is in the account's language and script where these are
    known. Amounts are in `currency`.
    """
    offer_of = {row["row_key"]: row | {"currency": currency} for row in offers.iter_rows(named=True)}
    drivers_of = _drivers_text(drivers, language)
    rows = [
        _words(row, offer_of.get(row["row_key"]), language, currency) | {"drivers_text": drivers_of.get(row["account_id"])}
        for row in facts.sort("row_key").iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(_TEXTS, pl.String))


def spoken_language(tag: str | None, workspace_language: Language) -> Language:
    """The language of the library that an account with this language tag is spoken to in."""
    if tag is None:
        return workspace_language
    return "zh" if tag.lower().startswith("zh") else "en"


def _words(
    row: Mapping[str, Any], offer: Mapping[str, Any] | None, language: Language, currency: str
) -> dict[str, str | None]:
    play, is_outright = load_plays()[row["play_id"]], bool(row["is_outright"])
    facts = {name: row[name] for name in load_facts()} | {"currency": currency}
    return {
        "row_key": row["row_key"],
        "action": action_text(play, language, is_said_outright=is_outright),
        "why_now": why_now(facts, language),
        "reason_name": reason_text(facts, language, primary_code=row["primary_code"], is_abstained=row["is_abstained"]),
        "offer_text": None if offer is None else offer_text(offer, language),
        "talk_track": _talk(play, row, facts, language),
        "do_not_say": do_not_say(play, language, is_said_outright=is_outright, taboos=row["taboos"]),
        "facts_text": "\n".join(facts_to_bring(play, facts, language)) or None,
        "steps_text": steps_text(play, language, row["week_on"], is_said_outright=is_outright, due_on=row["due_on_plan"]),
        "restart_text": restart_text(play, facts, language),
    }


def _talk(play: Play, row: Mapping[str, Any], facts: Mapping[str, Any], language: Language) -> str:
    said = talk_track(
        play,
        facts,
        spoken_language(row["language"], language),
        is_said_outright=bool(row["is_outright"]),
        temperament=row["temperament"],
    )
    return traditional(said) if (row["language"] or "").lower().startswith("zh-hant") else said


def _drivers_text(drivers: pl.DataFrame, language: Language) -> dict[str, str]:
    """The drivers of each account in one line, strongest first."""
    texts: dict[str, list[str]] = {}
    told = drivers.drop_nulls("driver_text").sort("account_id", "driver_no").select("account_id", "driver_text")
    for account_id, text in told.iter_rows():
        texts.setdefault(account_id, []).append(in_one_line(text))
    return {account_id: ("；" if language == "zh" else "; ").join(said) for account_id, said in texts.items()}
