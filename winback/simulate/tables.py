"""From the journal's numbers to the input tables: identifiers, words, dates, contract columns.

Belongs here: how an event of the journal reads in its input contract. Does not belong here: tables that hold no events
(`reference_tables`), the truth (`truth`), or whether something happens.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from data_contracts import load_contract
from winback.simulate.catalogue import load_catalogue
from winback.simulate.contacts import CHANNELS, COMPLAINT_TYPES, KINDS, NO_PERSON, NOTICE
from winback.simulate.days import NEVER, dates, week_number
from winback.simulate.draws import stream
from winback.simulate.events import EVENTS
from winback.simulate.journal import Columns, Journal
from winback.simulate.note_writing import NoteKind, phrase, write_notes
from winback.simulate.parameters import CODES, Parameters
from winback.simulate.service import SERVICE_KINDS
from winback.simulate.spending import OWNER, PURCHASE, SPEND_KINDS, SUBSCRIPTION, TOP_UP
from winback.simulate.state import Ints, MarketState

POLARS_TYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(18, 4),
    "fine_decimal": pl.Decimal(18, 10),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
}
"""Column type of each type of the column dictionary."""

_MINUTE = 60_000_000
_ROLES = ("operator", "manager", "technical", "finance", "other")
_TEMPERAMENTS = ("expressive", "driver", "amiable", "analytical", None)
_SIZES = ("micro", "small", "medium", "large")


def conform(table: str, columns: dict[str, Any]) -> pl.DataFrame:
    """A frame with exactly the columns and types of the contract `table`; columns not given are null."""
    fields = load_contract(table).fields
    unknown = set(columns) - {f.name for f in fields}
    if unknown:
        raise KeyError(f"contract '{table}' has no column {', '.join(sorted(unknown))}")
    frame = pl.DataFrame(columns)
    return frame.select(
        (pl.col(f.name) if f.name in columns else pl.lit(None)).cast(POLARS_TYPES[f.type]).alias(f.name) for f in fields
    )


def account_ids(at: npt.NDArray[Any]) -> pl.Series:
    """Identifiers of the accounts at positions `at`."""
    return _numbered("A", at, 7)


def rep_ids(rep: npt.NDArray[Any]) -> pl.Series:
    """Identifiers of representatives; null where negative."""
    return _where(_numbered("R", np.maximum(rep, 0), 4), rep >= 0)


def event_tables(journal: Journal, state: MarketState, parameters: Parameters) -> dict[str, pl.DataFrame]:
    """The input tables that the journal's events make, plus `notes`: what each note truly says.

    Dates of completion may lie in the future still; see `known_before`. Events leave the journal.
    """
    makers = {
        "accounts": _accounts,
        "spend": _spend,
        "people": _people,
        "usage": _usage,
        "account_setup": _setups,
        "account_events": _account_events,
        "service_events": _service_events,
        "incidents": _incidents,
        "changes": _changes,
    }
    kinds = {"accounts": "account_versions", "account_setup": "setups"}
    tables = {}
    for table, make in makers.items():
        events = journal.take(kinds.get(table, table))
        tables[table] = conform(table, {}).clear() if events is None else make(events, state, parameters)
    contacts = journal.take("touchpoints")
    tables |= _touchpoints(contacts, state) if contacts is not None else _no_touchpoints()
    return tables


def known_before(frame: pl.DataFrame, column: str, end_day: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows as known before the day, and those whose date in `column` is known only from that day on (complete)."""
    later = pl.col(column) >= dates(np.array([end_day]))[0]
    return (
        frame.with_columns(pl.when(later).then(None).otherwise(pl.col(column)).alias(column)),
        frame.filter(later),
    )


