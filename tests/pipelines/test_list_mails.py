"""Lists by mail: to whom they go, once each, and what becomes of those that cannot be sent."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from assets import mail
from assets.list_mails import mail_lists
from assets.workspace import Warehouse, Workspace
from assets.workspace_files import create_workspace
from tests.pipelines.mail_stub import MailStub
from winback.config import DeliverySettings, Settings, WorkspaceSettings, parse_settings
from winback.errors import RunFailedError, UsageError
from winback.playbook.file_names import promises_file_name, rep_file_name
from winback.publication.week_ledger import Week

MONDAY = date(2026, 3, 2)
WEEK = Week(MONDAY, 1, 1, "published")
ADDRESSES = {
    "li": "li@shop.example",
    "wang": " wang@shop.example ",
    "none": None,
    "odd": "x@y, z@y",
    "away": "away@shop.example",
}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailStub]:
    monkeypatch.setattr(mail, "WAITS_SECONDS", (0.0, 0.0))
    with MailStub().serving() as server:
        yield server


@pytest.fixture
def playbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "playbooks"
    folder.mkdir()
    for rep_id in ADDRESSES:
        (folder / rep_file_name(rep_id)).write_bytes(f"\ufeff客户 of {rep_id}\r\n".encode())
    (folder / promises_file_name("li")).write_bytes(b"promise\r\n")
    (folder / "not_this_week.csv").write_bytes(b"holdouts")
    return folder


def warehouse(tmp_path: Path, port: int, today: date = MONDAY, *, is_simulated: bool = False) -> Warehouse:
    settings = Settings(
        workspace=WorkspaceSettings(language="zh", is_simulated=is_simulated),
        delivery=DeliverySettings(smtp_host="127.0.0.1", smtp_port=port, mail_from="Winback <w@shop.example>"),
    )
    root = tmp_path / "ws"
    place = Workspace(root, settings) if root.exists() else create_workspace(root, settings)
    con = duckdb.connect()
    con.execute("CREATE TABLE asof_reps (rep_id VARCHAR, email VARCHAR, is_active BOOLEAN)")
    con.executemany("INSERT INTO asof_reps VALUES (?, ?, ?)", [(r, a, r != "away") for r, a in ADDRESSES.items()])
    return Warehouse(place, con, today)


def test_each_gets_their_own_files_once_per_revision(tmp_path: Path, playbooks: Path, stub: MailStub) -> None:
    house = warehouse(tmp_path, stub.port)
    mail_lists(house, WEEK, playbooks)
    mail_lists(house, WEEK, playbooks)
    assert [str(m["To"]) for m in stub.taken] == ["li@shop.example", "wang@shop.example"]
    first = stub.taken[0]
    files = {part.get_filename(): part.get_content() for part in first.iter_attachments()}
    assert list(files) == [f"2026-03-02_{rep_file_name('li')}", f"2026-03-02_{promises_file_name('li')}"]
    assert "客户 of li" in files[f"2026-03-02_{rep_file_name('li')}"]
    assert "2026-03-02" in first["Subject"] and "更正" not in first["Subject"] and "li" not in first["Subject"]
    mail_lists(house, Week(MONDAY, 2, 1, "published"), playbooks)
    assert len(stub.taken) == 4 and "更正 2" in stub.taken[2]["Subject"]
    log = (house.workspace.folder("state") / "mailed.jsonl").read_text()
    assert "@" not in log and [json.loads(line)["state"] for line in log.splitlines()] == ["sending", "sent"] * 4


def test_nothing_is_mailed_of_a_simulated_market_or_another_week(tmp_path: Path, playbooks: Path, stub: MailStub) -> None:
    mail_lists(warehouse(tmp_path, stub.port, is_simulated=True), WEEK, playbooks)
    mail_lists(warehouse(tmp_path, stub.port, MONDAY + timedelta(days=7)), WEEK, playbooks)
    assert stub.taken == []


def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_told(tmp_path: Path, playbooks: Path, stub: MailStub) -> None:
    house = warehouse(tmp_path, stub.port)
    stub.answers = ["451 later", "250 ok", "550 no li@shop.example here"]
    with pytest.raises(RunFailedError, match="1 could not be mailed; wang: refused with status 550") as told:
        mail_lists(house, WEEK, playbooks)
    assert "@" not in str(told.value) and "only what was not sent is sent" in str(told.value)
    assert [str(m["To"]) for m in stub.taken] == ["li@shop.example"]
    mail_lists(house, WEEK, playbooks)
    assert [str(m["To"]) for m in stub.taken] == ["li@shop.example", "wang@shop.example"]


def test_what_may_have_arrived_is_not_sent_again(tmp_path: Path, playbooks: Path, stub: MailStub) -> None:
    house = warehouse(tmp_path, stub.port)
    stub.n_hang_ups = 1
    with pytest.raises(RunFailedError, match="may have arrived, and are not sent again: li"):
        mail_lists(house, WEEK, playbooks)
    mail_lists(house, WEEK, playbooks)
    assert [str(m["To"]) for m in stub.taken] == ["li@shop.example", "wang@shop.example"]
    log = house.workspace.folder("state") / "mailed.jsonl"
    log.write_text(log.read_text().splitlines()[0] + "\n" + '{"week": "2026-03-02", "rev')
    mail_lists(house, WEEK, playbooks)  # killed while sending to li
    assert [str(m["To"]) for m in stub.taken][2:] == ["wang@shop.example"]


def test_a_server_that_is_not_there_fails_after_its_retries() -> None:
    waits: list[float] = []
    server = mail.MailServer("127.0.0.1", 9)
    problem = mail.send_mail(server, mail.EmailMessage(), sleep=waits.append)
    assert problem is not None and problem.is_passing and waits == [2.0, 10.0]
    assert "hush" not in repr(mail.MailServer("h", 1, "u", "hush-hush"))
    with pytest.raises(UsageError, match="mail_from"):
        parse_settings('[delivery]\nsmtp_host = "mail.example"\n')
