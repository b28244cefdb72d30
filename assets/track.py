"""Assets of measurement that need Python.

Belongs here: what the contacts changed, what policies are worth, recovery per reason, whether the regained stay, and the check
of the lot. Does not belong here: the figures (`winback.track`), the units and counts that SQL makes (`assets.tables`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import contract_specs, made
from assets.metadata import markdown_table, picture, table_spec
from assets.resources import WAREHOUSE
from assets.state import write_state
from assets.workspace import Warehouse
from winback.contracts.tables import read_table, replace_from_frame
from winback.plays.library import load_plays
from winback.publication.week_ledger import close_week, find_week
from winback.track.effect import effect_rows
from winback.track.lot_ratio import LotRatio, lot_ratios
from winback.track.pictures import effect_picture, kept_picture, policy_picture, recovery_picture
from winback.track.policy_value import Costs, policy_rows
from winback.track.recovery import recovery_rows
from winback.track.regained import regained_rows

GROUP = "track"
LOT_RATIO = "lot_ratio"
_MOST_PICTURES = 3


def build_track_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`track_effect` with the check of the lot, `track_policy_value`, `track_recovery` and `track_regained`."""

    @dg.multi_asset(
        name="track_effect",
        specs=[table_spec("track_effect", GROUP, ["core_week", "track_units"])],
        check_specs=[
            *contract_specs("track_effect"),
            dg.AssetCheckSpec(
                LOT_RATIO,
                asset="track_effect",
                blocking=True,
                description="The running experiment's lot dealt treated, held out and explored as it logged them; else no list.",
            ),
        ],
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def effect(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Compare treated with held out, and check the lot before anybody believes it."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        units = read_table(warehouse.con, "track_units")
        ratios = lot_ratios(units)
        replace_from_frame(warehouse.con, "track_effect", effect_rows(units, ratios, week_on))
        yield made(context, "track_effect", _effect_page(warehouse))
        yield judge_lot(warehouse, week_on, ratios)

    @dg.multi_asset(
        name="track_policy_value",
        specs=[table_spec("track_policy_value", GROUP, ["core_week", "track_units"])],
        check_specs=contract_specs("track_policy_value"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def policy_value(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Value what ran and what could have run instead."""
        con, settings = context.resources.warehouse.con, context.resources.warehouse.settings
        costs = Costs(settings.value.margin_share, settings.plan.minute_cost_amount)
        units, options = read_table(con, "track_units"), read_table(con, "ledger_options")
        rows = policy_rows(units, options, costs, date.fromisoformat(context.partition_key))
        replace_from_frame(con, "track_policy_value", rows)
        yield made(context, "track_policy_value", _policy_page(context.resources.warehouse))

    return [effect, policy_value, *_outcome_assets(partitions)]


def _outcome_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    @dg.multi_asset(
        name="track_recovery",
        specs=[table_spec("track_recovery", GROUP, ["core_week", "core_treatments"])],
        check_specs=contract_specs("track_recovery"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def recovery(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Count who came back of those worked, per reason."""
        con = context.resources.warehouse.con
        codes = {play.id: play.code for play in load_plays().values()}
        rows = recovery_rows(read_table(con, "core_treatments"), codes, date.fromisoformat(context.partition_key))
        replace_from_frame(con, "track_recovery", rows)
        page = {"recovery per reason": picture(recovery_picture(rows), "recovery per reason")}
        yield made(context, "track_recovery", page)

    @dg.multi_asset(
        name="track_regained",
        specs=[table_spec("track_regained", GROUP, ["core_week", "track_returns"])],
        check_specs=contract_specs("track_regained"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def regained(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Count who of those who came back is still there."""
        con = context.resources.warehouse.con
        returns = read_table(con, "track_returns")
        replace_from_frame(con, "track_regained", regained_rows(returns, date.fromisoformat(context.partition_key)))
        page = {"still there": picture(kept_picture(returns), "share not lapsed again")}
        yield made(context, "track_regained", page)

    return [recovery, regained]


def judge_lot(warehouse: Warehouse, week_on: date, ratios: Sequence[LotRatio]) -> dg.AssetCheckResult:
    """The check's result: a broken lot of the experiment that the settings name withholds the week.

    Other experiments (earlier ones, tests made elsewhere) are named in the metadata and flagged in the table, but hold nothing
    up. A week that is published already, or accepted with a reason, passes.
    """
    broken = [ratio for ratio in ratios if ratio.is_mismatch]
    running = [ratio for ratio in broken if ratio.experiment_id == warehouse.settings.experiment.name]
    week = find_week(warehouse.con, week_on)
    is_excused = week is not None and (week.state == "published" or week.accepted_reason is not None)
    if running and week is not None and not is_excused:
        close_week(warehouse.con, week, "withheld", running[0].message)
        write_state(warehouse)
    return dg.AssetCheckResult(
        asset_key="track_effect",
        check_name=LOT_RATIO,
        passed=not running or is_excused,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={f"experiment {ratio.experiment_id}": ratio.message for ratio in ratios}
        | {"accepted_reason": (week.accepted_reason if week else None) or ""},
    )


def _effect_page(warehouse: Warehouse) -> dict[str, Any]:
    rows = read_table(warehouse.con, "track_effect")
    return {
        f"effect of {name}": picture(effect_picture(rows, name), f"effect of {name}")
        for name in _newest_experiments(warehouse)
    }


def _policy_page(warehouse: Warehouse) -> dict[str, Any]:
    rows = read_table(warehouse.con, "track_policy_value")
    shown = (
        "experiment_id",
        "policy",
        "estimator",
        "n_matched",
        "policy_return_share",
        "policy_net_amount",
        "hidden_reason",
    )
    pictures = {
        f"policies in {name}": picture(policy_picture(rows, name), f"policies in {name}")
        for name in _newest_experiments(warehouse)
    }
    return {
        "values": dg.MetadataValue.md(markdown_table(rows.select(shown))),
        **pictures,
    }


def _newest_experiments(warehouse: Warehouse) -> list[str]:
    """Those with the latest assignments: a page with a picture of every old test would not load."""
    last = read_table(warehouse.con, "track_units").group_by("experiment_id").agg(pl.col("week_on").max())
    return last.sort("week_on", "experiment_id", descending=[True, False])["experiment_id"].head(_MOST_PICTURES).to_list()
