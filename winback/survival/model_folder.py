"""The model of time to return as files: one JSON with everything, trees as XGBoost's UBJ beside it. No pickle.

Belongs here: writing, reading, and refusing a model that does not fit the rows. Does not belong here: where the folder lies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from winback.errors import UsageError
from winback.survival.assumption_calibration import StatedBin
from winback.survival.assumptions import Finding
from winback.survival.champion import Candidate, Verdict
from winback.survival.design import Design
from winback.survival.families import all_families
from winback.survival.return_model import ReturnModel, Training
from winback.survival.season import Seasons
from winback.survival.stack import Stack
from winback.survival.stored_families import families_as_json, part_files, plain, read_families

FEATURE_VERSION = 2
"""Raised whenever a feature or a family means something else than before, or the file says more: older ones are then refused."""

MODEL_FILE = "return_time.json"
MAX_AGE_DAYS = 28
"""A model made longer ago than this is made anew before it scores."""

REFRESH = "make it anew: winback run trains a model where none fits, or delete the folder first"


def model_files(model: ReturnModel) -> dict[str, bytes]:
    """File names with their contents. The same model gives the same bytes."""
    text = json.dumps(as_json(model), ensure_ascii=False, indent=1, sort_keys=True, default=plain)
    return {MODEL_FILE: (text + "\n").encode()} | part_files(model.families)


def load_model(
    folder: Path, feature_columns: Sequence[str], as_of_on: date, max_age_days: int = MAX_AGE_DAYS
) -> ReturnModel:
    """Read the model that scores `as_of_on` from rows with `feature_columns`.

    Raises UsageError, with what to do, if there is none, if it was made by other code or from other features, for a later
    as-of date, or too long ago.
    """
    path = folder / MODEL_FILE
    if not path.is_file():
        raise UsageError(f"{path}: there is no model of time to return; {REFRESH}")
    data = json.loads(path.read_text(encoding="utf-8"))
    _refuse_misfit(path, data, feature_columns, as_of_on, max_age_days)
    return _from_json(data, folder)


def as_json(model: ReturnModel) -> dict[str, Any]:
    """The whole model but its trees, as plain data."""
    return {
        "feature_version": FEATURE_VERSION,
        "features": list(model.design.columns),
        "level": model.level,
        "sufficiency_reason": model.sufficiency_reason,
        "horizon_days": model.horizon_days,
        "horizons_days": list(model.horizons_days),
        "training": asdict(model.training),
        "verdict": asdict(model.verdict),
        "stepped_aside": model.stepped_aside,
        "design": model.design.as_json(),
        "families": families_as_json(model.families),
        "stack": model.stack.as_json(),
        "seasons": [s.as_json() for s in model.seasons],
        "spread_scales": list(model.spread_scales),
        "findings": [asdict(f) for f in model.findings],
        "calibration": [asdict(b) for b in model.calibration],
    }


def _refuse_misfit(
    path: Path, data: dict[str, Any], feature_columns: Sequence[str], as_of_on: date, max_age_days: int
) -> None:
    if data["feature_version"] != FEATURE_VERSION:
        raise UsageError(
            f"{path} is of feature version {data['feature_version']}, this code of {FEATURE_VERSION}; {REFRESH}"
        )
    missing = sorted(set(data["features"]) - set(feature_columns))
    if missing:
        raise UsageError(
            f"{path} was made with {len(missing)} feature(s) that the rows lack: {', '.join(missing)}; {REFRESH}"
        )
    made_for = date.fromisoformat(data["training"]["as_of_on"])
    if made_for > as_of_on:
        raise UsageError(f"{path} was made as of {made_for} and knows what came after {as_of_on}; {REFRESH}")
    if (as_of_on - made_for).days > max_age_days:
        raise UsageError(f"{path} was made as of {made_for}, more than {max_age_days} days before {as_of_on}; {REFRESH}")


def _from_json(data: dict[str, Any], folder: Path) -> ReturnModel:
    readers = {name: family.from_json for name, family in all_families().items()}
    verdict = data["verdict"]
    training = data["training"]
    days = {k: date.fromisoformat(training[k]) for k in ("as_of_on", "seen_until_on")}
    landmarks = tuple(date.fromisoformat(day) for day in training["landmarks"])
    return ReturnModel(
        horizon_days=data["horizon_days"],
        horizons_days=tuple(data["horizons_days"]),
        design=Design.from_json(data["design"]),
        families=read_families(folder, data["families"], readers),
        stepped_aside=data["stepped_aside"],
        verdict=Verdict(**{**verdict, "candidates": tuple(Candidate(**c) for c in verdict["candidates"])}),
        stack=Stack.from_json(data["stack"]),
        seasons=tuple(Seasons.from_json(s) for s in data["seasons"]),
        spread_scales=tuple(data["spread_scales"]),
        training=Training(**{**training, **days, "landmarks": landmarks}),
        sufficiency_reason=data["sufficiency_reason"],
        findings=tuple(Finding.from_json(f) for f in data["findings"]),
        calibration=tuple(StatedBin(**b) for b in data["calibration"]),
    )
