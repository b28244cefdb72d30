"""Why accounts left, through the whole chain on a simulated market of known truth."""

import csv
import io
import json
import stat
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from assets.demo import TRUTH, create_demo
from assets.reasons import SIGN_TABLES
from assets.workspace import Workspace
from pipelines.cli.execution import Execution
from winback.reasons.account_reasons import AccountReasons, explain_accounts
from winback.reasons.evaluate import macro_f1
from winback.reasons.note_labels import telling
from winback.reasons.signs import load_signs
from winback.reasons.taxonomy import LEAF_CODES, family_of

pytestmark = pytest.mark.slow
TODAY = date(2026, 3, 4)
END = date(2026, 1, 5)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace, _ = create_demo(tmp_path_factory.mktemp("ws") / "ws", n_accounts=2000, n_weeks=104, seed=11, end_on=END)
    Execution(workspace, TODAY, 0).run_week(END, reopen=False, accepted_reason=None)
    return workspace


def table(workspace: Workspace, name: str) -> pl.DataFrame:
    with duckdb.connect(str(workspace.warehouse_path), read_only=True) as con:
        return con.sql(f"SELECT * FROM {name}").pl()


def known_truth(workspace: Workspace) -> pl.DataFrame:
    """The planted reason of every account whose current lapse is the planted one."""
    planted = pl.read_parquet(workspace.root / TRUTH / "lapses.parquet").sort("lapse_no")
    last = planted.unique("account_id", keep="last").select("account_id", "reason_code", planted_on="last_spend_on")
    joined = table(workspace, "core_lapses").join(last, on="account_id")
    return joined.filter((pl.col("last_spend_on") - pl.col("planted_on")).dt.total_days().abs() < 3).sort("account_id")


def explained(workspace: Workspace, *, notes: bool, signs: bool) -> AccountReasons:
    accounts = table(workspace, "core_lapses").select("account_id").sort("account_id")
    wanted = {s.reads for s in load_signs()}
    for name in SIGN_TABLES if signs else ():
        features = table(workspace, name)
        columns = [c for c in features.columns if c in wanted]
        accounts = accounts.join(features.select("account_id", *columns), on="account_id", how="left")
    scored = telling(table(workspace, "score_notes"))
    picks = table(workspace, "core_reason_picks")
    return explain_accounts(accounts, scored if notes else scored.clear(), picks, as_of_on=END, note_model="m")


def judged(found: AccountReasons, truth: pl.DataFrame) -> float:
    said = truth.join(found.rows.select("account_id", "likeliest_code"), on="account_id", maintain_order="left")
    codes = [np.array([LEAF_CODES.index(c) for c in said[name]]) for name in ("reason_code", "likeliest_code")]
    return macro_f1(*codes)


def test_notes_and_behaviour_together_beat_either_alone(market: Workspace) -> None:
    truth = known_truth(market)
    both = judged(explained(market, notes=True, signs=True), truth)
    assert both > judged(explained(market, notes=True, signs=False), truth) + 0.03
    assert both > judged(explained(market, notes=False, signs=True), truth) + 0.03


def test_the_large_families_of_the_planted_mix_come_back(market: Workspace) -> None:
    truth = known_truth(market)
    mix = table(market, "track_reason_mix").filter(pl.col("business_kind") == "*")
    shares = {r["reason_code"]: r for r in mix.iter_rows(named=True)}
    planted = truth["reason_code"].to_list()
    for family in ("1", "2", "4", "6"):
        share = sum(family_of(c) == family for c in planted) / len(planted)
        error = (share * (1 - share) / len(planted)) ** 0.5
        assert abs(shares[family]["estimated_share"] - share) < 3 * error + 0.005, family


def test_every_lapsed_account_has_a_reason_with_its_tier_and_words(market: Workspace) -> None:
    rows = table(market, "score_reasons")
    assert rows.height == table(market, "core_lapses").height
    stated = rows.filter(pl.col("reason_tier") == "1")
    assert stated.height > 100
    assert stated["evidence_text"].null_count() == 0
    assert stated["evidence_touchpoint_id"].null_count() == 0
    inferred = rows.filter(pl.col("reason_tier") == "3")
    assert inferred["sign_slugs"].null_count() == 0
    assert inferred["evidence_text"].null_count() == inferred.height
    assert set(rows.filter(pl.col("reason_tier") == "4")["primary_code"]) <= {"7"}


def test_words_are_in_the_note_they_are_said_to_be_from(market: Workspace) -> None:
    notes = table(market, "core_lapse_notes").select("account_id", "touchpoint_id", "note_text")
    told = table(market, "score_reasons").filter(pl.col("reason_tier") == "1")
    joined = told.join(notes, left_on=["account_id", "evidence_touchpoint_id"], right_on=["account_id", "touchpoint_id"])
    assert joined.height == told.height
    assert joined.select(pl.col("note_text").str.contains(pl.col("evidence_text"), literal=True).all()).item()


def test_a_reason_inferred_or_in_doubt_is_asked_about(market: Workspace) -> None:
    playbook = table(market, "out_playbook").filter(pl.col("likeliest_code") != "7")
    doubt = playbook.filter(pl.col("is_abstained"))
    assert doubt["reason_name"].str.contains("请询问").all()
    assert playbook.filter(pl.col("reason_tier") == "3")["reason_name"].str.contains("请询问").all()
    asserted = playbook.filter(~pl.col("is_abstained") & (pl.col("reason_tier") == "1"))
    assert not asserted["reason_name"].str.contains("请询问").any()


def test_the_published_week_holds_no_words_of_customers(market: Workspace) -> None:
    with duckdb.connect(str(market.folder("published") / "current" / "winback.duckdb"), read_only=True) as con:
        columns = {r[0] for r in con.execute("SELECT column_name FROM information_schema.columns").fetchall()}
    assert "evidence_text" not in columns
    assert "reason_tier" in columns


def test_labels_of_people_come_back_through_the_inbox(market: Workspace) -> None:
    path = market.folder("state") / "notes_to_label.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert len(rows) == 20
    for row in rows[:3]:
        row["reason_code"] = "2b"
    target = io.StringIO()
    writer = csv.DictWriter(target, rows[0])
    writer.writeheader()
    writer.writerows(rows[:3])
    (market.folder("inbox") / "note_labels_done.csv").write_text(target.getvalue(), "utf-8")
    n_labels = table(market, "ledger_note_labels").height
    Execution(market, TODAY, 0).run_week(END, reopen=True, accepted_reason=None)
    status = json.loads((market.folder("state") / "status.json").read_text())
    assert [f for f in status["files"] if f["table"] == "note_labels"][-1]["rows_loaded"] == 3
    human = table(market, "score_notes").filter(pl.col("is_human_label"))
    assert set(human["text_sha256"]) == {row["text_sha256"] for row in rows[:3]}
    assert set(human["code"]) == {"2b"}
    assert table(market, "ledger_note_labels").height == n_labels
    assert not set(human["text_sha256"]) & {
        r["text_sha256"] for r in csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
    }


def test_nothing_but_the_labelling_file_holds_notes_in_full(market: Workspace) -> None:
    notes = [n for n in table(market, "core_lapse_notes")["note_text"] if len(n) > 40][:50]
    for path in sorted(Path(market.folder("published")).rglob("*.csv")):
        text = path.read_text("utf-8-sig")
        assert not any(note in text for note in notes), path.name
