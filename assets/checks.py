"""Asset checks from contracts.

Belongs here: one blocking check per table, run by Great Expectations pushed down to DuckDB. Does not belong here: the
expectations (`winback.contracts.expectations`) or the feed gate (`assets.week`).
"""

from functools import cache

import dagster as dg

from assets.resources import WAREHOUSE
from assets.workspace import Warehouse
from data_contracts import load_contract, table_names
from winback.contracts.expectations import SuiteRule, suite_of
from winback.contracts.gx_on_duckdb import ExpectationResult, validate_table
from winback.contracts.tables import count_rows

CHECK = "contract"
ROW_COUNT = "expect_table_row_count_to_be_between"


def build_contract_checks(assets: frozenset[str]) -> list[dg.AssetChecksDefinition]:
    """One check for each of `assets` whose contract says anything that a check can judge."""
    return [_contract_check(asset) for asset in sorted(assets) if _rules_of(asset)]


def _rules_of(asset: str) -> list[SuiteRule]:
    name = _contract_of(asset)
    return suite_of(load_contract(name)) if name in _contract_names() else []


@cache
def _contract_names() -> frozenset[str]:
    return frozenset(table_names())


def _contract_of(asset: str) -> str:
    return asset.removeprefix("raw_") if asset.startswith("raw_") else asset


def _contract_check(table: str) -> dg.AssetChecksDefinition:
    rules = _rules_of(table)

    @dg.asset_check(
        asset=table,
        name=CHECK,
        # Received files are judged by the feed gate, which can be accepted with a reason; tables made here cannot.
        blocking=not table.startswith("raw_"),
        description="The table keeps its contract: " + " ".join(r.description for r in rules),
        required_resource_keys={WAREHOUSE},
    )
    def check(context) -> dg.AssetCheckResult:  # type: ignore[no-untyped-def]
        return _check(context.resources.warehouse, table)

    return check


def _check(warehouse: Warehouse, table: str) -> dg.AssetCheckResult:
    rules = _rules_of(table)
    if not count_rows(warehouse.con, table):
        rules = [rule for rule in rules if rule.type == ROW_COUNT]  # no row can break any other rule
    results = validate_table(warehouse.con, table, [(r.type, r.kwargs) for r in rules]) if rules else []
    broken = [(rule, result) for rule, result in zip(rules, results, strict=True) if not result.is_met]
    return dg.AssetCheckResult(
        asset_key=table,
        check_name=CHECK,
        passed=not broken,
        severity=_severity(broken),
        metadata={
            "expectations": len(rules),
            "broken": len(broken),
            **{f"{rule.type} {','.join(result.columns)}".strip(): result.observed for rule, result in broken},
        },
    )


def _severity(broken: list[tuple[SuiteRule, ExpectationResult]]) -> dg.AssetCheckSeverity:
    is_severe = any(rule.is_blocking for rule, _ in broken)
    return dg.AssetCheckSeverity.ERROR if is_severe else dg.AssetCheckSeverity.WARN
