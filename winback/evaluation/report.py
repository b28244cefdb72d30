"""The result of an evaluation and its JSON.

Belongs here: what an evaluation found, as frozen data, and its stable text. Does not belong here: finding it (`returns`), the
page for people (`page`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from winback.evaluation.bootstrap import Interval
from winback.evaluation.calibration import CalibrationBin
from winback.evaluation.verdicts import Verdict

_DIGITS = 6


@dataclass(frozen=True)
class ProtocolSummary:
    """The rules the figures were made by; dates as ISO text."""

    name: str
    source_note: str
    lapse_days: int
    cap_days: int | None
    horizon_days: int
    curve_days: list[int]
    training_as_of_on: list[str]
    test_as_of_on: list[str]
    published_n_rows: int | None
    published_base_rate: float | None
    published_peers: dict[str, dict[str, float]]


@dataclass(frozen=True)
class AsOfFigures:
    """One test date: its size, base rate and the metrics of every model."""

    as_of_on: str
    n_rows: int
    base_rate: float
    metrics: dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class ReturnReport:
    """What `winback evaluate returns` found.

    `models[model][metric]` are figures with intervals, `differences[baseline][metric]` the champion's less the baseline's on
    the same draws, `gains[model]` the share of all returns among the first 0 %, 5 %, ..., 100 % of rows. `n_unseen` rows
    have no label because their sight ended within the horizon. No account is named.
    """

    protocol: ProtocolSummary
    champion: str
    seed: int
    n_replicates: int
    n_concordance_replicates: int
    n_rows: int
    n_accounts: int
    n_returned: int
    n_unseen: int
    base_rate: float
    verdicts: list[Verdict]
    models: dict[str, dict[str, Interval]]
    differences: dict[str, dict[str, Interval]]
    by_as_of: list[AsOfFigures]
    calibration: dict[str, list[CalibrationBin]]
    gains: dict[str, list[float]]
    conventions: dict[str, str]

    @property
    def holds(self) -> bool:
        """Whether every line that must hold was measured and is met."""
        return all(v.is_met for v in self.verdicts if v.kind == "hold")


def report_json(report: ReturnReport) -> str:
    """The report as JSON: keys in the order of the dataclass, models by name, numbers rounded to six digits."""
    document = {"holds": report.holds} | _rounded(asdict(report))
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
