"""Lapse thresholds, hand-worked."""

from datetime import date

import polars as pl

from winback.config import LapseSettings
from winback.spells.thresholds import cycle_groups, threshold_table

SETTINGS = LapseSettings(horizon_days=10, lapse_share=0.5, min_days=1, max_days=60)


def table(gaps: list[tuple[str, str, int, bool, int]]) -> dict[tuple[str, str], tuple[int, str]]:
    schema = {
        "business_kind": pl.String,
        "cycle_group": pl.String,
        "gap_days": pl.Int64,
        "is_return": pl.Boolean,
        "n_gaps": pl.Int64,
    }
    made = threshold_table(
        pl.DataFrame(gaps, schema=schema, orient="row"),
        as_of_on=date(2026, 3, 2),
        groups=cycle_groups(SETTINGS),
        settings=SETTINGS,
    )
    return {
        (k, g): (d, level)
        for k, g, d, level in made.select("business_kind", "cycle_group", "threshold_days", "threshold_level").iter_rows()
    }


def test_groups_are_the_single_and_the_ranges_between_the_bounds() -> None:
    assert list(cycle_groups(LapseSettings(cycle_bounds_days=(7, 28))).iter_rows()) == [
        ("single", 0, 0),
        ("001-007", 0, 7),
        ("008-028", 7, 28),
        ("029+", 28, None),
    ]


def test_the_first_silence_at_which_fewer_than_half_return() -> None:
    """60 return on day 4 and 100 stay away: at the start 60/160 = 0.375 < 0.5, so the least threshold holds.

    90 on day 4 and 60 on day 20 with 50 away: at day 1 the chance is 90/200; at 10 days of silence, 60/110 return within
    the next ten, which is above a half again; the first silence below is day 1.
    """
    assert table([("k", "001-007", 4, True, 60), ("k", "001-007", 50, False, 100)])[("k", "001-007")] == (1, "segment")
    far = table([("k", "001-007", 4, True, 150), ("k", "001-007", 50, False, 100)])
    assert far[("k", "001-007")] == (4, "segment")  # 150/250 until day 3, nobody after


def test_levels_fall_back_from_segment_to_cycle_to_all_to_a_rule() -> None:
    made = table(
        [
            ("big", "001-007", 4, True, 150),
            ("big", "001-007", 50, False, 100),
            ("small", "001-007", 4, True, 10),
            ("small", "008-014", 9, True, 3),
        ]
    )
    assert made[("big", "001-007")][1] == "segment"
    assert made[("small", "001-007")][1] == "cycle"
    assert made[("small", "008-014")][1] == "pooled"
    assert table([("k", "015-028", 20, True, 5)])[("k", "015-028")] == (56, "rules")
    assert table([("k", "015-028", 20, True, 5)])[("k", "057-112")] == (60, "rules")  # twice 112, at most 60
