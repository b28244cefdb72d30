"""The output gate's figures, bands and words."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from sql import queries
from tests.publication.output_rows import LAST_MONDAY, MONDAY, add, sound_week, week_tables
from winback.config import OutputGateSettings, Settings, parse_settings, settings_text
from winback.publication.output_bands import BANDS, Comparison, compare_figures, last_published
from winback.publication.output_gate import OutputVerdict, inspect_output, verdict_rows, withheld_reason
from winback.publication.week_ledger import close_week, open_week, record_publication

SETTINGS = OutputGateSettings()


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = week_tables()
    yield connection
    connection.close()


def figures(con: duckdb.DuckDBPyConnection, week: str = "now", **values: dict[str, tuple[float, int]]) -> None:
    """Figures by group, each with the rows it rests on; of this week, or of the last as published."""
    for figure, groups in values.items():
        for group, (value, n_base) in groups.items():
            row = {"figure": figure, "group_name": group, "value_number": value, "n_base": n_base}
            if week == "now":
                add(con, "out_figures", week_on=MONDAY, **row)
            else:
                add(con, "ledger_output_figures", week_on=LAST_MONDAY, revision=1, **row)


def judged(
    con: duckdb.DuckDBPyConnection, n_weeks: int = 1, settings: OutputGateSettings = SETTINGS
) -> dict[str, Comparison]:
    week_on = LAST_MONDAY + timedelta(days=7 * n_weeks)
    return {f"{c.band.figure} {c.group_name}": c for c in compare_figures(con, (LAST_MONDAY, 1), week_on, settings)}


def outside(con: duckdb.DuckDBPyConnection, **arguments: object) -> list[str]:
    return [name for name, comparison in judged(con, **arguments).items() if not comparison.is_held]


ALL = "all"
FAULTS = {
    "every reason unknown": ("unknown_reason_share", {ALL: (0.83, 900)}, {ALL: (1.0, 900)}),
    "the reasons of one family gone": ("reason_family_share", {"1": (0.6, 900), "4": (0.4, 900)}, {"1": (1.0, 900)}),
    "a representative's accounts gone": ("rep_share", {"r1": (0.2, 900), "r2": (0.8, 900)}, {"r2": (1.0, 720)}),
    "values times 100": ("value_at_stake", {ALL: (1e5, 22)}, {ALL: (1e7, 22)}),
    "spend times 100 where nobody returns": ("lapsed_year_spend", {ALL: (1e5, 9)}, {ALL: (1e7, 9)}),
    "values in another currency": ("value_at_stake", {ALL: (2.2e6, 180)}, {ALL: (3.0e5, 180)}),
    "net values times 100": ("mean_net_value", {ALL: (50.0, 60)}, {ALL: (5000.0, 60)}),
    "half of the active lapsed at once": ("n_newly_lapsed", {ALL: (50, 970)}, {ALL: (300, 1220)}),
    "lapsed accounts doubled": ("n_lapsed", {ALL: (970, 970)}, {ALL: (1940, 1940)}),
    "no lapsed accounts any more": ("n_lapsed", {ALL: (970, 970)}, {}),
    "consent lost": ("barred_share", {ALL: (0.04, 970)}, {ALL: (0.9, 970)}),
    "nobody chosen": ("plan_fill_share", {ALL: (0.9, 300)}, {ALL: (0.0, 300)}),
    "chances missing": ("mean_return_prob", {ALL: (0.25, 970)}, {ALL: (0.0, 970)}),
    "the last list's accounts gone": ("vanished_share", {}, {ALL: (0.5, 60)}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_drift_lies_outside_its_band(con, name: str) -> None:
    figure, last, now = FAULTS[name]
    figures(con, "last", **{figure: last})
    figures(con, **{figure: now})
    assert any(found.startswith(figure) for found in outside(con)), judged(con)


def test_half_of_a_regions_spend_missing_is_told_against_the_eight_weeks_before(con) -> None:
    figures(con, usual_region_share={"north": (0.25, 3200), "south": (0.75, 3200)})
    figures(con, region_purchase_share={"north": (50 / 350, 350), "south": (300 / 350, 350)})
    found = judged(con)
    assert outside(con) == ["region_purchase_share north"]
    assert (found["region_purchase_share north"].last, found["region_purchase_share south"].is_held) == (0.25, True)
    assert outside(con, n_weeks=52) == ["region_purchase_share north"]  # whenever the last week was published


def test_every_band_has_a_drift_that_leaves_it() -> None:
    assert {band.figure for band in BANDS} == {figure for figure, _, _ in FAULTS.values()} | {"region_purchase_share"}


def test_a_band_is_the_setting_or_what_chance_does_if_that_is_more(con) -> None:
    figures(con, "last", barred_share={ALL: (0.5, 50)}, unknown_reason_share={ALL: (0.5, 50_000)})
    figures(con, barred_share={ALL: (0.5, 50)}, unknown_reason_share={ALL: (0.5, 50_000)})
    found = judged(con)
    assert found["barred_share all"].high == pytest.approx(0.5 + 4 * (0.25 * 2 / 50) ** 0.5)
    assert found["unknown_reason_share all"].low == pytest.approx(0.4)


def test_amounts_may_grow_and_shrink_by_the_same_factor(con) -> None:
    figures(con, "last", value_at_stake={ALL: (1000.0, 10_000)})
    figures(con, value_at_stake={ALL: (1000.0, 10_000)})
    found = judged(con)["value_at_stake all"]
    assert (found.low, found.high) == (500, 2000)


def test_too_few_rows_too_long_ago_and_new_groups_are_not_judged(con) -> None:
    figures(con, "last", barred_share={ALL: (0.1, 29)}, rep_share={"r1": (1.0, 900)}, plan_fill_share={ALL: (0.1, 100)})
    figures(
        con,
        barred_share={ALL: (0.9, 100)},
        rep_share={"r1": (0.95, 900), "r2": (0.05, 900)},
        plan_fill_share={ALL: (1.0, 9)},
    )
    assert list(judged(con)) == ["rep_share r1"]
    assert judged(con, n_weeks=SETTINGS.max_weeks_apart + 1) == {}


def test_bands_widen_with_the_weeks_between(con) -> None:
    figures(con, "last", mean_return_prob={ALL: (0.25, 100_000)})
    figures(con, mean_return_prob={ALL: (0.4, 100_000)})
    assert outside(con) == ["mean_return_prob all"]
    assert outside(con, n_weeks=2) == []


def test_weeks_are_compared_with_the_one_published_last_that_has_figures(con) -> None:
    for monday in (date(2026, 2, 9), date(2026, 2, 16), LAST_MONDAY):
        open_week(con, monday, 1, reopen=False, accepted_reason=None)
    con.execute("UPDATE ledger_weeks SET state = 'published' WHERE week_on <> DATE '2026-02-23'")
    assert last_published(con, MONDAY) is None  # published before there was a record
    for monday in (date(2026, 2, 9), LAST_MONDAY):
        add(con, "ledger_output_figures", week_on=monday, revision=1, figure="n_lapsed", group_name=ALL)
    assert last_published(con, MONDAY) == (date(2026, 2, 9), 1)
    assert last_published(con, date(2026, 2, 9)) is None


def test_publishing_records_the_figures_of_the_revision_and_moving_back_forgets_them() -> None:
    con = sound_week()
    add(con, "out_figures", week_on=MONDAY, figure="n_lapsed", group_name=ALL, n_base=2, value_number=2)
    week = open_week(con, MONDAY, 1, reopen=False, accepted_reason=None)
    for _ in range(2):
        record_publication(con, week)
    assert con.execute("SELECT week_on, revision, figure, value_number FROM ledger_output_figures").fetchall() == [
        (MONDAY, 1, "n_lapsed", 2.0)
    ]
    following = MONDAY + timedelta(days=7)
    assert last_published(con, following) == (MONDAY, 1)
    close_week(con, week, "withdrawn", "wrong")
    assert last_published(con, following) is None


def figure_rows(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[float, int]]:
    query = queries()["out_figures"].text
    rows = con.execute(f"SELECT figure, group_name, value_number, n_base FROM ({query})").fetchall()
    return {(figure, group): (value, n) for figure, group, value, n in rows}


def test_figures_of_a_week_worked_by_hand(con) -> None:
    add(con, "core_week", as_of_on=MONDAY)
    accounts = {"a": (None, "r1", 30), "b": ("no_consent", "r1", 10), "c": ("holdout", "r2", 10), "d": (None, None, 10)}
    for account, (cause, rep, value) in accounts.items():
        spend_on = date(2025, 12, 1)
        add(con, "core_lapses", account_id=account, last_spend_on=spend_on)
        add(
            con, "plan_candidates", account_id=account, cause=cause, rep_id=rep, value_at_stake_amount=value, return_prob=0.2
        )
        if account != "d":
            add(con, "ledger_lapses", account_id=account, last_spend_on=spend_on, week_on=LAST_MONDAY)
    con.execute("UPDATE plan_candidates SET return_prob = NULL WHERE account_id = 'd'")
    for account, codes in {"a": ("1a", "1a", False), "b": (None, "4", True), "c": ("7", "7", False)}.items():
        add(con, "score_reasons", account_id=account, primary_code=codes[0], likeliest_code=codes[1], is_abstained=codes[2])
    add(con, "plan_assignments", account_id="a", assignment="treated")
    add(con, "out_playbook", account_id="a", change_word="carried", net_value_amount=7)
    add(con, "plan_summary", constraint_kind="plan", used=30, capacity=100)
    for account, region, days in (("a", "north", 3), ("b", "south", 20), ("c", "south", 70)):
        con.execute("INSERT INTO asof_accounts (account_id, region) VALUES (?, ?)", [account, region])
        add(con, "core_purchase_days", account_id=account, spent_on=MONDAY - timedelta(days=days))
    for account, returned_on in (("a", None), ("x", None), ("y", LAST_MONDAY)):
        add(
            con, "core_treatments", account_id=account, week_on=LAST_MONDAY, assignment="treated", returned_on=returned_on,
            is_delivered=False,
        )  # fmt: skip
    assert figure_rows(con) == {
        ("n_lapsed", ALL): (4, 4),
        ("n_newly_lapsed", ALL): (1, 4),
        ("barred_share", ALL): (0.25, 4),
        ("mean_return_prob", ALL): (0.15, 4),
        ("unknown_reason_share", ALL): (0.75, 4),
        ("value_at_stake", ALL): (60, 3),  # 60 squared by 900 + 3 x 100
        ("lapsed_year_spend", ALL): (4, 4),
        ("n_listed", ALL): (1, 1),
        ("entered_share", ALL): (0, 1),
        ("mean_net_value", ALL): (7, 1),
        ("plan_fill_share", ALL): (0.5, 2),  # of two that could be; of the minutes 0.3
        ("vanished_share", ALL): (pytest.approx(1 / 3), 3),
        ("reason_family_share", "1"): (0.25, 4),
        ("reason_family_share", "4"): (0.25, 4),
        ("reason_family_share", "7"): (0.5, 4),
        ("rep_share", "r1"): (0.5, 4),
        ("rep_share", "r2"): (0.25, 4),
        ("rep_share", "-"): (0.25, 4),
        ("region_purchase_share", "north"): (1, 1),
        ("usual_region_share", "south"): (1, 1),
    }


def test_an_empty_week_has_no_shares(con) -> None:
    add(con, "core_week", as_of_on=MONDAY)
    assert figure_rows(con) == {}


def test_the_verdict_tells_figures_band_and_what_to_do(con) -> None:
    add(con, "core_week", as_of_on=MONDAY)
    open_week(con, LAST_MONDAY, 1, reopen=False, accepted_reason=None)
    con.execute("UPDATE ledger_weeks SET state = 'published'")
    figures(con, "last", unknown_reason_share={ALL: (0.8, 1000)}, n_lapsed={ALL: (1000, 1000)})
    figures(con, unknown_reason_share={ALL: (1.0, 1000)}, n_lapsed={ALL: (1010, 1010)})
    verdict = inspect_output(con, MONDAY, Settings(), None)
    assert withheld_reason(verdict) == (
        "lapsed accounts whose reason is unknown: 100.0%, after 80.0% in the week of 2026-02-23 (70.0% to 90.0% was "
        "expected); see whether notes were delivered and which labeller read them (score_reasons)"
    )
    rows = verdict_rows(verdict)
    assert rows.filter(~pl.col("is_held"))["gate_rule"].to_list() == ["unknown_reason_share"]
    assert rows.filter(pl.col("rule_kind") == "rule").height == 14 + 1
    assert rows["gate_rule"].is_sorted()
    assert (
        json.dumps(rows.filter(pl.col("gate_rule") == "n_lapsed").select("low_number", "high_number").row(0))
        == "[500.0, 1500.0]"
    )


def test_a_broken_rule_says_that_it_cannot_be_accepted() -> None:
    con = sound_week()
    con.execute("UPDATE plan_candidates SET cause = 'closed_business' WHERE account_id = 'a'")
    verdict = inspect_output(con, MONDAY, Settings(), None)
    assert withheld_reason(verdict) == (
        "barred: 1 row(s) break the rule 'Nobody is on a list for whom a cause against it is known.'; no reason can accept "
        "this: keep the workspace as it is, and see the page of out_gate in the web UI for the rows"
    )
    assert "closed" not in withheld_reason(verdict) and "WA1" not in withheld_reason(verdict)


def test_many_findings_are_cut_short(con) -> None:
    figures(con, "last", rep_share={f"r{n}": (0.1, 10_000) for n in range(10)})
    figures(con, rep_share={"r0": (1.0, 10_000)})
    verdict = OutputVerdict(MONDAY, LAST_MONDAY, (), tuple(judged(con).values()))
    assert withheld_reason(verdict).endswith("and 5 more on the page of out_gate")


def test_settings_say_what_each_band_means() -> None:
    text = settings_text(Settings())
    section = text[text.index("[output_gate]") :].split("\n\n")[0].splitlines()[1:]
    assert len(section) == len(OutputGateSettings.model_fields)
    assert all("  # " in line for line in section)
    assert parse_settings(text) == Settings()
    assert {band.setting for band in BANDS} <= set(OutputGateSettings.model_fields)
