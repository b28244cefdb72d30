"""Delivered files without a subject's records: the others keep their bytes, their numbers and what is loaded from them."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract
from winback.load.receive import open_source
from winback.privacy import delivered_file
from winback.privacy.delivered_file import records_of, write_without

NOTES = (
    "touchpoint_id,account_id,touched_on,channel,note_text\nT1,A1,2026-01-01,phone,fine\n"
    'T2,X9,2026-01-02,phone,"one\ntwo"\nT3,乙,2026-01-03,phone,很好\n'
)
IDS = {"account_id": frozenset({"X9"})}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_removed_records_become_blank_lines_in_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    text = NOTES.replace("\n", end)
    path, target, contract = tmp_path / "touchpoints.csv", tmp_path / "out.csv", load_contract("touchpoints")
    path.write_bytes(text.encode(encoding))
    records = records_of(path, contract, IDS)
    assert records == {3: 2}
    write_without(path, contract, records, target)
    blank = "," * 4
    kept = text.replace(f'T2,X9,2026-01-02,phone,"one{end}two"', f"{blank}{end}{blank}")
    assert target.read_bytes().decode(encoding).removeprefix("\ufeff") == kept
    assert records_of(target, contract, IDS) == {}
    with duckdb.connect() as con:
        source = open_source(con, contract, target)
        assert con.execute(f"SELECT _line, account_id FROM {source.name} ORDER BY 1").fetchall() == [(2, "A1"), (5, "乙")]


def test_a_blanked_file_is_still_read_at_once(tmp_path: Path) -> None:
    path, target, contract = tmp_path / "spend.csv", tmp_path / "out.csv", load_contract("spend")
    path.write_text("spend_line_id,account_id,spent_on,amount\nL1,X9,2026-01-01,1\nL2,A1,2026-01-01,1\n")
    write_without(path, contract, records_of(path, contract, IDS), target)
    with duckdb.connect() as con:
        assert open_source(con, contract, target).n_broken == 0
        assert con.execute("SELECT _line FROM _received").fetchall() == [(3,)]
        assert "_is_blank" in [r[0] for r in con.execute("DESCRIBE _received").fetchall()]  # the fast way


def test_a_large_file_is_searched_where_it_lies_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, contract = tmp_path / "spend.csv", load_contract("spend")
    rows = [f"L{n},{'X9' if n % 7 == 0 else f'A{n}'},2026-01-01,{n}" for n in range(200)] + ["X9,A1,2026-01-01,1", "L9,X9"]
    path.write_bytes(("spend_line_id,account_id,spent_on,amount\r\n" + "\r\n".join(rows)).encode())
    results = []
    for size in (1 << 26, 1):
        monkeypatch.setattr(delivered_file, "LARGE_BYTES", size)
        records = records_of(path, contract, IDS)
        write_without(path, contract, records, tmp_path / "out.csv")
        results.append((records, (tmp_path / "out.csv").read_bytes()))
    assert results[0] == results[1]
    assert len(results[0][0]) == 30


def test_lines_that_are_no_records_go_by_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "spend.csv"
    path.write_text("spend_line_id,account_id,spent_on,amount\nL1,X9\nL2,AX9,2026-01-01\nL3,A1,2026-01-01,1\n")
    assert records_of(path, load_contract("spend"), IDS) == {2: 1}


def test_parquet_keeps_types_and_order_and_reads_identifiers_as_loading_does(tmp_path: Path) -> None:
    path, target, contract = tmp_path / "spend.parquet", tmp_path / "out.parquet", load_contract("spend")
    frame = pl.DataFrame({"account_id": [17.0, 18.0, 17.5, None], "amount": [1, 2, 3, 4]})
    frame.write_parquet(path)
    records = records_of(path, contract, {"account_id": frozenset({"17"})})
    assert records == {2: 1}
    write_without(path, contract, records, target)
    assert pl.read_parquet(target).equals(frame.slice(1))
