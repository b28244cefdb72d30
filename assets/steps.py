"""What every asset's step does around its own work.

Belongs here: refusing tables of another week, trying again what may pass, and saying how many rows came in. Does not belong here:
the work, or which errors may pass (`winback.passing_errors`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from assets.attempts import ATTEMPTS, RUN_AGAIN
from assets.metadata import PREVIEW, rows_in
from assets.resources import WAREHOUSE
from assets.workspace import Warehouse
from winback.errors import UsageError
from winback.passing_errors import may_pass

WEEK = "core_week"
_MARK = "is_kept_to_rules"


def with_rules(asset: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """The same asset, its step kept to the rules of this module."""
    work = asset.op.compute_fn.decorated_fn
    if hasattr(work, _MARK):  # assets without partitions are made once and serve every set of definitions
        return asset
    read = {spec.key: sorted(d.asset_key.to_user_string() for d in spec.deps) for spec in asset.specs}
    only = next(iter(read)) if len(read) == 1 else None
    reads_week = asset.partitions_def is not None and dg.AssetKey(WEEK) not in read

    @functools.wraps(work)
    def step(context: dg.AssetExecutionContext) -> Iterator[Any]:
        warehouse: Warehouse = getattr(context.resources, WAREHOUSE)
        with tried_again(context):
            if reads_week:
                _require_week(warehouse, context.partition_key)
            for result in _each(work(context)):
                if isinstance(result, dg.MaterializeResult):
                    key = result.asset_key or only
                    yield _with(result, key, rows_in(warehouse, key.to_user_string(), read[key]))
                else:
                    yield result

    setattr(step, _MARK, True)
    # Dagster has no door for this: hooks come after the failure, and a policy tries again without looking at the error.
    asset.op._compute_fn = type(asset.op.compute_fn)(step)
    return asset


def _with(result: dg.MaterializeResult, key: dg.AssetKey, more: dict[str, Any]) -> dg.MaterializeResult:
    """The result with `more` on its page; the preview, which is tall, comes last."""
    metadata = {**(result.metadata or {}), **more}
    metadata |= {PREVIEW: metadata.pop(PREVIEW)} if PREVIEW in metadata else {}
    return dg.MaterializeResult(key, metadata=metadata, check_results=result.check_results, tags=result.tags)


def _each(results: Any) -> Iterable[Any]:
    """The results of a step, whether it yields or returns them."""
    return results if isinstance(results, Iterator) else [results]


@contextmanager
def tried_again(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> Iterator[None]:
    """Ask Dagster for another attempt at the step, after a while, where what stopped it may pass.

    When all attempts are used up the error goes on as it is, and the daemon is asked to try the whole run again. A command's run
    fails at once: who gave it sees why.
    """
    try:
        yield
    except Exception as error:
        if not (may_pass(error) and is_unattended(context.run)):
            raise
        attempt = context.retry_number + 1
        if attempt > ATTEMPTS.max_retries:
            context.instance.add_run_tags(context.run.run_id, RUN_AGAIN)
            raise
        seconds = ATTEMPTS.calculate_delay(attempt)
        context.log.warning(
            f"attempt {attempt + 1} of {ATTEMPTS.max_retries + 1} in {seconds:.0f} s, since this may pass: {error}"
        )
        raise dg.RetryRequested(ATTEMPTS.max_retries, seconds) from error


def is_unattended(run: dg.DagsterRun) -> bool:
    """Whether the daemon or the web page started the run, and not a command."""
    return run.remote_job_origin is not None


def _require_week(warehouse: Warehouse, partition_key: str) -> None:
    """The warehouse holds one week's tables at a time; figures of one week must not be entered as another's."""
    row = warehouse.con.execute("SELECT as_of_on FROM core_week").fetchone()
    held = row[0].isoformat() if row else "no week"
    if held != partition_key:
        raise UsageError(
            f"the warehouse holds the tables of {held}, not of week {partition_key}; run the whole week: "
            f"the job weekly_playbooks in the web UI, or winback run --week {partition_key}"
        )
