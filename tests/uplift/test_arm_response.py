"""What plays and offers add to an account's uplift: planted, absent, thin, unknown, stored."""

import numpy as np
import polars as pl
import pytest

from winback.uplift.arm_response import ARM_FEATURES, MIN_DRAWN_ROWS, ArmResponse, fit_arms

KINDS = ("none", "discount", "points", "voucher")
ODDS = {"none": 0.0, "discount": 0.9, "points": 0.0, "voucher": 0.5}


def contacts(n: int, *, seed: int, strength: float = 1.0) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Contacted rows whose arm the lot gave, their accounts' chances, and returns: `strength` times ODDS on the log-odds scale."""
    lot = np.random.default_rng(seed)
    kind = lot.choice(KINDS, n, p=[0.4, 0.3, 0.27, 0.03])
    account = 0.2 + 0.15 * lot.random(n)
    added = strength * (np.array([ODDS[k] for k in kind]) - np.mean([ODDS[k] for k in kind]))
    odds = np.log(account / (1 - account)) + added
    arms = pl.DataFrame(
        {
            "account_id": [f"A{i:05d}" for i in range(n)], "play_channel": ["phone"] * n, "offer_kind": kind,
            "is_price_offer": np.isin(kind, ["discount", "voucher"]), "offer_amount_share": [0.0] * n,
            "offer_discount_share": np.where(kind == "discount", 0.1, 0.0), "is_reason_matched": [False] * n,
            "is_asking": [True] * n,
        }
    )  # fmt: skip
    return arms, account, (lot.random(n) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def response_of(n: int, seed: int, strength: float = 1.0) -> tuple[ArmResponse | None, str]:
    arms, account, returned = contacts(n, seed=seed, strength=strength)
    return fit_arms(arms, account, returned, np.ones(n, dtype=np.bool_))


def moved(response: ArmResponse, kinds: tuple[str, ...], untouched: float = 0.1) -> np.ndarray:
    rows = contacts(400, seed=9)[0].unique("offer_kind", keep="first", maintain_order=True)
    rows = pl.concat([rows.filter(pl.col("offer_kind") == kind) for kind in kinds])
    own = np.full(rows.height, 0.1), np.full(rows.height, 0.05), np.full(rows.height, 0.15)
    return np.stack(response.moved(rows, np.full(rows.height, untouched), own))


def test_offers_that_do_more_get_more_uplift() -> None:
    response, told = response_of(3000, 1)
    assert response is not None and "told apart" in told
    value, low, high = moved(response, ("none", "points", "discount"))
    assert value[2] > 0.13 > 0.1 > value[0], "a discount adds to the account's 0.10, no offer takes off"
    assert abs(value[0] - value[1]) < 0.03 and (low < value).all() and (value < high).all()
    assert ((high - low) > 0.1).all(), "an arm is known less well than the account"


def test_an_arm_with_few_rows_is_drawn_to_the_account() -> None:
    response, _ = response_of(3000, 1)
    assert response is not None
    value = moved(response, ("discount", "voucher"))[0]
    assert 0.1 < value[1] < value[0]


def test_arms_that_do_the_same_are_not_told_apart() -> None:
    found = [response_of(1500, seed, strength=0.0)[0] for seed in range(10, 22)]
    assert sum(one is None for one in found) >= 9


def test_few_arms_by_lot_tell_nothing() -> None:
    arms, account, returned = contacts(600, seed=3)
    response, told = fit_arms(arms, account, returned, np.arange(600) < MIN_DRAWN_ROWS - 1)
    assert response is None and f"{MIN_DRAWN_ROWS - 1} arms were given by lot" in told


def test_without_a_chance_if_left_alone_the_uplift_stays() -> None:
    response, _ = response_of(3000, 1)
    assert response is not None
    np.testing.assert_array_equal(moved(response, ("discount",), untouched=float("nan"))[:, 0], [0.1, 0.05, 0.15])


def test_read_back_it_is_the_same() -> None:
    response, _ = response_of(3000, 1)
    assert response is not None
    again = ArmResponse.from_json(response.as_json())
    np.testing.assert_array_equal(moved(again, KINDS), moved(response, KINDS))


@pytest.mark.parametrize("name", ARM_FEATURES)
def test_every_arm_feature_is_one_of_a_contact(name: str) -> None:
    from winback.propensity.touch_rows import FEATURES

    assert name in FEATURES
