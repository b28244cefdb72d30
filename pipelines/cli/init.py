"""`winback init`: make a workspace.

Belongs here: the command. Does not belong here: what a workspace consists of (`assets.workspace_files`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.workspace_files import create_workspace
from pipelines.cli.console import output
from winback.config import Settings
from winback.errors import UsageError


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make the workspace in.")],
    language: Annotated[str, typer.Option(help="Language of the playbooks: en or zh.")] = "en",
    currency: Annotated[str, typer.Option(help="Base currency, ISO 4217.")] = "CNY",
    timezone: Annotated[str, typer.Option(help="Time zone in which weeks begin.")] = "Asia/Shanghai",
) -> None:
    """Make a workspace: folders, settings, and a CSV template per input table."""
    create_workspace(folder, _settings(language, currency, timezone))
    output.print(f"Workspace made in {folder}.")
    output.print(f"Next: fill {folder}/templates/accounts.csv and spend.csv, put them in {folder}/inbox/, and run")
    output.print(f"  winback run --workspace {folder}", soft_wrap=True)


def _settings(language: str, currency: str, timezone: str) -> Settings:
    chosen = {"language": language, "base_currency": currency, "timezone": timezone}
    try:
        return Settings.model_validate({"workspace": chosen})
    except ValueError as error:
        raise UsageError(f"these settings cannot be used: {error}") from error
