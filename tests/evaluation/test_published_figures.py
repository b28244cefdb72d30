"""CDNOW by its protocol: recency only comes out as published, so rows, labels and metrics are those of the peers."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from winback.evaluation.baselines import recency_predictions
from winback.evaluation.metrics import point_metrics
from winback.evaluation.predictions import judged_rows
from winback.evaluation.protocols import Protocol, load_protocol
from winback.importers.cdnow import read_cdnow


def lapsed_on(days: pl.DataFrame, as_of_on: date, protocol: Protocol) -> pl.DataFrame:
    """Lapsed accounts of one date with their time to the next purchase, straight from account and day of every purchase."""
    before = days.filter(pl.col("spent_on") < as_of_on).group_by("account_id").agg(last_on=pl.col("spent_on").max())
    after = days.filter(pl.col("spent_on") >= as_of_on).group_by("account_id").agg(next_on=pl.col("spent_on").min())
    as_of, log_end = pl.lit(as_of_on), days["spent_on"].max()
    rows = before.with_columns(as_of_on=as_of, silence_days=(as_of - pl.col("last_on")).dt.total_days())
    rows = rows.filter(pl.col("silence_days") >= protocol.lapse_days).join(after, on="account_id", how="left")
    time_days = (pl.col("next_on").fill_null(log_end) - as_of).dt.total_days() + 1
    rows = rows.with_columns(time_days=time_days, has_returned=pl.col("next_on").is_not_null())
    return rows.with_columns(is_return_in_horizon=pl.col("has_returned") & (pl.col("time_days") <= protocol.horizon_days))


def test_recency_only_on_cdnow_is_as_published() -> None:
    """Fit on log silence on the three training dates, judge on 1997-12-29: all six published figures to the last digit.

    The published calibration error is that over bins of equal mass.
    """
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(next(iter(spec.submodule_search_locations))) / "datasets" / "CDNOW_master.txt"
    days = read_cdnow(path.read_text(encoding="utf-8")).tables["spend"].select("account_id", "spent_on").unique()
    protocol = load_protocol("cdnow")
    training = pl.concat([lapsed_on(days, day, protocol) for day in protocol.training_on])
    test = pl.concat([lapsed_on(days, day, protocol) for day in protocol.test_on])
    rows = judged_rows(recency_predictions(training, test, protocol), protocol)
    assert len(rows.is_return) == protocol.published_n_rows
    assert np.mean(rows.is_return) == pytest.approx(protocol.published_base_rate, abs=0.0005)
    found = point_metrics(rows, "recency_only")
    half_of_last_digit = {"top_decile_lift": 0.005, "brier": 0.00005}
    for metric, published in protocol.published_peers["recency_only"].model_dump().items():
        assert found[metric] == pytest.approx(published, abs=half_of_last_digit.get(metric, 0.0005) + 1e-9), metric
