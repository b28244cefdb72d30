"""Fixtures that several areas share: a small warehouse, and a small workspace that runs in seconds."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import settings

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

from assets.workspace import Workspace
from assets.workspace_files import create_workspace
from data_contracts import load_contract, table_names
from winback.config import Settings, WorkspaceSettings
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import quote_name

# The same examples every time, so that a change passes or fails by what it changes; `HYPOTHESIS_PROFILE=explore` draws others.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

TODAY = date(2026, 3, 4)
MONDAY = date(2026, 3, 2)


@pytest.fixture
def empty_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with every table that SQL may read, made from its contract and empty."""
    con = duckdb.connect()
    for table in table_names("computed") + table_names("output"):
        con.execute(table_ddl(load_contract(table)))
    for table in table_names("input"):
        contract = load_contract(table)
        columns = ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in contract.fields)
        for prefix in ("asof_", "core_"):
            con.execute(
                f"CREATE TABLE {prefix}{table} ({columns}, _file_id BIGINT, _line BIGINT, _batch BIGINT, _superseded_batch BIGINT)"
            )
    yield con
    con.close()


def spend_csv(accounts: int, weeks: int, seed: int, end: date = MONDAY) -> str:
    """Purchases of `accounts` accounts over `weeks` weeks before `end`; a third fall silent half-way."""
    draw = random.Random(seed)
    lines = ["spend_line_id,account_id,spent_on,amount"]
    number = 0
    for account in range(accounts):
        gap = draw.choice([5, 8, 12, 20])
        day = end - timedelta(days=7 * weeks) + timedelta(days=draw.randrange(gap))
        stop = end - timedelta(days=7 * weeks // 2) if account % 3 == 0 else end
        while day < stop:
            number += 1
            lines.append(f"L{number},A{account:04d},{day},{draw.randrange(1000, 20000) / 100}")
            day += timedelta(days=max(1, round(draw.expovariate(1 / gap))))
    return "\n".join(lines) + "\n"


def accounts_csv(accounts: int) -> str:
    """The accounts of `spend_csv`, with Chinese names."""
    rows = [f"A{n:04d},客户{n},{'机械' if n % 2 else '化工'},2024-01-01" for n in range(accounts)]
    return "account_id,account_name,business_kind,opened_on\n" + "\n".join(rows) + "\n"


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """Make a workspace with the given files in its inbox."""

    def make(name: str = "ws", settings: Settings | None = None, **files: str | bytes) -> Workspace:
        chosen = settings or Settings(workspace=WorkspaceSettings(language="zh"))
        workspace = create_workspace(tmp_path / name, chosen)
        for file, content in files.items():
            drop(workspace, f"{file}.csv", content)
        return workspace

    return make


def drop(workspace: Workspace, name: str, content: str | bytes) -> Path:
    """Put a file in a workspace's inbox."""
    path = workspace.folder("inbox") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
