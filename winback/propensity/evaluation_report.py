"""The report on the chance of a return after a contact: JSON for programs, one self-contained page for people.

Belongs here: laying the figures out. Does not belong here: the figures (`evaluate`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from winback.evaluation.bootstrap import Interval
from winback.propensity.evaluate import MAX_ECE, METRICS, MIN_RATIO, PropensityReport

_DIGITS = 6

CONVENTIONS = {
    "judged": "Contacts in blocks of weeks, each judged by models fitted, chosen and straightened on contacts settled before it.",
    "untouched": "The chance if left alone, by a return model made before the first contact.",
    "truth": "On simulated markets the chance each outcome was drawn with, before it is known whether anybody is reached.",
    "expected_ratios": "The champion's figure over the truth's, each averaged over all outcomes that could have been drawn.",
    "intervals": "95 % percentile intervals of a bootstrap that draws accounts.",
}


def propensity_json(report: PropensityReport) -> str:
    """The report as JSON, numbers rounded to six digits."""
    document = {"holds": report.holds} | _rounded(asdict(report)) | {"conventions": CONVENTIONS}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def propensity_page(report: PropensityReport) -> str:
    """HTML with the figures of every model, the ratios to the truth and the champion's calibration; every text is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = told
    template = (resources.files(__package__) / "propensity_page.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        report=report, metrics=METRICS, conventions=CONVENTIONS, min_ratio=MIN_RATIO, max_ece=MAX_ECE
    )


def told(figure: Interval) -> str:
    """A figure with its interval, as people read it."""
    if figure.value is None:
        return "-"
    return f"{figure.value:.3f}" if figure.low is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
