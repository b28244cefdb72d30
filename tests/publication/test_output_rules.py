"""The rules that nobody may break: a sound week keeps all of them, and each planted fault breaks the one it should."""

from collections.abc import Callable, Iterator
from datetime import date

import duckdb
import pytest
import sqlglot

from data_contracts import load_contract
from tests.publication.output_rows import LISTED, MONDAY, add, sound_week
from winback.privacy.suppression import Suppression, digest
from winback.publication.folder import READER_TABLES
from winback.publication.output_rules import Breach, breaches, output_rules

KEY = b"k" * 32
Fault = Callable[[duckdb.DuckDBPyConnection], object]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = sound_week()
    yield connection
    connection.close()


def broken(con: duckdb.DuckDBPyConnection, suppression: Suppression | None = None) -> dict[str, Breach]:
    found = breaches(con, {"default_weekly_minutes": 600}, suppression)
    return {breach.name: breach for breach in found if breach.rows.height}


def test_a_sound_week_keeps_every_rule(con) -> None:
    assert broken(con) == {}


def listed_twice(con) -> None:
    add(con, "out_playbook", **LISTED | {"row_key": "WA2", "rep_id": "r2"})


def too_long(con) -> None:
    add(con, "out_playbook", **LISTED | {"row_key": "WB1", "account_id": "b"})
    con.execute("DELETE FROM out_not_this_week")


def over_budget(con) -> None:
    add(con, "core_offers_week", offer_id="o1", budget_left_amount=9, offer_minutes=0)
    con.execute("UPDATE out_playbook SET offer_id = 'o1', offer_cost_amount = 20, touched_prob = 0.5")


def asked_in_outcome(con) -> None:
    add(con, "core_past_assignments", row_key="WA0", account_id="a", week_on=date(2025, 9, 1), assignment="treated")
    con.execute("INSERT INTO core_outcomes (row_key, has_asked_no_contact, _batch) VALUES ('WA0', true, 1)")


def put_in_text(text: str) -> Fault:
    return lambda con: con.execute("UPDATE out_playbook SET why_now = ?", [f"... {text} ..."])


def contacted(*days: str) -> Fault:
    return lambda con: [
        con.execute("INSERT INTO asof_touchpoints (account_id, touched_on, direction) VALUES ('a', ?, 'out')", [day])
        for day in days
    ]


def agreed(on: str, *, called_on: str) -> Fault:
    def plant(con: duckdb.DuckDBPyConnection) -> None:
        add(con, "core_past_assignments", row_key="WA0", account_id="a", week_on=date(2026, 2, 16), assignment="treated")
        add(con, "core_treatments", account_id="a", week_on=date(2026, 2, 16), assignment="treated", result="reached")
        add(con, "core_touches", account_id="a", touched_on=date.fromisoformat(called_on))
        con.execute("INSERT INTO asof_outcomes (row_key, result, next_contact_on) VALUES ('WA0', 'reached', ?)", [on])

    return plant


FAULTS: list[tuple[str, str, Fault]] = [
    ("an account on two lists", "each_account_once", listed_twice),
    ("an account nowhere", "each_account_once", lambda con: con.execute("DELETE FROM out_not_this_week")),
    ("listed and not listed", "each_account_once", lambda con: add(con, "out_not_this_week", account_id="a")),
    (
        "listed but not lapsed",
        "each_account_once",
        lambda con: con.execute("DELETE FROM core_lapses WHERE account_id = 'a'"),
    ),
    (
        "a row key of another account",
        "row_keys",
        lambda con: add(con, "ledger_assignments", row_key="WA1", account_id="z", week_on=date(2026, 2, 2)),
    ),
    ("a row key twice", "row_keys", lambda con: add(con, "out_playbook", **LISTED)),
    ("a list longer than the week", "minutes", too_long),
    (
        "minutes of the offer on top",
        "minutes",
        lambda con: (
            add(con, "core_offers_week", offer_id="o1", offer_minutes=15, budget_left_amount=None),
            con.execute("UPDATE out_playbook SET offer_id = 'o1'"),
        ),
    ),
    ("a budget overdrawn", "offer_budgets", over_budget),
    (
        "a holdout of this week",
        "holdout",
        lambda con: add(
            con, "plan_assignments", row_key="WA9", account_id="a", week_on=MONDAY, assignment="holdout", rep_id="r1"
        ),
    ),
    (
        "a holdout of 7 weeks ago",
        "holdout",
        lambda con: add(
            con, "core_past_assignments", row_key="WA0", account_id="a", week_on=date(2026, 1, 12), assignment="holdout"
        ),
    ),
    ("marked", "do_not_contact", lambda con: con.execute("UPDATE core_accounts SET is_do_not_contact = true")),
    ("asked a representative", "do_not_contact", asked_in_outcome),
    (
        "asked in a note",
        "do_not_contact",
        lambda con: add(con, "score_mentions", account_id="a", mention_kind="do_not_contact"),
    ),
    ("consent withdrawn", "consent", lambda con: con.execute("UPDATE core_accounts SET has_consent = false")),
    ("consent needed and missing", "consent", lambda con: con.execute("UPDATE core_week SET needs_consent = true")),
    ("a known cause", "barred", lambda con: con.execute("UPDATE plan_candidates SET cause = 'closed_business'")),
    (
        "has bought since",
        "returned",
        lambda con: add(con, "core_purchase_days", account_id="a", spent_on=date(2026, 2, 20)),
    ),
    ("called 28 days ago", "cooldown", contacted("2026-02-02")),
    (
        "on the list three weeks ago",
        "cooldown",
        lambda con: add(con, "core_treatments", account_id="a", week_on=date(2026, 2, 9), assignment="treated", result=None),
    ),
    ("called since the day agreed on", "cooldown", agreed("2026-02-24", called_on="2026-02-24")),
    ("agreed for a later week", "cooldown", agreed("2026-03-09", called_on="2026-02-17")),
    ("contacts used up", "contact_cap", contacted("2025-12-10", "2026-01-10")),
    (
        "contacts used up by write-backs",
        "contact_cap",
        lambda con: [add(con, "core_touches", account_id="a", touched_on=date(2026, 1, day)) for day in (10, 20)],
    ),
    ("a name in a text", "personal_text", put_in_text("欧阳明月")),
    ("the account's name in a text", "personal_text", put_in_text("第一机械厂")),
    ("a phone in a text", "personal_text", put_in_text("13800138000")),
    ("a mail address in a text", "personal_text", put_in_text("ming@example.com")),
    (
        "a phone in the manager's figures",
        "personal_figures",
        lambda con: add(con, "out_manager", value_text="call 13800138000"),
    ),
    (
        "a mail address as a sponsor's group",
        "personal_figures",
        lambda con: add(con, "out_sponsor", business_kind="ming@example.com"),
    ),
    ("a missing value", "required_values", lambda con: con.execute("UPDATE out_playbook SET action = NULL")),
]


