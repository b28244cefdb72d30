"""Assets made by SQL files, one per file.

Belongs here: the factory that turns `sql/<layer>/<table>.sql` and the table's contract into an asset. Does not belong here:
tables that need Python (`assets.survival`, `assets.plan`).
"""

import dagster as dg

from assets.checks import contract_specs, made
from assets.metadata import OWNER, column_schema
from assets.resources import WAREHOUSE
from data_contracts import load_contract, table_names
from sql import Query, queries
from winback.contracts.tables import replace_from_query

MADE_BY_PYTHON = frozenset(
    {
        "core_lapse_thresholds",
        "model_at_risk",
        "model_propensity",
        "model_return_curves",
        "model_return_time",
        "model_second_lifetime",
        "model_uplift",
        "out_gate",
        "out_manager",
        "out_words",
        "plan_assignments",
        "plan_summary",
        "score_at_risk",
        "score_drivers",
        "score_mentions",
        "score_notes",
        "score_propensity",
        "score_reasons",
        "score_return_time",
        "score_return_timing",
        "score_second_lifetime",
        "score_uplift",
        "track_effect",
        "track_policy_value",
        "track_reason_mix",
        "track_recovery",
        "track_regained",
    }
)
"""Weekly tables that assets in Python make."""

GROUP_OF_LAYER = {"core": "spells", "feat": "features", "score": "score", "plan": "plan", "out": "out", "track": "track"}


def build_sql_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """One asset per SQL file."""
    return [_sql_asset(query, partitions) for query in queries().values()]


def dependencies(query: Query) -> list[str]:
    """Assets a query reads: tables and core views by name, everything else (`asof_*`, ledgers) through the week."""
    made = frozenset(queries()) | MADE_BY_PYTHON | {f"core_{t}" for t in table_names("input")}
    return sorted({"core_week", *query.reads(made)})


def _sql_asset(query: Query, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    contract = load_contract(query.table)

    @dg.asset(
        name=query.table,
        group_name=GROUP_OF_LAYER[query.layer],
        partitions_def=partitions,
        deps=dependencies(query),
        check_specs=contract_specs(query.table),
        required_resource_keys={WAREHOUSE},
        description=contract.description,
        owners=[OWNER],
        kinds={"duckdb", "sql"},
        metadata={
            "dagster/column_schema": column_schema(contract),
            "query": dg.MetadataValue.md(f"```sql\n{query.text}\n```"),
        },
    )
    def table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        con = context.resources.warehouse.con
        replace_from_query(con, query.table, query.text)
        return made(context, query.table)

    return table
