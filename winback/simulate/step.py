"""One more week of a simulated market, worked from delivered playbooks.

Belongs here: putting a week together: reps' work, the market's life, next week's input rows, the filled write-back.
Does not belong here: the history (`market`), files (`truth_folder`, `spreadsheet`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.simulate.days import date_of, require_monday
from winback.simulate.draws import Week
from winback.simulate.events import version
from winback.simulate.founding import draw_accounts
from winback.simulate.habits import Touches, stray_touches
from winback.simulate.journal import Journal
from winback.simulate.life import coming_week, live_week
from winback.simulate.market import COMPLETED_LATER, account_truth, lapsed_truth
from winback.simulate.parameters import Parameters
from winback.simulate.reference_tables import fx_rates
from winback.simulate.state import MarketState, Status
from winback.simulate.tables import event_tables, known_before
from winback.simulate.truth import truth_frames
from winback.simulate.working import PLAYBOOK_COLUMNS, filled_playbook, row_truth, work_rows


@dataclass(frozen=True)
class WeekResult:
    """What a simulated week leaves behind.

    `tables`: new rows of the input tables (only tables that have some; rows delivered earlier come again under the same key
    when they are completed). `write_back`: the playbook with its write-back columns filled. `truth`: the week's truth as in
    `Market.truth`, plus `rows`: what was true of each playbook row; `chances` are those of the week's Monday, before any
    contact; `accounts` is the standing after the week and replaces the one before. `state`: the market before the next week.
    """

    tables: dict[str, pl.DataFrame]
    write_back: pl.DataFrame
    truth: dict[str, pl.DataFrame]
    state: MarketState


def simulate_week(*, state: MarketState, playbook: pl.DataFrame, week_on: date, parameters: Parameters) -> WeekResult:
    """Let reps work `playbook` in the week from `week_on` and carry the market through that week.

    `playbook` has at least PLAYBOOK_COLUMNS and may be empty; its rows must be of `week_on`. The given state is left as it
    is. Returns of touched and untouched accounts are drawn from the same chances that the truth reports. The same
    arguments give the same result.
    """
    _check(state, playbook, week_on)
    before, state = state, copy.deepcopy(state)
    week = coming_week(state, parameters)
    chances = lapsed_truth(state, parameters)
    worked = work_rows(state, playbook, week)
    _let_in_new_accounts(state, week)
    journal = Journal()
    planned = worked.account[worked.account >= 0]
    live_week(state, _both(worked.touches, stray_touches(state, planned, week)), week, journal)
    write_back, left_alone = filled_playbook(state, worked, week)
    state.accounts.is_do_not_contact[left_alone] = True
    still_open = left_alone[state.accounts.status[left_alone] != Status.CLOSED]
    journal.add("account_versions", account=still_open, day=np.full(len(still_open), week.end - 1),
                **version(state.accounts, still_open))  # fmt: skip
    truth = truth_frames(journal)
    tables = event_tables(journal, state, parameters)
    truth["notes"] = tables.pop("notes")
    truth["rows"] = row_truth(before, state, worked, week)
    truth["chances"] = chances
    truth["accounts"] = account_truth(state.accounts)
    tables["fx_rates"] = fx_rates(state.seed, np.array([week.start]))
    for table, column in COMPLETED_LATER.items():
        tables[table] = _complete(state, tables[table], table, column, week)
    return WeekResult({t: f for t, f in sorted(tables.items()) if f.height}, write_back, truth, state)


def _check(state: MarketState, playbook: pl.DataFrame, week_on: date) -> None:
    if require_monday(week_on, "week_on") != state.week_day:
        raise UsageError(f"the market stands before the week of {date_of(state.week_day)}, not of {week_on}")
    missing = [c for c in PLAYBOOK_COLUMNS if c not in playbook.columns]
    if missing:
        raise UsageError(f"{len(missing)} missing columns in the playbook: {', '.join(missing)}")
    others = playbook.filter(pl.col("week_on") != week_on)
    if others.height:
        raise UsageError(f"{others.height} playbook rows are of another week than {week_on}: {others['row_key'][0]}, …")


def _let_in_new_accounts(state: MarketState, week: Week) -> None:
    rng = week.rng("arrivals")
    n = int(rng.poisson(week.parameters.market.arrival_weekly_share * state.n_founding))
    if n:
        new = draw_accounts(week.some_day(n, rng), state.reps, week.parameters, rng)
        state.accounts = state.accounts.joined(new)


def _both(first: Touches, second: Touches) -> Touches:
    return Touches(*(np.concatenate([getattr(first, f), getattr(second, f)]) for f in Touches.__dataclass_fields__))


def _complete(state: MarketState, new: pl.DataFrame, table: str, column: str, week: Week) -> pl.DataFrame:
    """New rows as known at the week's end, and earlier rows that were completed in the week; the rest stays pending."""
    visible, later = known_before(new, column, week.end)
    waiting = state.pending.get(table, new.clear())
    is_done = pl.col(column) < date_of(week.end)
    state.pending[table] = pl.concat([waiting.filter(~is_done), later])
    return pl.concat([visible, waiting.filter(is_done)])