@pytest.mark.parametrize(("rule", "fault"), [pytest.param(rule, fault, id=name) for name, rule, fault in FAULTS])
def test_a_planted_fault_breaks_its_rule(con, rule: str, fault: Fault) -> None:
    fault(con)
    assert rule in broken(con)


def test_every_rule_has_a_fault_that_breaks_it() -> None:
    assert {rule.name for rule in output_rules()} == {rule for _, rule, _ in FAULTS}


def test_a_name_that_is_also_a_word_of_ours_holds_nothing_up(con) -> None:
    add(con, "out_playbook", **LISTED | {"row_key": "R2", "account_id": "another"})
    put_in_text("第一机械厂")(con)
    assert "personal_text" not in broken(con)


def test_a_contact_that_was_agreed_on_is_no_breach_of_the_rest(con) -> None:
    agreed("2026-03-05", called_on="2026-02-17")(con)
    assert broken(con) == {}


def test_a_contact_told_twice_counts_once(con) -> None:
    contacted("2026-01-10")(con)
    add(con, "core_touches", account_id="a", touched_on=date(2026, 1, 10))
    assert broken(con) == {}


def test_what_lies_at_the_edge_is_no_fault(con) -> None:
    contacted("2026-02-01")(con)
    add(con, "core_past_assignments", row_key="W0", account_id="a", week_on=date(2026, 1, 5), assignment="holdout")
    add(con, "core_treatments", account_id="a", week_on=date(2026, 2, 9), assignment="treated", result="not_worked")
    add(con, "core_offers_week", offer_id="o1", budget_left_amount=10, offer_minutes=10)
    con.execute("UPDATE out_playbook SET offer_id = 'o1', offer_cost_amount = 20, touched_prob = 0.5")
    con.execute("INSERT INTO core_accounts (account_id, is_do_not_contact, _batch) VALUES ('a', true, 2)")
    assert broken(con) == {}


@pytest.mark.parametrize(("column", "value"), [("account_id", "a"), ("person_id", "p1")])
def test_nobody_erased_is_on_a_list_and_the_finding_does_not_name_them(con, column: str, value: str) -> None:
    found = broken(con, Suppression(KEY, {column: frozenset({digest(KEY, column, value)})}))
    assert found["erased"].rows.to_dicts() == [{"row_key": "WA1"}]


def test_breaking_rows_are_shown_with_what_is_wrong(con) -> None:
    too_long(con)
    assert broken(con)["minutes"].rows.to_dicts() == [{"rep_id": "r1", "listed_minutes": 40, "weekly_minutes": 30}]


def test_rules_show_nothing_personal(con) -> None:
    for rule in output_rules():
        used = {"default_weekly_minutes": 600} if "$default" in rule.query else {}
        columns = con.sql(rule.query, params=used).columns
        assert not {"account_name", "person_name", "phone", "email", "row_text", "cell_text"} & set(columns), rule.name


def test_rules_can_be_told_in_spark_sql() -> None:
    for rule in output_rules():
        sqlglot.transpile(rule.query, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_texts_of_the_list_that_leave_the_warehouse_are_all_searched() -> None:
    query = next(rule.query for rule in output_rules() if rule.name == "personal_text")
    for field in load_contract("out_playbook").fields:
        is_code = field.allowed or field.name.endswith(("_id", "_key", "_code"))
        if field.type == "string" and field.personal is None and not is_code and not field.is_write_back:
            assert field.name in query, field.name


def test_tables_for_others_have_no_personal_columns() -> None:
    for table in ("out_manager", "out_sponsor", "out_not_this_week"):
        assert [f.name for f in load_contract(table).fields if f.personal] == []
    assert "out_contacts" not in READER_TABLES
