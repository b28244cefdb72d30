"""Spend: when active accounts buy, how much, and how returned accounts begin their second lifetime.

Belongs here: openings, purchases, renewals, refunds, redeemed offers, points and the prepaid balance, and the traits of a
second lifetime. Does not belong here: who returns (`returning`), consumption of the balance (`usage`), table columns
(`tables`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import FAR, NEVER
from winback.simulate.draws import Week, by_code
from winback.simulate.events import EVENTS, version
from winback.simulate.journal import Journal
from winback.simulate.parameters import CODE_INDEX
from winback.simulate.state import Accounts, Billing, Bools, Floats, Ints, MarketState, Status
from winback.simulate.trouble import clear_trouble, in_trouble

SPEND_KINDS = ("purchase", "refund", "top_up", "consumption", "subscription")
PURCHASE, REFUND, TOP_UP, CONSUMPTION, SUBSCRIPTION = range(5)
_PRICE_OFFERS = ("cash_off", "discount", "discount_upgrade")


def open_accounts(state: MarketState, week: Week, journal: Journal) -> None:
    """Let the accounts whose day has come enter: the first purchase falls on the opening day or soon after."""
    accounts = state.accounts
    new = np.flatnonzero((accounts.status == Status.NOT_OPENED) & (accounts.opened_day < week.end))
    if not len(new):
        return
    rng = week.rng("opening")
    opened_before = accounts.opened_day[new] < state.first_day
    accounts.status[new] = Status.ACTIVE
    accounts.spell[new] = 1
    soon = np.minimum(rng.integers(0, 4, len(new)), week.end - 1 - accounts.opened_day[new])
    # accounts older than the history come with the day of their first purchase inside it
    first = np.where(opened_before, accounts.next_day[new], accounts.opened_day[new] + np.maximum(soon, 0))
    accounts.next_day[new] = first
    accounts.spell_day[new] = accounts.next_day[new]
    is_contract = accounts.billing[new] == Billing.CONTRACT
    accounts.paid_through_day[new] = np.where(is_contract, accounts.next_day[new] - 1, NEVER)
    day = accounts.opened_day[new]
    journal.add("account_versions", account=new, day=day, **version(accounts, new))
    journal.add("setups", account=new, day=day, **setup(accounts, new))
    journal.add("people", account=new, day=day, person=np.full(len(new), OWNER), left_day=NEVER)
    journal.add("people", account=new, day=day, person=accounts.operator_no[new], left_day=NEVER)


OWNER = -1
"""Number of the owner among an account's people; operating contacts count from 0."""


def setup(accounts: Accounts, at: Ints) -> dict[str, Floats]:
    """The set-up of the accounts at `at` as it stands now."""
    return {
        "keyword_fit": accounts.keyword_fit[at].copy(),
        "ad_quality": accounts.ad_quality[at].copy(),
        "uptime": accounts.uptime[at].copy(),
        "reply_minutes": accounts.reply_minutes[at].copy(),
        "dearness": accounts.dearness[at].copy(),
        "cap_amount": 4 * accounts.amount[at] / accounts.gap_days[at],
    }


