"""What must hold over many published weeks, beside the truth of a simulated market.

Belongs here: shares of the lots, the measured effect, write-backs on their way in. Does not belong here: checks of one week
(`week_checks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl
from scipy.stats import binomtest

from tests.pipelines.published_weeks import PublishedWeek
from winback.config import Settings

RARE_PROB = 1e-4
_WIDER = 1.7  # an interval of 95 % that much wider covers 99.9 %


def wrong_shares(weeks: Sequence[PublishedWeek], settings: Settings) -> list[str]:
    """What the lots drew over the weeks beside the shares that were set, and the arms of those who explore beside even chances."""
    drawn = pl.concat([week.plan for week in weeks]).filter(pl.col("experiment_id").is_not_null())
    wrong = []
    for lot, share in (("holdout", settings.experiment.holdout_share), ("explore", settings.experiment.explore_share)):
        n_lot = drawn.filter(pl.col("assignment") == lot).height
        if binomtest(n_lot, drawn.height, share).pvalue < RARE_PROB:
            wrong.append(f"{lot}: {n_lot} of {drawn.height} where {share:.0%} were set")
    explored = drawn.filter(pl.col("assignment") == "explore")
    chance = 1 / explored["n_arms"]
    spread = float((chance * (1 - chance)).sum()) ** 0.5
    excess = explored.filter(pl.col("arm_no") == pl.col("planned_arm_no")).height - float(chance.sum())
    if abs(excess) > 4 * spread:
        wrong.append(f"explore: the planned arm was drawn {excess:+.1f} times more often than by chance ({spread:.1f})")
    return wrong


def wrong_effect(folder: Path, truth: Path) -> list[str]:
    """The measured effect of each experiment beside the true one: what the treated did, less their true chances if left alone."""
    with duckdb.connect(str(folder / "winback.duckdb"), read_only=True) as con:
        effect = con.sql("FROM track_effect WHERE effect_scope = 'total' AND return_difference_share IS NOT NULL").pl()
        units = con.sql("FROM track_units WHERE is_settled AND assignment = 'treated'").pl()
    chances = pl.read_parquet(truth / "rows.parquet").select("row_key", "prob_untouched")
    wrong = []
    for row in effect.iter_rows(named=True):
        own = units.filter(pl.col("experiment_id") == row["experiment_id"]).join(chances, on="row_key")
        came = pl.col("has_returned").cast(pl.Float64)
        true = own.select((came - pl.col("prob_untouched").fill_null(came)).mean()).item()
        measured = row["return_difference_share"]
        low, high = (measured + _WIDER * (row[f"return_difference_{end}_share"] - measured) for end in ("low", "high"))
        if true is not None and not low <= true <= high:
            wrong.append(
                f"{row['experiment_id']}: {measured:.3f} was measured ({low:.3f} to {high:.3f}), {true:.3f} is true"
            )
    return wrong


def wrong_write_backs(con: duckdb.DuckDBPyConnection, write_back: pl.DataFrame) -> list[str]:
    """Rows that representatives filled in and that are neither loaded as they are nor held back with a reason."""
    filled = write_back.filter(pl.any_horizontal(pl.col("worked_on", "result", "promise").is_not_null()))
    columns = ["row_key", "worked_on", "promise", "promise_due_on", "next_contact_on"]
    loaded = con.sql(f"SELECT {', '.join(columns)} FROM raw_outcomes").pl()
    held = con.sql("SELECT json_extract_string(record_text, '$.row_key') AS row_key FROM ledger_quarantine").pl()
    lost = filled.select(columns).join(loaded, on=columns, how="anti", nulls_equal=True).join(held, on="row_key", how="anti")
    return [f"write-back lost: {lost.height} rows, first {lost.row(0)}"] if lost.height else []
