"""Tables that are made, and whether they keep their contracts.

Belongs here: what an asset says of a table it made, with one check per table, run by Great Expectations pushed down to DuckDB
in the asset's own step. Does not belong here: the expectations (`winback.contracts.expectations`) or the feed gate (`assets.week`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import dagster as dg
import duckdb

from assets.metadata import markdown_table, table_metadata
from assets.resources import WAREHOUSE
from data_contracts import load_contract, table_names
from winback.contracts.expectations import SuiteRule, suite_of
from winback.contracts.failing_rows import failing_rows
from winback.contracts.gx_on_duckdb import ExpectationResult, validate_table
from winback.contracts.tables import count_rows

CHECK = "contract"
FAILING_ROWS = "failing rows"
ROW_COUNT = "expect_table_row_count_to_be_between"


def contract_specs(*assets: str) -> list[dg.AssetCheckSpec]:
    """The check of each of `assets` whose contract says anything that a check can judge."""
    return [
        dg.AssetCheckSpec(
            CHECK,
            asset=asset,
            # Received files are judged by the feed gate, which can be accepted with a reason; tables made here cannot.
            blocking=not asset.startswith("raw_"),
            description="The table keeps its contract: " + " ".join(rule.description for rule in _rules_of(asset)),
        )
        for asset in assets
        if _rules_of(asset)
    ]


def made(context: dg.AssetExecutionContext, asset: str, page: Mapping[str, Any] | None = None) -> dg.MaterializeResult:
    """What the step that made a table says of it: rows, preview, `page`, and whether it keeps its contract."""
    con = getattr(context.resources, WAREHOUSE).con
    return dg.MaterializeResult(
        asset,
        metadata={**table_metadata(con, asset, _contract_of(asset)), **(page or {})},
        check_results=[_check(con, asset)] if _rules_of(asset) else [],
    )


@cache
def _rules_of(asset: str) -> list[SuiteRule]:
    name = _contract_of(asset)
    return suite_of(load_contract(name)) if name in _contract_names() else []


@cache
def _contract_names() -> frozenset[str]:
    return frozenset(table_names())


def _contract_of(asset: str) -> str:
    return asset.removeprefix("raw_") if asset.startswith("raw_") else asset


def _check(con: duckdb.DuckDBPyConnection, asset: str) -> dg.AssetCheckResult:
    rules = _rules_of(asset)
    if not count_rows(con, asset):
        rules = [rule for rule in rules if rule.type == ROW_COUNT]  # no row can break any other rule
    results = validate_table(con, asset, [(r.type, r.kwargs) for r in rules]) if rules else []
    broken = [(rule, result) for rule, result in zip(rules, results, strict=True) if not result.is_met]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CHECK,
        passed=not broken,
        severity=_severity(broken),
        metadata={
            "expectations": len(rules),
            "broken": len(broken),
            **_broken_rules(con, asset, broken),
        },
    )


def _broken_rules(
    con: duckdb.DuckDBPyConnection, asset: str, broken: list[tuple[SuiteRule, ExpectationResult]]
) -> dict[str, Any]:
    """Every broken rule in one line for the terminal, and one table of all with the first rows that break them for the page."""
    page: dict[str, Any] = {}
    sections = []
    for rule, result in broken:
        found = failing_rows(con, asset, load_contract(_contract_of(asset)), rule)
        line = found.in_short if found.n_rows else f"{found.words} Seen: {result.observed}"
        page[f"{rule.type} {','.join(result.columns)}".strip()] = line
        count = f"{found.n_rows:,} row(s) break it." if found.n_rows else f"Seen: {result.observed}"
        table = f"\n\n{markdown_table(found.rows)}" if found.n_rows else ""
        sections.append(f"**{found.words}** {count}{table}")
    return page | ({FAILING_ROWS: dg.MetadataValue.md("\n\n".join(sections))} if sections else {})


def _severity(broken: list[tuple[SuiteRule, ExpectationResult]]) -> dg.AssetCheckSeverity:
    is_severe = any(rule.is_blocking for rule, _ in broken)
    return dg.AssetCheckSeverity.ERROR if is_severe else dg.AssetCheckSeverity.WARN
