"""The page of an evaluation for people: one self-contained HTML file.

Belongs here: laying a report out as tables and pictures. Does not belong here: the figures, drawing (`pictures`).
"""

from __future__ import annotations

import base64
from importlib import resources

from winback.evaluation.bootstrap import Interval
from winback.evaluation.metrics import METRICS
from winback.evaluation.pictures import report_pictures
from winback.evaluation.report import ReturnReport

_TITLES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "top_decile_lift": "lift at 10 %",
    "brier": "Brier",
    "brier_skill": "Brier skill",
    "ece": "ECE",
    "ece_equal_mass": "ECE, equal mass",
    "harrell_c": "Harrell's C",
    "ipcw_c": "IPCW C",
    "integrated_brier": "integrated Brier",
    "unseen": "rows not seen through",
    "intervals": "intervals",
}
_DIGITS = {"top_decile_lift": 2, "brier": 4, "integrated_brier": 4}


def report_page(report: ReturnReport) -> str:
    """HTML with verdicts, champion against baselines and published peers, differences, dates, pictures and conventions.

    Every text is escaped; nothing is loaded from elsewhere.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = _figure
    environment.filters["range"] = _range
    template = (resources.files(__package__) / "report_page.html").read_text(encoding="utf-8")
    pictures = {title: base64.b64encode(png).decode("ascii") for title, png in report_pictures(report).items()}
    others = [model for model in report.models if model != report.champion]
    return environment.from_string(template).render(
        report=report, models=[report.champion, *others], metrics=METRICS, titles=_TITLES, pictures=pictures
    )


def _figure(value: float | None, metric: str) -> str:
    return "–" if value is None else f"{value:.{_DIGITS.get(metric, 3)}f}"


def _range(interval: Interval, metric: str) -> str:
    if interval.low is None:
        return ""
    return f"{_figure(interval.low, metric)} to {_figure(interval.high, metric)}"
