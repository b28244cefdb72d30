"""The playbook rows and the accounts on no list, as SQL puts them together."""

import csv
import io
from datetime import date
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract
from sql import queries
from tests.playbook.listed_rows import AS_OF, facts_of, lapsed_account, put_rows, set_up, words_of
from winback.contracts.tables import read_table, replace_from_frame, replace_from_query
from winback.playbook.csv_file import csv_bytes, read_csv_bytes

HOSTILE = '=HYPERLINK("http://x") {cycle_days}\x07'


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Account 'a' listed with offer 'O', 'b' explored without one, 'h' held out, 'c' without room, 'd' barred."""
    set_up(empty_tables)
    rows = lapsed_account("a") + [
        (name, row)
        for account in "bhcd"
        for name, row in lapsed_account(account)
        if name in ("core_lapses", "core_accounts_week")
    ]
    listed = {"week_on": AS_OF, "rep_id": "r", "play_version": "1.0.0", "minutes": 30, "assignment_prob": 0.9}
    arm = {"as_of_on": AS_OF, "play_id": "few_inquiries", "account_id": "a", "uplift_status": "observational"}
    rows += [
        ("plan_assignments", listed | {"row_key": "R1", "account_id": "a", "play_id": "few_inquiries", "offer_id": "O", "rank": 1,
                                       "assignment": "treated", "change_word": "new"}),
        ("plan_assignments", listed | {"row_key": "R2", "account_id": "b", "play_id": "ask_reason", "rank": 2,
                                       "assignment": "explore"}),
        ("plan_assignments", listed | {"row_key": "R3", "account_id": "h", "play_id": "ask_reason", "rank": None,
                                       "assignment": "holdout"}),
        ("plan_options", arm | {"offer_id": "O", "arm_no": 1, "is_outright": True}),
        ("score_net_value", arm | {"offer_id": "O", "arm_no": 1, "touched_prob": 0.4, "net_value_amount": Decimal(50),
                                   "net_value_low_amount": Decimal(10), "net_value_high_amount": Decimal(90),
                                   "offer_cost_amount": Decimal(7)}),
        ("score_net_value", arm | {"arm_no": 2, "touched_prob": 0.3, "offer_cost_amount": Decimal(0)}),
        ("score_uplift", arm | {"offer_id": "O", "horizon_days": 56, "uplift_share": 0.1, "model_level": "prior"}),
        *[("score_value", {"account_id": x, "as_of_on": AS_OF, "value_at_stake_amount": Decimal(9),
                           "best_by_on": date(2026, 3, 20)}) for x in "abhcd"],
        *[("plan_candidates", {"account_id": x, "as_of_on": AS_OF, "cause": "no_consent" if x == "d" else None}) for x in "abhcd"],
        ("plan_reps", {"account_id": "c", "rep_id": "r"}),
        ("plan_options", {"account_id": "c", "as_of_on": AS_OF, "arm_no": 1, "play_id": "ask_reason"}),
        ("core_offers_week", {"offer_id": "O", "offer_kind": "free_delivery", "offer_name": None}),
    ]  # fmt: skip
    put_rows(empty_tables, rows)
    return empty_tables


def playbook(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    facts = facts_of(con)
    replace_from_frame(con, "out_words", words_of(facts, "en", read_table(con, "out_offers")))
    replace_from_query(con, "out_playbook", queries()["out_playbook"].text)
    return read_table(con, "out_playbook").sort("rank")


def test_a_row_has_what_its_play_and_offer_are_expected_to_bring(week: duckdb.DuckDBPyConnection) -> None:
    first, second = playbook(week).iter_rows(named=True)
    assert (first["row_key"], second["row_key"]) == ("R1", "R2")
    expected = {
        "touched_prob": 0.4, "uplift_share": 0.1, "uplift_status": "observational", "net_value_low_amount": Decimal(10),
        "net_value_amount": Decimal(50), "net_value_high_amount": Decimal(90), "offer_cost_amount": Decimal(7),
        "change_word": "new", "person_name": "Li", "contact_role": "owner", "phone": "1", "due_on_plan": date(2026, 3, 5),
        "best_by_on": date(2026, 3, 20), "reason_name": "Too few inquiries", "offer_text": "Free delivery of the next order.",
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (second["touched_prob"], second["net_value_amount"], second["uplift_status"]) == (None, None, "none")
    assert (second["contact_role"], second["person_name"], second["offer_text"]) == ("decision_maker", None, None)
    assert second["reason_name"] == "Unknown: ask"


@pytest.mark.parametrize(
    ("best_by_on", "due_on"),
    [
        (date(2026, 3, 5), date(2026, 3, 5)),
        (date(2026, 3, 4), date(2026, 3, 4)),
        (date(2026, 3, 2), date(2026, 3, 3)),  # the list comes out on a Monday: Tuesday at the earliest
        (None, date(2026, 3, 5)),
    ],
)
def test_a_row_is_due_by_its_best_by_day(week: duckdb.DuckDBPyConnection, best_by_on: date | None, due_on: date) -> None:
    week.execute("UPDATE score_value SET best_by_on = ?", [best_by_on])
    assert playbook(week)["due_on_plan"][0] == due_on


def test_no_cell_is_empty_that_the_contract_promises(week: duckdb.DuckDBPyConnection) -> None:
    required = [f.name for f in load_contract("out_playbook").fields if f.is_required]
    assert playbook(week).select(required).null_count().sum_horizontal().item() == 0
    phone = {"contact_role", "play_channel", "due_on_plan", "action", "why_now", "reason_name"}
    assert phone <= set(required)


def test_whoever_is_held_out_is_told_of_beside_those_on_no_list(week: duckdb.DuckDBPyConnection) -> None:
    replace_from_query(week, "out_not_this_week", queries()["out_not_this_week"].text)
    causes = dict(week.execute("SELECT account_id, cause FROM out_not_this_week").fetchall())
    assert causes == {"h": "holdout", "c": "no_capacity", "d": "no_consent"}
    assert set(playbook(week)["account_id"]) | set(causes) == set("abhcd")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_cells_leave_the_playbook_as_words(week: duckdb.DuckDBPyConnection, language: str) -> None:
    for table, columns in (("asof_accounts", ("account_name", "taboos", "preferences")), ("score_reasons", ("evidence_text",)),
                           ("asof_people", ("person_name",)), ("asof_touchpoints", ("promise",))):  # fmt: skip
        week.execute(f"UPDATE {table} SET {', '.join(f'{c} = ?' for c in columns)}", [HOSTILE] * len(columns))
    rows, contract = playbook(week), load_contract("out_playbook")
    data = csv_bytes(rows, contract, language=language, phone_region="CN").decode("utf-8-sig")
    assert "\x07" not in data and data.count("{cycle_days}") >= 6
    for line in csv_cells(data):
        assert all(not cell.startswith(("=", "+", "-", "@")) for cell in line)
    back = read_csv_bytes(data.encode(), contract)
    assert back["account_name"][0] == HOSTILE.replace("\x07", "")
    assert back["talk_track"].to_list() == rows["talk_track"].to_list()


def csv_cells(data: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data, newline="")))


def test_personal_columns_are_marked(week: duckdb.DuckDBPyConnection) -> None:
    """What may hold names or somebody's words never reaches the readers' database."""
    personal = {
        "out_contacts": {"person_name", "phone", "email"},
        "out_facts": {"evidence_text", "rival_name", "promise", "peer_name", "taboos"},
        "out_words": {"talk_track", "facts_text", "do_not_say"},
        "out_playbook": {"account_name", "person_name", "phone", "evidence_text", "talk_track", "facts_text", "do_not_say",
                         "preferences", "taboos", "customer_quote", "promise", "result_note"},
    }  # fmt: skip
    for table, columns in personal.items():
        assert {f.name for f in load_contract(table).fields if f.personal} == columns, table
    marked = {table: columns for table, columns in personal.items() if table in ("out_words", "out_playbook")}
    secret = "Zebra0Quagga"
    week.execute("UPDATE asof_accounts SET account_name = ?, taboos = ?, preferences = ?", [secret] * 3)
    week.execute("UPDATE asof_touchpoints SET promise = ?", [secret])
    week.execute("UPDATE asof_people SET person_name = ?, phone = ?", [secret] * 2)
    week.execute("UPDATE score_reasons SET evidence_text = ?", [secret])
    playbook(week)
    for table, columns in marked.items():
        kept = [c for c in load_contract(table).columns if c not in columns]
        assert secret not in str(read_table(week, table).select(kept).rows()), table
        assert secret in str(read_table(week, table).select(sorted(columns)).rows()), table
