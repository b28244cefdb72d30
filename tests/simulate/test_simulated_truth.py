"""What was planted comes back: the mix of reasons, their signs, and what returns depend on."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from winback.simulate.draws import by_code
from winback.simulate.market import Market, simulate_market
from winback.simulate.parameters import CODE_INDEX, CODES, TOUCH_CHANNELS, default_parameters
from winback.simulate.returning import horizon_prob, touch_log
from winback.simulate.step import simulate_week

P = default_parameters()


def lapsed(market: Market) -> np.ndarray:
    accounts = market.state.accounts
    return np.flatnonzero((accounts.status == 2) & (accounts.touch_day < 0))


def test_planted_mix_of_reasons_comes_back(market: Market):
    lapses = market.truth["lapses"]
    observed = lapses.group_by("reason_code").len().sort("reason_code")
    assert observed["reason_code"].to_list() == sorted(CODES)
    share = observed["len"].to_numpy() / lapses.height
    planted = by_code(P.reasons.share)[np.argsort(CODES)]
    assert 0.5 * np.abs(share - planted).sum() < 0.06
    families = lapses["reason_code"].str.slice(0, 1)
    assert abs((families == "1").mean() - 0.5) < 0.05
    assert abs((families == "2").mean() - 0.3) < 0.05


def test_reasons_show_in_usage_before_the_lapse(market: Market):
    lapses = market.truth["lapses"].select("account_id", "reason_code", "trouble_from_on", "left_on")
    usage = market.tables["usage"].join(lapses, on="account_id").with_columns(pl.col("cost_amount").cast(pl.Float64))
    before = usage.filter(pl.col("period_to_on") < pl.col("trouble_from_on"))
    during = usage.filter(
        (pl.col("period_from_on") >= pl.col("trouble_from_on")) & (pl.col("period_to_on") <= pl.col("left_on"))
    )

    def ratio(frame: pl.DataFrame, code: str, over: str, under: str) -> float:
        rows = frame.filter(pl.col("reason_code") == code)
        return float(rows[over].sum() / rows[under].sum())

    assert ratio(during, "1a", "n_inquiries", "n_clicks") < 0.5 * ratio(before, "1a", "n_inquiries", "n_clicks")
    assert ratio(during, "1b", "cost_amount", "n_clicks") > 1.3 * ratio(before, "1b", "cost_amount", "n_clicks")
    assert ratio(during, "1f", "n_inquiries", "n_clicks") < 0.7 * ratio(before, "1f", "n_inquiries", "n_clicks")
    assert ratio(during, "2d", "n_orders", "n_inquiries") < 0.6 * ratio(before, "2d", "n_orders", "n_inquiries")
    assert ratio(during, "2e", "n_visits", "n_clicks") < 0.6 * ratio(before, "2e", "n_visits", "n_clicks")


def test_reasons_show_in_contacts_and_people(market: Market):
    lapses = market.truth["lapses"].select("account_id", "lapse_no", "reason_code", "trouble_from_on", "left_on")
    contacts = market.tables["touchpoints"].join(lapses, on="account_id").filter(
        pl.col("touched_on").is_between(pl.col("left_on") - pl.duration(days=90), pl.col("left_on"))
    )  # fmt: skip

    def per_lapse(code: str, condition: pl.Expr) -> float:
        n = lapses.filter(pl.col("reason_code") == code).height
        return contacts.filter((pl.col("reason_code") == code) & condition).height / n

    calls = pl.col("direction") == "out"
    complaints = pl.col("kind") == "complaint"
    unanswered = (pl.col("kind") == "renewal_reminder") & ~pl.col("is_resolved")
    assert per_lapse("5", calls) > 5 * per_lapse("1a", calls)
    assert per_lapse("4", complaints) > 5 * per_lapse("1a", complaints)
    assert per_lapse("6", unanswered) > 5 * per_lapse("1a", unanswered)
    replaced = market.tables["people"].filter(pl.col("valid_to_on").is_not_null())
    near = lapses.join(replaced.select("account_id", "valid_to_on"), on="account_id").filter(
        pl.col("valid_to_on").is_between(pl.col("trouble_from_on"), pl.col("left_on"))
    )
    shares = near.group_by("reason_code").len().sort("len", descending=True)
    assert shares["reason_code"][0] == "2a"


def test_season_moves_low_season_lapses(market: Market):
    lapses = market.truth["lapses"]
    off = lapses.filter(pl.col("reason_code") == "2c")["season_share"].mean()
    assert off < lapses.filter(pl.col("reason_code") == "1a")["season_share"].mean() - 0.05


def test_return_chances_fade_with_delay_and_rise_with_contact(market: Market):
    state, at = market.state, lapsed(market)
    untouched = horizon_prob(state.accounts, at, state.week_day, P)
    later = horizon_prob(state.accounts, at, state.week_day + 52 * 7, P)  # a year on: the same season
    assert (later < untouched).all()
    log = touch_log(state, at, P, channel=np.zeros_like(at), offer=np.full(len(at), -1), day=state.week_day)
    touched = horizon_prob(state.accounts, at, state.week_day, P, new_touch_log=log)
    over_contacted = state.accounts.code[at] == CODE_INDEX["5"]
    assert touched[~over_contacted].mean() > 1.5 * untouched[~over_contacted].mean()
    assert touched[over_contacted].mean() < untouched[over_contacted].mean()


def test_channel_and_matching_offer_matter(market: Market):
    state, at = market.state, lapsed(market)
    none = np.full(len(at), -1)

    def log(channel: str, offer: np.ndarray) -> np.ndarray:
        index = np.full(len(at), TOUCH_CHANNELS.index(channel))
        return touch_log(state, at, P, channel=index, offer=offer, day=state.week_day)

    assert (log("visit", none) > log("sms", none)).all()
    help_offer = np.full(len(at), 7)  # an account audit, made for 1a, 1f, 2a and 3
    gain = log("phone", help_offer) - log("phone", none)
    fits = np.isin(state.accounts.code[at], [CODE_INDEX[c] for c in ("1a", "1f", "2a", "3")])
    assert gain[fits].min() > gain[~fits].max()


def test_holdout_is_never_contacted_in_the_history(market: Market):
    touches = market.truth["touches"]
    assert touches.filter(pl.col("lot") == "holdout").is_empty()
    assert touches.filter(pl.col("lot") == "explore").height > 20
    held = market.truth["lapses"]["lot"] == "holdout"
    assert abs(held.mean() - P.habits.holdout_share) < 0.03


def test_second_lifetimes_differ_by_reason(market: Market):
    long = simulate_market(n_accounts=4000, n_weeks=52, seed=11, end_on=date(2026, 11, 2), parameters=P).truth["returns"]
    returns = pl.concat([market.truth["returns"], long])
    mean = dict(returns.group_by("reason_code").agg(pl.col("duration_days").mean()).iter_rows())
    expected = np.array([P.reasons.second_days[c] for c in CODES])
    assert np.corrcoef(expected, [mean[c] for c in CODES])[0, 1] > 0.5


def test_returns_come_as_often_as_the_truth_says(market: Market):
    """Untouched chances against what happens in eight weeks without a playbook; touched ones after one week of contacts."""
    state, day = market.state, date(2026, 11, 2)
    chances = market.truth["chances"]
    playbook = pl.DataFrame(
        {
            "row_key": [f"W{k:07d}" for k in range(chances.height)],
            "account_id": chances["account_id"],
            "rep_id": market.tables["accounts"].unique("account_id", keep="last").join(
                chances.select("account_id"), on="account_id", how="right", maintain_order="right")["rep_id"],
            "rank": range(1, chances.height + 1),
            "minutes": [4] * chances.height,
            "play_channel": ["phone"] * chances.height,
            "offer_id": [None] * chances.height,
            "primary_code": [None] * chances.height,
            "week_on": [day] * chances.height,
        },
        schema_overrides={"offer_id": pl.String, "primary_code": pl.String},
    )  # fmt: skip
    for is_worked in (False, True):
        now, on, returned, rows = state, day, set(), None
        for week in range(8):
            delivered = playbook if is_worked and week == 0 else playbook.clear()
            result = simulate_week(state=now, playbook=delivered, week_on=on, parameters=P)
            rows = result.truth["rows"] if week == 0 else rows
            returned |= set(result.truth["returns"]["account_id"])
            now, on = result.state, on + timedelta(days=7)
        if is_worked:
            expected = rows.filter(pl.col("is_reached") & pl.col("was_lapsed")).select("account_id", p="prob_touched")
            assert expected.height > 600
        else:
            expected = chances.select("account_id", p="prob_untouched")
        observed = expected["account_id"].is_in(list(returned)).mean()
        sigma = float(np.sqrt((expected["p"] * (1 - expected["p"])).sum())) / expected.height
        # returned accounts may leave and return again, and a few strays are contacted: hence one point of slack
        assert observed == pytest.approx(expected["p"].mean(), abs=3 * sigma + 0.01)
