"""The week's files: their names, and the same bytes for the same week."""

import csv
import io

from page_market import EN, put, put_listed, set_week

from winback.pages.deliveries import page_files, week_sections


def files_of(con) -> dict[str, bytes]:
    return page_files(con, EN, week_sections(con, EN))


def test_every_active_or_listed_representative_has_a_page_beside_the_managers_and_the_imports(empty_tables) -> None:
    set_week(empty_tables)
    put(empty_tables, "asof_reps", rep_id="Idle", is_active=True)
    put(empty_tables, "asof_reps", rep_id="Gone", is_active=False)
    put_listed(empty_tables, 1, rep_id="../Li")
    files = files_of(empty_tables)
    assert [name.split("-")[0] for name in files] == [
        "crm_gainsight.csv", "crm_hubspot.csv", "crm_salesforce.csv", "manager.csv", "manager.html", "rep_idle", "rep_li",
    ]  # fmt: skip
    assert not [name for name in files if "/" in name or ".." in name]
    assert files_of(empty_tables) == files


def test_an_account_is_on_no_page_but_its_own_representatives(empty_tables) -> None:
    set_week(empty_tables)
    put_listed(empty_tables, 1, rep_id="R1")
    put_listed(empty_tables, 2, rep_id="R2")
    pages = {name: page.decode() for name, page in files_of(empty_tables).items() if name.startswith("rep_")}
    first = next(page for name, page in pages.items() if name.startswith("rep_r1"))
    assert "Customer 1" in first and "Customer 2" not in first and "Person 2" not in first


def test_import_files_hold_a_line_per_row_under_its_key(empty_tables) -> None:
    set_week(empty_tables)
    for number in (1, 2, 3):
        put_listed(empty_tables, number, account_name="Hidden name")
    data = files_of(empty_tables)["crm_salesforce.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    assert [row["Winback_Row_Key__c"] for row in rows] == ["R0000001", "R0000002", "R0000003"]
    assert "Hidden name" not in data
