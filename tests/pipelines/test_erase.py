"""Erasing: after it nothing in the workspace tells who it was, nothing else is lost, and they cannot come back."""

import csv
import gzip
import io
import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets.erasure import erase, look, take_up
from assets.inbox import load_inbox
from assets.state import write_state
from assets.workspace import LEDGER_ARCHIVE, Warehouse, Workspace, open_warehouse, open_workspace
from assets.workspace_files import create_workspace
from data_contracts import load_contract
from tests.conftest import drop
from winback.config import DeliverySettings, Settings, WorkspaceSettings
from winback.contracts.as_of import core_view_sql
from winback.errors import RunFailedError, UsageError
from winback.playbook.csv_file import csv_bytes

pytestmark = pytest.mark.slow

TODAY = date(2026, 3, 4)
FOLDER = "2026-03-02-r1"
ACCOUNT_TOKENS = (
    "A-TOKID", "名称暗号甲", "TOKPREF1", "TOKTABOO1", "TOKNOTE1", "TOKPROMISE1", "P-TOKPERSON1", "Tokname Person", "13900001111",
    "tokmail1@example.org", "139 0000 1111", "TOKOCC1", "TOKDETAIL1", "SL-TOK1", "TP-TOK1", "RTOKROW1", "TOKQUOTE1", "TOKRESULT1",
    "TOKPEER1", "TOKBROKEN1",
)  # fmt: skip
OTHERS = ("A-OTHER", "别家公司", "OTHERNOTE2", "P-OTHER", "ROTHER1", "SL-OTHER1", "TP-OTHER1")

