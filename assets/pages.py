"""The manager's figures as a table.

Belongs here: the asset that makes `out_manager`, and the sections that it shares with the page. Does not belong here: the
figures and the pages (`winback.pages`), publishing them (`assets.publish`).
"""

from datetime import date

import dagster as dg

from assets.checks import contract_specs, made
from assets.metadata import table_spec
from assets.resources import WAREHOUSE
from assets.workspace import Warehouse
from winback.contracts.tables import replace_from_frame
from winback.pages.deliveries import manager_figures, week_sections
from winback.pages.manager_sections import ManagerSection

_READS = (
    "core_accounts_week",
    "core_actives",
    "core_purchase_days",
    "core_treatments",
    "feat_contacts",
    "feat_lapse",
    "feat_service",
    "out_not_this_week",
    "plan_assignments",
    "plan_candidates",
    "plan_summary",
    "score_at_risk",
    "score_open_issues",
    "track_effect",
    "track_reason_mix",
    "track_recovery",
    "track_regained",
    "track_reps",
)

PAGE_TABLES = frozenset(
    {
        *_READS,
        "core_purchase_cycles",
        "feat_categories",
        "feat_loyalty",
        "feat_spend",
        "out_playbook",
        "out_promises",
        "score_mentions",
        "score_reasons",
        "score_return_time",
        "score_return_timing",
        "score_second_lifetime",
        "score_value",
    }
)
"""Tables that the pages and the account sheets on them read."""


def build_page_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`out_manager`."""

    @dg.multi_asset(
        name="out_manager",
        specs=[table_spec("out_manager", "out", ["core_week", *_READS])],
        check_specs=contract_specs("out_manager"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def out_manager(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        """Gather the manager's figures."""
        warehouse = context.resources.warehouse
        sections = manager_sections_of(warehouse, date.fromisoformat(context.partition_key))
        replace_from_frame(warehouse.con, "out_manager", manager_figures(warehouse.con, warehouse.settings, sections))
        return made(context, "out_manager")

    return [out_manager]


def manager_sections_of(warehouse: Warehouse, week_on: date) -> tuple[ManagerSection, ...]:
    """The sections of the manager's page of the week the warehouse stands at: gathered once a run, for the table and the page."""
    return warehouse.once(("manager_sections", week_on), lambda: week_sections(warehouse.con, warehouse.settings))
