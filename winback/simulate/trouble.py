"""Trouble: what starts to go wrong with an active account, and when it leaves over it.

Belongs here: the competing chances of the 16 reasons given what the account is like, the onset of trouble, recovery,
leaving and closing. Does not belong here: how trouble shows in usage, spend and contacts (their own modules), or returns
(`returning`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.days import FAR, NEVER
from winback.simulate.draws import Week, by_code, season_table
from winback.simulate.events import EVENT_CLOSED, version
from winback.simulate.journal import Journal
from winback.simulate.note_writing import UNKNOWN
from winback.simulate.parameters import CODE_INDEX, CODES
from winback.simulate.returning import horizon_prob, touch_log
from winback.simulate.state import Accounts, Billing, Bools, Floats, Ints, Lot, MarketState, Status

_COMPLAINT_DAYS = 56
_INCIDENT_DAYS = 28
_CONTACT_DAYS = 90.0
MANY_CONTACTS = 6.0


def setup_score(accounts: Accounts, at: Ints) -> Floats:
    """How well the service is set up, 0 worst to 1 best, from keyword fit, ad quality, uptime and reply time."""
    reply = 1 / (1 + accounts.reply_minutes[at] / 60)
    score: Floats = accounts.uptime[at] * (
        0.4 * accounts.keyword_fit[at] + 0.35 * accounts.ad_quality[at] / 10 + 0.25 * reply
    )
    return score


def reason_weights(state: MarketState, at: Ints, week: Week) -> Floats:
    """Weight of each code (column) for each account at `at`: planned share × what the account is like.

    The factors average 1 over the active accounts, so that the planned mix comes back; only the season's factor averages
    1 over the year.
    """
    accounts, lapse, p = state.accounts, week.parameters.lapse, week.parameters
    weights = np.tile(by_code(p.reasons.share), (len(at), 1))

    def weigh(code: str, factor: Floats) -> None:
        weights[:, CODE_INDEX[code]] *= factor / max(float(factor.mean()), 1e-12) if len(factor) else factor

    near_incident = week.start - state.incident_day[accounts.branch[at]] < _INCIDENT_DAYS
    incident = np.where(near_incident & (state.incident_day[accounts.branch[at]] >= 0), lapse.incident_factor, 1.0)
    complained = (accounts.complaint_day[at] >= 0) & (week.start - accounts.complaint_day[at] < _COMPLAINT_DAYS)
    weigh("1a", 0.4 + (lapse.poor_setup_factor - 0.4) * (1 - setup_score(accounts, at)))
    weigh("1b", np.where(accounts.dearness[at] > 1.25, lapse.dear_factor, 0.8))
    weigh("1f", incident)
    weigh("3", np.where(accounts.is_owner_met[at], 0.15, lapse.unmet_owner_factor))
    weigh("4", incident * np.where(complained, lapse.open_complaint_factor, 1.0))
    weigh("5", np.where(accounts.n_recent_contacts[at] >= MANY_CONTACTS, lapse.many_contacts_factor, 1.0))
    weigh("6", np.where(accounts.is_late_payer[at], lapse.late_payer_factor, 0.7))
    table = season_table(p) ** -lapse.season_power
    weights[:, CODE_INDEX["2c"]] *= week.season()[accounts.industry[at]] ** -lapse.season_power / table.mean()
    return weights


def start_trouble(state: MarketState, week: Week) -> None:
    """Draw which active accounts get into trouble this week, over what, and when they leave (or get over it)."""
    accounts, p = state.accounts, week.parameters
    rng = week.rng("trouble")
    has_bought = accounts.last_spend_day >= 0
    at = np.flatnonzero((accounts.status == Status.ACTIVE) & (accounts.code < 0) & has_bought)
    if not len(at):
        return
    weights = reason_weights(state, at, week)
    total = weights.sum(axis=1)
    is_new = (accounts.spell[at] == 1) & (week.start - accounts.opened_day[at] < 7 * p.lapse.early_weeks)
    rate = p.lapse.weekly_onset * np.where(is_new, p.lapse.early_factor, 1.0) * total
    onset = np.where(accounts.spell[at] == 1, rng.random(len(at)) < -np.expm1(-rate), False)
    lead = by_code(p.reasons.prodrome_days).mean()
    onset |= (accounts.spell[at] > 1) & (accounts.planned_leave_day[at] - lead < week.end)
    hit, weights = at[onset], weights[onset]
    n = len(hit)
    if not n:
        return
    code = _draw_code(weights, rng)
    length = np.maximum(rng.gamma(4.0, by_code(p.reasons.prodrome_days)[code] / 4.0), 7.0).astype(np.int64)
    begins = week.some_day(n, rng)
    again = accounts.spell[hit] > 1
    accounts.code[hit] = code
    accounts.second[hit] = np.where(
        (rng.random(n) < p.lapse.second_code_share) & (code != UNKNOWN), _draw_second(weights, code, rng), NEVER
    )
    accounts.onset_day[hit] = begins
    accounts.leave_day[hit] = np.where(again, np.maximum(accounts.planned_leave_day[hit], begins + 7), begins + length)
    accounts.is_recovering[hit] = ~again & (rng.random(n) < p.lapse.recovery_share)
    contacts = p.contacts
    talks = ~accounts.is_silent[hit] & (rng.random(n) < contacts.exit_talk_share)
    early = rng.random(n) < contacts.early_hint_share
    offset = np.where(early, -rng.integers(1, 15, n), rng.integers(2, 46, n))
    accounts.note_day[hit] = np.where(talks, accounts.leave_day[hit] + offset, NEVER)


def leave(state: MarketState, week: Week, journal: Journal) -> None:
    """End the trouble of accounts whose day has come: some recover, the others lapse, with the truth in the journal."""
    accounts, p = state.accounts, week.parameters
    due = np.where(
        accounts.billing == Billing.CONTRACT,
        np.maximum(accounts.leave_day, accounts.paid_through_day + 1),
        accounts.leave_day,
    )
    is_due = (accounts.status == Status.ACTIVE) & (accounts.code >= 0) & (due < week.end)
    well = np.flatnonzero(is_due & accounts.is_recovering)
    gone = np.flatnonzero(is_due & ~accounts.is_recovering)
    journal.add("recoveries", account=well, day=accounts.leave_day[well], code=accounts.code[well])
    clear_trouble(accounts, well)
    if not len(gone):
        return
    rng = week.rng("lot")
    accounts.status[gone] = Status.LAPSED
    accounts.left_day[gone] = np.maximum(due[gone], week.start)
    accounts.lapse_no[gone] += 1
    accounts.next_day[gone] = FAR
    accounts.touch_day[gone] = NEVER
    accounts.touch_log[gone] = 0.0
    accounts.touch_channel[gone] = NEVER
    accounts.touch_offer[gone] = NEVER
    draw = rng.random(len(gone))
    held, explored = p.habits.holdout_share, p.habits.holdout_share + p.habits.explore_share
    accounts.lot[gone] = np.where(draw < held, Lot.HOLDOUT, np.where(draw < explored, Lot.EXPLORE, Lot.HABIT))
    none = np.full(len(gone), -1)
    phoned = touch_log(state, gone, p, channel=np.zeros_like(gone), offer=none, day=week.end)
    journal.add(
        "lapses",
        account=gone,
        day=accounts.left_day[gone],
        lapse_no=accounts.lapse_no[gone],
        code=accounts.code[gone],
        second=accounts.second[gone],
        onset_day=accounts.onset_day[gone],
        last_spend_day=accounts.last_spend_day[gone],
        lot=accounts.lot[gone],
        is_silent=accounts.is_silent[gone],
        season=week.season()[accounts.industry[gone]],
        prob_untouched=horizon_prob(accounts, gone, week.end, p),
        prob_touched=horizon_prob(accounts, gone, week.end, p, new_touch_log=phoned),
    )


def close_businesses(state: MarketState, week: Week, journal: Journal) -> None:
    """Close some businesses for good; a part of them reaches our books."""
    accounts, closing = state.accounts, week.parameters.closing
    rng = week.rng("closing")
    draw, known = rng.random(len(accounts)), rng.random(len(accounts))
    chance = np.select(
        [accounts.status == Status.ACTIVE, accounts.status == Status.LAPSED],
        [closing.active_weekly, closing.lapsed_weekly],
        0.0,
    )
    closed = np.flatnonzero((draw < chance) & (accounts.last_spend_day >= 0))
    if not len(closed):
        return
    # late in the week, so that no other version of the account's row is dated after it
    day = week.start + 4 + rng.integers(0, 3, len(closed))
    reported = known[closed] < closing.reported_share
    journal.add(
        "closures",
        account=closed,
        day=day,
        is_reported=reported,
        was_lapsed=accounts.status[closed] == Status.LAPSED,
    )
    accounts.status[closed] = Status.CLOSED
    accounts.next_day[closed] = FAR
    accounts.closed_day[closed] = np.where(reported, day, NEVER)
    told = closed[reported]
    journal.add("account_events", account=told, day=day[reported], event=EVENT_CLOSED)
    journal.add("account_versions", account=told, day=day[reported], **version(accounts, told))


def in_trouble(accounts: Accounts, week: Week, *codes: str) -> Bools:
    """Whether each account's trouble of one of `codes` is at work in the week, it being active still."""
    wanted = np.isin(accounts.code, [CODE_INDEX[c] for c in codes])
    at_work: Bools = wanted & (accounts.status == Status.ACTIVE) & (accounts.onset_day < week.end)
    return at_work


def fade_contacts(accounts: Accounts) -> None:
    """Let a week pass over the count of recent contacts."""
    accounts.n_recent_contacts *= np.exp(-7.0 / _CONTACT_DAYS)


def _draw_code(weights: Floats, rng: np.random.Generator) -> Ints:
    cumulative = np.cumsum(weights, axis=1)
    draw = rng.random(len(weights)) * cumulative[:, -1]
    chosen: Ints = np.minimum((cumulative < draw[:, None]).sum(axis=1), len(CODES) - 1)
    return chosen


def _draw_second(weights: Floats, first: Ints, rng: np.random.Generator) -> Ints:
    others = weights.copy()
    others[np.arange(len(first)), first] = 0.0
    others[:, UNKNOWN] = 0.0
    return _draw_code(others, rng)


def clear_trouble(accounts: Accounts, at: Ints) -> None:
    """Forget what was wrong with the accounts at `at`: they got over it, or have returned."""
    accounts.code[at] = NEVER
    accounts.second[at] = NEVER
    accounts.onset_day[at] = NEVER
    accounts.leave_day[at] = FAR
    accounts.is_recovering[at] = False
    accounts.note_day[at] = NEVER
