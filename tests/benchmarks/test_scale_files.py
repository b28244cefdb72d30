"""The files of the scale benchmark: drawn the same each time, of the stated size, and ones that a week accepts."""

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

N_ACCOUNTS = 300
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def scale_files() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_files", BENCHMARKS / "scale_files.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale_files"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(scale_files: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    scale_files.draw_files(folder, scale_files.Sizes(N_ACCOUNTS, 40, 7))
    return folder


def read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def test_sizes_are_as_stated(scale_files: ModuleType, drawn: Path) -> None:
    spend = read(drawn / "first" / "spend.parquet")
    assert read(drawn / "first" / "accounts.parquet").height == N_ACCOUNTS
    assert spend.group_by("account_id").len()["len"].to_list() == [scale_files.N_LINES] * N_ACCOUNTS
    assert spend["spent_on"].max() < scale_files.AS_OF_ON
    assert (drawn / "first" / "touchpoints.parquet").is_file()
    assert read(drawn / "first" / "touchpoints.parquet")["note_text"].n_unique() == 40


def test_about_a_third_is_long_silent(scale_files: ModuleType, drawn: Path) -> None:
    last = read(drawn / "first" / "spend.parquet").group_by("account_id").agg(pl.col("spent_on").max())
    silent = (last["spent_on"] < scale_files.AS_OF_ON - timedelta(days=60)).mean()
    assert 0.25 < silent < 0.42


def test_second_week_holds_one_week(scale_files: ModuleType, drawn: Path) -> None:
    days = read(drawn / "second" / "spend_week.parquet")["spent_on"]
    assert days.min() >= scale_files.AS_OF_ON
    assert days.max() < scale_files.second_week_on()


def test_every_account_has_a_rep_of_its_branch(drawn: Path) -> None:
    accounts, reps = (read(drawn / "first" / f"{t}.parquet") for t in ("accounts", "reps"))
    assert accounts.join(reps, on=["rep_id", "branch"]).height == N_ACCOUNTS


def test_same_seed_draws_the_same(scale_files: ModuleType, drawn: Path, tmp_path: Path) -> None:
    scale_files.draw_files(tmp_path, scale_files.Sizes(N_ACCOUNTS, 40, 7))
    for path in sorted(drawn.glob("*/*.parquet")):
        again = tmp_path / path.relative_to(drawn)
        with duckdb.connect() as con:
            differing = con.execute(f"SELECT count(*) FROM (FROM '{path}' EXCEPT ALL FROM '{again}')").fetchone()
        assert differing == (0,), path.name