FILES = {
    "accounts.csv": "account_id,account_name,business_kind,opened_on,preferences,taboos\n"
    "A-TOKID,名称暗号甲,化工,2024-01-01,TOKPREF1 please,TOKTABOO1\n"
    "A-OTHER,别家公司,机械,2024-01-01,,\nA-THIRD,第三家,机械,2024-01-01,,\n",
    "people.csv": "person_id;account_id;person_name;phone;email;occasions\r\n"
    "P-TOKPERSON1;A-TOKID;Tokname Person;13900001111;tokmail1@example.org;TOKOCC1\r\n"
    "P-OTHER;A-OTHER;Other Person;13800002222;o@example.org;\r\n",
    "touchpoints.csv": "touchpoint_id,account_id,person_id,touched_on,channel,note_text,promise\n"
    'TP-TOK1,A-TOKID,P-TOKPERSON1,2026-01-05,phone,"two lines\nTOKNOTE1, too dear",TOKPROMISE1\n'
    "TP-OTHER1,A-OTHER,P-OTHER,2026-01-06,phone,OTHERNOTE2 fine,\n",
    "account_events.csv": "event_id,account_id,event_on,kind,detail\nEV-TOK1,A-TOKID,2026-01-05,suspended,TOKDETAIL1\n",
    "spend.csv": "spend_line_id,account_id,spent_on,amount\nSL-TOK1,A-TOKID,2025-12-01,10\n"
    "SL-OTHER1,A-OTHER,2025-12-02,20\nSL-TOK9,A-TOKID,not-a-day,10\nTOKBROKEN1,A-TOKID\nSL-OTHER2,A-OTHER,2025-12-09,20\n",
    "assignments.csv": "row_key,account_id,assigned_on,rep_id,play_id,assignment,assignment_prob\n"
    "RTOKROW1,A-TOKID,2026-01-05,rep1,play1,treated,0.9\nROTHER1,A-OTHER,2026-01-05,rep1,play1,treated,0.9\n",
    "outcomes.csv": "客户名称,联系人,row_key,worked_on,result,result_note,customer_quote\n"
    "名称暗号甲,Tokname Person,RTOKROW1,2026-01-08,refused,TOKRESULT1,TOKQUOTE1\n"
    "别家公司,Other Person,ROTHER1,2026-01-08,refused,fine,\n",
    "reference_cases.csv": "case_id,account_id,peer_name,reason_code,business_kind,has_consent\n"
    "C-TOK1,A-TOKID,TOKPEER1,1a,化工,true\n",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one load, one published week, representatives' folders, logs and a Dagster history."""
    settings = Settings(workspace=WorkspaceSettings(language="zh"), delivery=DeliverySettings(folder="desks"))
    place = create_workspace(tmp_path_factory.mktemp("erase") / "made", settings)
    for name, text in FILES.items():
        drop(place, name, text)
    usage = pl.DataFrame(
        {
            "account_id": ["A-OTHER", "A-TOKID", "A-THIRD"],
            "period_from_on": [date(2026, 1, 5)] * 3,
            "period_to_on": [date(2026, 1, 11)] * 3,
            "n_visits": [1, 2, 3],
        }
    )
    usage.write_parquet(place.folder("inbox") / "usage.parquet")
    (place.folder("inbox") / "spend_torn.parquet").write_bytes(b"\0\xff A-TOKID \0")
    (place.folder("inbox") / "people.xyz").write_text("Tokname Person\nsomebody else\n")
    with open_warehouse(place, lambda: TODAY, 5) as warehouse:
        load_inbox(warehouse)
        _compute(warehouse)
        write_state(warehouse)
    _publish(place)
    _leave_traces(place)
    return place


@pytest.fixture
def shop(made: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it to erase from."""
    shutil.copytree(made.root, tmp_path / "shop", symlinks=True)
    return open_workspace(tmp_path / "shop")


def _compute(warehouse: Warehouse) -> None:
    """Rows of computed tables, as a run leaves them; another account's row names the erased one as a peer."""
    con = warehouse.con
    con.execute("INSERT INTO ledger_weeks VALUES ('2026-03-02', 1, 1, 'published', NULL, NULL, 2, 2)")
    for table in ("accounts", "people"):
        con.execute(f"CREATE OR REPLACE VIEW core_{table} AS {core_view_sql(load_contract(table))}")
    for table in ("out_playbook", "out_contacts", "plan_assignments", "score_notes"):
        for column, kind in [(f.name, f.type) for f in load_contract(table).fields]:
            con.execute(f'ALTER TABLE {table} ALTER "{column}" DROP NOT NULL')
            assert kind
    con.execute("INSERT INTO plan_assignments (row_key, account_id) VALUES ('RTOKROW1', 'A-TOKID'), ('ROTHER1', 'A-OTHER')")
    con.execute(
        "INSERT INTO out_contacts (row_key, person_name, phone) VALUES ('RTOKROW1', 'Tokname Person', '13900001111')"
    )
    con.execute(
        "INSERT INTO out_playbook (row_key, account_id, account_name, talk_track, rank) VALUES "
        "('RTOKROW1', 'A-TOKID', '名称暗号甲', 'Say TOKNOTE1', 1), ('ROTHER1', 'A-OTHER', '别家公司', 'TOKPEER1 came back', 2)"
    )
    con.execute(
        "INSERT INTO score_notes (account_id, evidence_text) VALUES ('A-TOKID', 'TOKNOTE1'), ('A-OTHER', 'OTHERNOTE2')"
    )


def _publish(place: Workspace) -> None:
    playbooks = place.folder("published") / FOLDER / "playbooks"
    playbooks.mkdir(parents=True)
    contract = load_contract("out_playbook")
    erased = {
        "account_name": "名称暗号甲",
        "person_name": "Tokname Person",
        "phone": "13900001111",
        "talk_track": "TOKNOTE1",
    }
    rows = [
        {"rank": 1, "row_key": "RTOKROW1", "account_id": "A-TOKID"} | erased,
        {"rank": 2, "row_key": "ROTHER1", "account_id": "A-OTHER", "talk_track": "TOKPEER1 came back"},
    ]
    types = {"integer": pl.Int64, "decimal": pl.Decimal(18, 4), "double": pl.Float64, "boolean": pl.Boolean, "date": pl.Date}
    frame = pl.DataFrame(rows, schema={f.name: types.get(f.type, pl.String()) for f in contract.fields})
    data = csv_bytes(frame, contract, language="zh", phone_region="CN")
    (playbooks / "rep_rep1-1234.csv").write_bytes(data)
    html = (
        '<html><body><p>intro</p><article class="card" id="RTOKROW1" data-text="名称暗号甲">'
        "TOKNOTE1 <b>139 0000 1111</b></article>"
        '<article class="card" id="ROTHER1"><p>别家公司: TOKPEER1 came back</p></article></body></html>'
    )
    (playbooks / "rep_rep1-1234.html").write_text(html, encoding="utf-8")
    (playbooks / "hubspot.csv").write_text(
        "key,subject\nRTOKROW1,Call 名称暗号甲\nROTHER1,Call 别家公司\n", encoding="utf-8"
    )
    entry = {"rows": 2, "sha256": "x"}
    (playbooks / "manifest.json").write_text(json.dumps({"week": "2026-03-02", "files": {"rep_rep1-1234.csv": entry}}))
    with duckdb.connect(str(playbooks.parent / "winback.duckdb")) as con:
        con.execute("CREATE TABLE out_playbook (account_id VARCHAR, row_key VARCHAR)")
        con.execute("INSERT INTO out_playbook VALUES ('A-TOKID', 'RTOKROW1'), ('A-OTHER', 'ROTHER1')")
    (place.folder("published") / "current").symlink_to(FOLDER)
    desk = place.root / "desks" / "rep_rep1-1234"
    for name in ("to_do", "returned"):
        (desk / name).mkdir(parents=True)
        (desk / name / "2026-03-02_rep_rep1-1234.csv").write_bytes(data)
        (desk / name / "2026-03-02_rep_rep1-1234.csv").chmod(0o640)


def _leave_traces(place: Workspace) -> None:
    state, home = place.folder("state"), place.folder("dagster")
    (state / "last_error.log").write_text("line one\nValueError: TOKNOTE1 of A-TOKID\nline three\n")
    (state / "alerts.jsonl").write_text('{"cause": "fine"}\n{"cause": "row of 名称暗号甲"}\n', encoding="utf-8")
    (state / "old.log.gz").write_bytes(gzip.compress(b"A-TOKID\nkept\n"))
    drop(
        place,
        "spend_late.csv",
        "spend_line_id,account_id,spent_on,amount\nSL-TOK5,A-TOKID,2026-01-01,1\nSL-OTHER5,A-OTHER,2026-01-01,1\n",
    )
    drop(place, "spend_late.csv.meta.json", '{"rows": 2}\n')
    drop(place, "letter.txt", "dear\nTokname Person\nbye\n")

    @dg.asset
    def shown(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        context.log.info("looked at A-TOKID")
        page = "| note | text |\n|---|---|\n| TP-TOK1 | … TOKNOTE1 … |\n| TP-OTHER1 | OTHERNOTE2 |"
        return dg.MaterializeResult(metadata={"notes": dg.MetadataValue.md(page), "n": 2, "名称": "客户名称暗号甲的一行"})

    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        with dg.DagsterInstance.get() as instance:
            assert dg.materialize([shown], instance=instance).success
    finally:
        os.environ.pop("DAGSTER_HOME")
        if before is not None:
            os.environ["DAGSTER_HOME"] = before


def decoded(root: Path) -> Iterator[tuple[Path, str]]:
    """Everything in a folder as text: tables cell by cell, packed texts unpacked, names of files and the bytes themselves."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        if not path.exists():
            continue  # SQLite took its log away when it was read
        yield path, str(path.relative_to(root))
        data = path.read_bytes()
        yield path, data.decode("utf-8", "replace")
        if data[8:12] == b"DUCK":
            with duckdb.connect(str(path), read_only=True) as con:
                for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                    for row in con.execute(f'SELECT * FROM "{table}"').fetchall():
                        yield path, repr(row)
        elif data[:4] == b"PAR1":
            yield path, repr(pl.read_parquet(path).rows())
        elif data[:15] == b"SQLite format 3":
            yield from ((path, text) for text in _sqlite(path))
        elif data[:2] == b"\x1f\x8b":
            yield path, gzip.decompress(data).decode()


def _sqlite(path: Path) -> Iterator[str]:
    con = sqlite3.connect(path)
    for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in con.execute(f'SELECT * FROM "{table}"'):
            for cell in row:
                if isinstance(cell, bytes):
                    try:
                        yield zlib.decompress(cell).decode("utf-8", "replace")
                    except zlib.error:
                        yield cell.decode("utf-8", "replace")
                elif isinstance(cell, str):
                    yield cell
                    if cell[:1] in "{[":
                        yield json.dumps(json.loads(cell), ensure_ascii=False)
    con.close()


def found(place: Workspace, tokens: tuple[str, ...]) -> dict[str, set[str]]:
    hits: dict[str, set[str]] = {}
    for path, text in decoded(place.root):
        for token in tokens:
            if token in text:
                hits.setdefault(token, set()).add(str(path.relative_to(place.root)))
    return hits


def run_erase(place: Workspace, column: str, value: str) -> dict[str, int]:
    with open_warehouse(place, lambda: TODAY, 5) as warehouse:
        return dict(erase(warehouse, column, value).left)


def sums(place: Workspace) -> dict[str, tuple[int, ...]]:
    status = json.loads((place.folder("state") / "status.json").read_text())
    names = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_suppressed")
    return {f["file"]: tuple(f[n] for n in names) for f in status["files"]}


def test_after_erasing_an_account_no_file_tells_of_it(shop: Workspace) -> None:
    before = found(shop, ACCOUNT_TOKENS)
    assert before.keys() == set(ACCOUNT_TOKENS)  # every token was planted, and the search finds it
    others = {token: len(files) for token, files in found(shop, OTHERS).items()}
    assert run_erase(shop, "account_id", "A-TOKID") == {}
    assert found(shop, ACCOUNT_TOKENS) == {}
    left = {token: len(files) for token, files in found(shop, OTHERS).items()}
    assert left == others


def test_sums_and_archive_follow_the_rewritten_files(shop: Workspace) -> None:
    before = sums(shop)
    assert before["spend.csv"] == (5, 3, 2, 0, 0)
    run_erase(shop, "account_id", "A-TOKID")
    after = sums(shop)
    assert after["spend.csv"] == (2, 2, 0, 0, 3)
    assert after["touchpoints.csv"] == (1, 1, 0, 0, 1)
    assert after["usage.parquet"] == (2, 2, 0, 0, 1)
    with open_warehouse(shop, lambda: TODAY, 5) as warehouse:
        hashes = {h for (h,) in warehouse.con.execute("SELECT sha256 FROM ledger_files").fetchall()}
        lines = warehouse.con.execute("SELECT _line, account_id FROM raw_usage ORDER BY _line").fetchall()
        spend = warehouse.con.execute("SELECT _line FROM raw_spend ORDER BY _line").fetchall()
    archived = {p for p in shop.folder("archive").rglob("*") if p.is_file()}
    assert {p.stem for p in archived if LEDGER_ARCHIVE not in p.parts} == hashes
    assert lines == [(2, "A-OTHER"), (3, "A-THIRD")] and spend == [(3,), (6,)]


def test_what_was_handed_out_keeps_its_other_rows_and_says_so(shop: Workspace) -> None:
    run_erase(shop, "account_id", "A-TOKID")
    playbooks = shop.folder("published") / FOLDER / "playbooks"
    manifest = json.loads((playbooks / "manifest.json").read_text())
    assert manifest["is_erased_from"] is True and manifest["files"]["rep_rep1-1234.csv"]["rows"] == 1
    rows = list(csv.DictReader(io.StringIO((playbooks / "rep_rep1-1234.csv").read_text(encoding="utf-8-sig"))))
    title = load_contract("out_playbook").field("talk_track").title("zh")
    assert [row[title] for row in rows] == ["[erased] came back"]
    html = (playbooks / "rep_rep1-1234.html").read_text()
    assert html.count("<article") == 1 and "别家公司: [erased] came back" in html and "<p>intro</p>" in html
    desk = shop.root / "desks" / "rep_rep1-1234" / "to_do" / "2026-03-02_rep_rep1-1234.csv"
    assert desk.stat().st_mode & 0o777 == 0o640
    assert (shop.folder("state") / "last_error.log").read_text() == "line one\n\nline three\n"
    assert json.loads((shop.folder("inbox") / "spend_late.csv.meta.json").read_text()) == {"rows": 1}


def test_the_erased_do_not_come_back_with_the_next_file(shop: Workspace) -> None:
    run_erase(shop, "account_id", "A-TOKID")
    for name, text in FILES.items():
        drop(shop, name.replace(".csv", "_again.csv"), text)
    drop(shop, "touchpoints_new.csv", "touchpoint_id,account_id,touched_on,channel,note_text\n"
        "TP-TOK7,A-TOKID,2026-02-01,phone,TOKNOTE1\n"
         "TP-NEW,A-OTHER,2026-02-01,phone,new\n")  # fmt: skip
    with open_warehouse(shop, lambda: TODAY, 5) as warehouse:
        load_inbox(warehouse)
        write_state(warehouse)
    after = sums(shop)
    # The same bytes, less the same rows, are the archived file again: nothing new.
    assert after["accounts_again.csv"] == (2, 0, 0, 2, 1)
    assert after["spend_again.csv"] == (2, 0, 0, 2, 3)
    assert after["touchpoints_new.csv"] == (1, 1, 0, 0, 1)
    assert after["outcomes_again.csv"][4] == 1
    assert found(shop, ACCOUNT_TOKENS) == {}


def test_the_receipt_the_list_and_the_log_name_nobody(shop: Workspace) -> None:
    run_erase(shop, "account_id", "A-TOKID")
    state = shop.folder("state")
    receipt = json.loads((state / "erasures.jsonl").read_text())
    assert receipt["kind"] == "account" and receipt["weeks"] == [FOLDER] and receipt["rows"] > 8 and receipt["receipt"] == 1
    assert json.loads((state / "access_log.jsonl").read_text())["action"] == "erase"
    assert not (state / "erasure_pending.json").exists()
    for name in ("suppression.key", "suppressed.jsonl", "erasures.jsonl"):
        assert (state / name).stat().st_mode & 0o777 == 0o600
    assert run_erase(shop, "account_id", "A-TOKID") == {}  # once more: nothing is left, and that is no mistake


def test_a_person_goes_and_the_account_stays(shop: Workspace) -> None:
    run_erase(shop, "person_id", "P-TOKPERSON1")
    gone = (
        "P-TOKPERSON1",
        "Tokname Person",
        "tokmail1@example.org",
        "13900001111",
        "139 0000 1111",
        "TOKOCC1",
        "TOKNOTE1",
        "TP-TOK1",
    )
    assert found(shop, gone) == {}
    with duckdb.connect(str(shop.warehouse_path), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM raw_spend WHERE account_id = 'A-TOKID'").fetchone() == (1,)
        assert con.execute("SELECT count(*) FROM raw_outcomes").fetchone() == (2,)


def test_looking_changes_nothing_and_counts(shop: Workspace) -> None:
    def contents() -> dict[str, bytes]:
        return {
            str(p): p.read_bytes()
            for p in sorted(shop.root.rglob("*"))
            if p.is_file() and p.suffix not in (".lock", ".txt", ".duckdb", ".wal")
        }

    before = contents()
    with open_warehouse(shop, lambda: TODAY, 5) as warehouse:
        seen = look(warehouse, "account_id", "A-TOKID")
    assert contents() == before
    assert seen.rows["raw_spend"] == 1 and seen.places["archive"] == 11 and seen.weeks == (FOLDER,)


def test_nobody_of_that_name_is_refused(shop: Workspace) -> None:
    with pytest.raises(UsageError, match="A-NOBODY"):
        run_erase(shop, "account_id", "A-NOBODY")
    with open_warehouse(shop, lambda: TODAY, 5) as warehouse, pytest.raises(UsageError, match="no erasure"):
        take_up(warehouse)


@pytest.mark.parametrize(
    "step",
    [
        "suppress",
        "_clean_files",
        "find_rewritings",
        "rewrite_archive",
        "_clean_warehouse",
        "write_state",
        "_swap_warehouse",
        "_finish",
    ],
)
def test_an_erasure_killed_after_any_step_is_finished_later(
    shop: Workspace, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import assets.erasure as steps

    whole = getattr(steps, step)
    calls = []

    def killed(*args: object, **kwargs: object) -> object:
        calls.append(kwargs.get("is_dry", False) or (step == "find_rewritings" and not calls))
        result = None if step == "_finish" else whole(*args, **kwargs)
        if not calls[-1]:
            raise RunFailedError("killed")
        return result

    with monkeypatch.context() as patched, pytest.raises(RunFailedError):
        patched.setattr(steps, step, killed)
        run_erase(shop, "account_id", "A-TOKID")
    assert not (shop.folder("state") / "erasures.jsonl").exists()
    with pytest.raises(UsageError, match="--continue"):
        run_erase(shop, "account_id", "A-OTHER")
    with open_warehouse(open_workspace(shop.root), lambda: TODAY, 5) as warehouse:
        take_up(warehouse)
    assert found(shop, ACCOUNT_TOKENS) == {}
    assert sums(shop)["spend.csv"] == (2, 2, 0, 0, 3)
    assert json.loads((shop.folder("state") / "erasures.jsonl").read_text())["rows"] > 8