def begin_second_lifetimes(state: MarketState, returned: Ints, week: Week, journal: Journal) -> None:
    """Make the accounts at `returned` active again, with a length and spend of their own that depend on reason and offer."""
    if not len(returned):
        return
    accounts, p = state.accounts, week.parameters
    rng, n = week.rng("second"), len(returned)
    code, offer = accounts.code[returned], accounts.touch_offer[returned]
    catalogue = load_catalogue()
    is_price = np.array([o["kind"] in _PRICE_OFFERS for o in catalogue.offers])
    was_touched = accounts.touch_day[returned] >= 0
    redeems = (offer >= 0) & (rng.random(n) < p.returns.redeem_share) & (week.start - accounts.touch_day[returned] < 56)
    mean = by_code(p.reasons.second_days)[code]
    mean = mean * np.where(redeems & catalogue.offer_fits[offer, code], p.second.matched_factor, 1.0)
    mean = mean * np.where(redeems & is_price[offer], p.second.price_offer_factor, 1.0)
    duration = np.maximum(mean * rng.weibull(p.second.duration_shape, n), 14.0)
    accounts.gap_factor[returned] = p.second.gap_median_factor * np.exp(p.second.gap_sigma * rng.standard_normal(n))
    accounts.amount_factor[returned] = p.second.amount_median_factor * np.exp(p.second.amount_sigma * rng.standard_normal(n))
    day = np.maximum(week.some_day(n, rng), accounts.touch_day[returned])
    day = np.minimum(np.maximum(day, accounts.last_spend_day[returned] + 1), week.end - 1)
    journal.add(
        "returns",
        account=returned,
        day=day,
        lapse_no=accounts.lapse_no[returned],
        code=code,
        delay_days=day - accounts.left_day[returned],
        was_touched=was_touched,
        channel=accounts.touch_channel[returned],
        offer=np.where(redeems, offer, NEVER),
        duration_days=duration,
        daily_amount=accounts.amount[returned]
        * accounts.amount_factor[returned]
        * np.exp(0.5 * p.spending.amount_sigma_within**2)
        / (accounts.gap_days[returned] * accounts.gap_factor[returned]),
    )
    resumed = returned[np.isin(code, [CODE_INDEX["2c"], CODE_INDEX["2e"]]) & (rng.random(n) < 0.5)]
    journal.add("account_events", account=resumed, day=week.end - 1, event=EVENTS.index("resumed"))
    accounts.status[returned] = Status.ACTIVE
    accounts.spell[returned] += 1
    accounts.spell_day[returned] = day
    accounts.next_day[returned] = day
    is_contract = accounts.billing[returned] == Billing.CONTRACT
    accounts.paid_through_day[returned] = np.where(is_contract, day - 1, accounts.paid_through_day[returned])
    accounts.planned_leave_day[returned] = day + duration.astype(np.int64)
    accounts.touch_offer[returned] = np.where(redeems, offer, NEVER)
    clear_trouble(accounts, returned)


def buy(state: MarketState, week: Week, journal: Journal) -> None:
    """All purchases and renewals of the week, then refunds and unpaid invoices."""
    accounts, p = state.accounts, week.parameters
    rng = week.rng("purchases")
    thin = in_trouble(accounts, week, "1d", "1e", "2c")
    small = in_trouble(accounts, week, "1d", "1e")
    accounts.points *= 1 - p.spending.points_spent_weekly_share
    while True:
        limit = np.where((accounts.code >= 0) & ~accounts.is_recovering, np.minimum(week.end, accounts.leave_day), week.end)
        at = np.flatnonzero((accounts.status == Status.ACTIVE) & (accounts.next_day < limit))
        if not len(at):
            break
        _buy_once(state, at, (thin, small), week, journal, rng=rng)
    _refund(state, week, journal)
    _leave_unpaid(state, week, journal)


