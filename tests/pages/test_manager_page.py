"""The manager's figures, worked by hand, and that they hold nobody's data."""

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from page_market import AS_OF, EN, ZH, put, put_listed, set_week

from data_contracts import load_contract
from winback.config import Settings
from winback.contracts.tables import replace_from_frame
from winback.pages.deliveries import manager_figures, manager_files, week_sections
from winback.pages.manager_sections import ManagerSection, manager_sections
from winback.playbook.csv_file import read_csv_bytes


def section(con: duckdb.DuckDBPyConnection, name: str) -> ManagerSection:
    return next(s for s in manager_sections(con, default_weekly_minutes=600) if s.name == name)


def values(con: duckdb.DuckDBPyConnection, name: str, *measures: str) -> list[tuple[object, ...]]:
    return [(group, *(row[m] for m in measures)) for group, row in section(con, name).rows]


def files_of(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, bytes]:
    return manager_files(con, settings, week_sections(con, settings))


def test_the_funnel_counts_the_week_and_the_quarter_to_date(listed) -> None:
    put(listed, "plan_candidates", account_id="A9", cause="contact_cap")
    put(listed, "plan_assignments", account_id="A8", row_key="R0000008", assignment="holdout", minutes=12)
    treated = {"assignment": "treated", "is_worked": True}
    put(listed, "core_treatments", row_key="T0000001", week_on=date(2026, 1, 5), returned_on=date(2026, 1, 20), **treated)
    put(listed, "core_treatments", row_key="T0000002", week_on=date(2026, 2, 2), **treated)
    put(listed, "core_treatments", row_key="T0000003", week_on=date(2025, 12, 29), **treated)
    put(listed, "core_treatments", row_key="T0000004", week_on=date(2026, 2, 2), assignment="holdout")
    assert values(
        listed,
        "funnel",
        "n_lapsed",
        "n_eligible",
        "n_chosen",
        "n_holdout",
        "n_quarter_listed",
        "n_quarter_worked",
        "n_quarter_returned",
    ) == [("*", 4, 3, 3, 1, 2, 2, 1)]


def test_before_anything_was_listed_the_quarter_is_not_known(listed) -> None:
    assert values(listed, "funnel", "n_quarter_listed", "n_quarter_worked", "n_quarter_returned") == [
        ("*", None, None, None)
    ]
    assert "not yet known" in files_of(listed, EN)["manager.html"].decode()


def test_growth_compares_91_days_with_the_91_before(listed) -> None:
    """100 of late against 80 before is a growth of a quarter; the year before is only compared where the log reaches back."""
    listed.execute("DELETE FROM asof_spend")
    for days, amount in ((1, 60), (91, 40), (92, 80), (365, 50), (456, 7)):
        put(
            listed, "asof_spend", account_id="A0001", spent_on=AS_OF - timedelta(days=days), amount=amount, category="tea",
            kind="purchase",
        )  # fmt: skip
    measures = ("amount", "before_amount", "growth_share", "year_growth_share")
    assert values(listed, "growth_category", *measures) == [("tea", Decimal(100), Decimal(80), 0.25, 1.0)]
    assert values(listed, "growth_area", *measures) == [("south", Decimal(100), Decimal(80), 0.25, 1.0)]
    by_weekday = {group: (late, before) for group, late, before, *_ in values(listed, "growth_time", *measures)}
    assert by_weekday == {"weekday_7": (60, 80), "weekday_1": (40, 0)}, "2026-03-01 and 2025-11-30 are Sundays"
    listed.execute("DELETE FROM asof_spend WHERE amount = 7")
    assert values(listed, "growth_category", "year_growth_share") == [("tea", None)]


