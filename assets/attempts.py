"""How often, and how long apart, what may pass is tried again.

Belongs here: the waits, and the tags that tell Dagster's daemon whether a failed run is worth another. Does not belong here: which
errors may pass (`winback.passing_errors`), and trying (`assets.steps`, `assets.resources`).
"""

from __future__ import annotations

import dagster as dg

ATTEMPTS = dg.RetryPolicy(max_retries=5, delay=4, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""Waits of about 4, 12, 28, 60 and 124 seconds. Asked for the waits alone: as a step's policy it would try every error again."""

RUN_AGAIN = {"dagster/retry_on_asset_or_op_failure": "true"}
"""Of a run that the daemon tries again although a step failed: what stopped it may pass."""

RUN_NOT_AGAIN = {"dagster/max_retries": "0"}
"""Of a run that failed before its first step, for a reason that stays."""
