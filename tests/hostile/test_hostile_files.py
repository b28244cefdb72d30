"""Hostile file names, folders, links, sidecars, headers and Parquet columns: refused with a reason or loaded, and nothing else."""

from __future__ import annotations

import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile_cells import texts

from assets.inbox import SIDECAR, load_inbox
from assets.state import write_state
from assets.workspace import Workspace, open_warehouse
from tests.load.conftest import House
from winback.errors import UnreadableFileError
from winback.load.sidecar import Declared, parse_sidecar

TODAY = date(2026, 3, 4)
GOOD = b"account_id\nA1\n"


# ---- names -----------------------------------------------------------------------------------------------------------


def file_names() -> list[bytes]:
    """Names the operating system takes, made of the catalogue, and some that are no UTF-8 or as long as names may be."""
    plain = [t.replace("/", "∕").replace("\0", "")[:60].encode() for t in texts(200)]
    names = [b"accounts_%b.csv" % p for p in plain[::9]] + [p + b".csv" for p in plain[4::40]]
    names += [
        b"accounts_\xff\xfe.csv",
        b"accounts_\xed\xa0\x80.csv",
        b"accounts\xff",
        b"accounts_" + b"\xff" * 240 + b".csv",
    ]
    names += [
        b"accounts_" + b"n" * 242 + b".csv",
        "accounts_名".encode() + b"n" * 236 + b".csv",
        b"accounts.csv.meta.json.csv",
    ]
    names += [b"-rf", b"accounts_;id;.csv", b"accounts_$(id).csv", b"accounts_ .csv ", b"~$accounts.csv", b"accounts.CSV"]
    return [name for name in dict.fromkeys(names) if not name.startswith(b".")]


def test_any_file_name_is_loaded_or_rejected_and_leaves_the_inbox(make_workspace) -> None:
    workspace: Workspace = make_workspace()
    inbox, before = os.fsencode(workspace.folder("inbox")), _outside(workspace)
    for number, name in enumerate(file_names()):
        Path(os.fsdecode(inbox + b"/" + name)).write_bytes(b"account_id\nA%d\n" % number)
    Path(os.fsdecode(inbox + b"/spend\xff")).mkdir()
    Path(os.fsdecode(inbox + b"/spend\xff/accounts_in_folder.csv")).write_bytes(b"account_id\nAF\n")
    with _warehouse(workspace) as warehouse:
        assert load_inbox(warehouse) == len(file_names()) + 1
        write_state(warehouse)
        rows = warehouse.con.execute("SELECT file, table_name, state, rows_loaded FROM ledger_files").fetchall()
    assert not [p for p in workspace.folder("inbox").rglob("*") if p.is_file()]
    loaded = [row for row in rows if row[2] == "loaded"]
    assert {row[1] for row in loaded} == {"accounts"} and all(row[3] == 1 for row in loaded)
    assert len(loaded) >= 50 and {row[2] for row in rows} == {"loaded", "rejected"}
    assert _outside(workspace) == before
    archived = {p.name for p in workspace.folder("archive").rglob("*") if p.is_file() and "ledger" not in p.parts}
    assert all(name.split(".")[0].isalnum() and len(name) < 80 for name in archived)
    assert json.loads((workspace.folder("state") / "status.json").read_text(encoding="utf-8"))["files"]


def test_a_link_is_refused_and_what_it_leads_to_is_not_read(make_workspace, tmp_path: Path) -> None:
    workspace: Workspace = make_workspace()
    secret = tmp_path / "elsewhere.csv"
    secret.write_bytes(b"account_id\nSECRET-ELSEWHERE\n")
    inbox = workspace.folder("inbox")
    (inbox / "accounts_link.csv").symlink_to(secret)
    (inbox / "accounts_gone.csv").symlink_to(tmp_path / "nothing")
    (inbox / "accounts_loop.csv").symlink_to(inbox / "accounts_loop.csv")
    (inbox / "spend").symlink_to(tmp_path)
    os.mkfifo(inbox / "accounts_pipe.csv")
    with _warehouse(workspace) as warehouse:
        load_inbox(warehouse)
        assert warehouse.con.execute("SELECT count(*) FROM raw_accounts").fetchone() == (0,)
        ((state, reason),) = warehouse.con.execute("SELECT state, reason FROM ledger_files").fetchall()
    assert state == "rejected" and "link" in reason
    assert secret.is_file(), "only the link leaves the inbox"
    assert not any(b"SECRET-ELSEWHERE" in p.read_bytes() for p in workspace.folder("archive").rglob("*") if p.is_file())


