"""Import files: their columns, their keys, and that cells stay cells."""

import csv
import io
from datetime import date
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from data_contracts import load_contract
from winback.crm.import_file import import_file
from winback.crm.systems import CrmSystem, load_systems

SYSTEMS = load_systems()


def playbook(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows of out_playbook; what is not named is null."""
    kinds = {"string": pl.String, "date": pl.Date, "integer": pl.Int64, "boolean": pl.Boolean}
    schema = {f.name: kinds.get(f.type, pl.Float64) for f in load_contract("out_playbook").fields}
    blank = {
        "row_key": "R0000001", "account_id": "A1", "rep_id": "R1", "lane": "red", "play_channel": "phone", "action": "Call",
        "why_now": "Silent.", "reason_name": "Too dear", "due_on_plan": date(2026, 3, 6),
    }  # fmt: skip
    return pl.DataFrame([blank | row for row in rows], schema=schema)


def read(name: str, *rows: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(import_file(playbook(*rows), SYSTEMS[name]).decode("utf-8"), newline="")))


def test_every_system_has_its_columns_and_its_key() -> None:
    assert list(SYSTEMS) == ["hubspot", "salesforce", "gainsight"]
    assert read("hubspot", {}) == [
        {
            "hs_task_subject": "Too dear · Call", "hs_task_body": "Silent.", "hs_timestamp": "2026-03-06",
            "hs_task_status": "NOT_STARTED", "hs_task_priority": "HIGH", "hs_task_type": "CALL", "winback_row_key": "R0000001",
            "winback_account_id": "A1", "winback_rep_id": "R1",
        }
    ]  # fmt: skip
    (task,) = read("salesforce", {"lane": "green", "offer_text": "A visit."})
    assert (task["Winback_Row_Key__c"], task["ActivityDate"], task["Priority"]) == ("R0000001", "2026-03-06", "Normal")
    assert task["Description"] == "Silent.\nA visit."
    (cta,) = read("gainsight", {"action": "Call " * 100})
    assert cta["Name"].startswith("R0000001 Call") and len(cta["Name"]) <= 80


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_key_is_unique_and_the_same_rows_give_the_same_bytes(name: str) -> None:
    rows = [{"row_key": f"R000000{n}"} for n in (3, 1, 2)]
    keys = [row[SYSTEMS[name].key] for row in read(name, *rows)]
    assert keys == ["R0000001", "R0000002", "R0000003"]
    assert import_file(playbook(*rows), SYSTEMS[name]) == import_file(playbook(*rows[::-1]), SYSTEMS[name])


@pytest.mark.parametrize("name", sorted(SYSTEMS))
@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1", 'a"b,c\nd', "\x00\x07x", "漢" * 200_000]
)
def test_hostile_cells_stay_cells(name: str, text: str) -> None:
    columns = ("account_id", "rep_id", "action", "why_now", "reason_name", "offer_text")
    (row,) = read(name, dict.fromkeys(columns, text))
    assert len(row) == len(SYSTEMS[name].columns) and None not in row
    assert not [cell for cell in row.values() if cell[:1] in "=+-@\t\r＝＋－＠" and cell]
    assert all("\x00" not in cell and "\x07" not in cell for cell in row.values())
    assert (
        max(len(cell) for cell in (row.get("hs_task_body"), row.get("Description"), row.get("Comments")) if cell) <= 32_001
    )


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_no_personal_column_goes_into_a_file(name: str) -> None:
    personal = {f.name: "TOKEN" for f in load_contract("out_playbook").fields if f.personal}
    assert personal.keys() >= {"account_name", "person_name", "phone", "evidence_text"}
    assert "TOKEN" not in import_file(playbook(personal), SYSTEMS[name]).decode()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"key": {"column": "row_key"}, "Phone": {"column": "phone"}}, "personal columns never go"),
        ({"key": {"column": "row_key"}, "Body": {"text": "{person_name}", "longest": 5}}, "personal columns never go"),
        ({"key": {"column": "row_key"}, "X": {"column": "nonsense"}}, "no columns of out_playbook: nonsense"),
        ({"key": {"column": "account_id"}}, "must hold row_key"),
        ({"key": {"column": "row_key"}, "X": {"column": "lane", "fixed": "y"}}, "exactly one"),
        ({"key": {"column": "row_key"}, "X": {"text": "{action}"}}, "go together"),
    ],
)
def test_an_unsafe_or_broken_system_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CrmSystem.model_validate({"key": "key", "columns": columns})


def test_a_week_without_rows_gives_a_title_row() -> None:
    data = import_file(playbook().clear(), SYSTEMS["hubspot"]).decode()
    assert data.count("\r\n") == 1 and data.startswith("hs_task_subject,")
