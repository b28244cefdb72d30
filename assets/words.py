"""The words of the week's rows.

Belongs here: the asset that makes `out_words`. Does not belong here: the words (`winback.playbook.words`).
"""

import dagster as dg

from assets.checks import contract_specs, made
from assets.metadata import table_spec
from assets.resources import WAREHOUSE
from winback.contracts.tables import read_table, replace_from_frame
from winback.playbook.words import word_rows

_READS = ("out_facts", "out_offers", "score_drivers")


def build_words_asset(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """`out_words`."""

    @dg.multi_asset(
        name="out_words",
        specs=[table_spec("out_words", "out", ["core_week", *_READS])],
        check_specs=contract_specs("out_words"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def out_words(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        """Write what each listed row says."""
        warehouse = context.resources.warehouse
        workspace = warehouse.settings.workspace
        words = word_rows(
            *(read_table(warehouse.con, table) for table in _READS),
            language=workspace.language,
            currency=workspace.base_currency,
        )
        replace_from_frame(warehouse.con, "out_words", words)
        return made(context, "out_words")

    return out_words
