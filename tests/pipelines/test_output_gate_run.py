"""A drift of the output withholds the week; accepting it with a reason publishes it."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date

import duckdb
import pytest

from assets.workspace import Workspace
from pipelines.cli.execution import Execution
from pipelines.cli.run import _report
from tests.conftest import MONDAY, TODAY, accounts_csv, drop, spend_csv
from winback.errors import WithheldError

LAST_MONDAY = date(2026, 2, 23)


def week_state(workspace: Workspace, week: date) -> dict:
    state = json.loads((workspace.folder("state") / "status.json").read_text())
    return [w for w in state["weeks"] if w["week"] == week.isoformat()][-1]


def times_hundred(spend: str) -> str:
    rows = [row | {"amount": str(float(row["amount"]) * 100)} for row in csv.DictReader(io.StringIO(spend))]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.slow
def test_amounts_a_hundredfold_withhold_the_week_until_somebody_accepts_them(
    make_workspace: Callable[..., Workspace],
) -> None:
    spend = spend_csv(60, 60, seed=1)
    place = make_workspace(accounts=accounts_csv(60), spend=spend)
    execution = Execution(place, TODAY, 0.0)
    execution.run_week(LAST_MONDAY, reopen=False, accepted_reason=None)
    assert week_state(place, LAST_MONDAY)["state"] == "published"

    drop(place, "spend_again.csv", times_hundred(spend))
    execution.run_week(MONDAY, reopen=False, accepted_reason=None)
    withheld = week_state(place, MONDAY)
    assert withheld["state"] == "withheld"
    assert (
        "a year's spend of the lapsed accounts: " in withheld["reason"] and "in the week of 2026-02-23" in withheld["reason"]
    )
    assert (place.folder("published") / "current").readlink().name == "2026-02-23-r1"
    assert not (place.folder("outbox") / "2026-03-02").exists()
    with pytest.raises(WithheldError, match="a year's spend of the lapsed accounts"):
        _report(place, MONDAY)

    execution.run_week(MONDAY, reopen=False, accepted_reason="amounts are in fen now")
    published = week_state(place, MONDAY)
    manifest = json.loads((place.folder("outbox") / "2026-03-02" / "manifest.json").read_text())
    assert (published["state"], published["accepted_reason"]) == ("published", "amounts are in fen now")
    assert manifest["accepted_reason"] == "amounts are in fen now"
    with duckdb.connect(str(place.warehouse_path), read_only=True) as con:
        compared = con.execute("SELECT is_held FROM out_gate WHERE gate_rule = 'lapsed_year_spend'").fetchall()
        weeks = con.execute("SELECT week_on FROM ledger_output_figures WHERE figure = 'n_lapsed' ORDER BY 1").fetchall()
    assert compared == [(False,)]
    assert weeks == [(LAST_MONDAY,), (MONDAY,)]
