"""Landmark rows of made-up active accounts whose true chance of lapse is known."""

from datetime import date, timedelta

import numpy as np
import polars as pl

START = date(2024, 1, 1)
HORIZON_DAYS = 56
SEEN_UNTIL = START + timedelta(days=28 * 12)


def true_log_odds(share: np.ndarray, effect: float, cause: np.ndarray) -> np.ndarray:
    """Silence against the threshold, and a planted cause."""
    return -2.0 + 2.5 * share + effect * cause


def landmark_rows(
    n_accounts: int, seed: int, *, effect: float = 0.0, slope: bool = True, n_landmarks: int = 10
) -> pl.DataFrame:
    """`n_landmarks` landmarks, 4 weeks apart, of every account; `slope` False: nothing tells who lapses."""
    draw = np.random.default_rng(seed)
    n = n_accounts * n_landmarks
    share, cause = draw.random(n), np.repeat(draw.normal(size=n_accounts), n_landmarks)
    odds = true_log_odds(share, effect, cause) if slope else np.full(n, -0.5)
    prob = 1 / (1 + np.exp(-odds))
    lapses = draw.random(n) < prob
    landmarks = [START + timedelta(days=28 * k) for k in range(n_landmarks)]
    seen = np.tile([min(HORIZON_DAYS, (SEEN_UNTIL - day).days) for day in landmarks], n_accounts)
    return pl.DataFrame(
        {
            "account_id": np.repeat([f"A{k:05d}" for k in range(n_accounts)], n_landmarks),
            "as_of_on": landmarks * n_accounts,
            "lapse_basis": np.where(draw.random(n) < 0.2, "paid_through", "silence"),
            "business_kind": "k",
            "cycle_group": "all",
            "silence_days": np.round(share * 60).astype(np.int64),
            "threshold_days": np.full(n, 60),
            "threshold_used_share": share,
            "lapse_in_days": np.round((1 - share) * 60).astype(np.int64),
            "gap_mean_days": draw.gamma(4, 5, n),
            "cause": cause,
            **{f"noise_{k}": draw.normal(size=n) for k in range(5)},
            "time_days": np.where(lapses, draw.integers(1, HORIZON_DAYS + 1, n), seen),
            "has_lapsed": lapses,
            "seen_days": seen,
            "is_touched": False,
            "is_closed": False,
            "true_prob": prob,
        }
    ).sort("as_of_on", "account_id")
