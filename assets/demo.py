"""A simulated market in a workspace.

Belongs here: making the workspace of a market, and letting a week pass in it. Does not belong here: the market itself
(`winback.simulate`). The truth lies in `truth/` beside the workspace's other folders; nothing but this module reads it.
"""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from assets.workspace import Workspace
from assets.workspace_files import create_workspace, write_tables
from data_contracts import Contract, load_contract
from winback.config import Settings, WorkspaceSettings
from winback.errors import UsageError
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.file_names import PROMISES_SUFFIX, is_promises_file
from winback.simulate.market import Market, simulate_market
from winback.simulate.parameters import Parameters, default_parameters
from winback.simulate.spreadsheet import spreadsheet_bytes
from winback.simulate.step import WeekResult, simulate_week
from winback.simulate.truth_folder import append_truth, read_state, write_truth
from winback.simulate.working import PLAYBOOK_COLUMNS

TRUTH = "truth"


def create_demo(root: Path, *, n_accounts: int, n_weeks: int, seed: int, end_on: date) -> tuple[Workspace, Market]:
    """Make a workspace in `root` whose inbox holds the history of a simulated market up to `end_on` (a Monday)."""
    settings = Settings(workspace=WorkspaceSettings(language="zh", clock="data", is_simulated=True))
    workspace = create_workspace(root, settings)
    parameters = default_parameters()
    market = simulate_market(n_accounts=n_accounts, n_weeks=n_weeks, seed=seed, end_on=end_on, parameters=parameters)
    write_tables(workspace, market.tables, f"simulated_{end_on}")
    write_truth(root / TRUTH, truth=market.truth, state=market.state, parameters=parameters)
    return workspace, market


def step_demo(workspace: Workspace) -> tuple[date, WeekResult]:
    """Let representatives work the current week's lists and put what came of it into the inbox.

    Returns the week worked and what happened in it. Raises UsageError if the workspace is no simulated market, or its
    current week was worked already or is not published.
    """
    truth = workspace.root / TRUTH
    if not (truth / "parameters.json").is_file():
        raise UsageError(f"{workspace.root} holds no simulated market; make one with: winback demo DIR")
    folder = workspace.folder("published") / "current" / "playbooks"
    if not folder.is_dir():
        raise UsageError("no week has been published yet; run: winback run")
    week_on = date.fromisoformat(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["week"])
    state, parameters = read_state(truth)
    lists = {p.name: _read(p, "out_playbook") for p in sorted(folder.glob("rep_*.csv")) if not is_promises_file(p.name)}
    playbook = pl.concat(lists.values()) if lists else pl.DataFrame(schema=dict.fromkeys(PLAYBOOK_COLUMNS, pl.String))
    result = simulate_week(state=state, playbook=_typed(playbook), week_on=week_on, parameters=parameters)
    write_tables(workspace, result.tables, f"simulated_{week_on}")
    seed = state.seed + week_on.toordinal()
    _return_lists(workspace, lists, result.write_back, seed)
    _return_promises(workspace, sorted(folder.glob(f"rep_*{PROMISES_SUFFIX}")), week_on, parameters, seed)
    append_truth(truth, truth=result.truth, state=result.state)
    return week_on, result


def _read(path: Path, table: str) -> pl.DataFrame:
    return read_csv_bytes(path.read_bytes(), load_contract(table))


def _typed(playbook: pl.DataFrame) -> pl.DataFrame:
    return playbook.select(PLAYBOOK_COLUMNS).with_columns(
        pl.col("rank", "minutes").cast(pl.Int64), pl.col("week_on").str.to_date()
    )


def _return_lists(workspace: Workspace, lists: dict[str, pl.DataFrame], write_back: pl.DataFrame, seed: int) -> None:
    """Every list as its representative saved it: the delivered columns, the write-back columns filled."""
    contract = load_contract("out_playbook")
    filled = [f.name for f in contract.fields if f.is_write_back]
    for number, (name, rows) in enumerate(lists.items()):
        merged = rows.drop(filled).join(
            write_back.select("row_key", *filled), on="row_key", how="left", maintain_order="left"
        )
        _return(workspace, name, merged, contract, seed + number)


def _return_promises(workspace: Workspace, files: list[Path], week_on: date, parameters: Parameters, seed: int) -> None:
    """Promises due by the end of the week, those that were kept with the day; the others are due on."""
    draw = random.Random(seed)
    share, end_on = parameters.contacts.promise_kept_share, week_on + timedelta(days=6)
    for number, path in enumerate(files):
        rows = _read(path, "out_promises")
        due = [text is None or date.fromisoformat(text) <= end_on for text in rows["promise_due_on"]]
        kept = [end_on.isoformat() if is_due and draw.random() < share else None for is_due in due]
        full = rows.with_columns(promise_done_on=pl.Series(kept, dtype=pl.String))
        _return(workspace, path.name, full, load_contract("out_promises"), seed + number)


def _return(workspace: Workspace, name: str, rows: pl.DataFrame, contract: Contract, seed: int) -> None:
    language = workspace.settings.workspace.language
    folder = workspace.folder("inbox") / "outcomes"
    folder.mkdir(exist_ok=True)
    written = [
        pl.col(f.name).replace(dict(f.words_zh) if language == "zh" else {}).alias(f.title(language))
        for f in contract.fields
    ]
    (folder / name).write_bytes(spreadsheet_bytes(rows.select(written), seed=seed))
