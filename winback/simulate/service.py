"""Service: cases against standards, incidents, changes on our side, and quiet contract events.

Belongs here: when they happen and whether a standard is met. Does not belong here: complaints as contacts (`contacts`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import NEVER
from winback.simulate.draws import Week
from winback.simulate.events import EVENTS
from winback.simulate.journal import Journal
from winback.simulate.parameters import CODE_INDEX
from winback.simulate.state import MarketState, Status
from winback.simulate.trouble import in_trouble

SERVICE_KINDS = ("request", "repair", "complaint", "claim", "delivery", "setup", "billing", "other")
_QUIET_EVENTS = ("raised", "transferred", "credit_grade", "cut")


def service_cases(state: MarketState, week: Week, journal: Journal) -> None:
    """Cases of active accounts; while a code 4 trouble lasts they are many and mostly late."""
    accounts, service = state.accounts, week.parameters.service
    rng = week.rng("service")
    troubled = in_trouble(accounts, week, "4")
    chance = np.where(troubled, service.case_prodrome_weekly, service.case_weekly)
    at = np.flatnonzero((accounts.status == Status.ACTIVE) & (rng.random(len(accounts)) < chance))
    n = len(at)
    if not n:
        return
    standards = load_catalogue().standards
    limit = np.array([float(s["limit_days"]) for s in standards])
    kind_of = np.array([SERVICE_KINDS.index(s["kind"]) for s in standards])
    standard = rng.integers(0, len(standards), n)
    day = week.some_day(n, rng)
    missed = rng.random(n) < np.where(troubled[at], service.missed_prodrome_share, service.missed_share)
    allowed = limit[standard]
    taken = np.where(missed, allowed + 1 + rng.gamma(1.5, 6.0, n), allowed * rng.random(n))
    never = missed & (rng.random(n) < service.never_done_share)
    kind = kind_of[standard]
    claims = (kind == SERVICE_KINDS.index("complaint")) & (rng.random(n) < service.claim_share)
    journal.add(
        "service_events",
        account=at,
        day=day,
        kind=np.where(claims, SERVICE_KINDS.index("claim"), kind),
        standard=standard,
        promised_day=day + np.ceil(allowed).astype(np.int64),
        done_day=np.where(never, NEVER, day + np.ceil(taken).astype(np.int64)),
        amount=np.where(claims, np.round(accounts.amount[at] * rng.random(n), 2), -1.0),
    )
    accounts.complaint_day[at[missed]] = day[missed]


def incidents_and_changes(state: MarketState, week: Week, journal: Journal) -> None:
    """At most a few incidents in the market, with or without notice, and changes that answer a reason."""
    service, catalogue = week.parameters.service, load_catalogue()
    rng = week.rng("incidents")
    # the first week has one of each, so that every table of even a short history has rows
    least = int(week.start == state.first_day)
    for _ in range(max(rng.poisson(service.incident_weekly), least)):
        everywhere = rng.random() < 0.25
        branch = int(rng.integers(0, len(catalogue.branches)))
        day = week.start + int(rng.integers(0, 7))
        at_night = rng.random() < 0.5
        begin = day * 1440 + (120 if at_night else int(rng.integers(9, 17)) * 60)
        noticed = rng.random() < service.incident_notice_share
        journal.add(
            "incidents",
            day=day,
            began_minute=begin,
            ended_minute=min(begin + int(rng.integers(30, 240)), day * 1440 + 1439),
            notice_minute=begin - int(rng.integers(12, 60)) * 60 if noticed else NEVER,
            branch=NEVER if everywhere else branch,
            incident=int(rng.integers(0, len(catalogue.incidents))),
        )
        hit = np.arange(len(state.incident_day)) if everywhere else np.array([branch])
        state.incident_day[hit] = day
    codes = sorted(CODE_INDEX[c] for c in catalogue.changes)
    for _ in range(max(rng.poisson(service.change_weekly), least)):
        code = int(rng.choice(codes))
        day = week.start + int(rng.integers(0, 5))
        journal.add("changes", day=day, code=code)
        state.change_day[code] = day


def quiet_events(state: MarketState, week: Week, journal: Journal) -> None:
    """Contract events that mean nothing for the account's future."""
    accounts = state.accounts
    rng = week.rng("events")
    at = np.flatnonzero(
        (accounts.status == Status.ACTIVE) & (rng.random(len(accounts)) < week.parameters.service.event_weekly)
    )
    kinds = np.array([EVENTS.index(k) for k in _QUIET_EVENTS])
    journal.add("account_events", account=at, day=week.some_day(len(at), rng), event=rng.choice(kinds, len(at)))
