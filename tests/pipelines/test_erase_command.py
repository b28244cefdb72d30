"""`winback erase`: what it asks, refuses and says."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from assets.inbox import load_inbox
from assets.state import write_state
from assets.workspace import Workspace, open_warehouse
from pipelines.cli.app import app
from tests.conftest import TODAY, accounts_csv, spend_csv
from winback.errors import UsageError


@pytest.fixture
def shop(make_workspace: Callable[..., Workspace]) -> Workspace:
    place = make_workspace(accounts=accounts_csv(3), spend=spend_csv(3, 4, 1))
    with open_warehouse(place, lambda: TODAY, 5) as warehouse:
        load_inbox(warehouse)
        write_state(warehouse)
    return place


def run(place: Workspace, *words: str) -> Result:
    return CliRunner().invoke(app, ["erase", "-w", str(place.root), *words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say who"),
        (("--account", "A0001", "--person", "P1"), "say who"),
        (("--continue", "--dry-run"), "--dry-run"),
        (("--account", "A0001"), "--yes"),
        (("--account", "A9999", "--yes"), "A9999"),
        (("--continue", "--yes"), "no erasure"),
    ],
)
def test_what_is_refused_is_a_mistake_of_use(shop: Workspace, words: tuple[str, ...], message: str) -> None:
    result = run(shop, *words)
    assert isinstance(result.exception, UsageError) and result.exception.exit_code == 2
    assert message in str(result.exception)
    assert not (shop.folder("state") / "suppressed.jsonl").exists()


@pytest.mark.slow
def test_counts_first_then_removes_and_names_the_receipt(shop: Workspace) -> None:
    seen = run(shop, "--account", "A0001", "--dry-run")
    assert seen.exit_code == 0 and "raw_accounts" in seen.output and "archive" in seen.output
    done = run(shop, "--account", "A0001", "--yes")
    assert done.exit_code == 0 and "Receipt 1" in done.output and "A0001" not in done.output
    with open_warehouse(shop, lambda: TODAY, 5) as warehouse:
        assert warehouse.con.execute("SELECT count(*), count(DISTINCT account_id) FROM raw_accounts").fetchone() == (2, 2)


@pytest.mark.slow
def test_a_published_week_runs_again_without_the_erased_and_says_so(shop: Workspace) -> None:
    """The whole way, with `winback run` before and after."""
    from pipelines.cli.execution import Execution

    week = TODAY.replace(day=2)
    Execution(shop, TODAY, 5).run_week(week, reopen=False, accepted_reason="a test")
    folder = shop.folder("published") / f"{week}-r1"
    assert run(shop, "--account", "A0000", "--yes").exit_code == 0
    left = {p.name: p.read_bytes() for p in (folder / "playbooks").iterdir() if p.is_file()}
    assert not any(b"A0000" in data for data in left.values())
    Execution(shop, TODAY, 5).run_week(week, reopen=False, accepted_reason=None)
    assert {p.name: p.read_bytes() for p in (folder / "playbooks").iterdir() if p.is_file()} == left
    Execution(shop, TODAY, 5).run_week(week, reopen=True, accepted_reason="a test")
    again = shop.folder("published") / f"{week}-r2" / "playbooks" / "manifest.json"
    assert '"is_erased_from": true' in again.read_text(encoding="utf-8")
