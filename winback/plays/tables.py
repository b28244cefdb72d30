"""The catalogue as rows.

Belongs here: plays and steps as frames in one language. Does not belong here: anything that depends on an account
(`talk_track`).
"""

from __future__ import annotations

import polars as pl

from winback.plays.library import load_plays
from winback.plays.play import Play
from winback.plays.sentences import Language

_FIRST_WEEK_DAYS = 7


def play_rows(language: Language) -> pl.DataFrame:
    """One row per play: what `core_plays` needs that is the same for every account.

    `minutes` are those of the steps due in the first week, the list's capacity; `due_days` is the first contact's.
    """
    return pl.DataFrame([_play_row(play, language) for play in load_plays().values()], schema_overrides={"code": pl.String})


def step_rows(language: Language) -> pl.DataFrame:
    """One row per play and step, in order, `step_no` from 1."""
    return pl.DataFrame(
        [
            {
                "play_id": play.id,
                "step_no": number,
                "step_id": step.id,
                "lane": step.lane,
                "channel": step.channel,
                "contact_role": step.contact_role,
                "minutes": step.minutes,
                "due_days": step.due_days,
                "do_text": step.do.said_in(language),
                "go_on_text": step.go_on.said_in(language),
            }
            for play in load_plays().values()
            for number, step in enumerate(play.steps, start=1)
        ]
    )


def _play_row(play: Play, language: Language) -> dict[str, str | int | None]:
    return {
        "play_id": play.id,
        "play_version": play.version,
        "code": play.code,
        "lane": play.lane,
        "play_channel": play.channels[0],
        "contact_role": play.contact_role,
        "minutes": play.minutes_within(_FIRST_WEEK_DAYS),
        "due_days": play.first_contact.due_days,
        "contact_cap": play.contact_cap.contacts,
        "contact_cap_days": play.contact_cap.within_days,
        "offer_kinds": ";".join(play.offers),
        "action": play.action.said_in(language),
        "offer_rule": play.offer_rule.said_in(language),
        "do_not_say": ("" if language == "zh" else " ").join(text.said_in(language) for text in play.do_not_say),
    }
