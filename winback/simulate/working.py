"""How simulated reps work a delivered week: which rows, how long, whom they reach.

Belongs here: turning playbook rows into contacts within each rep's minutes. Does not belong here: what a contact does
(`returning`), what is written down afterwards (`write_back`), or contacts without playbooks (`habits`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import NEVER, dates
from winback.simulate.draws import Week
from winback.simulate.habits import Touches
from winback.simulate.note_writing import UNKNOWN
from winback.simulate.parameters import CODE_INDEX, CODES, TOUCH_CHANNELS
from winback.simulate.returning import horizon_prob, touch_log
from winback.simulate.state import Bools, Ints, MarketState, Status
from winback.simulate.tables import account_ids, words
from winback.simulate.write_back import WRITE_BACK_COLUMNS, Worked, fill_write_back

PLAYBOOK_COLUMNS = (
    "row_key", "account_id", "rep_id", "rank", "minutes", "play_channel", "offer_id", "primary_code", "week_on",
)  # fmt: skip
"""Columns that a delivered playbook must have at least."""


@dataclass(frozen=True)
class WorkedWeek:
    """The playbook's rows (one element each, in the order of `rows`) and what reps did with them.

    `spent_minutes` is 0 and `day` NEVER on rows that were not worked; `touches` are the contacts made.
    """

    rows: pl.DataFrame
    account: Ints
    is_worked: Bools
    is_reached: Bools
    spent_minutes: Ints
    day: Ints
    was_lapsed: Bools
    code: Ints
    touches: Touches


def work_rows(state: MarketState, playbook: pl.DataFrame, week: Week) -> WorkedWeek:
    """Let each rep work their rows from the top until the week's minutes are used up.

    Some reps are away, some rows are passed over, a call that reaches nobody is short, an offer is left out now and then.
    Rows of unknown reps or accounts are not worked.
    """
    habits, accounts = week.parameters.habits, state.accounts
    rows = playbook.sort("rep_id", "rank", "row_key")
    rng = week.rng("working")
    n, n_reps = rows.height, len(state.reps)
    rep = _positions(rows["rep_id"], "R", n_reps)
    account = _positions(rows["account_id"], "A", len(accounts))
    known = (rep >= 0) & (account >= 0)
    at, who = np.maximum(account, 0), np.maximum(rep, 0)
    is_closed = accounts.status[at] == Status.CLOSED
    contact_is_new = accounts.code[at] == CODE_INDEX["2a"]
    reach = habits.reached_share * np.where(is_closed, 0.4, np.where(contact_is_new, 0.75, 1.0))
    is_reached = rng.random(n) < reach
    planned = rows["minutes"].fill_null(0).to_numpy().astype(np.float64)
    taken = planned * np.exp(habits.minutes_sigma * rng.standard_normal(n)) * np.where(is_reached, 1.0, 0.35)
    minutes = np.maximum(np.ceil(taken), 1).astype(np.int64)
    away = rng.random(n_reps) < habits.absent_share
    attends = habits.least_attendance + (1 - habits.least_attendance) * rng.random(n_reps)
    capacity = np.where(away | ~state.reps.is_active, 0, np.floor(state.reps.weekly_minutes * attends)).astype(np.int64)
    tried = known & (rng.random(n) >= habits.skip_share)
    used = pl.DataFrame({"rep": rep, "m": np.where(tried, minutes, 0)}).select(pl.col("m").cum_sum().over("rep"))
    used_minutes = used["m"].to_numpy()
    is_worked = tried & (used_minutes <= capacity[who])
    share = (used_minutes - minutes) / np.maximum(capacity[who], 1)
    day = week.start + np.clip((5 * share).astype(np.int64), 0, 4)
    channel, offer = _play(rows)
    offer = np.where(rng.random(n) < habits.wrong_offer_share, NEVER, offer)
    done = np.flatnonzero(is_worked)
    return WorkedWeek(
        rows=rows,
        account=account,
        is_worked=is_worked,
        is_reached=is_worked & is_reached,
        spent_minutes=np.where(is_worked, minutes, 0),
        day=np.where(is_worked, day, NEVER),
        was_lapsed=known & (accounts.status[at] == Status.LAPSED),
        code=np.where(known & (accounts.code[at] >= 0), accounts.code[at], UNKNOWN),
        touches=Touches(
            account=at[done],
            day=day[done],
            rep=who[done],
            channel=channel[done],
            offer=offer[done],
            is_reached=is_reached[done],
            prob=np.full(len(done), np.nan),
        ),
    )


def filled_playbook(state: MarketState, worked: WorkedWeek, week: Week) -> tuple[pl.DataFrame, Ints]:
    """The rows with their write-back columns filled, and the accounts that asked to be left alone.

    `state` is the market after the week, so that a return in the week can be written down. Unworked rows are blank or
    marked not_worked.
    """
    accounts, habits = state.accounts, week.parameters.habits
    rng = week.rng("write back")
    done = np.flatnonzero(worked.is_worked)
    at = worked.account[done]
    has_bought = (accounts.last_spend_day[at] >= worked.day[done]) & worked.is_reached[done]
    filled = fill_write_back(
        Worked(
            day=worked.day[done],
            code=worked.code[done],
            language=accounts.is_english[at].astype(np.int64),
            is_reached=worked.is_reached[done],
            is_silent=accounts.is_silent[at],
            has_returned=has_bought,
            is_closed=accounts.status[at] == Status.CLOSED,
            has_new_contact=worked.code[done] == CODE_INDEX["2a"],
        ),
        week.parameters,
        rng,
        slips=True,
    )
    asks = filled.pop("asks").to_numpy()
    written = pl.DataFrame({"row": done} | filled | {"spent_minutes": worked.spent_minutes[done]})
    unworked = np.flatnonzero(~worked.is_worked)
    marked = unworked[rng.random(len(unworked)) < habits.marked_unworked_share]
    written = pl.concat([written, pl.DataFrame({"row": marked, "result": ["not_worked"] * len(marked)})], how="diagonal")
    rows = worked.rows.drop(WRITE_BACK_COLUMNS, strict=False).with_columns(row=np.arange(worked.rows.height))
    full = rows.join(written, on="row", how="left", maintain_order="left").drop("row")
    return full.select(*worked.rows.columns, *(c for c in WRITE_BACK_COLUMNS if c not in worked.rows.columns)), at[asks]


def row_truth(before: MarketState, after: MarketState, worked: WorkedWeek, week: Week) -> pl.DataFrame:
    """What was true of each playbook row: reason, chances on its Monday untouched and under its play, and what came of it.

    `before` is the market on the week's Monday, `after` on the next. Chances are null for accounts that had not lapsed.
    """
    rows = worked.rows
    at = np.maximum(worked.account, 0)
    channel, offer = _play(rows)
    log = touch_log(before, at, week.parameters, channel=channel, offer=offer, day=week.start)
    touched = horizon_prob(before.accounts, at, week.start, week.parameters, new_touch_log=log)
    untouched = horizon_prob(before.accounts, at, week.start, week.parameters)
    returned = worked.was_lapsed & (after.accounts.spell[at] > before.accounts.spell[at])
    frame = pl.DataFrame(
        {
            "row_key": rows["row_key"],
            "account_id": account_ids(at),
            "week_on": dates(np.full(rows.height, week.start)),
            "was_lapsed": worked.was_lapsed,
            "true_code": words(CODES, worked.code),
            "is_worked": worked.is_worked,
            "is_reached": worked.is_reached,
            "has_returned": returned,
            "prob_untouched": untouched,
            "prob_touched": touched,
        }
    )
    lapsed = pl.col("was_lapsed")
    return frame.with_columns(pl.when(lapsed).then(pl.col(c)).alias(c) for c in ("prob_untouched", "prob_touched"))


def _positions(ids: pl.Series, letter: str, n: int) -> Ints:
    """Positions behind identifiers; -1 where there is no such account or rep."""
    number = ids.str.extract(f"^{letter}(\\d+)$").cast(pl.Int64).fill_null(NEVER)
    positions = number.to_numpy()
    return np.where(positions < n, positions, NEVER)


def _play(rows: pl.DataFrame) -> tuple[Ints, Ints]:
    """Positions of the rows' channels (the telephone where none is named) and offers (-1 for none or an unknown one)."""
    channel = rows["play_channel"].replace_strict(
        list(TOUCH_CHANNELS), list(range(len(TOUCH_CHANNELS))), default=0, return_dtype=pl.Int64
    )
    ids = [o["offer_id"] for o in load_catalogue().offers]
    offer = rows["offer_id"].cast(pl.String).replace_strict(ids, list(range(len(ids))), default=NEVER, return_dtype=pl.Int64)
    return channel.to_numpy(), offer.to_numpy()
