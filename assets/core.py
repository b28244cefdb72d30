"""Core assets: cleaned facts of every input, with their versions.

Belongs here: the `core_*` views over raw tables and the `asof_*` views that the week's SQL reads. Does not belong here: the
SQL of tables made from them.
"""

import dagster as dg

from assets.metadata import OWNER, column_schema, table_metadata
from assets.resources import WAREHOUSE
from data_contracts import load_contract, table_names
from winback.contracts.as_of import core_view_sql
from winback.contracts.identifiers import quote_name

GROUP = "core"


def _spec(table: str) -> dg.AssetSpec:
    contract = load_contract(table)
    return dg.AssetSpec(
        f"core_{table}",
        deps=[f"raw_{table}"],
        group_name=GROUP,
        description=f"{contract.description} Every loaded row, with the day from which it holds.",
        owners=[OWNER],
        kinds={"duckdb", "view"},
        metadata={"dagster/column_schema": column_schema(contract)},
    )


@dg.multi_asset(name="core_views", specs=[_spec(t) for t in table_names("input")], required_resource_keys={WAREHOUSE})
def core_views(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
    """Make the core views anew from the contracts."""
    con = context.resources.warehouse.con
    for table in table_names("input"):
        name = f"core_{table}"
        con.execute(f"CREATE OR REPLACE VIEW {quote_name(name)} AS {core_view_sql(load_contract(table))}")
        yield dg.MaterializeResult(name, metadata=table_metadata(con, name, table))


ASSETS = [core_views]
