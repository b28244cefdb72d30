"""`winback demo` and `winback demo-step`: a simulated market, and one more week of it.

Belongs here: the commands. Does not belong here: the market (`winback.simulate`) or its workspace (`assets.demo`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.workspace import open_workspace
from pipelines.cli.console import output
from winback.errors import UsageError
from winback.weeks import parse_week

Folder = Annotated[Path, typer.Argument(help="Folder of the workspace.")]


def demo(
    folder: Folder,
    accounts: Annotated[int, typer.Option(min=20, max=1_000_000, help="Accounts.")] = 2_000,
    weeks: Annotated[int, typer.Option(min=4, max=520, help="Weeks of history.")] = 60,
    seed: Annotated[int, typer.Option(help="Seed: the same one gives the same market.")] = 1,
    end: Annotated[str, typer.Option(help="Monday on which the history ends.")] = "2026-01-05",
    report: Annotated[bool, typer.Option("--report", help="Also draw what was simulated, beside real logs.")] = False,
) -> None:
    """Make a workspace with a simulated market of known truth."""
    from assets.demo import TRUTH, create_demo

    if report and (folder / "winback.toml").exists():
        raise UsageError(f"{folder} is a workspace already; --report draws a market when it is made")
    workspace, market = create_demo(folder, n_accounts=accounts, n_weeks=weeks, seed=seed, end_on=parse_week(end))
    rows = sum(frame.height for frame in market.tables.values())
    output.print(f"[yellow]Simulated[/] market in {folder}: {rows:,} rows in {len(market.tables)} tables; truth in {TRUTH}/")
    if report:
        from assets.demo_report import write_report
        from pipelines.cli.importing import real_logs

        output.print(f"Report: {write_report(workspace, market, real_logs())}", soft_wrap=True)
    output.print(f"Next: winback run --workspace {folder}, then winback demo-step {folder}", soft_wrap=True)


def demo_step(folder: Folder) -> None:
    """Let simulated representatives work this week's lists; next week's files go to the inbox."""
    from assets.demo import step_demo

    week_on, result = step_demo(open_workspace(folder))
    worked = result.write_back.filter(result.write_back["worked_on"].is_not_null()).height
    rows = sum(frame.height for frame in result.tables.values())
    output.print(
        f"[yellow]Simulated[/] week of {week_on}: {worked:,} of {result.write_back.height:,} list rows worked; "
        f"{rows:,} new rows in the inbox"
    )
