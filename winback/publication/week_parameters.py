"""The week's parameters, where SQL can read them.

Belongs here: the one row of `core_week` and the views through which everything reads the inputs as of that week. Does not
belong here: which week it is.
"""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl

from data_contracts import load_contract, table_names
from winback.config import Settings
from winback.contracts.as_of import WeekSql, as_of_view_sql
from winback.contracts.identifiers import quote_name, quote_text
from winback.contracts.tables import replace_from_frame
from winback.offers.tables import offer_tables
from winback.plays.tables import play_rows, step_rows
from winback.publication.week_ledger import Week
from winback.reasons.taxonomy import complaint_type_table, reason_table
from winback.spells.thresholds import cycle_groups


def set_week(con: duckdb.DuckDBPyConnection, week: Week, settings: Settings) -> None:
    """Write `core_week` and the tables made from catalogues and settings, and make the `asof_*` views.

    For this connection views of the same names hold the week as constants, and what a state view says is kept in a temporary
    table: many queries read it, and each would rank the versions of every row anew. Raw rows that come later count from the next
    call on.
    """
    replace_from_frame(con, "core_week", week_row(week, settings))
    replace_from_frame(con, "core_cycle_groups", cycle_groups(settings.lapse))
    replace_from_frame(con, "core_plays", play_rows(settings.workspace.language))
    replace_from_frame(con, "core_play_steps", step_rows(settings.workspace.language))
    for table, rows in offer_tables(Decimal(str(settings.offers.point_value_amount))).items():
        replace_from_frame(con, table, rows)
    replace_from_frame(con, "core_complaint_types", complaint_type_table())
    replace_from_frame(con, "core_reasons", reason_table(settings.workspace.language))
    constants = WeekSql(f"DATE {quote_text(week.week_on.isoformat())}", str(week.batch_cutoff))
    for table in table_names("input"):
        contract, name = load_contract(table), quote_name("asof_" + table)
        con.execute(f"CREATE OR REPLACE VIEW {name} AS {as_of_view_sql(contract)}")
        kept = "TABLE" if contract.kind == "state" else "VIEW"
        con.execute(f"CREATE OR REPLACE TEMP {kept} {name} AS {as_of_view_sql(contract, constants)}")


def week_row(week: Week, settings: Settings) -> pl.DataFrame:
    """The one row of `core_week`."""
    lapse, plan = settings.lapse, settings.plan
    return pl.DataFrame(
        {
            "as_of_on": [week.week_on],
            "batch_cutoff": [week.batch_cutoff],
            "horizon_days": [lapse.horizon_days],
            "lapse_share": [lapse.lapse_share],
            "lapse_min_days": [lapse.min_days],
            "lapse_max_days": [lapse.max_days],
            "grace_days": [lapse.grace_days],
            "value_kinds": [f";{';'.join(lapse.value_kinds)};"],
            "single_cycle_days": [lapse.single_cycle_days],
            "forgone_cap_days": [settings.value.forgone_cap_days],
            "cooldown_days": [plan.cooldown_days],
            "contact_cap_days": [plan.contact_cap_days],
            "contact_cap": [plan.contact_cap],
            "max_lapsed_days": [plan.max_lapsed_days],
            "needs_consent": [plan.needs_consent],
            "minute_cost_amount": [Decimal(str(plan.minute_cost_amount))],
            "note_window_days": [settings.reasons.note_window_days],
            "default_rep_id": [plan.default_rep_id],
            "base_currency": [settings.workspace.base_currency],
            "is_simulated": [settings.workspace.is_simulated],
        }
    )
