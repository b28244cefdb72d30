"""What reps wrote back about the win-back contacts of the history.

Belongs here: the outcomes table of the time before playbooks. Does not belong here: write-back of delivered playbooks
(`working`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import week_number
from winback.simulate.draws import stream
from winback.simulate.journal import Columns, Journal
from winback.simulate.note_writing import UNKNOWN
from winback.simulate.parameters import Parameters
from winback.simulate.state import Ints, MarketState
from winback.simulate.tables import conform, words
from winback.simulate.write_back import Worked, fill_write_back


def history_outcomes(journal: Journal, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    """A part of the journal's win-back contacts as written back; `returned` where the return fell in the same week."""
    touches = journal.take("touches")
    if touches is None:
        return conform("outcomes", {}).clear()
    journal.add("touches", **touches)
    accounts = state.accounts
    rng = stream(state.seed, 0, "history outcomes")
    kept = np.flatnonzero(rng.random(len(touches["account"])) < parameters.habits.outcome_share)
    e = {name: column[kept] for name, column in touches.items()}
    at, n = e["account"], len(kept)
    lapses = journal.take("lapses")
    returns = journal.take("returns")
    code = np.full(n, UNKNOWN)
    if lapses is not None:
        journal.add("lapses", **lapses)
        code = _lookup(_lapse_key(lapses), lapses["code"], _lapse_key(e), UNKNOWN)
    returned = np.zeros(n, dtype=np.bool_)
    if returns is not None:
        journal.add("returns", **returns)
        week = _lookup(_lapse_key(returns), week_number(returns["day"]), _lapse_key(e), -1)
        returned = (week == week_number(e["day"])) & e["is_reached"]
    worked = Worked(
        day=e["day"],
        code=code,
        language=accounts.is_english[at].astype(np.int64),
        is_reached=e["is_reached"],
        is_silent=accounts.is_silent[at],
        has_returned=returned,
        is_closed=np.zeros(n, dtype=np.bool_),
        has_new_contact=rng.random(n) < 0.1,
    )
    filled = fill_write_back(worked, parameters, rng, slips=False)
    del filled["asks"]
    minutes = np.where(e["is_reached"], rng.integers(8, 40, n), rng.integers(2, 8, n))
    key = "H" + pl.Series(week_number(e["day"])).cast(pl.String) + pl.Series(kept).cast(pl.String).str.zfill(8)
    offers = [o["offer_id"] for o in load_catalogue().offers]
    return conform("outcomes", filled | {"row_key": key, "spent_minutes": minutes, "offer_id": words(offers, e["offer"])})


def _lapse_key(e: Columns) -> Ints:
    key: Ints = e["account"] * 1000 + e["lapse_no"]
    return key


def _lookup(keys: Ints, values: Ints, wanted: Ints, missing: int) -> Ints:
    """The value of each wanted key; `missing` where no row has it. Keys are unique."""
    order = np.argsort(keys, kind="stable")
    position = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = keys[order][position] == wanted
    return np.where(found, values[order][position], missing)
