"""The model of lapses as files: one JSON with everything, trees as XGBoost's UBJ beside it. No pickle.

Belongs here: writing, reading, and refusing a model that does not fit the rows. Does not belong here: where the folder lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from winback.at_risk.champion import Candidate, Verdict
from winback.at_risk.families import all_families
from winback.at_risk.model import AtRiskModel, Correction, Training
from winback.evaluation.calibration import CalibrationBin
from winback.survival.design import Design
from winback.survival.model_folder import MAX_AGE_DAYS
from winback.survival.stack import Stack
from winback.survival.stored_families import ModelFile, read_families

FORMAT = 1
"""Raised whenever the layout, a feature or a family means something else than before: older files are then refused."""

MODEL_NAME = "at_risk.json"
_FILE = ModelFile(MODEL_NAME, FORMAT, "The model of lapses", "Run the asset model_at_risk to fit it anew.")


def model_files(model: AtRiskModel) -> dict[str, bytes]:
    """File names with their contents; the same model gives the same bytes."""
    correction = model.correction
    document = {
        "level": model.level,
        "level_reason": model.level_reason,
        "horizon_days": model.horizon_days,
        "features": list(model.features),
        "design": model.design.as_json(),
        "training": asdict(model.training),
        "verdict": asdict(model.verdict),
        "correction": None
        if correction is None
        else {
            "stack": correction.stack.as_json(),
            "landmark_spread": correction.landmark_spread,
            "spread_scale": correction.spread_scale,
        },
    }
    return _FILE.files(document, model.families)


def read_model(folder: Path, *, feature_columns: Sequence[str] | None = None, as_of_on: date | None = None) -> AtRiskModel:
    """The model in `folder`; with `feature_columns` and `as_of_on`, only one that can score rows of that week with those columns.

    Raises UsageError, with what to do, where there is no model, or one of another layout, other features or another week.
    """
    model = _from_json(_FILE.read(folder), folder)
    if feature_columns is not None:
        refuse_other_features(model, feature_columns)
    if as_of_on is not None:
        refuse_other_week(model, as_of_on)
    return model


def refuse_other_features(model: AtRiskModel, columns: Sequence[str]) -> None:
    """Raises UsageError if the rows lack a feature that the model was made with."""
    _FILE.refuse_other_features(model.features, columns, model.training.as_of_on)


def refuse_other_week(model: AtRiskModel, as_of_on: date, max_age_days: int = MAX_AGE_DAYS) -> None:
    """Raises UsageError if the model knows what came after the week, or was made more than `max_age_days` before it."""
    _FILE.refuse_other_week(model.training.as_of_on, as_of_on, max_age_days)


def _from_json(document: dict[str, Any], folder: Path) -> AtRiskModel:
    readers = {name: family.from_json for name, family in all_families().items()}
    training, correction = document["training"], document["correction"]
    return AtRiskModel(
        horizon_days=document["horizon_days"],
        design=Design.from_json(document["design"]),
        families=read_families(folder, document["families"], readers),
        verdict=_verdict(document["verdict"]),
        correction=None
        if correction is None
        else Correction(Stack.from_json(correction["stack"]), correction["landmark_spread"], correction["spread_scale"]),
        training=Training(
            **{
                **training,
                "as_of_on": date.fromisoformat(training["as_of_on"]),
                "landmarks": tuple(date.fromisoformat(day) for day in training["landmarks"]),
            }
        ),
        level_reason=document["level_reason"],
    )


def _verdict(data: dict[str, Any]) -> Verdict:
    candidates = tuple(Candidate(**c) for c in data["candidates"])
    bins = tuple(CalibrationBin(**b) for b in data["bins"])
    return Verdict(**{**data, "candidates": candidates, "bins": bins})
