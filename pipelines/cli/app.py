"""The application: its commands, and the one place where errors become messages and exit codes.

Belongs here: `main`. Does not belong here: commands.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from pipelines.cli import (
    account,
    daily,
    demo,
    doctor,
    erasing,
    evaluating,
    experimenting,
    importing,
    init,
    labelling,
    publishing,
    quarantine,
    run,
    serving,
    status,
)
from pipelines.cli.console import errors
from winback.errors import WinbackError

app = typer.Typer(
    name="winback",
    help="Win back lapsed customers: every week from accounts, spend and contacts to one playbook per representative.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("init")(init.init)
app.add_typer(importing.app, name="import")
app.command("run")(run.run)
app.command("daily")(daily.daily)
app.command("label")(labelling.label)
app.add_typer(evaluating.app, name="evaluate")
app.command("experiment")(experimenting.experiment)
app.command("demo")(demo.demo)
app.command("demo-step")(demo.demo_step)
app.command("ui")(serving.ui)
app.command("daemon")(serving.daemon)
app.command("doctor")(doctor.doctor)
app.command("erase")(erasing.erase_command)
app.command("publish")(publishing.publish)
app.command("status")(status.status)
app.command("quarantine")(quarantine.quarantine)
app.command("account")(account.account)


def main() -> None:
    """Run the command line; never shows a traceback."""
    os.umask(0o077)
    try:
        app()
    except WinbackError as error:
        errors.print(f"[bold red]winback:[/] {_escape(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        errors.print("[bold red]winback:[/] stopped")
        sys.exit(1)
    except Exception as error:  # the last resort: the user gets one line, the traceback goes to a file
        errors.print(
            f"[bold red]winback:[/] an internal error stopped the command ({_escape(type(error).__name__)}: "
            f"{_escape(str(error).splitlines()[0] if str(error) else 'no message')}). Details: {_write_traceback()}",
            soft_wrap=True,
        )
        sys.exit(1)


def _escape(text: str) -> str:
    return text.replace("[", "\\[")


def _write_traceback() -> Path:
    handle, name = tempfile.mkstemp(prefix="winback-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(traceback.format_exc())
    return Path(name)
