"""Uplift measured by lot, through the whole chain: a simulated market with enough logged assignments, and one without chances."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from assets.demo import TRUTH
from assets.workspace import Workspace
from assets.workspace_files import create_workspace, write_tables
from data_contracts import load_contract
from pipelines.cli.execution import Execution
from winback.config import Settings, WorkspaceSettings
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.file_names import is_promises_file
from winback.simulate.market import simulate_market
from winback.simulate.parameters import Parameters, default_parameters
from winback.simulate.truth_folder import write_truth

pytestmark = pytest.mark.long
TODAY = date(2026, 3, 4)
END = date(2026, 1, 5)
CHANCES = ("assignment_prob", "arm_prob", "experiment_id")


def much_by_lot() -> Parameters:
    """A market in which most lapses are in a lot, contacts reach, offers differ a lot, and returns are frequent."""
    numbers = default_parameters().model_dump()
    numbers["habits"] |= {
        "holdout_share": 0.4, "explore_share": 0.5, "explore_weekly": 0.3, "outcome_share": 1.0, "reached_share": 0.9,
        "rest_weeks": 12,
    }  # fmt: skip
    numbers["lapse"]["weekly_onset"] *= 2
    reasons, returns = numbers["reasons"], numbers["returns"]
    reasons["return_weekly"] = {code: min(3 * rate, 0.2) for code, rate in reasons["return_weekly"].items()}
    reasons["touch_log"] = {code: 1.3 * log for code, log in reasons["touch_log"].items()}
    returns |= {"offer_log": {kind: 3 * log for kind, log in returns["offer_log"].items()}, "matched_offer_log": 0.8}
    returns |= {"frailty_sigma": 0.3, "response_sigma": 0.1}
    return Parameters.model_validate(numbers)


def market(root: Path, n_accounts: int, *, with_chances: bool) -> Workspace:
    """A workspace with such a market, its first week run."""
    settings = Settings(workspace=WorkspaceSettings(language="en", clock="data", is_simulated=True))
    workspace, parameters = create_workspace(root, settings), much_by_lot()
    made = simulate_market(n_accounts=n_accounts, n_weeks=70, seed=3, end_on=END, parameters=parameters)
    tables = made.tables
    if not with_chances:
        tables = tables | {"assignments": tables["assignments"].drop(CHANCES)}
    write_tables(workspace, tables, "simulated")
    write_truth(root / TRUTH, truth=made.truth, state=made.state, parameters=parameters)
    Execution(workspace, TODAY, 0).run_week(END, reopen=False, accepted_reason=None)
    return workspace


def table(workspace: Workspace, name: str) -> pl.DataFrame:
    with duckdb.connect(str(workspace.warehouse_path), read_only=True) as con:
        return con.sql(f"SELECT * FROM {name}").pl()


def lists(workspace: Workspace) -> pl.DataFrame:
    """All rows that representatives get, as text."""
    files = sorted((workspace.folder("outbox") / END.isoformat()).glob("rep_*.csv"))
    rows = [read_csv_bytes(p.read_bytes(), load_contract("out_playbook")) for p in files if not is_promises_file(p.name)]
    return pl.concat(rows)


@pytest.fixture(scope="module")
def by_lot(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return market(tmp_path_factory.mktemp("ws") / "ws", 2000, with_chances=True)


def test_every_row_says_that_its_uplift_was_measured_by_lot(by_lot: Workspace) -> None:
    assert set(table(by_lot, "score_uplift")["uplift_status"]) == {"experimental"}
    assert set(table(by_lot, "score_net_value")["uplift_status"]) == {"experimental"}
    assert set(lists(by_lot)["uplift_status"]) == {"experimental"}
    champion = table(by_lot, "model_uplift").filter("is_champion").row(0, named=True)
    assert min(champion["n_contacted"], champion["n_held_back"]) >= 200
    assert champion["effect_low_share"] > 0, "a planted effect of this size is not missed"


def test_arms_of_an_account_differ_in_what_they_do(by_lot: Workspace) -> None:
    scores = table(by_lot, "score_uplift")
    assert "told apart" in table(by_lot, "model_uplift").filter("is_champion")["level_reason"][0]
    arms = scores.group_by("account_id").agg(
        spread=pl.col("uplift_share").max() - pl.col("uplift_share").min(), has_offers=pl.col("offer_id").is_not_null().any()
    )
    assert arms.filter("has_offers")["spread"].median() > 0.01
    with_offer = scores.group_by("account_id", pl.col("offer_id").is_not_null()).agg(pl.col("uplift_share").mean())
    by_offer = with_offer.pivot("offer_id", index="account_id", values="uplift_share").drop_nulls()
    assert (by_offer["true"] - by_offer["false"]).mean() > 0, "offers were planted to help"


def test_the_plan_goes_by_net_values_that_make_sense(by_lot: Workspace) -> None:
    values = table(by_lot, "score_net_value").filter(pl.col("value_basis") == "net_value")
    assert values.height > 0.9 * table(by_lot, "score_net_value").height
    found = values.select(
        gap=(pl.col("touched_prob") - pl.col("untouched_prob")),
        is_in_order=(pl.col("net_value_low_amount") <= pl.col("net_value_amount"))
        & (pl.col("net_value_amount") <= pl.col("net_value_high_amount")),
        is_above_all=pl.col("net_value_amount").cast(pl.Float64)
        > pl.col("touched_prob") * 50 * pl.col("value_mid_amount").cast(pl.Float64),
    )
    assert found["is_in_order"].all() and not found["is_above_all"].any()
    assert found["gap"].is_between(-1, 1).all()
    planned = table(by_lot, "plan_assignments")
    assert planned.height and (planned["plan_value_amount"] >= 0).all()


def test_what_accounts_truly_gain_goes_with_what_they_are_told_to(by_lot: Workspace) -> None:
    truth = pl.read_parquet(by_lot.root / TRUTH / "chances.parquet").select("account_id", true_uplift="uplift_share")
    values = table(by_lot, "score_net_value").group_by("account_id").agg(pl.col("value_mid_amount").cast(pl.Float64).max())
    told = table(by_lot, "score_uplift").group_by("account_id").agg(told=pl.col("uplift_share").mean())
    both = told.join(truth, on="account_id").join(values, on="account_id").sort("account_id")
    assert np.corrcoef(both["told"], both["true_uplift"])[0, 1] > 0.25
    gain = both.with_columns(gain=pl.col("true_uplift") * pl.col("value_mid_amount"))
    chosen = gain.join(table(by_lot, "plan_assignments").select("account_id"), on="account_id", how="semi")
    left = gain.join(chosen, on="account_id", how="anti")
    assert chosen["gain"].mean() > left["gain"].mean(), "whom the plan takes is worth more than whom it leaves"


def test_without_logged_chances_it_is_observational_everywhere(tmp_path: Path) -> None:
    bare = market(tmp_path / "ws", 500, with_chances=False)
    for name in ("score_uplift", "score_net_value", "model_uplift"):
        assert set(table(bare, name)["uplift_status"]) == {"observational"}, name
    assert set(lists(bare)["uplift_status"]) == {"observational"}
