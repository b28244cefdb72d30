"""The `winback` command with a fault waiting in it; run as a child process by the fault suite.

`python -m tests.faults.struck ARGUMENTS...` with the fault as JSON in the environment (WINBACK_FAULT) and the path of a file
that is written at the moment the fault strikes (WINBACK_FAULT_MARK), so that the suite knows that it struck. Nothing of this is in
the project.
"""

import builtins
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Lay the fault, then run the command, or with PUBLISH as the first argument only the publishing of the computed week."""
    fault = json.loads(os.environ.get("WINBACK_FAULT", "null"))
    _short_waits()
    if fault is not None:
        _lay(fault)
    if sys.argv[1] == "PUBLISH":
        _publish(Path(sys.argv[2]))
        return
    from pipelines.cli.app import main as winback

    winback()


def _lay(fault: dict[str, Any]) -> None:
    if fault["point"] == "clock":
        _shift_clock(fault["days"])
    elif fault["point"] == "file size limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault["bytes"], fault["bytes"]))
        _mark()
    elif fault["point"] == "step":
        _at_step(fault)
    else:
        _at_call(fault)


def _at_step(fault: dict[str, Any]) -> None:
    """Strike when Dagster says that a step starts."""
    from pipelines.cli import execution

    heard = execution._StepHandler.emit

    def emit(self: Any, record: Any) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if getattr(event, "event_type_value", "") == "STEP_START" and event.step_key == fault["match"]:
            _strike(fault)
        heard(self, record)

    execution._StepHandler.emit = emit  # type: ignore[method-assign]


def _at_call(fault: dict[str, Any]) -> None:
    """Strike before or after the n-th call of a function whose arguments, written out, contain `match`."""
    module, _, path = fault["point"].partition(":")
    owner: Any = builtins if module == "builtins" else importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real: Callable[..., Any] = getattr(owner, name)
    left = [fault.get("n", 1)]

    def wrapped(*args: Any, **named: Any) -> Any:
        if fault.get("match", "") not in " ".join(map(str, (*args, *named.values()))):
            return real(*args, **named)
        left[0] -= 1
        is_now = left[0] == 0 or (left[0] < 0 and fault.get("stays", False))
        if is_now and fault.get("when", "before") == "before":
            _strike(fault, args)
        result = real(*args, **named)
        if is_now and fault.get("when") == "after":
            _strike(fault, args)
        return result

    setattr(owner, name, wrapped)


def _strike(fault: dict[str, Any], args: tuple[Any, ...] = ()) -> None:
    _mark()
    act = fault["act"]
    if act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif (
        act == "half"
    ):  # of a copy (source, target) or a write (path, bytes): half of the bytes arrive, then the process dies
        source, target = (args[1], args[0]) if isinstance(args[1], bytes) else (Path(args[0]).read_bytes(), args[1])
        with Path(target).open("wb") as stream:
            stream.write(source[: len(source) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        number = int(act)
        raise OSError(number, os.strerror(number), *(str(a) for a in args[:1]))


def _mark() -> None:
    descriptor = os.open(os.environ["WINBACK_FAULT_MARK"], os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(descriptor)


def _shift_clock(days: int) -> None:
    from pipelines import clock

    _mark()
    clock.datetime = SimpleNamespace(now=lambda zone: datetime.now(zone) + timedelta(days=days))  # type: ignore[assignment]


def _short_waits() -> None:
    """What may pass is tried once more at once: the suite does not wait for a disk to empty itself."""
    import dagster as dg

    from assets import attempts

    attempts.ATTEMPTS = dg.RetryPolicy(max_retries=1, delay=0.1)


def _publish(root: Path) -> None:
    """What the publishing asset does, without computing the week again: the step before it was reached by a run."""
    from datetime import date

    from assets.publish import publish_week
    from assets.state import write_state
    from assets.storage_faults import storage_fault
    from assets.workspace import open_warehouse, open_workspace
    from winback.publication.week_ledger import all_weeks

    os.umask(0o077)
    try:
        with open_warehouse(open_workspace(root), date.today, 60) as warehouse:
            publish_week(warehouse, all_weeks(warehouse.con)[-1])
            write_state(warehouse)
    except Exception as error:
        sys.exit(storage_fault(str(error)) or str(error))


if __name__ == "__main__":
    main()
