"""The chance of a return if left alone, beside the features: the same horizon and population for both sides.

Belongs here: that chance as a feature of contacts and options. Does not belong here: the model it comes from
(`winback.survival.return_model`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.propensity.touch_rows import UNTOUCHED
from winback.survival.curves import logit
from winback.survival.return_model import ReturnModel


def with_untouched(known: pl.DataFrame, model: ReturnModel | None, horizon_days: int) -> pl.DataFrame:
    """`known` (columns of `snapshots.feature_rows`) with the log-odds of a return if left alone; null without a model.

    The return model looks at untouched futures only: contacts end its view, so it has not seen what came of them.
    """
    if model is None or known.is_empty():
        return known.with_columns(pl.lit(None, dtype=pl.Float64).alias(UNTOUCHED))
    parts = []
    for (_,), rows in sorted(known.partition_by("as_of_on", as_dict=True).items()):
        chance = model.return_probs(rows, np.array([float(horizon_days)]))
        parts.append(rows.with_columns(pl.Series(UNTOUCHED, logit(chance)[:, 0])))
    return pl.concat(parts)
