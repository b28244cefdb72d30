"""The model of uplift as files: figures as JSON, and the rows that the champion is fitted on as Parquet, without any id.

Belongs here: writing, reading, and refusing a model of another layout. Does not belong here: where the folder lies.

The learners are functions, so not they are stored but what they are fitted on: fitting again gives the same numbers.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.uplift.arm_response import ArmResponse
from winback.uplift.chance import ChanceBand
from winback.uplift.experiment import Experiment
from winback.uplift.influence import Estimate
from winback.uplift.logged_rows import ARMS
from winback.uplift.ranking_report import ArmRanking, QiniRange
from winback.uplift.top_shares import TopUplift
from winback.uplift.weekly_model import LearnerFigures, UpliftModel

FORMAT = 1
MODEL_NAME, ROWS_NAME = "uplift.json", "uplift_rows.parquet"
MEND = "Run the asset model_uplift to fit it anew."

_OWN = ("_arm", "_outcome", "_cluster")
_DATES = ("as_of_on", "first_week_on", "last_week_on")


def uplift_files(model: UpliftModel) -> dict[str, bytes]:
    """File names with their contents; the same model gives the same bytes."""
    test = model.test
    assert test.cluster is not None and test.shares is not None
    buffer = io.BytesIO()
    model.features.with_columns(
        _arm=pl.Series(test.arm), _outcome=pl.Series(test.outcome), _cluster=pl.Series(test.cluster)
    ).write_parquet(buffer)
    rows = buffer.getvalue()
    document: dict[str, Any] = {
        "format": FORMAT,
        "learner": model.learner,
        "horizon_days": model.horizon_days,
        **{name: getattr(model, name).isoformat() for name in _DATES},
        "features": model.features.columns,
        "shares": test.shares.tolist(),
        "figures": [asdict(f) for f in model.figures],
        "ranking": asdict(model.ranking),
        "effect": asdict(model.effect),
        "amount_effect": asdict(model.amount_effect),
        "arms": None if model.arms is None else model.arms.as_json(),
        "level_reason": model.level_reason,
        "rows_sha256": hashlib.sha256(rows).hexdigest(),
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False, default=float)
    return {MODEL_NAME: text.encode() + b"\n", ROWS_NAME: rows}


def read_uplift(folder: Path) -> UpliftModel:
    """The model in `folder`. Raises UsageError where there is none, one of another layout, or its rows are not those it names."""
    path = folder / MODEL_NAME
    if not path.is_file():
        raise UsageError(f"{path} does not exist. {MEND}")
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise UsageError(f"{path} has layout {document.get('format')}, this version reads {FORMAT}. {MEND}")
    data = (folder / ROWS_NAME).read_bytes()
    if hashlib.sha256(data).hexdigest() != document["rows_sha256"]:
        raise UsageError(f"{folder / ROWS_NAME} is not the file that {path} was made with. {MEND}")
    rows = pl.read_parquet(io.BytesIO(data))
    return UpliftModel(
        learner=document["learner"],
        horizon_days=document["horizon_days"],
        **{name: date.fromisoformat(document[name]) for name in _DATES},
        test=_test(rows, document["shares"]),
        features=rows.drop(_OWN),
        figures=tuple(_figures(f) for f in document["figures"]),
        ranking=_ranking(document["ranking"]),
        effect=Estimate(**document["effect"]),
        amount_effect=Estimate(**document["amount_effect"]),
        arms=None if document.get("arms") is None else ArmResponse.from_json(document["arms"]),
        level_reason=document["level_reason"],
    )


def _test(rows: pl.DataFrame, shares: list[float]) -> Experiment:
    return Experiment(
        arm_names=ARMS,
        arm=rows["_arm"].to_numpy(),
        outcome=rows["_outcome"].to_numpy(),
        cluster=rows["_cluster"].to_numpy(),
        costs=np.zeros(len(ARMS)),
        shares=np.array(shares),
        rows=pl.DataFrame(),
        n_without_arm=0,
        n_without_outcome=0,
        n_without_cluster=0,
    )


def _figures(data: dict[str, Any]) -> LearnerFigures:
    return LearnerFigures(**data | {"value": Estimate(**data["value"]), "gain": Estimate(**data["gain"])})


def _ranking(data: dict[str, Any]) -> ArmRanking:
    return ArmRanking(
        arm=data["arm"],
        by_learner={name: QiniRange(tuple(q["values"])) for name, q in data["by_learner"].items()},
        judged=QiniRange(tuple(data["judged"]["values"])),
        band=ChanceBand(**data["band"]),
        top=tuple(TopUplift(**t | {k: Estimate(**v) for k, v in t.items() if isinstance(v, dict)}) for t in data["top"]),
    )
