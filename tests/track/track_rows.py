"""Rows of core_treatments and track_units by hand or by a known law, for the tests of measurement."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from data_contracts import load_contract
from winback.track.frames import contract_frame

AS_OF = date(2026, 3, 2)
SETTLED = date(2025, 12, 1)
PROBS = {"treated": 0.85, "holdout": 0.10, "explore": 0.05}


def treatment(row_key: str, **changed: Any) -> dict[str, Any]:
    """One settled treated row that nobody worked and that did not come back, with what the test changes of it."""
    row = {
        "row_key": row_key, "account_id": row_key.lower(), "week_on": SETTLED, "rep_id": "r1", "play_id": "ask_reason",
        "assignment": "treated", "arm_prob": 1.0, "n_arms": 3, "experiment_id": "E1", "is_delivered": False,
        "last_spend_on": date(2025, 8, 1), "is_worked": False, "is_contaminated": False, "is_settled": True,
        "has_returned": False, "horizon_amount": 0,
    }  # fmt: skip
    row["assignment_prob"] = PROBS[changed.get("assignment", "treated")]
    assert set(changed) <= set(load_contract("core_treatments").columns), changed
    return row | changed


def treatments(*rows: dict[str, Any]) -> pl.DataFrame:
    """A frame of core_treatments."""
    return contract_frame("core_treatments", rows)


def units(n: dict[str, int], returned: dict[str, int], amount: float = 100.0, **same: Any) -> pl.DataFrame:
    """Rows of track_units: so many per assignment, so many of them returned, each return worth `amount`."""
    rows = []
    for assignment, count in n.items():
        for i in range(count):
            is_back = i < returned.get(assignment, 0)
            rows.append(
                {
                    "row_key": f"R{assignment[0].upper()}{i:05d}", "account_id": f"{assignment}{i}", "experiment_id": "E1",
                    "week_on": SETTLED, "assignment": assignment, "assignment_prob": PROBS[assignment], "arm_prob": 1.0,
                    "play_id": "ask_reason", "silence_days": 90, "is_worked": False, "is_contaminated": False,
                    "is_settled": True, "has_returned": is_back, "horizon_amount": amount * is_back,
                    "second_amount": 2 * amount * is_back,
                }
                | same
            )  # fmt: skip
    return contract_frame("track_units", rows)


ARMS = (("ask_reason", ""), ("2c_off_season", ""), ("2c_off_season", "voucher"))
RETURN_PROB = {None: 0.10, ARMS[0]: 0.20, ARMS[1]: 0.16, ARMS[2]: 0.30}
"""True chance of return by arm (None: left alone) for an account of middling silence."""
OFFER_COST, MARGIN = 5.0, 100.0


def logged_market(n_accounts: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, float]]:
    """Units and options of a logged policy with known values.

    Silence lowers every chance, and the plan offers the voucher to the shorter silences only, so the arms' raw means mislead.
    Truth: the return share under untouched, plan, rules (the play without offer), no_offer and best_arm (the voucher, closed to
    every fifth account).
    """
    lot = np.random.default_rng(seed)
    silence = lot.integers(30, 330, n_accounts)
    factor = 1.5 - silence / 360
    is_closed = np.arange(n_accounts) % 5 == 0
    plan = np.where(is_closed, 1, np.where(silence < 150, 2, 0))
    bucket = lot.choice(3, n_accounts, p=[0.6, 0.2, 0.2])
    n_arms = np.where(is_closed, 2, 3)
    drawn = np.floor(lot.random(n_accounts) * n_arms).astype(int)
    arm = np.where(bucket == 0, plan, drawn)
    chance = np.array([RETURN_PROB[a] for a in ARMS])
    prob = factor * np.where(bucket == 1, RETURN_PROB[None], chance[arm])
    is_back = lot.random(n_accounts) < prob
    names = np.array(["treated", "holdout", "explore"])[bucket]
    shown = np.where(bucket == 1, plan, arm)
    key = [f"R{i:06d}" for i in range(n_accounts)]
    frame = pl.DataFrame(
        {
            "row_key": key, "account_id": [f"a{i // 2}" for i in range(n_accounts)], "experiment_id": "E1",
            "week_on": [SETTLED - timedelta(days=7 * (i % 6)) for i in range(n_accounts)], "assignment": names,
            "assignment_prob": np.array([0.6, 0.2, 0.2])[bucket], "arm_prob": np.where(bucket == 2, 1 / n_arms, 1.0),
            "n_arms": n_arms, "play_id": [ARMS[a][0] for a in shown], "offer_id": [ARMS[a][1] or None for a in shown],
            "silence_days": silence, "is_worked": False, "spent_minutes": None, "is_contaminated": False, "is_settled": True,
            "has_returned": is_back, "horizon_amount": MARGIN * is_back, "second_amount": MARGIN * is_back,
        }
    )  # fmt: skip
    options = [
        {
            "row_key": key[i], "arm_no": a + 1, "play_id": ARMS[a][0], "offer_id": ARMS[a][1] or None,
            "is_rule_choice": a == 1, "is_plan_choice": a == plan[i], "offer_cost_amount": OFFER_COST if a == 2 else 0,
            "minutes": 10,
        }
        for i in range(n_accounts) for a in range(n_arms[i])
    ]  # fmt: skip
    best = np.where(is_closed, RETURN_PROB[None], chance[2])
    without = np.where(plan == 2, chance[1], chance[plan])
    truth = {
        "untouched": factor * RETURN_PROB[None], "plan": factor * chance[plan], "rules": factor * chance[1],
        "no_offer": factor * without, "best_arm": factor * best,
    }  # fmt: skip
    return (
        contract_frame("track_units", frame.to_dicts()),
        contract_frame("ledger_options", options),
        {name: float(values.mean()) for name, values in truth.items()},
    )
