"""The model of return after a contact as files: one JSON with everything, trees as XGBoost's UBJ beside it. No pickle.

Belongs here: writing, reading, and refusing a model that does not fit the rows. Does not belong here: where the folder lies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from winback.errors import UsageError
from winback.evaluation.calibration import CalibrationBin
from winback.propensity.champion import Candidate, Verdict
from winback.propensity.families import all_families
from winback.propensity.model import PropensityModel, Training
from winback.survival.design import Design
from winback.survival.model_folder import MAX_AGE_DAYS
from winback.survival.stack import Stack

FORMAT = 1
"""Raised whenever the layout, a feature or a family means something else than before: older files are then refused."""

MODEL_NAME = "propensity.json"
MEND = "Run the asset model_propensity to fit it anew."


def model_files(model: PropensityModel) -> dict[str, bytes]:
    """File names with their contents; the same model gives the same bytes."""
    parts = {
        f"{name}_{part}.ubj": data for name, family in model.families.items() for part, data in family.attachments().items()
    }
    document = {
        "format": FORMAT,
        "level": model.level,
        "level_reason": model.level_reason,
        "horizon_days": model.horizon_days,
        "features": list(model.features),
        "design": model.design.as_json(),
        "training": asdict(model.training),
        "verdict": asdict(model.verdict),
        "families": {n: {"data": f.as_json(), "parts": sorted(f.attachments())} for n, f in model.families.items()},
        "stack": model.stack.as_json(),
        "week_spread": model.week_spread,
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False, default=_plain)
    return {MODEL_NAME: text.encode() + b"\n"} | parts


def read_model(
    folder: Path, *, feature_columns: Sequence[str] | None = None, as_of_on: date | None = None
) -> PropensityModel:
    """The model in `folder`; with `feature_columns` and `as_of_on`, only one that can score rows of that week with those columns.

    Raises UsageError, with what to do, where there is no model, or one of another layout, other features or another week.
    """
    path = folder / MODEL_NAME
    if not path.is_file():
        raise UsageError(f"{path} does not exist. {MEND}")
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise UsageError(f"{path} has layout {document.get('format')}, this version reads {FORMAT}. {MEND}")
    model = _from_json(document, folder)
    if feature_columns is not None:
        refuse_other_features(model, feature_columns)
    if as_of_on is not None:
        refuse_other_week(model, as_of_on)
    return model


def refuse_other_features(model: PropensityModel, columns: Sequence[str]) -> None:
    """Raises UsageError if the rows lack a feature that the model was made with."""
    missing = sorted(set(model.features) - set(columns))
    if missing:
        raise UsageError(
            f"The model of contacts made as of {model.training.as_of_on} reads {len(missing)} feature(s) that the rows lack: "
            f"{', '.join(missing)}. {MEND}"
        )


def refuse_other_week(model: PropensityModel, as_of_on: date, max_age_days: int = MAX_AGE_DAYS) -> None:
    """Raises UsageError if the model knows what came after the week, or was made more than `max_age_days` before it."""
    made_for = model.training.as_of_on
    if made_for > as_of_on:
        raise UsageError(f"The model of contacts made as of {made_for} knows what came after {as_of_on}. {MEND}")
    if (as_of_on - made_for).days > max_age_days:
        raise UsageError(
            f"The model of contacts made as of {made_for} is more than {max_age_days} days older than {as_of_on}. {MEND}"
        )


def _from_json(document: dict[str, Any], folder: Path) -> PropensityModel:
    families = {}
    for name, stored in document["families"].items():
        parts = {part: (folder / f"{name}_{part}.ubj").read_bytes() for part in stored["parts"]}
        families[name] = all_families()[name].from_json(stored["data"], parts)
    verdict, training = document["verdict"], document["training"]
    days = {name: date.fromisoformat(training[name]) for name in ("as_of_on", "first_week_on", "last_week_on")}
    return PropensityModel(
        horizon_days=document["horizon_days"],
        design=Design.from_json(document["design"]),
        families=families,
        verdict=Verdict(
            **verdict
            | {
                "candidates": tuple(Candidate(**c) for c in verdict["candidates"]),
                "bins": tuple(CalibrationBin(**b) for b in verdict["bins"]),
            }
        ),
        stack=Stack.from_json(document["stack"]),
        week_spread=document["week_spread"],
        training=Training(**training | days),
        level_reason=document["level_reason"],
    )


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"no plain form of {type(value).__name__}")
