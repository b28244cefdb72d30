"""All assets and checks, by layer.

Belongs here: the one list of what there is, so that one screen shows the graph by layer. Does not belong here: jobs and
schedules.
"""

import dagster as dg

from assets import (
    at_risk,
    checks,
    core,
    pages,
    plan,
    propensity,
    raw,
    reasons,
    second_lifetime,
    survival,
    tables,
    track,
    week,
    words,
)

GROUPS = ("raw", "core", "week", "spells", "features", "reasons", "survival", "score", "plan", "out", "track")
"""Groups in the order of the graph."""


def build_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Every asset of the project."""
    return [
        *raw.ASSETS,
        *core.ASSETS,
        week.build_week_asset(partitions),
        *tables.build_sql_assets(partitions),
        *reasons.build_reason_assets(partitions),
        *second_lifetime.build_second_lifetime_assets(partitions),
        *survival.build_survival_assets(partitions),
        *at_risk.build_at_risk_assets(partitions),
        *propensity.build_propensity_assets(partitions),
        words.build_words_asset(partitions),
        *pages.build_page_assets(partitions),
        *track.build_track_assets(partitions),
        *plan.build_plan_assets(partitions),
    ]


def build_checks(assets: list[dg.AssetsDefinition]) -> list[dg.AssetChecksDefinition]:
    """The contract check of every asset that has a contract."""
    return checks.build_contract_checks(frozenset(spec.key.to_user_string() for a in assets for spec in a.specs))
