"""One week of a market in which every name, id and note is hostile; then every delivery is looked at.

The week is run by the command line in a process of its own, with secrets planted in its environment and under the laxest mask.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hostile_market import END, hostile_workspace
from pages_seen import CHROMIUM, dom_of

from assets.erasure_search import _texts
from assets.workspace import Workspace

pytestmark = pytest.mark.slow

SECRETS = {
    "WINBACK_SMTP_PASSWORD": "PLANTED-smtp-5d1f",
    "WINBACK_CHAT_API_KEY": "PLANTED-chat-77ab",
    "WINBACK_ALERT_WEBHOOK": "https://example.invalid/PLANTED-hook-90cc",
    "AWS_SECRET_ACCESS_KEY": "PLANTED-cloud-31ee",
}
FORMULA = re.compile(r"^[\s'\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]*[=+\-@＝＋－＠\t\r]")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
PHONE = re.compile(r"\+[0-9][0-9 ]+")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
TAGS = re.compile(
    "html|head|meta|title|style|body|script|header|main|section|article|h[1-4]|p|br|div|span|small|b|bdi|blockquote|ul|ol|li|table|"
    "tr|th|td|details|summary|label|select|option|input|button|svg|line|path|polyline|polygon|rect|circle|text|g"
)
ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|class|id|value|type|placeholder|hidden|open|colspan|viewbox|preserveaspectratio|[xy][12]?|"
    "c[xy]|r|d|points|width|height|role|for|title|data-[a-z]+|aria-[a-z]+"
)


def winback(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    source = "import os; os.umask(0); from pipelines.cli.app import main; main()"
    command = [sys.executable, "-c", source, arguments[0], "-w", str(workspace), *arguments[1:]]
    done = subprocess.run(command, capture_output=True, timeout=3_000, check=False, env={**os.environ, **SECRETS})
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The workspace after its week."""
    made = tmp_path_factory.mktemp("hostile_week")
    mask = os.umask(0o077)
    try:
        workspace = hostile_workspace(made / "ws")
    finally:
        os.umask(mask)
    done = winback(workspace.root, "run")
    assert done.returncode == 0, done.stderr[-2_000:]
    assert not CONTROLS.search(done.stdout + done.stderr)
    assert {p.name for p in made.iterdir()} == {"ws"}
    return workspace


def outbox(place: Workspace) -> list[Path]:
    return sorted(p for p in (place.folder("outbox") / END.isoformat()).rglob("*") if p.is_file())


def test_files_are_delivered_under_safe_names(place: Workspace) -> None:
    files = outbox(place)
    root = place.folder("published").resolve()
    assert len([p for p in files if p.suffix == ".csv"]) > 5 and [p for p in files if p.suffix == ".html"]
    for path in files:
        assert re.fullmatch(r"[a-z0-9_.-]{1,90}", path.name), path.name
        assert path.resolve().is_relative_to(root)
    manifest = json.loads((place.folder("outbox") / END.isoformat() / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) <= {str(p.relative_to(place.folder("outbox") / END.isoformat())) for p in files}


def test_no_cell_of_any_csv_is_a_formula_or_steers_a_terminal(place: Workspace) -> None:
    n_cells = 0
    for path in outbox(place):
        if path.suffix != ".csv":
            continue
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}, path.name
        for cell in (cell for row in rows for cell in row):
            n_cells += 1
            assert not CONTROLS.search(cell), (path.name, cell)
            if not cell.startswith("'") and not NUMBER.fullmatch(cell) and not PHONE.fullmatch(cell):
                assert not FORMULA.match(cell), (path.name, cell)
    assert n_cells > 1_000


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}


def test_pages_hold_no_tag_attribute_or_address_of_others(place: Workspace) -> None:
    """Only tags and attributes that the templates and drawings write; nothing that loads, and no control character."""
    for path in outbox(place):
        if path.suffix == ".html":
            text = path.read_bytes().decode("utf-8")
            page = Page(text)
            foreign = {tag for tag in page.tags if not TAGS.fullmatch(tag)}
            foreign |= {name for _, name in page.attributes if not ATTRIBUTES.fullmatch(name)}
            assert foreign == set(), path.name
            assert not CONTROLS.search(text) and not re.search("[\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_nothing_foreign_runs_in_a_browser(place: Workspace, tmp_path: Path) -> None:
    """The largest list and the manager's page: titles stay, and the browser builds no element that the file does not hold."""
    pages = sorted((p for p in outbox(place) if p.suffix == ".html"), key=lambda p: p.stat().st_size)[-2:]
    for path in pages:
        dom = dom_of(path, tmp_path / path.stem)
        before, after = Page(path.read_text(encoding="utf-8")), Page(dom)
        assert after.tags <= before.tags | {"tbody"}
        assert {(t, a) for t, a in after.attributes - before.attributes if a not in ("hidden", "open", "style")} == set()
        (title,) = re.findall("<title>(.*?)</title>", path.read_text(encoding="utf-8"), re.DOTALL)
        assert f"<title>{title.strip()}</title>" in dom.replace("\u00a0", "&nbsp;") or title.strip() in dom


def test_terminals_are_not_steered_by_what_was_delivered(place: Workspace) -> None:
    accounts = _accounts(place)
    shown = [winback(place.root, "status"), winback(place.root, "status", "--json"), winback(place.root, "quarantine")]
    shown += [winback(place.root, "quarantine", "--json"), winback(place.root, "account", "--", accounts[0])]
    shown += [winback(place.root, "account", "--json", "--", accounts[-1])]
    for done in shown:
        assert done.returncode == 0, done.stderr
        assert not CONTROLS.search(done.stdout + done.stderr)
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", done.stdout)


def test_every_file_is_its_owners_alone_and_holds_no_secret(place: Workspace) -> None:
    paths = [place.root, *place.root.rglob("*")]
    assert [str(p) for p in paths if not p.is_symlink() and p.stat().st_mode & 0o077] == []
    holding = [
        (path.name, secret)
        for path in paths
        if path.is_file() and not path.is_symlink()
        for secret in SECRETS.values()
        if any(secret in text for text in _texts(path))
    ]
    assert holding == []


def _accounts(place: Workspace) -> list[str]:
    """Ids that stand on a list, as its first column that holds ids has them, guards taken off."""
    from data_contracts import load_contract
    from winback.playbook.csv_file import read_csv_bytes

    lists = [p for p in outbox(place) if p.name.startswith("rep_") and p.suffix == ".csv" and "promises" not in p.name]
    frames: list[Any] = [read_csv_bytes(p.read_bytes(), load_contract("out_playbook")) for p in lists]
    return [str(account) for frame in frames for account in frame["account_id"]]
