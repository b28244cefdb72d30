"""Input tables that hold no events of accounts: reps, products, offers, standards, reference cases, exchange rates.

Belongs here: turning the catalogue and the reps into those tables. Does not belong here: tables made from the journal
(`tables`).
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import date_of
from winback.simulate.draws import stream
from winback.simulate.parameters import TOUCH_CHANNELS, Parameters
from winback.simulate.state import MarketState
from winback.simulate.tables import account_ids, account_names, conform, hashed, rep_ids


def reference_tables(state: MarketState, end_day: int, parameters: Parameters) -> dict[str, pl.DataFrame]:
    """The tables as they stand on the day before `end_day`."""
    return {
        "reps": _reps(state),
        "products": _products(state.first_day, end_day),
        "offers": _offers(state.first_day, end_day),
        "service_standards": _standards(state.first_day),
        "reference_cases": _cases(state, end_day, parameters),
        "fx_rates": fx_rates(state.seed, np.arange(state.first_day, end_day, 7)),
    }


def fx_rates(seed: int, mondays: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pl.DataFrame:
    """One rate per foreign currency and Monday: the catalogue's, give or take two percent over the year."""
    rows = []
    for number, entry in enumerate(load_catalogue().currencies):
        if entry["rate"] == 1.0:
            continue
        wave = 1 + 0.02 * np.sin(2 * np.pi * (mondays / 365.25 + stream(seed, 0, f"fx {number}").random()))
        rows += [
            (entry["currency"], date_of(int(day)), round(float(rate), 4))
            for day, rate in zip(mondays, entry["rate"] * wave, strict=True)
        ]
    columns = pl.DataFrame(rows, schema=["currency", "rate_on", "rate"], orient="row")
    return conform("fx_rates", columns.to_dict())


def _reps(state: MarketState) -> pl.DataFrame:
    reps, branches = state.reps, load_catalogue().branches
    n = len(reps)
    levels = ["executive;manager;front_line", "manager;front_line", "front_line"]
    level = (hashed(np.arange(n), 41) * len(levels)).astype(np.int64)
    # good at what they do most: the channels with at least an average share
    good = [";".join(c for c, s in zip(TOUCH_CHANNELS, row, strict=True) if s >= 0.2) for row in reps.channel_share]
    english = [branches[b]["language"] == "en" for b in reps.branch]
    return conform(
        "reps",
        {
            "rep_id": rep_ids(np.arange(n)),
            "rep_name": [f"Rep {k:03d}" if e else f"客户经理 {k:03d}" for k, e in enumerate(english)],
            "branch": [branches[b]["branch"] for b in reps.branch],
            "languages": [
                "zh;en" if both else "en" if e else "zh" for e, both in zip(english, reps.has_both_languages, strict=True)
            ],
            "channels": good,
            "contact_levels": [levels[k] for k in level],
            "weekly_minutes": reps.weekly_minutes,
            "email": [f"rep{k:03d}@example.com" for k in range(n)],
            "is_active": reps.is_active,
            "valid_from_on": [date_of(state.first_day)] * n,
        },
    )


def _products(first_day: int, end_day: int) -> pl.DataFrame:
    products = load_catalogue().products
    begin, end = date_of(first_day), date_of(end_day)
    return conform(
        "products",
        {
            name: [p.get(name) for p in products]
            for name in (
                "product_id", "product_name", "category", "unit_price_amount", "stock_quantity", "min_order_quantity",
                "sponsor",
            )
        }
        | {
            "currency": ["CNY"] * len(products),
            "arrives_on": [end + timedelta(days=p["arrives_in_days"]) if "arrives_in_days" in p else None for p in products],
            "promotion_from_on": [end - timedelta(days=14) if p["category"] == "site" else None for p in products],
            "promotion_to_on": [end + timedelta(days=42) if p["category"] == "site" else None for p in products],
            "valid_from_on": [begin] * len(products),
        },
    )  # fmt: skip


def _offers(first_day: int, end_day: int) -> pl.DataFrame:
    offers = load_catalogue().offers
    begin, end = date_of(first_day), date_of(end_day)
    return conform(
        "offers",
        {
            name: [o.get(name) for o in offers]
            for name in (
                "offer_id", "offer_name", "kind", "amount", "discount_share", "points", "product_id", "category",
                "sponsor", "subsidy_share", "budget_amount", "min_value_amount", "cooldown_days", "reason_codes",
            )
        }
        | {
            "offer_starts_on": [begin] * len(offers),
            "offer_ends_on": [end + timedelta(days=200 if o["kind"] == "voucher" else 1000) for o in offers],
            "valid_from_on": [begin] * len(offers),
        },
    )  # fmt: skip


def _standards(first_day: int) -> pl.DataFrame:
    standards = load_catalogue().standards
    names = ("standard_id", "standard_name", "kind", "quality_aspect", "limit_days")
    return conform(
        "service_standards",
        {name: [s[name] for s in standards] for name in names} | {"valid_from_on": [date_of(first_day)] * len(standards)},
    )


def _cases(state: MarketState, end_day: int, parameters: Parameters) -> pl.DataFrame:
    """One peer's case for each text of the catalogue and kind of business; two thirds agreed to be named."""
    cases, industries = load_catalogue().cases, list(parameters.industries)
    rng = stream(state.seed, 0, "cases")
    accounts = state.accounts
    rows = []
    for k, case in enumerate(cases):
        for i, industry in enumerate(industries):
            peers = np.flatnonzero((accounts.industry == i) & (accounts.opened_day < end_day))
            if not len(peers):
                continue
            rows.append((k, industry, int(rng.choice(peers)), bool(rng.random() < 0.67), case))
    at = np.array([r[2] for r in rows], dtype=np.int64)
    regions = [b["region"] for b in load_catalogue().branches]
    return conform(
        "reference_cases",
        {
            "case_id": [f"RC-{r[0]}-{r[1]}" for r in rows],
            "account_id": account_ids(at),
            "business_kind": [r[1] for r in rows],
            "region": [regions[b] for b in accounts.branch[at]],
            "reason_code": [r[4]["reason_code"] for r in rows],
            "peer_name": account_names(at, accounts.name_no[at], state, parameters),
            "case_text": [r[4]["text"] for r in rows],
            "has_case_consent": [r[3] for r in rows],
            "valid_from_on": [date_of(state.first_day)] * len(rows),
        },
    )
