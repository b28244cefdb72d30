"""Raw assets: what was delivered, as delivered.

Belongs here: loading the inbox into `raw_*`. Does not belong here: cleaning (core) or judging the feed (`assets.week`).
"""

import dagster as dg

from assets.checks import contract_specs, made
from assets.inbox import load_inbox
from assets.metadata import OWNER, column_schema
from assets.resources import WAREHOUSE
from assets.state import write_state
from data_contracts import load_contract, table_names

GROUP = "raw"


def _spec(table: str) -> dg.AssetSpec:
    contract = load_contract(table)
    return dg.AssetSpec(
        f"raw_{table}",
        group_name=GROUP,
        description=f"{contract.description} As delivered, every version, with file, line and batch of receipt.",
        owners=[OWNER],
        kinds={"duckdb"},
        metadata={"dagster/column_schema": column_schema(contract)},
    )


@dg.multi_asset(
    name="load_inbox",
    specs=[_spec(t) for t in table_names("input")],
    check_specs=contract_specs(*(f"raw_{t}" for t in table_names("input"))),
    required_resource_keys={WAREHOUSE},
)
def raw_tables(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
    """Load every file of the inbox; each record ends up loaded, quarantined or a duplicate."""
    warehouse = context.resources.warehouse
    n_files = load_inbox(warehouse)
    context.log.info("%d file(s) taken from the inbox", n_files)
    write_state(warehouse)
    for table in table_names("input"):
        yield made(context, f"raw_{table}")


ASSETS = [raw_tables]
