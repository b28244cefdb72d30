"""The landmarks that a week's models learn from.

Belongs here: the accounts a week trains on, and walking its landmarks once for all models that a run trains. Does not
belong here: the walk (`winback.survival.walk`), the models.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from assets.workspace import Warehouse
from winback.at_risk.active_rows import ActiveReader
from winback.contracts.tables import read_table
from winback.survival.snapshots import LapsedReader
from winback.survival.train_return_model import sampled_accounts
from winback.survival.walk import walk


@dataclass(frozen=True)
class Landmarks:
    """Rows of lapsed accounts (`LapsedReader`) and of active ones (`ActiveReader`), and the share of accounts drawn for them."""

    lapsed: pl.DataFrame
    active: pl.DataFrame
    account_share: float


def first_spend_on(warehouse: Warehouse) -> date | None:
    """First day with counted spend, None without any."""
    found = read_table(warehouse.con, "core_accounts_week")["first_spend_on"].min()
    return found if isinstance(found, date) else None


def landmarks_of(warehouse: Warehouse, week_on: date, days: list[date]) -> Landmarks:
    """The rows of the landmarks `days`; a second model that is trained in the same run gets the rows of the first."""
    return warehouse.once(("landmarks", week_on, *days), lambda: _walked(warehouse, week_on, tuple(days)))


def _walked(warehouse: Warehouse, week_on: date, days: tuple[date, ...]) -> Landmarks:
    con, settings = warehouse.con, warehouse.settings
    sample, share = sampled_accounts(read_table(con, "core_accounts_week")["account_id"], len(days))
    readers = [LapsedReader(days, week_on), ActiveReader(days, week_on, settings.lapse.horizon_days)]
    cutoff = read_table(con, "core_week")["batch_cutoff"][0]
    lapsed, active = walk(con, settings, readers, accounts=sample, batch_cutoff=cutoff)
    return Landmarks(lapsed, active, share)
