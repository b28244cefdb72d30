"""Accounts and reps as they are when they enter the market.

Belongs here: drawing the traits of new accounts and of representatives. Does not belong here: what happens to them later
(`life`) or their tables (`tables`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import FAR, NEVER
from winback.simulate.fragments import load_styles
from winback.simulate.parameters import TOUCH_CHANNELS, Parameters
from winback.simulate.state import Accounts, Billing, Ints, Reps, Status


def draw_reps(n_accounts: int, parameters: Parameters, rng: np.random.Generator) -> Reps:
    """Representatives for a market of `n_accounts`, at least one in each branch."""
    branches = load_catalogue().branches
    n = max(len(branches), round(n_accounts / parameters.market.accounts_per_rep))
    weights = np.array([_branch_share(b, parameters) for b in branches])
    extra = rng.choice(len(branches), n - len(branches), p=weights / weights.sum())
    styles = np.array([s.weight for s in load_styles()])
    habits = parameters.habits
    return Reps(
        branch=np.concatenate([np.arange(len(branches)), extra]).astype(np.int64),
        has_both_languages=rng.random(n) < 0.3,
        weekly_minutes=rng.choice(np.array(habits.weekly_minutes, dtype=np.int64), n),
        diligence=rng.random(n),
        style=rng.choice(len(styles), n, p=styles / styles.sum()).astype(np.int64),
        is_active=np.ones(n, dtype=np.bool_),
        channel_share=rng.dirichlet(habits.habit_concentration * np.array([1.6, 0.7, 0.8, 0.7, 0.5]), n).reshape(
            n, len(TOUCH_CHANNELS)
        ),
    )


def draw_accounts(opened_day: Ints, reps: Reps, parameters: Parameters, rng: np.random.Generator) -> Accounts:
    """One account for each opening day; none of them has opened yet."""
    n = len(opened_day)
    market, spending = parameters.market, parameters.spending
    branches = load_catalogue().branches
    shares = np.array([_branch_share(b, parameters) for b in branches])
    branch = rng.choice(len(branches), n, p=shares / shares.sum()).astype(np.int64)
    is_english = np.array([b["language"] == "en" for b in branches])[branch]
    n_areas = np.array([len(b["areas"]) for b in branches])[branch]
    weights = np.array([i.weight for i in parameters.industries.values()])
    kinds = np.array([market.prepaid_share, 1 - market.prepaid_share - market.contractual_share, market.contractual_share])
    billing = rng.choice(3, n, p=kinds).astype(np.int64)
    size = rng.choice(len(market.size_share), n, p=np.array(market.size_share)).astype(np.int64)
    periods = rng.choice(np.array(market.contract_period_days), n, p=np.array(market.contract_period_share))
    has_consent = rng.random(n)
    amount = spending.amount_median * np.exp(spending.amount_sigma_between * rng.standard_normal(n))
    gap = spending.gap_median_days * np.exp(spending.gap_sigma * rng.standard_normal(n))
    is_foreign = is_english & (rng.random(n) < market.foreign_currency_share)
    never = np.full(n, NEVER, dtype=np.int64)
    zero = np.zeros(n)
    return Accounts(
        industry=rng.choice(len(weights), n, p=weights / weights.sum()).astype(np.int64),
        branch=branch,
        area=(rng.random(n) * n_areas).astype(np.int64),
        is_english=is_english,
        size=size,
        rep=rep_of(branch, reps, rng),
        opened_day=opened_day.astype(np.int64),
        billing=billing,
        period_days=np.where(billing == Billing.CONTRACT, periods, 0).astype(np.int64),
        currency=np.where(is_foreign, rng.integers(1, 3, n), 0),
        consent=np.where(
            has_consent < market.consent_refused_share,
            0,
            np.where(has_consent < market.consent_refused_share + market.consent_unknown_share, 2, 1),
        ).astype(np.int64),
        is_silent=rng.random(n) < market.silent_share,
        is_late_payer=rng.random(n) < market.late_payer_share,
        is_owner_met=rng.random(n) < market.decision_maker_met_share,
        gap_days=np.clip(np.where(billing == Billing.CONTRACT, periods, gap), 5.0, 380.0),
        amount=amount
        * np.array(market.size_amount_factor)[size]
        * np.where(billing == Billing.CONTRACT, np.sqrt(periods / 45.0), 1.0),
        frailty_log=parameters.returns.frailty_sigma * rng.standard_normal(n),
        response_log=parameters.returns.response_sigma * rng.standard_normal(n),
        keyword_fit=rng.beta(5, 3, n),
        ad_quality=10 * rng.beta(5, 3.5, n),
        uptime=1 - 0.03 * rng.beta(1, 3, n),
        reply_minutes=np.exp(np.log(45) + 0.9 * rng.standard_normal(n)),
        dearness=np.exp(0.3 * rng.standard_normal(n)),
        status=np.full(n, Status.NOT_OPENED, dtype=np.int64),
        spell=np.zeros(n, dtype=np.int64),
        spell_day=never.copy(),
        next_day=np.full(n, FAR, dtype=np.int64),
        last_spend_day=never.copy(),
        last_amount=zero.copy(),
        paid_through_day=never.copy(),
        balance=zero.copy(),
        points=zero.copy(),
        gap_factor=np.ones(n),
        amount_factor=np.ones(n),
        planned_leave_day=np.full(n, FAR, dtype=np.int64),
        code=never.copy(),
        second=never.copy(),
        onset_day=never.copy(),
        leave_day=np.full(n, FAR, dtype=np.int64),
        is_recovering=np.zeros(n, dtype=np.bool_),
        left_day=never.copy(),
        lapse_no=np.zeros(n, dtype=np.int64),
        note_day=never.copy(),
        lot=np.zeros(n, dtype=np.int64),
        touch_day=never.copy(),
        touch_log=zero.copy(),
        touch_channel=never.copy(),
        touch_offer=never.copy(),
        n_recent_contacts=zero.copy(),
        complaint_day=never.copy(),
        operator_no=np.zeros(n, dtype=np.int64),
        name_no=np.zeros(n, dtype=np.int64),
        is_do_not_contact=np.zeros(n, dtype=np.bool_),
        closed_day=never.copy(),
        used_amount=zero.copy(),
        used_clicks=zero.copy(),
        used_visits=zero.copy(),
        used_inquiries=zero.copy(),
        used_orders=zero.copy(),
    )


def _branch_share(branch: dict[str, object], parameters: Parameters) -> float:
    english = parameters.market.english_share
    return float(str(branch["weight"])) * (english if branch["language"] == "en" else 1 - english)


def rep_of(branch: Ints, reps: Reps, rng: np.random.Generator) -> Ints:
    """A representative of each account's branch, uniform among them."""
    order = np.argsort(reps.branch, kind="stable")
    count = np.bincount(reps.branch)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    position = first[branch] + (rng.random(len(branch)) * count[branch]).astype(np.int64)
    chosen: Ints = order[position].astype(np.int64)
    return chosen
