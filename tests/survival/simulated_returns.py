"""Landmark rows of simulated accounts whose true chance of return is known in closed form."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from winback.survival.btyd import BuyTillDie
from winback.survival.landmark_rows import purchase_counts

TRUTH = BuyTillDie(r=1.2, alpha=40.0, a=1.0, b=5.0, is_modified=True)
START = date(2024, 1, 1)
SEEN_DAYS = 728
LAPSE_DAYS = 42


def purchase_days(n_accounts: int, seed: int) -> list[np.ndarray]:
    """Days (from 0) with a purchase per account: the modified BG/NBD of `TRUTH`, first purchase within the first year."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n_accounts):
        rate, drop = draw.gamma(TRUTH.r, 1 / TRUTH.alpha), draw.beta(TRUTH.a, TRUTH.b)
        days = [float(draw.integers(0, 365))]
        while draw.random() > drop and days[-1] < SEEN_DAYS:
            days.append(days[-1] + draw.exponential(1 / rate))
        found.append(np.unique(np.floor([d for d in days if d < SEEN_DAYS])))
    return found


def landmark_rows(n_accounts: int, seed: int, landmarks: tuple[int, ...] = tuple(range(364, 701, 56))) -> pl.DataFrame:
    """Rows of accounts silent for at least `LAPSE_DAYS` at the landmarks (days from the start)."""
    histories = purchase_days(n_accounts, seed)
    rows = [_row(n, days, at) for at in landmarks for n, days in enumerate(histories) if _is_lapsed(days, at)]
    return pl.DataFrame(rows).with_columns(cycle_days=pl.col("cycle_days").cast(pl.Float64)).sort("as_of_on", "account_id")


def true_probs(rows: pl.DataFrame, horizon_days: int) -> np.ndarray:
    """P(return within the horizon) under the parameters that made the rows."""
    return TRUTH.return_probs(purchase_counts(rows), np.array([float(horizon_days)]))[:, 0]


def _is_lapsed(days: np.ndarray, at: int) -> bool:
    before = days[days < at]
    return bool(len(before)) and at - before[-1] >= LAPSE_DAYS


def _row(number: int, days: np.ndarray, at: int) -> dict[str, object]:
    before, after = days[days < at], days[days >= at]
    gaps = np.diff(before)
    return {
        "account_id": f"A{number:05d}",
        "as_of_on": START + timedelta(days=at),
        "business_kind": "shop" if number % 3 else "inn",
        "cycle_group": "all",
        "cycle_days": float(np.median(gaps)) if len(gaps) else None,
        "silence_days": int(at - before[-1]),
        "n_purchase_days": len(before),
        "active_span_days": int(before[-1] - before[0]),
        "tenure_days": int(at - before[0]),
        "silence_share": float((at - before[-1]) / (at - before[0])),
        "time_days": int(after[0] - at + 1) if len(after) else SEEN_DAYS - at,
        "has_returned": bool(len(after)),
        "seen_days": SEEN_DAYS - at,
        "is_touched": False,
        "is_closed": False,
    }
