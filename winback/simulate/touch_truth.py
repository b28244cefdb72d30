"""The true chance of a return under each win-back contact, for judging models on simulated markets.

Belongs here: reading it from `truth/` under the row keys of assignments. Does not belong here: the chances themselves
(`returning`). Evaluation alone reads this; no model does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from winback.simulate.days import day_number
from winback.simulate.history_assignments import row_keys
from winback.simulate.parameters import Parameters


def touch_truth(folder: Path) -> pl.DataFrame | None:
    """row_key and true_prob of every contact of the history and of the playbooks; None where `folder` holds no truth.

    Whether a contact will reach somebody is not known when it is planned; so the chance is that of a contact that reaches and that
    of none, by the share of contacts that reach.
    """
    if not (folder / "parameters.json").is_file():
        return None
    reached = Parameters.model_validate_json((folder / "parameters.json").read_text(encoding="utf-8")).habits.reached_share
    frames = [_history(pl.read_parquet(folder / "touches.parquet"))]
    if (folder / "rows.parquet").is_file():
        frames.append(pl.read_parquet(folder / "rows.parquet").select("row_key", "prob_touched", "prob_untouched"))
    chance = reached * pl.col("prob_touched") + (1 - reached) * pl.col("prob_untouched")
    return pl.concat(frames).select("row_key", true_prob=chance).unique("row_key", keep="last", maintain_order=True)


def _history(touches: pl.DataFrame) -> pl.DataFrame:
    """The contacts in the order they were made; those of later weeks get keys that no assignment has."""
    days = np.array([day_number(day) for day in touches["touched_on"]], dtype=np.int64)
    keys = row_keys("H", days, np.arange(touches.height))
    return touches.select(keys.alias("row_key"), "prob_touched", "prob_untouched")