def test_a_standard_slips_when_it_falls_by_five_points_on_five_cases(listed) -> None:
    """All ten old cases were done in time; of five new ones three. A case that is not due yet counts nowhere."""
    put(listed, "asof_service_standards", standard_id="S", standard_name="Within two days", limit_days=2)
    for k in range(10):
        reported = AS_OF - timedelta(days=60)
        put(listed, "asof_service_events", service_event_id=f"o{k}", standard_id="S", reported_on=reported, done_on=reported)
    for k in range(5):
        reported = AS_OF - timedelta(days=10)
        done = reported + timedelta(days=2 if k < 3 else 3)
        put(listed, "asof_service_events", service_event_id=f"n{k}", standard_id="S", reported_on=reported, done_on=done)
    put(listed, "asof_service_events", service_event_id="open", standard_id="S", reported_on=AS_OF - timedelta(days=1))
    assert values(listed, "on_time", "n_cases", "on_time_share", "before_share", "change_share", "is_slipping") == [
        ("Within two days", 5, 0.6, 1.0, -0.4, True)
    ]


def test_revisits_are_our_own_contacts_of_half_a_year(listed) -> None:
    put(listed, "asof_touchpoints", account_id="A0001", touched_on=AS_OF - timedelta(days=182), direction="out")
    put(listed, "asof_touchpoints", account_id="A0002", touched_on=AS_OF - timedelta(days=183), direction="out")
    put(listed, "asof_touchpoints", account_id="A0003", touched_on=AS_OF - timedelta(days=9), direction="in")
    listed.execute("UPDATE asof_accounts SET rep_id = 'R1'")
    assert values(listed, "revisit", "n_accounts", "n_contacted", "covered_share") == [
        ("*", 3, 1, 0.333333),
        ("R1", 3, 1, 0.333333),
    ]


def test_capacity_falls_back_to_the_settings_and_leaves_holdouts_out(listed) -> None:
    put(listed, "asof_reps", rep_id="R1", weekly_minutes=72, is_active=True)
    put(listed, "asof_reps", rep_id="R2", is_active=True)
    put(listed, "plan_assignments", account_id="A8", rep_id="R1", row_key="R0000008", assignment="holdout", minutes=900)
    assert values(listed, "capacity", "capacity_minutes", "planned_minutes", "used_share", "n_rows") == [
        ("R1", 72, 36, 0.5, 3),
        ("R2", 600, 0, 0.0, 0),
    ]


def test_the_three_lists_stand_in_order_of_value_and_lateness(listed) -> None:
    for number, account_id in ((1, "B1"), (2, "B2")):
        put(listed, "core_accounts_week", account_id=account_id, business_kind="tea", year_amount=1000)
        put(listed, "core_actives", account_id=account_id, lapses_on=AS_OF)
        put(listed, "score_at_risk", account_id=account_id, horizon_days=56, lapse_prob=0.2 * number)
        put(
            listed,
            "score_open_issues",
            account_id=account_id,
            issue_kind="open_complaint",
            overdue_days=number,
            n_open_issues=1,
        )
    put(listed, "score_open_issues", account_id="B3", issue_kind="missed_standard", overdue_days=99, n_open_issues=0)
    assert values(listed, "list_before", "value_amount") == [("B2", Decimal(400)), ("B1", Decimal(200))]
    assert values(listed, "list_during", "overdue_days") == [("B2", 2), ("B1", 1)]
    assert [row[0] for row in values(listed, "list_after")] == ["A0003", "A0002", "A0001"]


def test_silent_sufferers_never_complained(listed) -> None:
    put(listed, "feat_lapse", account_id="A0001", is_silent_sufferer=True)
    put(listed, "feat_lapse", account_id="A0002", is_silent_sufferer=False)
    for account_id, complaints in (("A0003", 0), ("A0002", 1)):
        put(listed, "score_open_issues", account_id=account_id, issue_kind="missed_standard", spell_kind="active")
        put(listed, "feat_contacts", account_id=account_id, n_complaint_contacts=complaints)
    assert values(listed, "silent_count", "n_accounts") == [("active", 1), ("lapsed", 1)]
    assert values(listed, "silent", "spell_kind") == [("A0003", "active"), ("A0001", "lapsed")]


