"""The words of the week's rows.

Belongs here: the asset that makes `out_words`. Does not belong here: the words (`winback.playbook.words`).
"""

import dagster as dg

from assets.metadata import OWNER, column_schema, table_metadata
from assets.resources import WAREHOUSE
from data_contracts import load_contract
from winback.contracts.tables import read_table, replace_from_frame
from winback.playbook.words import word_rows

_READS = ("out_facts", "out_offers", "score_drivers")


def build_words_asset(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """`out_words`."""
    contract = load_contract("out_words")

    @dg.asset(
        name="out_words",
        group_name="out",
        partitions_def=partitions,
        deps=["core_week", *_READS],
        required_resource_keys={WAREHOUSE},
        description=contract.description,
        owners=[OWNER],
        kinds={"duckdb", "python"},
        metadata={"dagster/column_schema": column_schema(contract)},
    )
    def out_words(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        workspace = warehouse.settings.workspace
        words = word_rows(
            *(read_table(warehouse.con, table) for table in _READS),
            language=workspace.language,
            currency=workspace.base_currency,
        )
        replace_from_frame(warehouse.con, "out_words", words)
        return dg.MaterializeResult(metadata=table_metadata(warehouse.con, "out_words"))

    return out_words
