"""The model of second lifetimes as files: JSON, and XGBoost's own format for trees.

Belongs here: writing and reading, and the refusal of a model that does not fit. Does not belong here: fitting.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from winback.errors import UsageError
from winback.second_lifetime.accelerated import AftDurations
from winback.second_lifetime.curves import CurveDurations
from winback.second_lifetime.facts import FEATURES
from winback.second_lifetime.model import SecondLifetimeModel
from winback.second_lifetime.selection import Durations, Trial
from winback.second_lifetime.spend_rate import SpendRate

FORMAT = 1
"""Version of the layout; another one is refused."""

MODEL_NAME, TREES_NAME = "second_lifetime.json", "second_lifetime.ubj"
_DATES = ("as_of_on", "first_return_on", "last_return_on")


def model_files(model: SecondLifetimeModel) -> dict[str, bytes]:
    """File names with their contents; the same model gives the same bytes."""
    durations = None if model.durations is None else _plain(vars(model.durations))
    trees = durations.pop("trees", None) if durations else None
    document = {
        **_plain(vars(model)),
        "format": FORMAT,
        "durations": durations,
        "rate": None if model.rate is None else vars(model.rate),
        "trials": [vars(trial) for trial in model.trials],
    }
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return {MODEL_NAME: text.encode()} | ({TREES_NAME: trees} if trees is not None else {})


def read_model(folder: Path, *, as_of_on: date | None = None) -> SecondLifetimeModel:
    """The model in `folder`; with `as_of_on`, only the one fitted for that week.

    Raises UsageError, with what to do, where there is no model, or one of another layout, other features or another week.
    """
    path = folder / MODEL_NAME
    if not path.is_file():
        raise UsageError(f"{path} does not exist. Run the asset model_second_lifetime to fit the model.")
    document = json.loads(path.read_text(encoding="utf-8"))
    _refuse_what_does_not_fit(document, path, as_of_on)
    del document["format"]
    document |= {name: date.fromisoformat(document[name]) for name in _DATES if document[name]}
    document["features"] = tuple(document["features"])
    document["durations"] = _durations(document["durations"], folder)
    document["rate"] = SpendRate(**document["rate"]) if document["rate"] else None
    document["trials"] = tuple(Trial(**trial) for trial in document["trials"])
    document["pictured"] = {name: tuple(values) for name, values in document["pictured"].items()}
    return SecondLifetimeModel(**document)


def _refuse_what_does_not_fit(document: dict[str, Any], path: Path, as_of_on: date | None) -> None:
    mend = "Run the asset model_second_lifetime to fit it anew."
    if document.get("format") != FORMAT:
        raise UsageError(f"{path} has layout {document.get('format')}, this version reads {FORMAT}. {mend}")
    missing, extra = (sorted(a - b) for a, b in _both_ways(set(FEATURES), set(document["features"])))
    if missing or extra or tuple(document["features"]) != FEATURES:
        told = f"{len(missing)} missing ({', '.join(missing) or '-'}), {len(extra)} extra ({', '.join(extra) or '-'})"
        raise UsageError(f"{path} was fitted on other features: {told}. {mend}")
    if as_of_on is not None and document["as_of_on"] != as_of_on.isoformat():
        raise UsageError(f"{path} was fitted for the week {document['as_of_on']}, not for {as_of_on.isoformat()}. {mend}")


def _both_ways(a: set[str], b: set[str]) -> tuple[tuple[set[str], set[str]], tuple[set[str], set[str]]]:
    return (a, b), (b, a)


def _durations(document: dict[str, Any] | None, folder: Path) -> Durations | None:
    if document is None:
        return None
    if "curves" in document:
        return CurveDurations(document["family"], {k: np.array(v) for k, v in document["curves"].items()})
    arrays = {k: np.array(v, dtype=np.float64) for k, v in document.items() if isinstance(v, list) and k != "features"}
    trees = (folder / TREES_NAME).read_bytes() if document["family"] == "boosted_trees" else None
    return AftDurations(**{**document, **arrays, "features": tuple(document["features"]), "trees": trees})


def _plain(value: Any) -> Any:
    """JSON's own kinds of values; bytes stay as they are."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
