"""A whole market: its history as input tables, its truth, and the state from which it goes on.

Belongs here: founding a market and living its history. Does not belong here: single weeks after the history (`step`) or
files (`truth_folder`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from data_contracts import table_names
from winback.errors import UsageError
from winback.simulate.days import NEVER, require_monday
from winback.simulate.draws import stream
from winback.simulate.founding import draw_accounts, draw_reps
from winback.simulate.habits import habitual_touches
from winback.simulate.history_assignments import history_assignments
from winback.simulate.history_outcomes import history_outcomes
from winback.simulate.journal import Journal
from winback.simulate.life import coming_week, live_week
from winback.simulate.parameters import CODES, Parameters
from winback.simulate.reference_tables import reference_tables
from winback.simulate.returning import true_chances
from winback.simulate.state import Accounts, MarketState
from winback.simulate.tables import account_ids, event_tables, known_before
from winback.simulate.truth import truth_frames

COMPLETED_LATER = {"service_events": "done_on", "touchpoints": "promise_done_on"}
"""Tables whose rows are delivered before they are complete, and the column that completes them."""


@dataclass(frozen=True)
class Market:
    """A simulated market.

    `tables` holds one frame per input contract, `truth` what caused it (see `truth.truth_frames`, plus `accounts`: hidden
    traits and standing of every account, `notes`: what each note truly says, `chances`: every lapsed account's true
    chances on the last day), `state` what `step.simulate_week` goes on from.
    """

    tables: dict[str, pl.DataFrame]
    truth: dict[str, pl.DataFrame]
    state: MarketState


def simulate_market(*, n_accounts: int, n_weeks: int, seed: int, end_on: date, parameters: Parameters) -> Market:
    """Simulate `n_weeks` of history of `n_accounts` accounts; all events are dated before `end_on`, a Monday.

    The same arguments give the same tables and truth, byte for byte.
    """
    if n_accounts < 1 or n_weeks < 1:
        raise UsageError(f"a market needs at least one account and one week, not {n_accounts} and {n_weeks}")
    end_day = require_monday(end_on, "end_on")
    state = found_market(n_accounts, end_day - 7 * n_weeks, end_day, seed, parameters)
    journal = Journal()
    for _ in range(n_weeks):
        week = coming_week(state, parameters)
        live_week(state, habitual_touches(state, week), week, journal)
    outcomes = history_outcomes(journal, state, parameters)
    assignments = history_assignments(journal, state, parameters)
    truth = truth_frames(journal)
    tables = event_tables(journal, state, parameters)
    truth["notes"] = tables.pop("notes")
    tables |= {"assignments": assignments, "outcomes": outcomes} | reference_tables(state, end_day, parameters)
    for table, column in COMPLETED_LATER.items():
        tables[table], state.pending[table] = known_before(tables[table], column, end_day)
    truth["accounts"] = account_truth(state.accounts)
    truth["chances"] = lapsed_truth(state, parameters)
    return Market({name: tables[name] for name in table_names("input") if name in tables}, truth, state)


def found_market(n_accounts: int, first_day: int, end_day: int, seed: int, parameters: Parameters) -> MarketState:
    """A market of accounts of which most opened before `first_day` and the rest will until `end_day`."""
    rng = stream(seed, 0, "founding")
    market = parameters.market
    n_old = round(n_accounts * market.opened_before_share)
    old = first_day - 1 - (rng.random(n_old) ** 1.5 * market.years_before * 365).astype(np.int64)
    new = rng.integers(first_day, end_day, n_accounts - n_old)
    opened = rng.permutation(np.concatenate([old, new]))
    reps = draw_reps(n_accounts, parameters, rng)
    accounts = draw_accounts(opened, reps, parameters, rng)
    # each account is seen at least once: the first purchase of old ones falls within their gap and the history
    reach = np.minimum(accounts.gap_days, end_day - first_day)
    phase = first_day + (rng.random(n_accounts) * reach).astype(np.int64)
    accounts.next_day = np.where(opened < first_day, phase, accounts.next_day)
    return MarketState(
        seed=seed,
        week_day=first_day,
        first_day=first_day,
        n_founding=n_accounts,
        accounts=accounts,
        reps=reps,
        incident_day=np.full(16, NEVER, dtype=np.int64),
        change_day=np.full(len(CODES), NEVER, dtype=np.int64),
    )


def account_truth(accounts: Accounts) -> pl.DataFrame:
    """Hidden traits and standing of every account, one row each, by account_id."""
    frame = accounts.to_frame()
    return frame.select(account_ids(np.arange(len(accounts))).alias("account_id"), pl.all())


def lapsed_truth(state: MarketState, parameters: Parameters) -> pl.DataFrame:
    """True chances of every lapsed account on the state's Monday (see `returning.true_chances`), by account_id."""
    chances = true_chances(state, parameters)
    return chances.select(account_ids(chances["account"].to_numpy()).alias("account_id"), pl.exclude("account"))
