"""The weekly run end to end, on a small workspace."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import date, timedelta

import duckdb
import pytest

from assets.rollback import move_back
from assets.workspace import Workspace, open_warehouse
from data_contracts import load_contract
from pipelines.cli.execution import Execution
from tests.conftest import MONDAY, TODAY, accounts_csv, drop, spend_csv
from winback.config import PlanSettings, Settings, WorkspaceSettings
from winback.errors import UsageError
from winback.playbook.csv_file import read_csv_bytes

N_ACCOUNTS, N_WEEKS = 120, 60


def run(workspace: Workspace, week: date = MONDAY, accept: str | None = None, *, reopen: bool = False) -> None:
    Execution(workspace, TODAY, 0.0).run_week(week, reopen=reopen, accepted_reason=accept)


def state(workspace: Workspace) -> dict:
    return json.loads((workspace.folder("state") / "status.json").read_text())


def week_state(workspace: Workspace, week: date = MONDAY) -> dict:
    return [w for w in state(workspace)["weeks"] if w["week"] == week.isoformat()][-1]


def hashes(workspace: Workspace, week: date = MONDAY) -> dict[str, str]:
    folder = workspace.folder("outbox") / week.isoformat()
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture
def delivered(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(accounts=accounts_csv(N_ACCOUNTS), spend=spend_csv(N_ACCOUNTS, N_WEEKS, seed=1))


def test_a_week_is_published_with_every_lapsed_account_accounted_for(delivered: Workspace) -> None:
    run(delivered)
    folder = delivered.folder("outbox") / "2026-03-02"
    manifest = json.loads((folder / "manifest.json").read_text())
    playbook = read_csv_bytes((folder / "rep_default-37a8eec1ce19687d.csv").read_bytes(), load_contract("out_playbook"))
    rest = read_csv_bytes((folder / "not_this_week.csv").read_bytes(), load_contract("out_not_this_week"))
    assert manifest["lapsed"] == playbook.height + rest.height >= N_ACCOUNTS // 4
    assert set(playbook["account_id"]) & set(rest["account_id"]) == set()
    assert rest["cause"].null_count() == 0
    assert playbook.columns[:12] == list(load_contract("out_playbook").columns[:12])
    for column in load_contract("out_playbook").fields:
        if column.is_required:
            assert playbook[column.name].null_count() == 0, column.name
    assert playbook["account_name"][0].startswith("客户")
    assert (folder / "rep_default-37a8eec1ce19687d.csv").read_bytes().startswith("\ufeff序号,客户名称,联系人".encode())
    assert not list(delivered.folder("inbox").iterdir())


@pytest.mark.slow
def test_the_published_database_holds_no_personal_columns(delivered: Workspace) -> None:
    run(delivered)
    with duckdb.connect(str(delivered.folder("published") / "current" / "winback.duckdb"), read_only=True) as con:
        columns = {name for (name,) in con.execute("SELECT column_name FROM information_schema.columns").fetchall()}
        assert con.execute("SELECT count(*) FROM out_playbook").fetchone()[0] > 0
    assert columns.isdisjoint({"account_name", "person_name", "phone", "talk_track", "preferences", "evidence_text"})


@pytest.mark.slow
def test_the_same_week_twice_and_later_rows_change_nothing(delivered: Workspace) -> None:
    run(delivered)
    first = hashes(delivered)
    run(delivered)
    assert hashes(delivered) == first
    drop(delivered, "spend_late.csv", "account_id,spent_on,amount\nA0000,2026-01-05,99\nA0003,2026-03-03,50\n")
    drop(delivered, "accounts_2026-03-03.csv", "account_id,account_name\nA0000,another name\n")
    run(delivered)
    assert hashes(delivered) == first
    assert state(delivered)["totals"]["rows_quarantined"] == 0
    run(delivered, reopen=True)
    assert week_state(delivered)["revision"] == 2
    assert (delivered.folder("published") / "2026-03-02-r1").is_dir()


@pytest.mark.slow
def test_shuffled_rows_and_files_change_nothing(delivered: Workspace, make_workspace: Callable[..., Workspace]) -> None:
    run(delivered)
    header, *lines = spend_csv(N_ACCOUNTS, N_WEEKS, seed=1).strip().split("\n")
    random.Random(5).shuffle(lines)
    half = len(lines) // 2
    names, *accounts = accounts_csv(N_ACCOUNTS).strip().split("\n")
    other = make_workspace(
        "other",
        accounts="\n".join([names, *reversed(accounts)]) + "\n",
        spend_b="\n".join([header, *lines[:half]]) + "\n",
        spend_a="\n".join([header, *lines[half:]]) + "\n",
    )
    run(other)
    assert hashes(other) == hashes(delivered)


@pytest.mark.slow
def test_a_cut_spend_file_publishes_nothing_and_says_why(delivered: Workspace) -> None:
    path = delivered.folder("inbox") / "spend.csv"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 3])
    run(delivered)
    assert week_state(delivered)["state"] == "withheld"
    assert "spend.csv" in week_state(delivered)["reason"]
    assert not list(delivered.folder("outbox").iterdir())
    drop(delivered, "spend.csv", data)
    run(delivered)
    assert week_state(delivered)["state"] == "published"


@pytest.mark.slow
def test_half_the_rows_of_the_newest_week_publish_nothing_until_accepted(make_workspace: Callable[..., Workspace]) -> None:
    header, *lines = spend_csv(600, N_WEEKS, seed=2).strip().split("\n")
    newest = [n for n, line in enumerate(lines) if line.split(",")[2] >= (MONDAY - timedelta(days=7)).isoformat()]
    kept = [line for n, line in enumerate(lines) if n not in set(newest[::2])]
    workspace = make_workspace(accounts=accounts_csv(600), spend="\n".join([header, *kept]) + "\n")
    run(workspace)
    assert week_state(workspace)["state"] == "withheld"
    assert "were expected" in week_state(workspace)["reason"]
    run(workspace, accept="shop closed for the holiday")
    assert week_state(workspace) | {"lapsed": 0, "chosen": 0} == {
        "week": "2026-03-02",
        "revision": 1,
        "state": "published",
        "reason": None,
        "accepted_reason": "shop closed for the holiday",
        "lapsed": 0,
        "chosen": 0,
    }


@pytest.mark.slow
def test_representatives_get_their_own_files_within_their_minutes(make_workspace: Callable[..., Workspace]) -> None:
    hostile = ["../../x", "a/b", "a_b", "Li", "li", "=cmd()"]
    rows = [f"A{n:04d},客户{n},{hostile[n % 6]}" for n in range(N_ACCOUNTS)]
    workspace = make_workspace(
        accounts="account_id,account_name,rep_id\n" + "\n".join(rows) + "\n",
        spend=spend_csv(N_ACCOUNTS, N_WEEKS, seed=3),
        reps="rep_id,weekly_minutes\n" + "\n".join(f"{rep},30" for rep in hostile) + "\n",
        people="person_id,account_id,person_name,role,phone\nP1,A0000,=HYPERLINK(1),owner,+86 138 0013 8000\n",
    )
    run(workspace)
    folder = workspace.folder("outbox") / "2026-03-02"
    files = sorted(folder.glob("rep_*.csv"))
    assert len(files) == 6 == len(list(folder.glob("rep_*.html")))
    assert len({p.name.lower() for p in files}) == 6
    assert not (workspace.root.parent.parent / "x").exists()
    for path in files:
        rows_of_rep = read_csv_bytes(path.read_bytes(), load_contract("out_playbook"))
        assert rows_of_rep["minutes"].cast(int).sum() <= 30
        assert rows_of_rep["rep_id"].n_unique() <= 1


@pytest.mark.slow
def test_lists_move_on_when_nobody_writes_back(make_workspace: Callable[..., Workspace]) -> None:
    settings = Settings(workspace=WorkspaceSettings(), plan=PlanSettings(default_weekly_minutes=60))
    files = {"accounts": accounts_csv(N_ACCOUNTS), "spend": spend_csv(N_ACCOUNTS, N_WEEKS, seed=4)}
    workspace = make_workspace(settings=settings, **files)
    earlier = MONDAY - timedelta(days=7)
    run(workspace, earlier)
    run(workspace, MONDAY)
    contract = load_contract("out_playbook")
    name = "rep_default-37a8eec1ce19687d.csv"
    lists = [
        set(read_csv_bytes((workspace.folder("outbox") / w.isoformat() / name).read_bytes(), contract)["account_id"])
        for w in (earlier, MONDAY)
    ]
    assert len(lists[0]) == len(lists[1]) == 3  # 60 minutes, 19 for a row that asks
    assert lists[0] & lists[1] == set()


@pytest.mark.slow
def test_a_wish_to_be_left_alone_is_kept_at_once(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(spend=spend_csv(N_ACCOUNTS, N_WEEKS, seed=1))
    drop(workspace, "accounts_2026-03-01.csv", accounts_csv(N_ACCOUNTS))
    wishes = "".join(f"A{n:04d},客户{n},true\n" for n in range(N_ACCOUNTS))
    drop(workspace, "accounts_2026-03-03.csv", "account_id,account_name,is_do_not_contact\n" + wishes)
    run(workspace)
    folder = workspace.folder("outbox") / "2026-03-02"
    rest = read_csv_bytes((folder / "not_this_week.csv").read_bytes(), load_contract("out_not_this_week"))
    assert set(rest["cause"]) == {"do_not_contact"}
    assert list(folder.glob("rep_*")) == []


@pytest.mark.slow
def test_moving_back_withdraws_the_later_week_and_its_write_backs_still_count(delivered: Workspace) -> None:
    run(delivered, MONDAY - timedelta(days=7))
    run(delivered)
    with open_warehouse(delivered, lambda: TODAY, 0.0) as warehouse:
        withdrawn = move_back(warehouse, MONDAY - timedelta(days=7), "wrong prices")
        rows = warehouse.con.execute("SELECT count(*) FROM ledger_assignments WHERE week_on = ?", [MONDAY]).fetchone()
    assert [w.week_on for w in withdrawn] == [MONDAY] and rows[0] > 0
    assert week_state(delivered)["state"] == "withdrawn" and week_state(delivered)["reason"] == "wrong prices"
    current = delivered.folder("published") / "current"
    assert current.readlink().name.startswith(str(MONDAY - timedelta(days=7)))
    assert not (delivered.folder("outbox") / MONDAY.isoformat()).exists()
    log = (delivered.folder("state") / "access_log.jsonl").read_text()
    assert json.loads(log)["action"] == "publish --to" and json.loads(log)["n_withdrawn"] == 1
    run(delivered)
    assert week_state(delivered)["state"] == "published" and week_state(delivered)["revision"] == 2
    with pytest.raises(UsageError, match="not published"), open_warehouse(delivered, lambda: TODAY, 0.0) as warehouse:
        move_back(warehouse, MONDAY - timedelta(days=70), "no such week")