def hashed(at: npt.NDArray[Any], salt: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each position, always the same for the same position and salt."""
    offset = np.uint64(salt * 0xBF58476D1CE4E5B9 % 2**64)
    mixed = (at.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + offset
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _accounts(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    # one version a day: the last one written stands
    keep = _last_of_day(e["account"], e["day"])
    e = {name: column[keep] for name, column in e.items()}
    accounts, at, catalogue = state.accounts, e["account"], load_catalogue()
    branch, english = accounts.branch[at], accounts.is_english[at]
    industries = list(parameters.industries)
    areas = [(i, area) for i, b in enumerate(catalogue.branches) for area in b["areas"]]
    first_area = np.array([next(k for k, (i, _) in enumerate(areas) if i == b) for b in range(len(catalogue.branches))])
    consent = accounts.consent[at]
    return conform(
        "accounts",
        {
            "account_id": account_ids(at),
            "account_name": account_names(at, e["name_no"], state, parameters),
            "business_kind": words(industries, accounts.industry[at]),
            "size_class": words(_SIZES, accounts.size[at]),
            "region": words([b["region"] for b in catalogue.branches], branch),
            "area": words([area for _, area in areas], first_area[branch] + accounts.area[at]),
            "branch": words([b["branch"] for b in catalogue.branches], branch),
            "opened_on": dates(accounts.opened_day[at]),
            "closed_on": dates(e["closed_day"]),
            "rep_id": rep_ids(e["rep"]),
            "language": words(["zh-Hans", "en"], english.astype(np.int64)),
            "has_consent": words([False, True, None], consent, pl.Boolean()),
            "is_do_not_contact": pl.Series(e["is_do_not_contact"]),
            "points_balance": pl.Series(e["points"]),
            "preferences": _by_language(catalogue.preferences, at, english, 11, 0.25),
            "taboos": _by_language(catalogue.taboos, at, english, 12, 0.12),
            "valid_from_on": dates(e["day"]),
        },
    )


def account_names(at: Ints, name_no: Ints, state: MarketState, parameters: Parameters) -> pl.Series:
    """Invented names of the accounts at `at`; `name_no` counts how often each has been renamed."""
    accounts, names = state.accounts, load_catalogue().names
    english = accounts.is_english[at]
    industries = list(parameters.industries.values())
    n = len(names["company_zh"])
    company = ((hashed(at, 1) * n).astype(np.int64) + 5 * name_no) % n
    suffix = (hashed(at, 2) * 4).astype(np.int64)
    number = pl.Series(at).cast(pl.String).str.zfill(5)
    industry = accounts.industry[at]
    chinese = (
        words(names["company_zh"], company)
        + words([i.word_zh for i in industries], industry)
        + words(names["suffix_zh"], suffix)
        + " "
        + number
    )
    western = (
        words(names["company_en"], company)
        + " "
        + words([i.word_en for i in industries], industry)
        + " "
        + words(names["suffix_en"], suffix)
        + " "
        + number
    )
    return western.zip_with(pl.Series(english), chinese)


def _spend(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    accounts, at, catalogue = state.accounts, e["account"], load_catalogue()
    rates = np.array([c["rate"] for c in catalogue.currencies])[accounts.currency[at]]
    amount, discount = e["amount"] / rates, e["discount"] / rates
    kind, product = e["kind"], e["product"]
    rng = stream(state.seed, _first_week(e), "spend times")
    times = e["day"] * 1440 + rng.integers(8 * 60, 19 * 60, len(at))
    timed = np.isin(kind, [PURCHASE, TOP_UP])
    bought = np.isin(kind, [PURCHASE, SUBSCRIPTION])
    price = np.array([p["unit_price_amount"] for p in catalogue.products])[product] / rates
    quantity = np.round(amount / price, 2)
    priced = bought & (kind == PURCHASE)
    return conform(
        "spend",
        {
            "spend_line_id": _event_ids("S", e["day"]),
            "account_id": account_ids(at),
            "spent_on": dates(e["day"]),
            "spent_at": _where(_timestamps(times), timed),
            "amount": _amounts(amount),
            "currency": words([c["currency"] for c in catalogue.currencies], accounts.currency[at]),
            "product_id": words([p["product_id"] for p in catalogue.products], product),
            "category": words([p["category"] for p in catalogue.products], product),
            "quantity": _where(_amounts(quantity), priced),
            "unit_price_amount": _where(_amounts(price), priced),
            "kind": words(SPEND_KINDS, kind),
            "paid_through_on": dates(e["paid_through_day"]),
            "due_on": dates(e["due_day"]),
            "paid_on": dates(e["paid_day"]),
            "discount_amount": _where(_amounts(discount), bought & (discount > 0)),
            "offer_id": words([o["offer_id"] for o in catalogue.offers], e["offer"]),
        },
    )


def _people(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    keep = _last_of_day(e["account"] * 1000 + e["person"] + 1, e["day"])
    e = {name: column[keep] for name, column in e.items()}
    accounts, catalogue = state.accounts, load_catalogue()
    at, person = e["account"], e["person"]
    english, owner = accounts.is_english[at], person == OWNER
    who = at * 64 + person + 1
    names = catalogue.names
    family = (hashed(who, 21) * len(names["family_zh"])).astype(np.int64)
    address = (hashed(who, 22) * 2).astype(np.int64)
    western = words(names["address_en"], address) + " " + words(names["family_en"], family)
    chinese = words(names["family_zh"], family) + words(names["address_zh"], address)
    role = np.minimum((hashed(who, 23) * 6).astype(np.int64), 4)
    # most operating contacts decide nothing; a few managers do
    decides = owner | ((role == 1) & (hashed(who, 24) < 0.2))
    phone = pl.Series("phone", (hashed(who, 25) * 1e8).astype(np.int64)).cast(pl.String).str.zfill(8)
    ids = person_ids(at, person)
    reachable = ~owner | accounts.is_owner_met[at]
    temperament = (hashed(who, 26) * 5).astype(np.int64)
    return conform(
        "people",
        {
            "person_id": ids,
            "account_id": account_ids(at),
            "person_name": western.zip_with(pl.Series(english), chinese),
            "role": words(("owner", *_ROLES), np.where(owner, 0, 1 + role)),
            "is_decision_maker": pl.Series(decides),
            "contact_level": words(["executive", "manager", "front_line"], np.where(owner, 0, np.where(role == 1, 1, 2))),
            "language": words(["zh-Hans", "en"], english.astype(np.int64)),
            "phone": _where("000-" + phone.str.slice(0, 4) + "-" + phone.str.slice(4), reachable),
            "email": _where(ids.str.to_lowercase() + "@example.com", reachable & (hashed(who, 27) < 0.7)),
            "temperament": words(_TEMPERAMENTS, temperament),
            "occasions": _by_language(catalogue.occasions, who, english, 28, 0.15),
            "valid_from_on": dates(e["day"]),
            "valid_to_on": dates(e["left_day"]),
        },
    )


def person_ids(at: Ints, person: Ints) -> pl.Series:
    """Identifiers of people: the owner's, or the operating contacts' by number; null for nobody."""
    number = pl.Series(np.maximum(person, 0)).cast(pl.String)
    owner = pl.Series(["O"]).new_from_index(0, len(at))
    ids = _numbered("P", at, 7) + "-" + owner.zip_with(pl.Series(person == OWNER), number)
    return _where(ids, person != NO_PERSON)


def _usage(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    return conform(
        "usage",
        {
            "account_id": account_ids(e["account"]),
            "period_from_on": dates(e["from_day"]),
            "period_to_on": dates(e["day"]),
            "cost_amount": _amounts(e["amount"]),
            "n_visits": pl.Series(e["visits"]),
            "n_clicks": pl.Series(e["clicks"]),
            "n_inquiries": pl.Series(e["inquiries"]),
            "n_messages": pl.Series(e["messages"]),
            "n_orders": pl.Series(e["orders"]),
        },
    )


def _setups(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    keep = _last_of_day(e["account"], e["day"])
    e = {name: column[keep] for name, column in e.items()}
    at, catalogue = e["account"], load_catalogue()
    purpose = (hashed(at, 31) * (len(catalogue.purposes) + 2)).astype(np.int64) % len(catalogue.purposes)
    rank = np.clip(7.5 - 0.45 * e["ad_quality"] - 1.5 * np.log(e["dearness"]), 1.0, 9.9)
    return conform(
        "account_setup",
        {
            "account_id": account_ids(at),
            "purpose": words(catalogue.purposes, purpose),
            "keyword_fit_share": np.round(e["keyword_fit"], 3),
            "ad_quality_score": np.round(e["ad_quality"], 1),
            "mean_rank": np.round(rank, 1),
            "daily_cap_amount": _amounts(np.ceil(e["cap_amount"] / 10) * 10),
            "target_regions": words([b["target_regions"] for b in catalogue.branches], state.accounts.branch[at]),
            "site_uptime_share": np.round(e["uptime"], 3),
            "reply_minutes": np.round(np.minimum(e["reply_minutes"], 2880.0), 0),
            "valid_from_on": dates(e["day"]),
        },
    )


def _account_events(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    details, at = load_catalogue().event_details, e["account"]
    english = state.accounts.is_english[at]
    chinese = words([details["zh"].get(k) for k in EVENTS], e["event"])
    western = words([details["en"].get(k) for k in EVENTS], e["event"])
    return conform(
        "account_events",
        {
            "event_id": _event_ids("E", e["day"]),
            "account_id": account_ids(at),
            "event_on": dates(e["day"]),
            "kind": words(EVENTS, e["event"]),
            "detail": western.zip_with(pl.Series(english), chinese),
        },
    )


def _service_events(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    return conform(
        "service_events",
        {
            "service_event_id": _event_ids("V", e["day"]),
            "account_id": account_ids(e["account"]),
            "reported_on": dates(e["day"]),
            "kind": words(SERVICE_KINDS, e["kind"]),
            "standard_id": words([s["standard_id"] for s in load_catalogue().standards], e["standard"]),
            "promised_on": dates(e["promised_day"]),
            "done_on": dates(e["done_day"]),
            "amount": _where(_amounts(e["amount"]), e["amount"] >= 0),
        },
    )


def _incidents(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    catalogue = load_catalogue()
    branch, noticed = e["branch"], e["notice_minute"] != NEVER
    return conform(
        "incidents",
        {
            "incident_id": _event_ids("I", e["day"]),
            "started_at": _timestamps(e["began_minute"]),
            "ended_at": _timestamps(e["ended_minute"]),
            "notice_sent_at": _where(_timestamps(e["notice_minute"]), noticed),
            "notice_audience": _where(
                pl.Series(["accounts of the region 本地区客户"]).new_from_index(0, len(branch)), noticed
            ),
            "affected_region": words([b["region"] for b in catalogue.branches], branch),
            "affected_category": words([i["category"] for i in catalogue.incidents], e["incident"]),
            "incident_facts": words([i["facts"] for i in catalogue.incidents], e["incident"]),
        },
    )


def _changes(e: Columns, state: MarketState, parameters: Parameters) -> pl.DataFrame:
    texts = load_catalogue().changes
    return conform(
        "changes",
        {
            "change_id": _event_ids("C", e["day"]),
            "changed_on": dates(e["day"]),
            "change_text": words([texts.get(code) for code in CODES], e["code"]),
            "reason_code": words(CODES, e["code"]),
        },
    )


def _touchpoints(e: Columns, state: MarketState) -> dict[str, pl.DataFrame]:
    at = e["account"]
    language = state.accounts.is_english[at].astype(np.int64)
    style = state.reps.style[np.maximum(e["rep"], 0)]
    rng = stream(state.seed, _first_week(e), "notes")
    texts = write_notes(
        kind=e["note_kind"], language=language, style=style, code=e["note_code"], second=e["note_second"], rng=rng
    )
    times = e["day"] * 1440 + rng.integers(9 * 60, 18 * 60, len(at))
    ids = _event_ids("T", e["day"])
    promised = e["has_promise"].astype(np.bool_)
    matter = pl.Series(e["matter"]).cast(pl.String)
    table = conform(
        "touchpoints",
        {
            "touchpoint_id": ids,
            "account_id": account_ids(at),
            "person_id": person_ids(at, e["person"]),
            "touched_on": dates(e["day"]),
            "touched_at": _where(_timestamps(times), e["kind"] != NOTICE),
            "channel": words(CHANNELS, e["channel"]),
            "direction": words(["in", "out"], e["is_out"].astype(np.int64)),
            "kind": words(KINDS, e["kind"]),
            "rep_id": rep_ids(e["rep"]),
            "note_text": texts,
            "complaint_type": words(COMPLAINT_TYPES, e["complaint"]),
            "promise": _where(phrase("promise", language, rng), promised),
            "promise_due_on": dates(e["promise_due_day"]),
            "promise_done_on": dates(e["promise_done_day"]),
            "product_id": words([p["product_id"] for p in load_catalogue().products], e["product"]),
            "matter_id": _where("M" + matter, e["matter"] >= 0),
            "is_resolved": words([False, True], e["resolved"], pl.Boolean()),
        },
    )
    telling = np.flatnonzero((e["note_kind"] == NoteKind.REASON) | (e["note_kind"] == NoteKind.COMPLAINT))
    notes = pl.DataFrame(
        {
            "touchpoint_id": ids.gather(telling),
            "account_id": account_ids(at[telling]),
            "touched_on": dates(e["day"][telling]),
            "lapse_no": e["lapse_no"][telling],
            "is_complaint": e["note_kind"][telling] == NoteKind.COMPLAINT,
            "note_code": words(CODES, e["note_code"][telling]),
            "style": style[telling],
            "language": words(["zh", "en"], language[telling]),
        }
    )
    return {"touchpoints": table, "notes": notes}


def _no_touchpoints() -> dict[str, pl.DataFrame]:
    notes = pl.DataFrame(
        schema={
            "touchpoint_id": pl.String, "account_id": pl.String, "touched_on": pl.Date, "lapse_no": pl.Int64,
            "is_complaint": pl.Boolean, "note_code": pl.String, "style": pl.Int64, "language": pl.String,
        }
    )  # fmt: skip
    return {"touchpoints": conform("touchpoints", {}).clear(), "notes": notes}


def _event_ids(letter: str, day: Ints) -> pl.Series:
    """Letter, week number and position in the week: unique as long as each week is simulated once."""
    week = week_number(day)
    order = np.argsort(week, kind="stable")
    _, first, count = np.unique(week[order], return_index=True, return_counts=True)
    position = np.empty(len(day), dtype=np.int64)
    position[order] = np.arange(len(day)) - np.repeat(first, count)
    return _numbered(letter, week, 4) + _numbered("-", position, 6)


def _first_week(e: Columns) -> int:
    return int(week_number(e["day"].min(keepdims=True))[0])


def _last_of_day(entity: Ints, day: Ints) -> Ints:
    """Positions of the last row of each (entity, day), in order."""
    key = entity * 100_000 + day
    _, last = np.unique(key[::-1], return_index=True)
    return np.sort(len(key) - 1 - last)


def _numbered(prefix: str, number: npt.NDArray[Any], width: int) -> pl.Series:
    return prefix + pl.Series(number).cast(pl.String).str.zfill(width)


def words(options: Any, index: npt.NDArray[Any], dtype: pl.DataType | None = None) -> pl.Series:
    """The option at each index; null where the index is negative or the option None."""
    values = pl.Series([*options, None], dtype=dtype or pl.String())
    return values.gather(np.where(index >= 0, index, len(values) - 1))


def _by_language(
    options: dict[str, list[str]], at: Ints, english: npt.NDArray[np.bool_], salt: int, share: float
) -> pl.Series:
    draw = hashed(at, salt)
    n = len(options["zh"])
    index = np.where(draw < share, (draw / share * n).astype(np.int64) % n, NEVER)
    return words(options["en"], index).zip_with(pl.Series(english), words(options["zh"], index))


def _where(series: pl.Series, used: npt.NDArray[np.bool_]) -> pl.Series:
    return series.zip_with(pl.Series(used), pl.Series([None], dtype=series.dtype).new_from_index(0, len(series)))


def _timestamps(minutes: Ints) -> pl.Series:
    return pl.Series(minutes * _MINUTE).cast(pl.Datetime("us"))


def _amounts(amount: npt.NDArray[Any]) -> pl.Series:
    return pl.Series(np.round(amount, 2)).cast(pl.Decimal(18, 4))
