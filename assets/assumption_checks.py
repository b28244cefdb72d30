"""Asset checks of what the model of time to return assumes.

Belongs here: one WARN check per assumption on `model_return_time`, with the advice in words. Does not belong here: what is checked
(`winback.survival.assumptions`), contract checks (`assets.checks`).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from data_contracts import dictionary
from winback.survival.assumptions import NO_MODEL, Finding, assumption_texts
from winback.survival.return_model import ReturnModel

MODEL = "model_return_time"


def assumption_specs() -> list[dg.AssetCheckSpec]:
    """The checks, in the order in which they are told."""
    return [
        dg.AssetCheckSpec(slug, asset=MODEL, description=f"{text.checks} Number: {text.statistic}.")
        for slug, text in assumption_texts().items()
    ]


def assumption_results(model: ReturnModel | None) -> list[dg.AssetCheckResult]:
    """One result per check, of the week's model or (None) of a week with Kaplan-Meier curves only, which has none to check."""
    if model is None:
        return [_result(slug, True, NO_MODEL, {}) for slug in assumption_texts()]
    made_on = model.training.as_of_on.isoformat()
    return [_result(f.assumption, f.is_held, f.told, {"model made for": made_on} | _figures(f)) for f in model.findings]


def _result(slug: str, is_held: bool, told: str, metadata: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=MODEL,
        check_name=slug,
        passed=is_held,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={"advice": told, **metadata},
    )


def _figures(finding: Finding) -> dict[str, Any]:
    """Statistic, threshold, rows, further figures, and the columns concerned with a line each."""
    if finding.why_not_judged:
        return {}
    figures: dict[str, Any] = {"threshold": finding.threshold, "rows": finding.n_rows, **(finding.figures or {})}
    if finding.statistic is not None:
        figures["statistic"] = finding.statistic
    if finding.culprits:
        lines = [f"- {line}{_meaning(c.column)}" for c, line in zip(finding.culprits, finding.culprits_told, strict=True)]
        figures["columns"] = dg.MetadataValue.md("\n".join(lines))
    return figures


def _meaning(column: str) -> str:
    """What the dictionary says of the row column behind a column of the matrix (`x`, `x is missing`, `x is level`)."""
    meaning = dictionary().get(column.split(" ", maxsplit=1)[0], {}).get("description")
    return f" ({meaning})" if meaning else ""
