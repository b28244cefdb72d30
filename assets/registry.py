"""All assets, by layer.

Belongs here: the one list of what there is, so that one screen shows the graph by layer. Does not belong here: jobs and
schedules.
"""

import dagster as dg

from assets import (
    at_risk,
    core,
    output_gate,
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
from assets.steps import with_rules

GROUPS = ("raw", "core", "week", "spells", "features", "reasons", "survival", "score", "plan", "out", "track")
"""Groups in the order of the graph."""


def build_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Every asset of the project, its step kept to the rules of `assets.steps`."""
    return [with_rules(asset) for asset in _assets(partitions)]


def _assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
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
        output_gate.build_output_gate(partitions),
        *plan.build_plan_assets(partitions),
    ]
