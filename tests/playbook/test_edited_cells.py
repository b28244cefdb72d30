"""Cells of a returned list that are not for writing back: what a program writes in its own way is no edit, the rest is told."""

import csv
import io
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets.edited_cells import count_edits, edits_of
from assets.inbox import archived_path, file_sha256
from assets.workspace_files import create_workspace
from data_contracts import load_contract
from winback.config import Settings
from winback.playbook.csv_file import csv_bytes
from winback.playbook.edited import is_same

CONTRACT = load_contract("out_playbook")
EMPTY = {"date": pl.Date, "boolean": pl.Boolean, "integer": pl.Int64}


@pytest.mark.parametrize(
    ("column", "handed_out", "came_back"),
    [
        ("due_on_plan", "2026-01-09", "2026/1/9"), ("due_on_plan", "2026-01-09", "9.1.2026"),
        ("due_on_plan", "2026-01-09", "01/09/26"),
        ("due_on_plan", "2026-01-09", "2026-01-09 00:00:00"), ("due_on_plan", "2026-01-09", "2026年1月9日"),
        ("year_amount", "20930.00", "20,930"), ("year_amount", "20930.50", "20.930,50"), ("year_amount", "20930.50", "20 930,5"),
        ("return_prob", "0.2812", "28%"), ("return_prob", "0.2812", "0,2812"), ("year_amount", "123456789012.00", "1.23457E+11"),
        ("is_unpaid", "no", "FALSE"), ("is_unpaid", "否", "no"), ("talk_track", "a\nb", "a\r\nb "), ("account_id", "000123", "123"),
        ("phone", "+86 138 0013 8000", "8613800138000"), ("rep_id", "'=x", "=x"), ("play_channel", "phone", "电话"),
        ("preferences", None, ""),
    ],
)  # fmt: skip
def test_what_programs_write_in_their_own_way_is_no_edit(column: str, handed_out: str | None, came_back: str) -> None:
    assert is_same(CONTRACT.field(column), handed_out, came_back)


@pytest.mark.parametrize(
    ("column", "handed_out", "came_back"),
    [
        ("due_on_plan", "2026-01-09", "2026-01-10"), ("minutes", "19", "20"), ("year_amount", "20930.00", "2093"),
        ("phone", "+86 138 0013 8000", "+86 138 0013 8001"), ("offer_id", "OF-A", None), ("is_unpaid", "no", "yes"),
        ("account_id", "A1", "A2"), ("return_prob", "0.2812", "0.29"), ("action", "Call.", "Do not call."),
        ("taboos", None, "golf"), ("rank", "1", "11"),
    ],
)  # fmt: skip
def test_what_somebody_changed_is(column: str, handed_out: str | None, came_back: str | None) -> None:
    assert not is_same(CONTRACT.field(column), handed_out, came_back)


def delivered(keys: str) -> pl.DataFrame:
    """Rows as they are handed out: every cell filled."""
    fill = {"string": pl.lit("x"), "date": pl.lit("2026-01-09").str.to_date(), "boolean": pl.lit(False),
            "integer": pl.lit(3), "double": pl.lit(0.2812), "decimal": pl.lit(1234.5)}  # fmt: skip
    rows = pl.DataFrame({"row_key": list(keys)})
    return rows.select(
        pl.col("row_key")
        if f.name == "row_key"
        else (pl.lit(None, EMPTY.get(f.type, pl.String)) if f.is_write_back else fill[f.type]).alias(f.name)
        for f in CONTRACT.fields
    )


def test_every_edit_of_a_returned_file_is_told_and_write_backs_are_none(tmp_path: Path) -> None:
    place = create_workspace(tmp_path / "ws", Settings())
    for folder, keys in (("2026-01-05-r1", "AB"), ("2026-01-12-r1", "CD"), ("2026-01-12-r2", "D")):
        playbooks = place.folder("published") / folder / "playbooks"
        playbooks.mkdir(parents=True)
        rows = delivered(keys).with_columns(action=pl.lit(f"as of {folder}"))
        (playbooks / "rep_a.csv").write_bytes(csv_bytes(rows, CONTRACT, language="zh", phone_region="CN"))
    sheet = list(
        csv.reader(io.StringIO((place.folder("published") / "2026-01-12-r1/playbooks/rep_a.csv").read_text("utf-8-sig")))
    )
    title = {f.name: sheet[0].index(f.title("zh")) for f in CONTRACT.fields}
    sheet[1][title["result"]], sheet[1][title["due_on_plan"]] = "拒绝", "2026/1/9"
    sheet[2][title["minutes"]] = "5"
    sheet.append([*sheet[1]])
    sheet[3][title["row_key"]] = "Z"
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(sheet)
    source = tmp_path / "returned.csv"
    source.write_bytes(text.getvalue().encode("gb18030"))
    sha256 = file_sha256(source)
    kept = archived_path(place, sha256, ".csv")
    kept.parent.mkdir()
    source.rename(kept)
    entry = {"file": "outcomes/rep_a.csv", "table": "outcomes", "state": "loaded", "sha256": sha256}
    assert edits_of(place, [entry, entry | {"table": "spend"}]).rows() == [
        ("outcomes/rep_a.csv", "D", "minutes", "3", "5"),  # the list of r1 came back: its action is no edit
        ("outcomes/rep_a.csv", "Z", "row_key", None, "Z"),
    ]
    count_edits(place, [entry])
    assert entry["edited_cells"] == 2
    (place.folder("state") / "status.json").write_text(json.dumps({"files": [entry | {"edited_cells": 9}]}))
    count_edits(place, [entry])
    assert entry["edited_cells"] == 9  # not counted again
    for folder in place.folder("published").glob("2026-01-12*"):
        shutil.rmtree(folder)
    assert edits_of(place, [entry]).is_empty()  # the week is no longer kept
    kept.write_text("row_key;worked_on;result\nD;2026-01-13;refused\n")
    assert edits_of(place, [entry]).is_empty()  # no returned list
