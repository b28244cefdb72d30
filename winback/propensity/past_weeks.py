"""What was known of contacted accounts in the weeks of their contacts.

Belongs here: running the project's own SQL as of those weeks in a scratch database, for features, notes and write-backs. Does not
belong here: the model (`train`), labelling the notes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import duckdb
import numpy as np
import polars as pl

from winback.config import Settings
from winback.contracts.tables import read_table
from winback.reasons.account_reasons import explain_accounts
from winback.reasons.note_labels import score_notes, telling, with_hashes
from winback.reasons.signs import load_signs
from winback.survival.snapshots import feature_rows
from winback.survival.walk import feature_tables, walk

MAX_WEEKS = 40
"""Most weeks of contacts that are learned from, the newest: each costs a run of the features."""

MAX_ACCOUNT_WEEKS = 400_000
"""Accounts times weeks up to which all accounts are read, so that thresholds and peers are the market's own; above, the contacted
ones, and others by lot: as many as fit, but never fewer than there are contacted ones."""

_LAPSES = ("core_lapses", *feature_tables())
_NOTES, _PICKS = "core_lapse_notes", "core_reason_picks"


@dataclass(frozen=True)
class PastWeeks:
    """Rows of contacted accounts that were lapsed on the Monday of a contact: `features` (with `year_amount`), `notes` (with
    text and hash) and `picks` as known then."""

    features: pl.DataFrame
    notes: pl.DataFrame
    picks: pl.DataFrame


@dataclass(frozen=True)
class ContactReader:
    """Reads one frame of the contacted accounts off a `walk`; `needs` are the tables that `made` reads."""

    contacted: Mapping[date, pl.DataFrame]
    needs: tuple[str, ...]
    made: Callable[[duckdb.DuckDBPyConnection], pl.DataFrame]

    @property
    def tables(self) -> Mapping[date, tuple[str, ...]]:
        """As `walk.Reader`."""
        return dict.fromkeys(self.contacted, self.needs)

    def read(self, con: duckdb.DuckDBPyConnection, day: date) -> pl.DataFrame:
        """The rows of the accounts contacted in the week of `day`."""
        return self.made(con).join(self.contacted[day], on="account_id", how="semi")

    def rows(self, found: Mapping[date, pl.DataFrame]) -> pl.DataFrame:
        """All of them."""
        return pl.concat([found[day] for day in sorted(found)], how="vertical")


def contact_weeks(treatments: pl.DataFrame, max_weeks: int = MAX_WEEKS) -> list[date]:
    """The Mondays of the newest weeks in which contacts were assigned, ascending."""
    return sorted(treatments.select(monday())["as_of_on"].unique().sort()[-max_weeks:].to_list())


def monday() -> pl.Expr:
    """`as_of_on` of an assignment: the Monday of its week. Delivered assignments are dated on any day; what was known counts as of
    the Monday before, and a week is a week of the log however many days of it have contacts."""
    return pl.col("week_on").dt.truncate("1w").alias("as_of_on")


def past_weeks(
    con: duckdb.DuckDBPyConnection, settings: Settings, treatments: pl.DataFrame, *, batch_cutoff: int | None = None
) -> PastWeeks:
    """What was known on the newest Mondays of `treatments` (account_id, week_on; at least one row) of the accounts assigned then.

    `con` holds the `core_<input>` views and the ledgers; nothing in it is changed.
    """
    at = {day: treatments.filter(monday() == day).select("account_id").unique() for day in contact_weeks(treatments)}
    readers = [
        ContactReader(at, _LAPSES, this_week),
        ContactReader(at, (_NOTES,), partial(read_table, table=_NOTES)),
        ContactReader(at, (_PICKS,), partial(read_table, table=_PICKS)),
    ]
    accounts = _read_accounts(con, treatments, len(at))
    features, notes, picks = walk(con, settings, readers, accounts=accounts, batch_cutoff=batch_cutoff)
    return PastWeeks(
        features.sort("as_of_on", "account_id"),
        with_hashes(notes.sort("as_of_on", "account_id", "touched_on", "note_text")),
        picks.sort("as_of_on", "account_id", "row_key"),
    )


def this_week(
    con: duckdb.DuckDBPyConnection, *, among: pl.Series | None = None, only: Collection[str] | None = None
) -> pl.DataFrame:
    """Features of every lapsed account of the week that `con` stands at, or of those `among` these ids, with `year_amount`; sorted
    by account. `only` leaves out features of other names."""
    year = read_table(con, "core_lapses").select("account_id", pl.col("year_amount").cast(pl.Float64))
    rows = feature_rows(con, among=among, only=only)
    return rows.drop("year_amount", strict=False).join(year, on="account_id", how="left").sort("account_id")


def past_reasons(known: PastWeeks, ledger: pl.DataFrame, human: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """Rows of `score_reasons` for every account and week of `known`, from notes, picks and behaviour of then.

    `ledger` must hold a label of every text in `known.notes`: texts labelled only where the account is still away would let the
    label tell the outcome. Raises ValueError where one lacks.
    """
    scored = score_notes(known.notes, ledger, human, model_version)
    if scored.height < known.notes.height:
        raise ValueError(f"{known.notes.height - scored.height} of {known.notes.height} notes of past weeks have no label")
    signs = sorted({sign.reads for sign in load_signs()} & set(known.features.columns))
    found = []
    for week_on in sorted(known.features["as_of_on"].unique()):
        at = pl.col("as_of_on") == week_on
        accounts = known.features.filter(at).select("account_id", *signs)
        notes, picks = telling(scored.filter(at)).drop("as_of_on"), known.picks.filter(at).drop("as_of_on")
        found.append(explain_accounts(accounts, notes, picks, as_of_on=week_on, note_model=model_version).rows)
    return pl.concat(found) if found else pl.DataFrame()


def _read_accounts(con: duckdb.DuckDBPyConnection, treatments: pl.DataFrame, n_weeks: int) -> pl.Series | None:
    """None for all accounts, or the contacted ones with others by lot."""
    with con.cursor() as cursor:
        everyone: pl.Series = cursor.sql("SELECT DISTINCT account_id FROM core_accounts ORDER BY account_id").pl()[
            "account_id"
        ]
    room = MAX_ACCOUNT_WEEKS // max(n_weeks, 1)
    if len(everyone) <= room:
        return None
    contacted = treatments["account_id"].unique().sort()
    others = everyone.filter(~everyone.is_in(contacted.implode()))
    n_others = min(max(room - len(contacted), len(contacted)), len(others))
    drawn = np.sort(np.random.default_rng(0).permutation(len(others))[:n_others])
    return pl.concat([contacted, others[drawn]]).sort()
