"""Usage: what an account's money buys it, and how trouble shows there.

Belongs here: spending of the balance, clicks, visits, inquiries, messages and orders, and their reports every few weeks.
Does not belong here: purchases (`spending`) or the set-up's changes (`contacts`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.draws import Week
from winback.simulate.journal import Journal
from winback.simulate.spending import consume
from winback.simulate.state import Billing, MarketState, Status
from winback.simulate.trouble import in_trouble, setup_score


def use_service(state: MarketState, week: Week, journal: Journal) -> None:
    """Use up balances for a week and report the accounts whose period ends with it.

    Inquiries follow clicks, the industry, the set-up and how crowded the trade is this week; money follows the price of a
    click, the industry and the account's own dearness.
    """
    accounts, p = state.accounts, week.parameters
    usage = p.usage
    at = np.flatnonzero((accounts.balance > 0) & (accounts.status != Status.CLOSED))
    if len(at):
        rng = week.rng("usage")
        industries = list(p.industries.values())
        click_amount = np.array([i.click_amount for i in industries])
        inquiry_share = np.array([i.inquiry_share for i in industries])
        # trades get crowded and thin out again over about a year and a half, each at its own time
        crowd = 1 + 0.15 * np.sin(2 * np.pi * (week.number / 78 + np.arange(len(industries)) / len(industries)))
        industry = accounts.industry[at]

        def factor(value: float, *codes: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.where(in_trouble(accounts, week, *codes)[at], value, 1.0)

        jump = factor(usage.jump_click_factor, "1f")
        noise = np.exp(usage.weekly_noise_sigma * rng.standard_normal(len(at)))
        rate = 7 * accounts.amount[at] * accounts.amount_factor[at] / (accounts.gap_days[at] * accounts.gap_factor[at])
        wanted = rate * week.season()[industry] * noise * factor(usage.low_season_factor, "2c") * jump
        spent = np.minimum(accounts.balance[at], wanted)
        price = click_amount[industry] * accounts.dearness[at] * crowd[industry] * factor(usage.dear_cost_factor, "1b")
        clicks = spent / price
        visits = clicks * usage.visits_per_click * accounts.uptime[at] * factor(usage.rebuild_visit_factor, "2e")
        quality = 0.35 + 1.3 * setup_score(accounts, at)
        inquiries = visits * inquiry_share[industry] * quality / crowd[industry] / jump
        inquiries *= factor(usage.few_inquiries_factor, "1a")
        accounts.balance[at] -= spent
        accounts.used_amount[at] += spent
        accounts.used_clicks[at] += clicks
        accounts.used_visits[at] += visits
        accounts.used_inquiries[at] += inquiries
        accounts.used_orders[at] += inquiries * usage.order_share * factor(usage.lost_orders_factor, "2d") / crowd[industry]
    _report(state, week, journal)


def _report(state: MarketState, week: Week, journal: Journal) -> None:
    accounts, usage = state.accounts, week.parameters.usage
    n_weeks = usage.period_weeks
    positions = np.arange(len(accounts))
    at = np.flatnonzero(((week.number + positions) % n_weeks == 0) & (accounts.used_amount > 0))
    if not len(at):
        return
    rng = week.rng("usage report")
    inquiries = rng.poisson(accounts.used_inquiries[at])
    first = np.maximum(week.end - 7 * n_weeks, accounts.opened_day[at])
    clicks = np.maximum(rng.poisson(accounts.used_clicks[at]), inquiries)
    journal.add(
        "usage",
        account=at,
        day=np.full(len(at), week.end - 1),
        from_day=np.minimum(first, week.end - 1),
        amount=np.round(accounts.used_amount[at], 2),
        clicks=clicks,
        visits=np.minimum(rng.poisson(accounts.used_visits[at]), clicks),
        inquiries=inquiries,
        messages=rng.binomial(inquiries, usage.message_share),
        orders=np.minimum(rng.poisson(accounts.used_orders[at]), inquiries),
    )
    prepaid = at[accounts.billing[at] == Billing.PREPAID]
    consume(prepaid, np.full(len(prepaid), week.end - 1), np.round(accounts.used_amount[prepaid], 2), journal)
    for used in (
        accounts.used_amount,
        accounts.used_clicks,
        accounts.used_visits,
        accounts.used_inquiries,
        accounts.used_orders,
    ):
        used[at] = 0.0