def _buy_once(
    state: MarketState,
    at: Ints,
    weakness: tuple[Bools, Bools],
    week: Week,
    journal: Journal,
    *,
    rng: np.random.Generator,
) -> None:
    """One purchase of each account at `at`; `weakness` says of all accounts whose purchases get rare and whose small."""
    accounts, spending = state.accounts, week.parameters.spending
    is_thin, is_small = weakness[0][at], weakness[1][at]
    n = len(at)
    day = accounts.next_day[at]
    is_contract = accounts.billing[at] == Billing.CONTRACT
    demand = week.season()[accounts.industry[at]]
    amount = accounts.amount[at] * accounts.amount_factor[at] * np.where(is_small, spending.prodrome_amount_factor, 1.0)
    spread = np.where(is_contract, 0.06, spending.amount_sigma_within)
    amount = np.maximum(np.round(amount * np.exp(spread * rng.standard_normal(n)), -1), 50.0)
    first_back = (accounts.spell_day[at] == day) & (accounts.spell[at] > 1)
    offer = np.where(first_back, accounts.touch_offer[at], NEVER)
    other = ~first_back & (rng.random(n) < spending.offer_line_share)
    offer = np.where(other, rng.integers(0, len(load_catalogue().offers), n), offer)
    has_discount = (offer >= 0) | (rng.random(n) < spending.discount_line_share)
    discount = np.where(has_discount, np.round(amount * rng.choice(np.array([0.05, 0.08, 0.1]), n)), 0.0)
    due = np.where(is_contract, accounts.paid_through_day[at] + 1, NEVER)
    paid_through = np.where(is_contract, np.maximum(due, 0) + accounts.period_days[at] - 1, NEVER)
    journal.add(
        "spend",
        account=at,
        day=day,
        kind=np.where(is_contract, SUBSCRIPTION, PURCHASE),
        amount=amount,
        discount=discount,
        offer=offer,
        product=np.where(rng.random(n) < 0.85, 0, rng.integers(0, len(load_catalogue().products), n)),
        due_day=due,
        paid_day=np.where(is_contract, day, NEVER),
        paid_through_day=paid_through,
        spell=accounts.spell[at],
    )
    mirrored = at[accounts.billing[at] == Billing.PREPAID]
    is_prepaid = accounts.billing[at] == Billing.PREPAID
    journal.add("spend", account=mirrored, day=day[is_prepaid], kind=TOP_UP, amount=amount[is_prepaid], **_NO_DETAIL)
    accounts.balance[at] += amount
    accounts.points[at] += spending.points_per_amount * amount
    accounts.last_amount[at] = amount
    accounts.last_spend_day[at] = day
    factor = accounts.gap_factor[at] * np.where(is_thin, spending.prodrome_gap_factor, 1.0) / demand
    gap = rng.gamma(spending.gap_shape, accounts.gap_days[at] * factor / spending.gap_shape)
    accounts.paid_through_day[at] = np.where(is_contract, paid_through, accounts.paid_through_day[at])
    late = accounts.is_late_payer[at] | ((accounts.code[at] == CODE_INDEX["6"]) & (accounts.leave_day[at] < FAR))
    lateness = np.where(late, rng.gamma(2.0, 4.5, n), rng.integers(-3, 2, n))
    renewal = np.maximum(accounts.paid_through_day[at] + 1 + lateness.astype(np.int64), day + 1)
    accounts.next_day[at] = np.where(is_contract, renewal, day + np.maximum(np.round(gap), 1).astype(np.int64))


_NO_DETAIL = {
    "discount": 0.0,
    "offer": NEVER,
    "product": 0,
    "due_day": NEVER,
    "paid_day": NEVER,
    "paid_through_day": NEVER,
    "spell": 0,
}


def consume(at: Ints, day: Ints, amount: Floats, journal: Journal) -> None:
    """Record what prepaid accounts used of their balance."""
    journal.add("spend", account=at, day=day, kind=CONSUMPTION, amount=amount, **_NO_DETAIL)


def _refund(state: MarketState, week: Week, journal: Journal) -> None:
    accounts, spending = state.accounts, week.parameters.spending
    rng = week.rng("refunds")
    since = week.start - accounts.last_spend_day
    recent = np.flatnonzero((accounts.last_spend_day >= 0) & (since > 0) & (since <= 28))
    # a purchase is recent in about four weeks; the mean delay sets how the chance is spread over them
    chance = spending.refund_share * np.exp(-since[recent] / spending.refund_delay_days)
    chance *= 7.0 / spending.refund_delay_days
    at = recent[rng.random(len(recent)) < chance]
    amount = np.round(accounts.last_amount[at] * rng.choice(np.array([0.2, 0.5, 1.0]), len(at)), 2)
    journal.add("spend", account=at, day=week.some_day(len(at), rng), kind=REFUND, amount=amount, **_NO_DETAIL)
    accounts.balance[at] = np.maximum(accounts.balance[at] - amount, 0.0)


def _leave_unpaid(state: MarketState, week: Week, journal: Journal) -> None:
    """An invoice that fell due while the account was leaving over a late renewal or lack of money stays unpaid."""
    accounts = state.accounts
    due = accounts.paid_through_day + 1
    unpaid = np.flatnonzero(
        in_trouble(accounts, week, "6", "1d")
        & (accounts.billing == Billing.CONTRACT)
        & ~accounts.is_recovering
        & (accounts.leave_day <= np.maximum(accounts.next_day, due))
        & (due >= week.start)
        & (due < week.end)
    )
    journal.add(
        "spend",
        account=unpaid,
        day=due[unpaid],
        kind=SUBSCRIPTION,
        amount=np.round(accounts.amount[unpaid] * accounts.amount_factor[unpaid], -1),
        **_NO_DETAIL | {"due_day": due[unpaid], "spell": accounts.spell[unpaid]},
    )
