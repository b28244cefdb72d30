"""The application: its commands, and the one place where errors become messages and exit codes.

Belongs here: `main`. Does not belong here: commands.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path

import typer

from assets.storage_faults import storage_fault
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
    pruning,
    publishing,
    quarantine,
    rebuilding,
    run,
    serving,
    status,
)
from pipelines.cli.console import errors, plain
from winback.errors import UsageError, WinbackError

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
app.command("rebuild")(rebuilding.rebuild_command)
app.command("publish")(publishing.publish)
app.command("prune")(pruning.prune_command)
app.command("status")(status.status)
app.command("quarantine")(quarantine.quarantine)
app.command("account")(account.account)


def main() -> None:
    """Run the command line; never shows a traceback."""
    os.umask(0o077)
    try:
        _require_readable(sys.argv[1:])
        app()
    except WinbackError as error:
        errors.print(f"[bold red]winback:[/] {_escape(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        errors.print("[bold red]winback:[/] stopped")
        sys.exit(1)
    except Exception as error:  # the last resort: the user gets one line, the traceback goes to a file
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            errors.print("[bold red]winback:[/] a path is longer than this machine's file system takes", soft_wrap=True)
            sys.exit(UsageError.exit_code)
        fault = storage_fault(traceback.format_exc())
        if fault is not None:
            errors.print(f"[bold red]winback:[/] {_escape(fault)}", soft_wrap=True)
            sys.exit(1)
        errors.print(
            f"[bold red]winback:[/] an internal error stopped the command ({_escape(type(error).__name__)}: "
            f"{_escape(str(error).splitlines()[0] if str(error) else 'no message')}). Details: {_write_traceback()}",
            soft_wrap=True,
        )
        sys.exit(1)


def _require_readable(arguments: list[str]) -> None:
    """Raises UsageError for an argument that no table, file or terminal could hold."""
    for position, argument in enumerate(arguments, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"argument {position} holds bytes that are no UTF-8") from error


def _escape(text: str) -> str:
    return plain(text, keeps_lines=True)


def _write_traceback() -> Path:
    handle, name = tempfile.mkstemp(prefix="winback-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(traceback.format_exc())
    return Path(name)