def test_families_four_to_seven_stand_together_beside_the_case(listed) -> None:
    for code, share, case in (("1", 0.6, 0.5), ("4", 0.1, None), ("5", 0.05, None)):
        put(
            listed, "track_reason_mix", week_on=AS_OF, business_kind="*", reason_code=code, estimated_share=share,
            case_share=case,
        )  # fmt: skip
    mix = values(listed, "reason_mix", "estimated_share", "case_share")
    rows = {group: (share, case) for group, share, case in mix}
    assert rows["4-7"] == (pytest.approx(0.15), 0.15)
    assert rows["1 "] == (0.6, 0.5)


def test_tables_of_measurement_are_shown_as_they_are(listed) -> None:
    shares = {"recovery_share": 0.25, "recovery_low_share": 0.1, "recovery_high_share": 0.4}
    put(listed, "track_recovery", reason_code="1b", n_worked_accounts=40, **shares)
    page = files_of(listed, EN)["manager.html"].decode()
    assert "1b Too dear" in page and "25 %" in page and "10 % – 40 %" in page
    assert "1b 费用过高" in files_of(listed, ZH)["manager.html"].decode()


def test_a_table_that_does_not_exist_is_not_yet_known(listed) -> None:
    for table in ("track_recovery", "track_reps", "track_effect", "track_regained"):
        listed.execute(f"DROP TABLE {table}")
    assert section(listed, "recovery").rows == ()
    assert files_of(listed, EN)["manager.html"].count(b"Not yet known; it fills as weeks go by.") >= 4


def test_the_csv_is_the_contract_and_comes_back(listed) -> None:
    rows = manager_figures(listed, EN, week_sections(listed, EN))
    assert rows.columns == list(load_contract("out_manager").columns)
    replace_from_frame(listed, "out_manager", rows)
    back = read_csv_bytes(files_of(listed, EN)["manager.csv"], load_contract("out_manager"))
    assert back.height == rows.height and back["figure_no"].to_list() == [str(n) for n in range(1, rows.height + 1)]
    assert files_of(listed, ZH)["manager.csv"].decode("utf-8-sig").startswith("周,序号,板块代码,板块,")


def test_the_managers_files_hold_no_personal_data(empty_tables) -> None:
    """Every personal column of every table holds a token; none of them is in the files."""
    set_week(empty_tables)
    put_listed(empty_tables, 1)
    put(empty_tables, "asof_touchpoints", account_id="A0001", touched_on=AS_OF - timedelta(days=5), direction="out")
    put(empty_tables, "score_mentions", account_id="A0001")
    put(empty_tables, "asof_reps", rep_id="R1", is_active=True)
    tables = [t for (t,) in empty_tables.execute("SELECT table_name FROM information_schema.tables").fetchall()]
    for table in tables:
        name = table.removeprefix("asof_")
        contract = load_contract(name.removeprefix("core_") if name.removeprefix("core_") in INPUTS else name)
        for field in contract.fields:
            if field.personal:
                empty_tables.execute(f'UPDATE "{table}" SET "{field.name}" = ?', ["TOKEN"])
    files = files_of(empty_tables, EN)
    assert set(files) == {"manager.html", "manager.csv"}
    assert all(b"TOKEN" not in content for content in files.values())


INPUTS = frozenset(
    {
        "accounts", "spend", "people", "touchpoints", "reps", "products", "offers", "usage", "account_setup", "account_events",
        "service_events", "service_standards", "incidents", "changes", "reference_cases", "outcomes", "fx_rates",
        "note_labels", "assignments",
    }
)  # fmt: skip


def test_what_another_hour_would_bring_stands_under_its_limit(listed) -> None:
    put(
        listed, "plan_summary", constraint_kind="rep", constraint_id="R1", capacity=600, used=600, shadow_price_amount=12,
    )  # fmt: skip
    ((group, values_of),) = section(listed, "shadow").rows
    assert (group, values_of["shadow_price_amount"]) == ("rep · R1", 12)
    assert "rep minutes · R1" in files_of(listed, EN)["manager.html"].decode()
