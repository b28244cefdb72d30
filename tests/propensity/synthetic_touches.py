"""Contacts made by a known law, for the tests of propensity.

Belongs here: frames like those of `touch_rows.past_touches`. Does not belong here: tests.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST_WEEK = date(2025, 1, 6)


def chance_of(
    silence: np.ndarray, has_offer: np.ndarray, effect: float, steps: float = 0.0, x: np.ndarray | None = None
) -> np.ndarray:
    """P(return): linear in the logarithm of the silence, with `steps` times a bent part that no line follows."""
    odds = -1.2 + effect * (-1.0 * (silence - 0.5) * 3 + 0.8 * has_offer)
    if x is not None:
        odds = odds + steps * np.where((x[:, 0] > 0) == (x[:, 1] > 0), 1.5, -1.5)
    return 1 / (1 + np.exp(-odds))


def synthetic_touches(n: int, *, seed: int, effect: float = 1.0, steps: float = 0.0, n_weeks: int = 40) -> pl.DataFrame:
    """`n` settled contacts over `n_weeks` weeks; `effect` 0 plants nothing, `steps` what only trees can follow.

    `true_prob` is the chance each outcome was drawn with; the tests take it off before fitting.
    """
    lot = np.random.default_rng(seed)
    silence, x = lot.random(n), lot.normal(size=(n, 4))
    has_offer = lot.random(n) < 0.5
    prob = chance_of(silence, has_offer, effect, steps, x)
    weeks = np.sort(lot.integers(0, n_weeks, n))
    account = lot.integers(0, max(n * 2 // 3, 1), n)
    frame = pl.DataFrame(
        {
            "row_key": [f"H{i:06d}" for i in range(n)],
            "account_id": [f"A{a:06d}" for a in account],
            "as_of_on": [FIRST_WEEK + timedelta(weeks=int(w)) for w in weeks],
            "play_id": ["ask_reason"] * n,
            "offer_id": [("O1" if o else None) for o in has_offer],
            "business_kind": np.array(["machinery", "wedding", "logistics"])[lot.integers(0, 3, n)],
            "silence_days": np.round(np.exp(3.4 + 2.4 * silence)).astype(np.int64),
            "has_offer": has_offer,
            "season_ratio": x[:, 0],
            "discount_only_share": x[:, 1],
            "n_earlier_returns": x[:, 2],
            "tenure_days": x[:, 3],
            "untouched_log_odds": np.zeros(n),
            "has_returned": lot.random(n) < prob,
            "true_prob": prob,
        }
    )
    return frame.sort("as_of_on", "account_id", "row_key")
