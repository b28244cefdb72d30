"""The market's tables keep every promise of the input contracts, read here from the YAML files themselves."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml

from winback.simulate.market import Market, simulate_market
from winback.simulate.parameters import default_parameters

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
END_ON = date(2026, 11, 2)
TYPES = {
    "string": pl.String, "date": pl.Date, "timestamp": pl.Datetime("us"), "integer": pl.Int64,
    "decimal": pl.Decimal(18, 4), "fine_decimal": pl.Decimal(18, 10), "double": pl.Float64, "boolean": pl.Boolean,
}  # fmt: skip


def read_contracts() -> dict[str, list[dict]]:
    dictionary = yaml.safe_load((CONTRACTS / "fields.yaml").read_text("utf-8"))
    contracts = {}
    for path in sorted(CONTRACTS.glob("*.odcs.yaml")):
        schema = yaml.safe_load(path.read_text("utf-8"))["schema"][0]
        if {"property": "direction", "value": "input"} in schema["customProperties"]:
            contracts[schema["name"]] = [
                dictionary.get(f"{schema['name']}.{p['name']}", dictionary.get(p["name"])) | p for p in schema["properties"]
            ]
    return contracts


# note_labels comes from people who label notes, not from a market
INPUTS = {name: fields for name, fields in read_contracts().items() if name != "note_labels"}


def test_every_input_contract_has_rows(market: Market):
    assert set(market.tables) == set(INPUTS)
    assert len(INPUTS) == 18
    assert not [name for name, frame in market.tables.items() if frame.is_empty()]


@pytest.mark.parametrize("table", INPUTS)
def test_columns_and_types_are_the_contracts(market: Market, table: str):
    assert dict(market.tables[table].schema) == {f["name"]: TYPES[f["type"]] for f in INPUTS[table]}


@pytest.mark.parametrize("table", INPUTS)
def test_values_obey_the_row_rules(market: Market, table: str):
    frame = market.tables[table]
    for field in INPUTS[table]:
        column = frame[field["name"]]
        if field.get("required"):
            assert column.null_count() == 0, field["name"]
        if "allowed" in field:
            assert set(column.drop_nulls().unique()) <= set(field["allowed"]), field["name"]
        if "pattern" in field:
            assert column.drop_nulls().str.contains(field["pattern"]).all(), field["name"]
        if field["type"] in {"integer", "decimal", "double"} and len(column.drop_nulls()):
            assert float(column.min()) >= field.get("minimum", float("-inf")), field["name"]
            assert float(column.max()) <= field.get("maximum", float("inf")), field["name"]
        if field["type"] == "string" and len(column.drop_nulls()):
            assert column.str.len_chars().max() <= 1000, field["name"]
            assert not (column == "").any(), field["name"]


@pytest.mark.parametrize("table", INPUTS)
def test_keys_are_unique_and_accounts_known(market: Market, table: str):
    frame = market.tables[table]
    key = [f["name"] for f in INPUTS[table] if f.get("primaryKey")]
    assert key
    assert frame.select(key).is_duplicated().sum() == 0
    if "account_id" in frame.columns:
        assert frame["account_id"].drop_nulls().is_in(market.tables["accounts"]["account_id"].unique().to_list()).all()


@pytest.mark.parametrize("table", INPUTS)
def test_nothing_is_dated_at_or_after_the_end(market: Market, table: str):
    known = [f["name"] for f in INPUTS[table] if f.get("event") or f["name"] in {
        "valid_from_on", "valid_to_on", "opened_on", "closed_on", "done_on", "promise_done_on", "paid_on", "touched_at",
        "spent_at", "ended_at", "notice_sent_at",
    }]  # fmt: skip
    for name in known:
        latest = market.tables[table][name].drop_nulls().max()
        if isinstance(latest, datetime):
            latest = latest.date()
        assert latest is None or latest < END_ON, name


def test_same_seed_same_bytes_and_another_seed_others():
    def build(seed: int) -> Market:
        return simulate_market(n_accounts=150, n_weeks=20, seed=seed, end_on=END_ON, parameters=default_parameters())

    first, again, other = build(3), build(3), build(4)
    for part in ("tables", "truth"):
        for name, frame in getattr(first, part).items():
            assert frame.write_csv().encode() == getattr(again, part)[name].write_csv().encode(), name
    assert not first.tables["spend"].equals(other.tables["spend"])


def test_every_account_has_counted_spend(market: Market):
    counted = market.tables["spend"].filter(pl.col("kind").is_in(["purchase", "subscription"]))
    assert counted["account_id"].n_unique() == market.tables["accounts"]["account_id"].n_unique() == 4000
    assert set(market.tables["spend"]["kind"]) == {"purchase", "refund", "top_up", "consumption", "subscription"}


def test_consumption_never_exceeds_what_was_topped_up(market: Market):
    prepaid = market.tables["spend"].with_columns(pl.col("amount").cast(pl.Float64))
    sums = prepaid.group_by("account_id").agg(
        pl.col("amount").filter(pl.col("kind") == kind).sum().alias(kind) for kind in ("top_up", "consumption")
    )
    assert sums.filter(pl.col("consumption") > pl.col("top_up") + 1).is_empty()


def test_contracts_end_unpaid_or_paid_in_order(market: Market):
    lines = market.tables["spend"].filter(pl.col("kind") == "subscription")
    paid = lines.filter(pl.col("paid_on").is_not_null())
    assert (paid["paid_through_on"] >= paid["due_on"]).all()
    unpaid = lines.filter(pl.col("paid_on").is_null())
    assert unpaid.height > 0
    assert unpaid["paid_through_on"].null_count() == unpaid.height


def test_people_have_no_real_contact_data(market: Market):
    people = market.tables["people"]
    assert people["phone"].drop_nulls().str.starts_with("000-").all()
    assert people["email"].drop_nulls().str.ends_with("@example.com").all()
    assert people.filter(pl.col("valid_to_on").is_not_null()).height > 100


def test_both_languages_in_the_planned_share(market: Market):
    languages = market.truth["notes"]["language"]
    assert 0.53 < (languages == "zh").mean() < 0.63
    is_chinese = market.tables["touchpoints"]["note_text"].drop_nulls().str.contains(r"[\u4e00-\u9fff]")
    assert 0.5 < is_chinese.mean() < 0.66
