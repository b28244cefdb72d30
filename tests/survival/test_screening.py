"""Which columns a model reads, and what was tried, told as rows."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from tests.survival.simulated_returns import SEEN_DAYS, START, landmark_rows
from winback.survival.design import fit_design
from winback.survival.landmark_rows import learnable
from winback.survival.screening import MAX_NUMBERS, telling
from winback.survival.trials import return_trials


def test_few_columns_are_all_kept() -> None:
    rows = learnable(landmark_rows(200, seed=1))
    design = fit_design(rows)
    assert telling(design, rows, 56) == design


def test_noise_goes_first() -> None:
    rows = learnable(landmark_rows(600, seed=1))
    rng = np.random.default_rng(0)
    noisy = rows.with_columns([pl.Series(f"noise_{i:03d}", rng.normal(size=rows.height)) for i in range(MAX_NUMBERS + 20)])
    kept = {n.name for n in telling(fit_design(noisy), noisy, 56).numbers}
    assert len(kept) == MAX_NUMBERS
    assert "silence_days" in kept
    assert not {"n_purchase_days", "active_span_days"} - kept


def test_a_number_that_tells_the_date_is_left_out() -> None:
    rows = learnable(landmark_rows(300, seed=1))
    days = (pl.col("as_of_on") - pl.col("as_of_on").min()).dt.total_days()
    dated = rows.with_columns(n_peers=days, mixed=days / 1000 + pl.col("silence_days"))
    kept = {n.name for n in telling(fit_design(dated), dated, 56).numbers}
    assert "n_peers" not in kept
    assert {"mixed", "silence_days"} <= kept


def test_without_a_model_the_reason_stands_in_the_one_row() -> None:
    week = START + timedelta(days=SEEN_DAYS)
    row = return_trials(None, "too few", week).row(0, named=True)
    assert (row["family"], row["is_champion"], row["level_reason"]) == ("kaplan_meier", True, "too few")
    assert row["as_of_on"] == date.fromisoformat(week.isoformat())
