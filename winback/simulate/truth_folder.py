"""The truth of a market in a folder, so that it can go on in another process.

Belongs here: writing and reading `truth/`: truth frames and state as Parquet, the rest as JSON. Does not belong here: what
is in them. Only the simulator reads this folder; the pipeline never does.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from winback.simulate.parameters import Parameters
from winback.simulate.state import Accounts, MarketState, Reps

REPLACED = ("accounts",)
"""Truth frames of which only the newest stands; the others grow by the week."""


def write_truth(folder: Path, *, truth: dict[str, pl.DataFrame], state: MarketState, parameters: Parameters) -> None:
    """Write a market's truth and state into `folder`, which is made if need be; what was there under the same names goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in truth.items():
        frame.write_parquet(folder / f"{name}.parquet")
    _write_state(folder, state)
    (folder / "parameters.json").write_text(parameters.model_dump_json(indent=1), encoding="utf-8")


def append_truth(folder: Path, *, truth: dict[str, pl.DataFrame], state: MarketState) -> None:
    """Add a week's truth to the frames in `folder` and put the new state in place of the old.

    Raises FileNotFoundError if `write_truth` was never called for the folder.
    """
    if not (folder / "parameters.json").is_file():
        raise FileNotFoundError(f"{folder} holds no truth of a simulated market")
    for name, frame in truth.items():
        path = folder / f"{name}.parquet"
        grows = path.is_file() and name not in REPLACED
        whole = pl.concat([pl.read_parquet(path), frame]) if grows else frame
        whole.write_parquet(path)
    _write_state(folder, state)


def read_state(folder: Path) -> tuple[MarketState, Parameters]:
    """The state that `write_truth` or `append_truth` left in `folder`, and the parameters of its market."""
    plain = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    state = MarketState(
        seed=plain["seed"],
        week_day=plain["week_day"],
        first_day=plain["first_day"],
        n_founding=plain["n_founding"],
        accounts=Accounts.from_frame(pl.read_parquet(folder / "state_accounts.parquet")),
        reps=Reps.from_frame(pl.read_parquet(folder / "state_reps.parquet")),
        incident_day=np.array(plain["incident_day"], dtype=np.int64),
        change_day=np.array(plain["change_day"], dtype=np.int64),
        pending={table: pl.read_parquet(folder / f"pending_{table}.parquet") for table in plain["pending"]},
    )
    return state, Parameters.model_validate_json((folder / "parameters.json").read_text(encoding="utf-8"))


def _write_state(folder: Path, state: MarketState) -> None:
    state.accounts.to_frame().write_parquet(folder / "state_accounts.parquet")
    state.reps.to_frame().write_parquet(folder / "state_reps.parquet")
    for table, frame in state.pending.items():
        frame.write_parquet(folder / f"pending_{table}.parquet")
    plain = {
        "seed": state.seed,
        "week_day": state.week_day,
        "first_day": state.first_day,
        "n_founding": state.n_founding,
        "incident_day": state.incident_day.tolist(),
        "change_day": state.change_day.tolist(),
        "pending": sorted(state.pending),
    }
    (folder / "state.json").write_text(json.dumps(plain, indent=1), encoding="utf-8")