# ---- sidecars --------------------------------------------------------------------------------------------------------

BAD_SIDECARS = [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"\x00", b'{"rows": "1"}', b'{"rows": -1}', b'{"rows": 1e400}',
    b'{"rows": NaN}', b'{"rows": true}', b'{"rows": []}', b'{"rows": 1%b}' % (b"0" * 400), b'{"rows": 1%b}' % (b"0" * 5_000),
    b'{"file_on": "0000-00-00"}', b'{"file_on": "tomorrow"}', b'{"file_on": 5}', b'{"file_on": "2026-02-30"}',
    b'{"file_on": ["2026-01-01"]}', b'{"file_on": "../../etc"}', b"[" * 100_000, b'{"a":' * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_SIDECARS, ids=lambda d: repr(d[:20]))
def test_a_sidecar_that_makes_no_sense_is_told(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"meta\.json"):
        parse_sidecar(data)


def test_a_sidecar_may_say_more_than_we_ask() -> None:
    said = parse_sidecar(b'\xef\xbb\xbf{"rows": 2, "file_on": "2026-01-01", "__proto__": {}, "path": "../../x"}')
    assert said == Declared(2, date(2026, 1, 1))
    assert parse_sidecar(b'{"rows": null}') == Declared()


def test_files_with_bad_sidecars_are_rejected_and_the_others_load(make_workspace) -> None:
    workspace: Workspace = make_workspace()
    inbox = workspace.folder("inbox")
    for number, data in enumerate(BAD_SIDECARS[::3]):
        (inbox / f"accounts_{number}.csv").write_bytes(b"account_id\nA%d\n" % number)
        (inbox / f"accounts_{number}.csv{SIDECAR}").write_bytes(data)
    (inbox / "accounts_good.csv").write_bytes(GOOD)
    with _warehouse(workspace) as warehouse:
        assert load_inbox(warehouse) == len(BAD_SIDECARS[::3]) + 1
        found = warehouse.con.execute("SELECT file, state, reason FROM ledger_files WHERE state = 'rejected'").fetchall()
        assert warehouse.con.execute("SELECT account_id FROM raw_accounts").fetchall() == [("A1",)]
    assert len(found) == len(BAD_SIDECARS[::3]) and all("meta.json" in reason for _, _, reason in found)
    assert list(inbox.iterdir()) == []


# ---- headers ---------------------------------------------------------------------------------------------------------


def test_hostile_headers_are_passed_over_or_refused(house: House) -> None:
    """Each as a column of its own beside the account's id: by CSV and by Parquet."""
    names = [t for t in texts(2_000) if t.strip() and not set("\0\r\n") & set(t)]
    quoted = ",".join('"' + n.replace('"', '""') + '"' for n in names)
    cells = ",".join("x" for _ in names)
    frame = pl.DataFrame({"account_id": ["B1"]} | {n: ["x"] for n in dict.fromkeys(names) if n != "account_id"})
    (from_csv,) = house.deliver({"accounts_1.csv": f"account_id,{quoted}\nA1,{cells}\n"})
    (from_parquet,) = house.deliver({"accounts_2.parquet": frame})
    assert from_csv == from_parquet == ("loaded", 1, 1, 0, 0)
    assert house.rows("accounts", "account_id, account_name, region") == [("A1", None, None), ("B1", None, None)]
    assert all(len(notes) < 100_000 for (notes,) in house.query("SELECT notes FROM ledger_files"))


