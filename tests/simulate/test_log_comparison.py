"""Logs in common figures, checked by hand on a tiny log; and the pictures."""

from datetime import date, timedelta

import polars as pl
import pytest

from winback.simulate.compare import (
    counted_spend,
    lapses_by_silence,
    log_quantiles,
    purchase_days,
    return_curve,
    side_by_side,
)
from winback.simulate.market import Market
from winback.simulate.pictures import draw_pictures

DAY = date(2025, 1, 1)


def log(*days: tuple[str, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [(a, DAY + timedelta(days=d), m) for a, d, m in days], schema=["account_id", "spent_on", "amount"], orient="row"
    )


TINY = log(("a", 0, 5.0), ("a", 0, 5.0), ("a", 10, 5.0), ("a", 150, 5.0), ("b", 20, 8.0), ("c", 399, 1.0), ("b", 21, -8.0))


def test_purchase_days_are_sums_by_day_with_gaps():
    days = purchase_days(TINY)
    assert days.filter(pl.col("account_id") == "a").select("amount", "gap_days", "next_gap_days").rows() == [
        (10.0, None, 10), (5.0, 10, 140), (5.0, 140, None),
    ]  # fmt: skip
    assert days.filter(pl.col("account_id") == "b").height == 1


def test_lapses_need_silence_and_time_to_be_followed():
    lapses = lapses_by_silence(TINY, silence_days=90, follow_days=100)
    assert sorted(lapses.rows()) == [
        ("a", DAY + timedelta(days=100), 50),  # silent after day 10, back on day 150
        ("a", DAY + timedelta(days=240), None),
        ("b", DAY + timedelta(days=110), None),
    ]
    curve = return_curve(lapses, follow_days=100, step_days=50)
    assert curve["returned_share"].to_list() == pytest.approx([0.0, 1 / 3, 1 / 3])


def test_quantiles_of_simulated_and_other_logs_have_the_same_rows(market: Market):
    simulated = counted_spend(market.tables["spend"])
    table = side_by_side({"simulated": simulated, "tiny": TINY})
    assert table.filter(pl.col("log") == "simulated")["quantity"].to_list() == log_quantiles(TINY)["quantity"].to_list()
    gaps = table.row(0, named=True)
    assert 2 <= gaps["q10"] < gaps["q50"] < gaps["q90"]
    returned = table.filter((pl.col("log") == "simulated") & pl.col("quantity").str.contains("within 182"))
    assert 0.3 < returned["q50"][0] < 0.75


def test_pictures_are_png_of_simulated_figures(market: Market):
    simulated = counted_spend(market.tables["spend"])
    pictures = draw_pictures(market.tables, market.truth, {"another log": simulated})
    assert set(pictures) == {"spend_over_time", "lapses_by_reason", "returns_by_reason", "notes_by_language"}
    for name, image in pictures.items():
        assert image.startswith(b"\x89PNG"), name
        assert len(image) > 10_000
