"""The output gate: the last step before a week goes out.

Belongs here: the asset `out_gate` with its two blocking checks. Does not belong here: the rules and bands (`winback.publication`),
or publishing (`assets.plan`, which waits for this asset).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from assets.checks import contract_specs, made
from assets.metadata import markdown_table, table_spec
from assets.pages import PAGE_TABLES
from assets.resources import WAREHOUSE
from assets.state import write_state
from assets.suppression import load_suppression
from assets.tables import MADE_BY_PYTHON
from assets.workspace import Warehouse
from sql import queries
from winback.contracts.tables import replace_from_frame
from winback.publication.folder import READER_TABLES
from winback.publication.output_gate import (
    OutputVerdict,
    broken_words,
    drift_words,
    inspect_output,
    verdict_rows,
    withheld_reason,
)
from winback.publication.week_ledger import Week, close_week, find_week

OUT_GATE = "out_gate"
RULES, BANDS = "output_rules", "output_bands"
_MOST_ROWS = 10


def published_tables() -> list[str]:
    """Assets whose tables are handed out: what the gate judges, and what publishing reads."""
    return sorted((PAGE_TABLES | set(READER_TABLES)) & (MADE_BY_PYTHON | set(queries())))


def build_output_gate(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The `out_gate` asset with its checks."""

    @dg.multi_asset(
        name=OUT_GATE,
        specs=[table_spec(OUT_GATE, "out", ["core_week", "out_contacts", "out_figures", *published_tables()])],
        check_specs=[
            *contract_specs(OUT_GATE),
            dg.AssetCheckSpec(
                RULES,
                asset=OUT_GATE,
                blocking=True,
                description="What goes out keeps the rules that nobody may break; else no list, whatever is accepted.",
            ),
            dg.AssetCheckSpec(
                BANDS,
                asset=OUT_GATE,
                blocking=True,
                description="The week's figures are like those of the week published before; else no list until accepted.",
            ),
        ],
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def gate(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Judge the computed week before it goes out."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        verdict = inspect_output(warehouse.con, week_on, warehouse.settings, load_suppression(warehouse.workspace))
        rows = verdict_rows(verdict)
        replace_from_frame(warehouse.con, OUT_GATE, rows)
        yield made(context, OUT_GATE, {"findings": dg.MetadataValue.md(markdown_table(rows))})
        yield from judge_output(warehouse, find_week(warehouse.con, week_on), verdict)

    return gate


def judge_output(warehouse: Warehouse, week: Week | None, verdict: OutputVerdict) -> Iterator[dg.AssetCheckResult]:
    """The checks' results. A week that does not pass is withheld, unless it is out already, when publishing compares its bytes."""
    is_out = week is not None and week.state == "published"
    accepted = week.accepted_reason if week is not None else None
    is_kept, is_alike = not verdict.broken or is_out, not verdict.drifted or is_out or accepted is not None
    if week is not None and not (is_kept and is_alike):
        close_week(warehouse.con, week, "withheld", withheld_reason(verdict))
        write_state(warehouse)
    yield _result(RULES, is_kept, _rule_page(verdict))
    yield _result(BANDS, is_alike, _band_page(verdict) | {"accepted_reason": accepted or ""})


def _result(check: str, is_passed: bool, page: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=OUT_GATE, check_name=check, passed=is_passed, severity=dg.AssetCheckSeverity.ERROR, metadata=page
    )


def _rule_page(verdict: OutputVerdict) -> dict[str, Any]:
    """Every broken rule in words, with the first of its rows."""
    return {
        rule.name: dg.MetadataValue.md(f"{broken_words(rule)}\n\n{markdown_table(rule.rows.head(_MOST_ROWS))}")
        for rule in verdict.broken
    }


def _band_page(verdict: OutputVerdict) -> dict[str, Any]:
    """Every figure outside its band in words."""
    last = verdict.last_week_on
    outside = {f"{f.band.figure} {f.group_name}": drift_words(f, last) for f in verdict.drifted}
    return {"compared with": last.isoformat() if last else "no earlier published week has its figures on record", **outside}