@pytest.mark.parametrize(
    "header", ["account_id,account_id", "账户,账户", '"account_id', "\0", "\ufeff", "=1+1", '""', "A" * 2_000_000]
)
def test_headers_that_are_none(house: House, header: str) -> None:
    (sums,) = house.deliver({"accounts_1.csv": f"{header}\nA1,x\n"})
    assert sums.state == "rejected" and sums.loaded == 0
    assert 0 < len(house.reason(1)) < 2_000


# ---- Parquet ---------------------------------------------------------------------------------------------------------

TYPES: list[Any] = [
    pa.array([{"a": 1}]), pa.array([[1, 2]]), pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), pa.array([None], pa.null()),
    pa.array([b"\xff\x00"]), pa.array([b"A1"]), pa.array([1], pa.uint64()), pa.array([float("nan")]), pa.array([float("inf")]),
    pa.array([-0.0]), pa.array([2**53 + 1.0]), pa.array([10**30], pa.decimal128(38, 0)), pa.array([1], pa.duration("s")),
    pa.array([1], pa.time64("us")), pa.array([2**62], pa.timestamp("us")), pa.array([-(2**62)], pa.timestamp("us")),
    pa.array([2**31 - 1], pa.date32()), pa.array([-(2**31)], pa.date32()), pa.array([True]), pa.array(["x"]).dictionary_encode(),
    pa.array([2**40], pa.timestamp("us", tz="Asia/Shanghai")), pa.array([1.5], pa.float16()),
]  # fmt: skip


@pytest.mark.parametrize("column", ["account_id", "opened_on", "points_balance"])
def test_parquet_columns_of_any_type(house: House, column: str) -> None:
    """A file for each type of column: loaded as something that can be shown, held back, or rejected."""
    files = {}
    for number, values in enumerate(TYPES):
        names = ["account_id", column] if column != "account_id" else ["account_id"]
        arrays = [pa.array([f"A{number}"]), values] if column != "account_id" else [values]
        files[f"accounts_2024-01-05_{number}.parquet"] = _parquet(pa.table(arrays, names=names))
    sums = house.deliver(files)
    assert all(s.state in ("loaded", "rejected") and s.received == s.loaded + s.quarantined + s.duplicate for s in sums)
    for (value,) in house.rows("accounts", column):
        assert value is None or not isinstance(value, str) or column in ("account_id", "preferences")


def test_parquet_numbers_and_times_that_are_none(house: House) -> None:
    data = {
        "account_id": ["A1", "A2", "A3"],
        "mean_rank": [float("nan"), float("inf"), 1e11],
        "reply_minutes": [1.0, 2.0, 3.0],
    }
    house.deliver({"accounts.csv": "account_id\nA1\nA2\nA3\n"})
    (sums,) = house.deliver({"account_setup.parquet": pl.DataFrame(data)})
    assert sums == ("loaded", 3, 1, 2, 0)
    assert house.rows("account_setup", "account_id, mean_rank") == [("A3", 1e11)]
    assert [q[1:3] for q in house.quarantine()] == [("type_double", "mean_rank")] * 2


@pytest.mark.parametrize("cut", [0, 3, 4, 8, 100, -1, -4, -8])
def test_parquet_files_cut_short_or_padded(house: House, cut: int) -> None:
    whole = _parquet(pa.table({"account_id": ["A1"] * 50}))
    (sums,) = house.deliver({"accounts.parquet": whole[:cut] if cut else b""})
    assert sums == ("rejected", 0, 0, 0, 0) and house.reason(1)


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def _warehouse(workspace: Workspace) -> Any:
    opened: Any = open_warehouse(workspace, lambda: TODAY, 0)
    return opened


def _outside(workspace: Workspace) -> set[str]:
    """What lies beside the workspace."""
    return {p.name for p in workspace.root.parent.iterdir()}
