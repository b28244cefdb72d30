"""The win-back contacts of the history as assignments: who was contacted by habit, who by lot, and who was held back.

Belongs here: the assignments table of the time before playbooks, under the row keys of `history_outcomes`. Does not belong here:
assignments of playbooks (the product's own ledger), what came of the contacts.

Contacts by habit have no probability: nobody drew them, and none is made up afterwards. Lapses that the lot gave to exploration are
contacted with the same chance in each week; lapses that it held back are never contacted, so the week in which they would have been
is drawn here with that same chance. Among both, a row is a contact with the share that the lot gave to exploration.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import FAR, NEVER, dates, week_number
from winback.simulate.draws import stream
from winback.simulate.journal import Columns, Journal
from winback.simulate.parameters import TOUCH_CHANNELS, Parameters
from winback.simulate.state import Ints, Lot, MarketState
from winback.simulate.tables import account_ids, conform, rep_ids, words

EXPERIMENT = "history"
"""Name under which the lot of the history is logged."""


def history_assignments(journal: Journal, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    """Rows of the input `assignments`: every win-back contact of the journal, and every lapse held back in its stead.

    The journal is left as it was. Contacts that nobody wrote back are there, too; they have no row in `outcomes`.
    """
    touches, lapses = _events(journal, "touches"), _events(journal, "lapses")
    if touches is None or lapses is None:
        return conform("assignments", {}).clear()
    explored = touches["lot"] == Lot.EXPLORE
    habits = parameters.habits
    n_arms = len(TOUCH_CHANNELS) * (len(load_catalogue().offers) + 1)
    share = habits.explore_share / (habits.explore_share + habits.holdout_share)
    offers = [o["offer_id"] for o in load_catalogue().offers]
    contacts = conform(
        "assignments",
        {
            "row_key": row_keys("H", touches["day"], np.arange(len(explored))),
            "account_id": account_ids(touches["account"]),
            "assigned_on": dates(touches["day"]),
            "rep_id": rep_ids(touches["rep"]),
            "offer_id": words(offers, touches["offer"]),
            "channel": words(TOUCH_CHANNELS, touches["channel"]),
            "assignment": np.where(explored, "explore", "treated"),
            "assignment_prob": _where(explored, share),
            "arm_prob": _where(explored, 1 / n_arms),
            "n_arms": pl.Series(np.where(explored, n_arms, 0)).replace(0, None),
            "experiment_id": _where(explored, EXPERIMENT),
        },
    )
    return pl.concat([contacts, _held_back(journal, lapses, state, parameters, 1 - share)]).sort("row_key")


def row_keys(letter: str, day: Ints, number: Ints) -> pl.Series:
    """Row keys of the history: a letter, the week, a running number."""
    return letter + pl.Series(week_number(day)).cast(pl.String) + pl.Series(number).cast(pl.String).str.zfill(8)


def _held_back(journal: Journal, lapses: Columns, state: MarketState, parameters: Parameters, share: float) -> pl.DataFrame:
    """A row per lapse of the holdout and week in which it would have been contacted, had the lot given it to exploration."""
    at, day = _would_be_contacted(journal, lapses, state, parameters)
    n = len(at)
    return conform(
        "assignments",
        {
            "row_key": row_keys("X", day, np.arange(n)),
            "account_id": account_ids(at),
            "assigned_on": dates(day),
            "rep_id": rep_ids(state.accounts.rep[at]),
            "assignment": ["holdout"] * n,
            "assignment_prob": [share] * n,
            "experiment_id": [EXPERIMENT] * n,
        },
    )


def _would_be_contacted(journal: Journal, lapses: Columns, state: MarketState, parameters: Parameters) -> tuple[Ints, Ints]:
    """Accounts and Mondays, drawn by the rules of `habits.habitual_touches` for exploration: noticed, rested, free to be called."""
    habits, accounts = parameters.habits, state.accounts
    held = np.flatnonzero(lapses["lot"] == Lot.HOLDOUT)
    at, left = lapses["account"][held], lapses["day"][held]
    until = np.minimum(_end(journal, "returns", lapses, held), _end(journal, "closures", lapses, held))
    allowed = ~accounts.is_do_not_contact[at] & (accounts.consent[at] != 0)
    rested = np.full(len(held), NEVER)
    rng = stream(state.seed, 0, "history holdout")
    found: list[tuple[Ints, Ints]] = []
    for monday in range(state.first_day, state.week_day, 7):
        ready = allowed & (left <= monday - 7 * habits.notice_weeks) & (until >= monday)
        ready &= rested < monday - 7 * habits.rest_weeks
        draw = rng.random((2, len(held)))
        hit = np.flatnonzero(ready & (draw[0] < habits.explore_weekly))
        rested[hit[draw[1][hit] < habits.reached_share]] = monday
        found.append((at[hit], np.full(len(hit), monday)))
    return np.concatenate([a for a, _ in found]), np.concatenate([d for _, d in found])


def _end(journal: Journal, kind: str, lapses: Columns, held: Ints) -> Ints:
    """Day on which each held lapse ended by a return, or its account closed; far off where it did not."""
    ends = _events(journal, kind)
    if ends is None:
        return np.full(len(held), FAR)
    has_number = "lapse_no" in ends

    def key(e: Columns) -> Ints:
        return np.asarray(e["account"] * 1000 + (e["lapse_no"] if has_number else 0), dtype=np.int64)

    days = dict(zip(key(ends).tolist(), ends["day"].tolist(), strict=True))
    return np.array([days.get(k, FAR) for k in key(lapses)[held].tolist()], dtype=np.int64)


def _events(journal: Journal, kind: str) -> Columns | None:
    events = journal.take(kind)
    if events is not None:
        journal.add(kind, **events)
    return events


def _where(chosen: npt.NDArray[np.bool_], value: float | str) -> pl.Series:
    return pl.Series(
        [value if c else None for c in chosen.tolist()], dtype=pl.String if isinstance(value, str) else pl.Float64
    )
