"""Win-back contacts by habit and by lot, before anybody delivers playbooks; and what any win-back contact does.

Belongs here: whom reps contact on their own, over which channel and with which offer, the holdout and exploration by lot,
and the effect of a contact that reaches someone. Does not belong here: contacts from delivered playbooks (`working`) or
the size of effects (`returning`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.simulate.catalogue import load_catalogue
from winback.simulate.contacts import CHANNELS, NO_PERSON, SALES, record
from winback.simulate.days import NEVER
from winback.simulate.draws import Week
from winback.simulate.journal import Journal
from winback.simulate.note_writing import UNKNOWN, NoteKind
from winback.simulate.parameters import TOUCH_CHANNELS
from winback.simulate.returning import horizon_prob, touch_log
from winback.simulate.spending import OWNER
from winback.simulate.state import Bools, Floats, Ints, Lot, MarketState, Status


@dataclass(frozen=True)
class Touches:
    """Win-back contacts of one week, one element each; `channel` indexes TOUCH_CHANNELS, `offer` the catalogue or is -1.

    `prob` is the chance with which the contact was drawn, NaN where nobody drew it.
    """

    account: Ints
    day: Ints
    rep: Ints
    channel: Ints
    offer: Ints
    is_reached: Bools
    prob: Floats


def habitual_touches(state: MarketState, week: Week) -> Touches:
    """Whom reps contact in a week of the history: by diligence and habit, by exploration, and nobody in the holdout."""
    accounts, reps, habits = state.accounts, state.reps, week.parameters.habits
    rng = week.rng("habits")
    ready = np.flatnonzero(
        (accounts.status == Status.LAPSED)
        & (accounts.left_day <= week.start - 7 * habits.notice_weeks)
        & (accounts.touch_day < week.start - 7 * habits.rest_weeks)
        & ~accounts.is_do_not_contact
        & (accounts.consent != 0)
    )
    diligence = reps.diligence[accounts.rep[ready]]
    # reps prefer big and recent accounts
    size = np.clip(accounts.amount[ready] / week.parameters.spending.amount_median, 0.3, 3.0)
    recent = np.exp(-(week.start - accounts.left_day[ready]) / 250.0)
    chance = (habits.weekly_low + (habits.weekly_high - habits.weekly_low) * diligence) * size * (0.4 + recent)
    chance = np.where(accounts.lot[ready] == Lot.EXPLORE, habits.explore_weekly, np.minimum(chance, 0.5))
    chance = np.where(accounts.lot[ready] == Lot.HOLDOUT, 0.0, chance)
    hit = rng.random(len(ready)) < chance
    at = ready[hit]
    n, is_lot = len(at), accounts.lot[at] == Lot.EXPLORE
    cumulative = np.cumsum(reps.channel_share[accounts.rep[at]], axis=1)
    own = np.minimum((cumulative < rng.random(n)[:, None]).sum(axis=1), len(TOUCH_CHANNELS) - 1)
    n_offers = len(load_catalogue().offers)
    # a rep's favourite offer, or any
    favourite = np.where(rng.random(n) < 0.5, accounts.rep[at] % n_offers, rng.integers(0, n_offers, n))
    given = np.where(rng.random(n) < habits.offer_share, favourite, NEVER)
    return Touches(
        account=at,
        day=week.weekday(n, rng),
        rep=accounts.rep[at].copy(),
        channel=np.where(is_lot, rng.integers(0, len(TOUCH_CHANNELS), n), own),
        offer=np.where(is_lot, rng.integers(-1, n_offers, n), given),
        is_reached=rng.random(n) < habits.reached_share,
        prob=chance[hit],
    )


def stray_touches(state: MarketState, planned: Ints, week: Week) -> Touches:
    """Contacts outside the delivered playbooks, holdout or not, while reps work from playbooks; never twice in a week."""
    accounts, habits = state.accounts, week.parameters.habits
    rng = week.rng("strays")
    lapsed = (accounts.status == Status.LAPSED) & (accounts.left_day < week.start) & ~accounts.is_do_not_contact
    lapsed[planned] = False
    at = np.flatnonzero(lapsed & (rng.random(len(accounts)) < habits.contamination_weekly))
    n = len(at)
    return Touches(
        account=at,
        day=week.weekday(n, rng),
        rep=accounts.rep[at].copy(),
        channel=np.zeros(n, dtype=np.int64),
        offer=np.full(n, NEVER),
        is_reached=rng.random(n) < habits.reached_share,
        prob=np.full(n, np.nan),
    )


def apply_touches(state: MarketState, touches: Touches, week: Week, journal: Journal) -> None:
    """Record contacts and let those that reach a lapsed account work on its chance of return."""
    accounts, at = state.accounts, touches.account
    if not len(at):
        return
    rng = week.rng("touch notes")
    is_lapsed = accounts.status[at] == Status.LAPSED
    untouched = horizon_prob(accounts, at, week.start, week.parameters)
    log = touch_log(state, at, week.parameters, channel=touches.channel, offer=touches.offer, day=touches.day)
    touched = horizon_prob(accounts, at, week.start, week.parameters, new_touch_log=log)
    journal.add(
        "touches",
        account=at,
        day=touches.day,
        lapse_no=accounts.lapse_no[at],
        rep=touches.rep,
        channel=touches.channel,
        offer=touches.offer,
        is_reached=touches.is_reached,
        lot=accounts.lot[at],
        prob=touches.prob,
        was_lapsed=is_lapsed,
        prob_untouched=np.where(is_lapsed, untouched, np.nan),
        prob_touched=np.where(is_lapsed, touched, np.nan),
    )
    talks = touches.is_reached & ~accounts.is_silent[at] & (accounts.code[at] >= 0)
    talks &= rng.random(len(at)) < week.parameters.contacts.told_share
    owner = accounts.is_owner_met[at] & (rng.random(len(at)) < 0.33)
    record(
        journal,
        state,
        at,
        touches.day,
        channel=np.array([CHANNELS.index(c) for c in TOUCH_CHANNELS])[touches.channel],
        kind=SALES,
        rep=touches.rep,
        person=np.where(touches.is_reached, np.where(owner, OWNER, accounts.operator_no[at]), NO_PERSON),
        note_kind=np.where(
            touches.is_reached, NoteKind.REASON, np.where(rng.random(len(at)) < 0.4, NoteKind.ROUTINE, NoteKind.NONE)
        ),
        note_code=np.where(talks, accounts.code[at], UNKNOWN),
        note_second=np.where(talks, accounts.second[at], NEVER),
    )
    works = at[touches.is_reached & is_lapsed]
    reached = touches.is_reached & is_lapsed
    accounts.touch_day[works] = touches.day[reached]
    accounts.touch_log[works] = log[reached]
    accounts.touch_channel[works] = touches.channel[reached]
    accounts.touch_offer[works] = touches.offer[reached]
