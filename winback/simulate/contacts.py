"""Contacts beside win-back: care, inquiries, reminders, notices, complaints with promises, exit talks; and what changes
in the people, set-up and reps of accounts.

Belongs here: when such a contact happens and what it is about. Does not belong here: win-back contacts (`habits`,
`working`), the words of notes (`note_writing`), service cases (`service`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import NEVER
from winback.simulate.draws import Week
from winback.simulate.events import EVENTS, version
from winback.simulate.founding import rep_of
from winback.simulate.journal import Journal
from winback.simulate.note_writing import UNKNOWN, NoteKind
from winback.simulate.parameters import CODE_INDEX
from winback.simulate.spending import OWNER, setup
from winback.simulate.state import Bools, Floats, Ints, MarketState, Status
from winback.simulate.trouble import in_trouble

CHANNELS = ("phone", "visit", "mail", "chat", "sms", "web", "meeting", "event", "other")
KINDS = ("sales", "care", "complaint", "inquiry", "renewal_reminder", "notice", "service", "other")
SALES, CARE, COMPLAINT, INQUIRY, REMINDER, NOTICE, SERVICE, OTHER = range(8)
COMPLAINT_TYPES = ("metering", "price", "attitude", "late_service", "unkept_promise", "too_many_calls", "quality")
NO_PERSON = -2


def record(journal: Journal, state: MarketState, at: Ints, day: Ints, /, **columns: Any) -> None:
    """Add contacts of the accounts at `at` to the journal; columns not given take the values of a plain call by the rep."""
    if not len(at):
        return
    accounts = state.accounts
    defaults: dict[str, Any] = {
        "channel": 0,
        "is_out": True,
        "kind": CARE,
        "rep": accounts.rep[at],
        "person": accounts.operator_no[at],
        "note_kind": NoteKind.NONE,
        "note_code": UNKNOWN,
        "note_second": NEVER,
        "lapse_no": np.where(accounts.status[at] == Status.LAPSED, accounts.lapse_no[at], 0),
        "complaint": NEVER,
        "has_promise": False,
        "promise_due_day": NEVER,
        "promise_done_day": NEVER,
        "matter": NEVER,
        "resolved": NEVER,
        "product": NEVER,
    }
    journal.add("touchpoints", account=at, day=day, **defaults | columns)
    is_out = np.broadcast_to(np.asarray((defaults | columns)["is_out"]), len(at))
    np.add.at(accounts.n_recent_contacts, at[is_out], 1.0)


def routine_contacts(state: MarketState, week: Week, journal: Journal) -> None:
    """Care, inquiries, notices, renewal reminders, and the many calls that code 5 is about."""
    accounts, contacts = state.accounts, week.parameters.contacts
    rng = week.rng("routine")
    active = np.flatnonzero(accounts.status == Status.ACTIVE)
    draw = rng.random((4, len(active)))
    # nobody asks about an account nobody looks at (1c); who is courted by a rival (1e) goes quiet too
    quiet = in_trouble(accounts, week, "1c", "1e")[active]

    cared = active[draw[0] < contacts.care_weekly]
    person, channel = _someone(state, cared, rng), rng.choice(4, len(cared), p=[0.7, 0.1, 0.05, 0.15])
    noted = rng.random(len(cared)) < contacts.routine_note_share
    record(
        journal, state, cared, week.weekday(len(cared), rng), channel=channel, person=person,
        note_kind=np.where(noted, NoteKind.ROUTINE, NoteKind.NONE),
    )  # fmt: skip
    asking = active[(draw[1] < contacts.inquiry_weekly) & ~quiet]
    interested = rng.random(len(asking)) < 0.3
    record(
        journal, state, asking, week.weekday(len(asking), rng), channel=rng.choice(np.array([0, 2, 3, 5]), len(asking)),
        is_out=False, kind=INQUIRY, note_kind=NoteKind.ASKED, resolved=(rng.random(len(asking)) < 0.85).astype(np.int64),
        product=np.where(interested, rng.integers(1, len(load_catalogue().products), len(asking)), NEVER),
    )  # fmt: skip
    noticed = active[draw[2] < contacts.notice_weekly]
    record(
        journal, state, noticed, week.weekday(len(noticed), rng), channel=4, kind=NOTICE, rep=NEVER, person=NO_PERSON,
        note_kind=NoteKind.NOTICE,
    )  # fmt: skip
    _remind(state, active, draw[3], week, journal)
    called = np.flatnonzero(in_trouble(accounts, week, "5"))
    times = rng.poisson(contacts.heavy_calls_weekly, len(called))
    often = np.repeat(called, times)
    caller = rep_of(accounts.branch[often], state.reps, rng)
    record(
        journal, state, often, week.weekday(len(often), rng), kind=SALES, rep=caller,
        note_kind=np.where(rng.random(len(often)) < 0.3, NoteKind.ROUTINE, NoteKind.NONE),
    )  # fmt: skip


def complaints(state: MarketState, week: Week, journal: Journal) -> None:
    """Complaints and promises made on them; those who will leave over service see fewer kept."""
    accounts, contacts = state.accounts, week.parameters.contacts
    rng = week.rng("complaints")
    chance = np.where(accounts.status == Status.ACTIVE, contacts.complaint_weekly, 0.0)
    cause = np.full(len(accounts), NEVER)
    for code, weekly in contacts.complaint_prodrome_weekly.items():
        troubled = in_trouble(accounts, week, code)
        chance = np.where(troubled & ~accounts.is_silent, weekly, chance)
        cause = np.where(troubled, CODE_INDEX[code], cause)
    at = np.flatnonzero(rng.random(len(accounts)) < chance)
    n = len(at)
    if not n:
        return
    types = load_catalogue().complaint_types
    quiet_codes = np.array([CODE_INDEX["1b"], CODE_INDEX["1f"], CODE_INDEX["4"]])
    told = np.where(cause[at] >= 0, cause[at], rng.choice(quiet_codes, n))
    complaint = np.zeros(n, dtype=np.int64)
    for told_as, options in types.items():
        index = CODE_INDEX.get(told_as, NEVER)
        rows = np.flatnonzero(cause[at] == index)
        complaint[rows] = rng.choice(np.array([COMPLAINT_TYPES.index(o) for o in options]), len(rows))
    day = week.weekday(n, rng)
    promised = rng.random(n) < contacts.promise_share
    due = day + rng.integers(2, 10, n)
    leaves = cause[at] == CODE_INDEX["4"]
    kept = rng.random(n) < np.where(leaves, contacts.promise_kept_prodrome_share, contacts.promise_kept_share)
    late = due + rng.integers(3, 30, n)
    done = np.where(kept, due - rng.integers(0, 3, n), np.where(rng.random(n) < 0.4, late, NEVER))
    record(
        journal, state, at, day, channel=rng.choice(np.array([0, 2, 3]), n, p=[0.7, 0.15, 0.15]), is_out=False,
        kind=COMPLAINT, note_kind=np.where(rng.random(n) < 0.8, NoteKind.COMPLAINT, NoteKind.NONE), note_code=told,
        complaint=complaint, has_promise=promised, promise_due_day=np.where(promised, due, NEVER),
        promise_done_day=np.where(promised, done, NEVER), matter=at * 1000 + (week.number % 1000),
        resolved=(~promised & (rng.random(n) < 0.4)).astype(np.int64),
    )  # fmt: skip
    accounts.complaint_day[at] = day


def exit_talks(state: MarketState, week: Week, journal: Journal) -> None:
    """The contact near the end in which a talkative leaver says why."""
    accounts = state.accounts
    due = (accounts.note_day >= week.start) & (accounts.note_day < week.end) & (accounts.code >= 0)
    at = np.flatnonzero(due & ((accounts.status == Status.ACTIVE) | (accounts.status == Status.LAPSED)))
    if not len(at):
        return
    rng = week.rng("exit talks")
    day = np.minimum(accounts.note_day[at], week.start + 4)
    record(
        journal, state, at, day, channel=rng.choice(np.array([0, 1, 3]), len(at), p=[0.8, 0.1, 0.1]),
        is_out=rng.random(len(at)) < 0.75, kind=rng.choice(np.array([CARE, SALES]), len(at)),
        person=_someone(state, at, rng), note_kind=NoteKind.REASON, note_code=accounts.code[at],
        note_second=accounts.second[at],
    )  # fmt: skip


def change_accounts(state: MarketState, week: Week, journal: Journal) -> None:
    """Replace contacts, set-ups and reps; refresh the points on record twice a year."""
    accounts, contacts = state.accounts, week.parameters.contacts
    rng = week.rng("changes of accounts")
    active = (accounts.status == Status.ACTIVE) & (accounts.opened_day < week.start)
    draw = rng.random((3, len(accounts)))
    begins = active & (accounts.onset_day >= week.start) & (accounts.onset_day < week.end)

    replaced = np.flatnonzero(
        (active & (draw[0] < contacts.people_change_yearly / 52)) | (begins & (accounts.code == CODE_INDEX["2a"]))
    )
    day = _onset_or_some_day(state, replaced, begins, week, rng)
    journal.add("people", account=replaced, day=day, person=accounts.operator_no[replaced].copy(), left_day=day)
    accounts.operator_no[replaced] += 1
    journal.add("people", account=replaced, day=day, person=accounts.operator_no[replaced].copy(), left_day=NEVER)
    renamed = replaced[(accounts.code[replaced] == CODE_INDEX["2a"]) & (rng.random(len(replaced)) < 0.35)]
    accounts.name_no[renamed] += 1
    kind = np.where(rng.random(len(renamed)) < 0.5, EVENTS.index("renamed"), EVENTS.index("ownership_change"))
    journal.add("account_events", account=renamed, day=week.some_day(len(renamed), rng), event=kind)

    _change_setups(state, active & (draw[1] < contacts.setup_change_yearly / 52), begins, week, journal)

    moved = np.flatnonzero(active & (draw[2] < contacts.rep_change_yearly / 52))
    accounts.rep[moved] = rep_of(accounts.branch[moved], state.reps, rng)
    refreshed = np.flatnonzero(
        ((week.number + np.arange(len(accounts))) % 26 == 0) & (active | (accounts.status == Status.LAPSED))
    )
    changed = np.union1d(np.union1d(renamed, moved), refreshed)
    journal.add("account_versions", account=changed, day=week.start + 4, **version(accounts, changed))


def _change_setups(state: MarketState, at_random: Bools, begins: Bools, week: Week, journal: Journal) -> None:
    accounts, rng = state.accounts, week.rng("set-ups")
    at = np.flatnonzero(at_random)
    accounts.keyword_fit[at] = np.clip(accounts.keyword_fit[at] + 0.1 * rng.standard_normal(len(at)), 0.05, 0.98)
    accounts.ad_quality[at] = np.clip(accounts.ad_quality[at] + rng.standard_normal(len(at)), 0.5, 9.8)
    changed = [at]

    def worsen(code: str, column: Floats, factor: float) -> None:
        hit = np.flatnonzero(begins & (accounts.code == CODE_INDEX[code]))
        column[hit] *= factor
        changed.append(hit)

    worsen("1a", accounts.ad_quality, 0.75)
    worsen("1c", accounts.reply_minutes, 4.0)
    worsen("2b", accounts.keyword_fit, 0.5)
    worsen("2e", accounts.uptime, 0.55)
    # sites come back after a rebuild, whether or not the account stayed
    mended = np.flatnonzero((accounts.uptime < 0.8) & (rng.random(len(accounts)) < 0.04))
    accounts.uptime[mended] = 0.985
    changed.append(mended)
    rows = np.unique(np.concatenate(changed))
    journal.add("setups", account=rows, day=week.start + 2, **setup(accounts, rows))
    journal.add(
        "account_events",
        account=(cut := np.flatnonzero(begins & (accounts.code == CODE_INDEX["1d"]) & (rng.random(len(accounts)) < 0.5))),
        day=week.some_day(len(cut), rng),
        event=EVENTS.index("cut"),
    )
    paused = np.flatnonzero(
        begins & np.isin(accounts.code, [CODE_INDEX["2c"], CODE_INDEX["2e"]]) & (rng.random(len(accounts)) < 0.3)
    )
    journal.add("account_events", account=paused, day=week.some_day(len(paused), rng), event=EVENTS.index("suspended"))


def _remind(state: MarketState, active: Ints, draw: Floats, week: Week, journal: Journal) -> None:
    accounts, contacts = state.accounts, week.parameters.contacts
    rng = week.rng("reminders")
    is_due = (accounts.next_day[active] >= week.end) & (accounts.next_day[active] < week.end + 7)
    share = contacts.reminder_share * np.array([0.35, 0.1, 1.0])[accounts.billing[active]]
    late = in_trouble(accounts, week, "6")[active]
    chance = np.where(late, contacts.reminder_share, np.where(is_due, share, 0.0))
    hit = draw < chance
    at, unanswered = active[hit], late[hit] | (rng.random(int(hit.sum())) < 0.25)
    record(
        journal, state, at, week.weekday(len(at), rng), channel=rng.choice(np.array([0, 4]), len(at)), kind=REMINDER,
        note_kind=np.where(unanswered, NoteKind.REMINDER, NoteKind.REMINDER_ANSWERED),
        resolved=(~unanswered).astype(np.int64),
    )  # fmt: skip


def _someone(state: MarketState, at: Ints, rng: np.random.Generator) -> Ints:
    """Who is spoken to: the owner in a third of the contacts where he is met at all, else the operating contact."""
    accounts = state.accounts
    owner = accounts.is_owner_met[at] & (rng.random(len(at)) < 0.33)
    return np.where(owner, OWNER, accounts.operator_no[at])


def _onset_or_some_day(state: MarketState, at: Ints, begins: Bools, week: Week, rng: np.random.Generator) -> Ints:
    return np.where(begins[at], state.accounts.onset_day[at], week.some_day(len(at), rng))
