"""The true chance that a lapsed account returns.

Belongs here: the weekly chance and the chance within a horizon, untouched and touched, as functions of reason, delay,
season, contact, channel and offer. The simulation draws returns from exactly these, and the truth reports them. Does not
belong here: who is touched (`habits`, `working`) or what follows a return (`spending`).

For code c, w weeks after leaving, the weekly rate is
exp(frailty) × (return_weekly_c × exp(-w / decay_c) + floor) × season × exp(touch_log × exp(-weeks since touch / fade)),
and the chance of a week is 1 - exp(-rate).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import date_of, dates
from winback.simulate.draws import Week, by_code, season_table
from winback.simulate.parameters import CODES, OFFER_KINDS, TOUCH_CHANNELS, Parameters
from winback.simulate.state import Accounts, Floats, Ints, MarketState, Status

HORIZON_WEEKS = 8
"""Weeks of the decision horizon (56 days)."""


def touch_log(
    state: MarketState, at: Ints, parameters: Parameters, *, channel: Ints, offer: Ints, day: Ints | int
) -> Floats:
    """Log factor of the return rate right after a contact that reaches someone, for the accounts at positions `at`.

    `channel` indexes TOUCH_CHANNELS, `offer` the catalogue's offers or is -1; `day` is the day of the contact.
    """
    accounts, change_day = state.accounts, state.change_day
    returns, catalogue = parameters.returns, load_catalogue()
    code = np.maximum(accounts.code[at], 0)
    weeks_gone = (day - accounts.left_day[at]) / 7.0
    channels = np.array([returns.channel_log[c] for c in TOUCH_CHANNELS])
    offers = np.array([returns.offer_log[k] for k in OFFER_KINDS])
    kind = np.where(offer >= 0, catalogue.offer_kind[offer], 0)
    is_matched = (offer >= 0) & catalogue.offer_fits[offer, code]
    is_answered = change_day[code] > accounts.left_day[at]
    log: Floats = (
        by_code(parameters.reasons.touch_log)[code]
        + accounts.response_log[at]
        + returns.touch_delay_log * weeks_gone
        + channels[channel]
        + returns.english_mail_log * (accounts.is_english[at] & (channel == TOUCH_CHANNELS.index("mail")))
        + offers[kind]
        + returns.matched_offer_log * is_matched
        + returns.change_log * is_answered
    )
    return log


def week_prob(accounts: Accounts, at: Ints, week_day: int, parameters: Parameters) -> Floats:
    """Chance that each lapsed account at `at` returns in the week from `week_day`, given its contacts so far."""
    log, touched = accounts.touch_log[at], accounts.touch_day[at]
    return _week_prob(accounts, at, week_day, parameters, log=log, touched=touched)


def horizon_prob(
    accounts: Accounts, at: Ints, week_day: int, parameters: Parameters, *, new_touch_log: Floats | None = None
) -> Floats:
    """Chance that each account at `at` returns within HORIZON_WEEKS from `week_day`, closing for good meanwhile included.

    Untouched from now on, or with one contact on `week_day` of the given log factor.
    """
    log, touched = accounts.touch_log[at], accounts.touch_day[at]
    if new_touch_log is not None:
        log, touched = new_touch_log, np.full(len(at), week_day)
    still_out = np.ones(len(at))
    returned = np.zeros(len(at))
    for k in range(HORIZON_WEEKS):
        prob = _week_prob(accounts, at, week_day + 7 * k, parameters, log=log, touched=touched)
        returned += still_out * prob
        still_out *= (1 - prob) * (1 - parameters.closing.lapsed_weekly)
    return returned


def _week_prob(accounts: Accounts, at: Ints, week_day: int, parameters: Parameters, *, log: Floats, touched: Ints) -> Floats:
    reasons, returns = parameters.reasons, parameters.returns
    code = np.maximum(accounts.code[at], 0)
    weeks_gone = np.maximum(week_day - accounts.left_day[at], 0) / 7.0
    season = season_table(parameters)[accounts.industry[at], date_of(week_day + 3).month - 1]
    frequency = np.clip(np.log(parameters.spending.gap_median_days / accounts.gap_days[at]), -2, 2)
    base = by_code(reasons.return_weekly)[code] * np.exp(-weeks_gone / by_code(reasons.return_decay_weeks)[code])
    since_touch = np.maximum(week_day - touched, 0) / 7.0
    effect = np.where(touched >= 0, log * np.exp(-since_touch / returns.touch_fade_weeks), 0.0)
    rate = (base + returns.floor_weekly) * np.exp(
        accounts.frailty_log[at] + returns.active_value_log * frequency + returns.season_power * np.log(season) + effect
    )
    prob: Floats = -np.expm1(-rate)
    return prob


def draw_returns(state: MarketState, week: Week) -> Ints:
    """Positions of the lapsed accounts that return in the week.

    One uniform number per account and week decides, so that the same account in the same week can be compared with and
    without a contact.
    """
    accounts = state.accounts
    uniform = week.rng("return").random(len(accounts))
    at = np.flatnonzero((accounts.status == Status.LAPSED) & (accounts.left_day < week.start))
    return at[uniform[at] < week_prob(accounts, at, week.start, week.parameters)]


def true_chances(state: MarketState, parameters: Parameters) -> pl.DataFrame:
    """The truth about every account that is lapsed on the state's Monday, one row each.

    prob_untouched: chance of a return within 56 days if nobody contacts it from now on; prob_<channel>: with one contact
    on that Monday that reaches someone, without an offer; prob_best: with the best channel and an offer that fits the
    reason best; uplift_share: prob_phone less prob_untouched. Covariates: reason_code, delay_days, season_share, lot.
    """
    accounts = state.accounts
    at = np.flatnonzero(accounts.status == Status.LAPSED)
    day = state.week_day
    none = np.full(len(at), -1)
    untouched = horizon_prob(accounts, at, day, parameters)
    by_channel = {}
    best = np.full(len(at), -np.inf)
    offers = load_catalogue().offers
    for c, channel in enumerate(TOUCH_CHANNELS):
        log = touch_log(state, at, parameters, channel=np.full(len(at), c), offer=none, day=day)
        by_channel[f"prob_{channel}"] = horizon_prob(accounts, at, day, parameters, new_touch_log=log)
        for o in range(len(offers)):
            with_offer = touch_log(state, at, parameters, channel=np.full(len(at), c), offer=np.full(len(at), o), day=day)
            best = np.maximum(best, with_offer)
    season = season_table(parameters)[accounts.industry[at], date_of(day + 3).month - 1]
    return pl.DataFrame(
        {
            "account": at,
            "lapse_no": accounts.lapse_no[at],
            "week_on": dates(np.full(len(at), day)),
            "reason_code": np.array(CODES)[np.maximum(accounts.code[at], 0)] if len(at) else pl.Series([], dtype=pl.String),
            "delay_days": day - accounts.left_day[at],
            "season_share": season,
            "lot": accounts.lot[at],
            "is_silent": accounts.is_silent[at],
            "is_do_not_contact": accounts.is_do_not_contact[at],
            "last_touch_on": dates(accounts.touch_day[at]),
            "prob_untouched": untouched,
        }
        | by_channel
        | {
            "prob_best": horizon_prob(accounts, at, day, parameters, new_touch_log=best),
            "uplift_share": by_channel["prob_phone"] - untouched,
        }
    )
