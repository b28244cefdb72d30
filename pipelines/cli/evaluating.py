"""`winback evaluate`: how good the models are, out of sample.

Belongs here: the commands and how their figures are shown. Does not belong here: measuring.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.workspace import WAIT_SECONDS, open_warehouse, open_workspace
from pipelines.cli.console import errors, output, table, write_text
from pipelines.clock import today_in

if TYPE_CHECKING:
    from winback.evaluation.bootstrap import Interval
    from winback.evaluation.report import ReturnReport
    from winback.propensity.evaluate import PropensityReport

app = typer.Typer(help="How good the models are, out of sample.", no_args_is_help=True)

_RETURN_FIGURES = ("roc_auc", "pr_auc", "top_decile_lift", "brier", "brier_skill", "ece", "harrell_c", "integrated_brier")
_FIGURES = ("macro_f1", "accuracy", "family_accuracy", "coverage", "precision")


@app.callback()
def evaluating() -> None:
    """How good the models are, out of sample."""


@app.command("reasons")
def reasons(as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """The note labeller, cross-validated over the seed corpus: each writer is judged by a model that never saw them.

    These are the figures stored when the shipped model was fitted; a test recomputes a part of them.
    """
    from winback.reasons.evaluate import load_report

    report = load_report()
    if as_json:
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for features, figures in report.items():
        _show(features, figures)


@app.command("returns")
def returns(
    directory: Annotated[Path, typer.Argument(help="A workspace with a purchase log.")],
    protocol: Annotated[
        str | None, typer.Option(help="Protocol file, or a shipped one: cdnow, online_retail, complete_journey.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write a page with tables and pictures to this file.")] = None,
    replicates: Annotated[int, typer.Option(help="Bootstrap draws of accounts.", min=20)] = 200,
) -> None:
    """The chance and time of return, out of time: champion, its challengers and the simplest baselines.

    Models are fitted on the protocol's training dates, without anything from the first test date on, and judged on the test
    dates. Without a protocol the log's own weeks are used. The workspace's models and lists are not touched.
    """
    from winback.evaluation.page import report_page
    from winback.evaluation.protocols import default_protocol, load_protocol
    from winback.evaluation.report import report_json
    from winback.evaluation.returns import evaluate_returns
    from winback.survival.out_of_time import protocol_predictions, spend_window

    place = open_workspace(directory)
    settings = place.settings
    rules = None if protocol is None else load_protocol(protocol)
    from pipelines.cli.execution import Execution

    Execution(place, today_in(settings.zone)(), WAIT_SECONDS).load()
    with open_warehouse(place, today_in(settings.zone), WAIT_SECONDS) as warehouse:
        if rules is None:
            rules = default_protocol(*spend_window(warehouse.con), settings.lapse.horizon_days)
        predictions, _ = protocol_predictions(warehouse.con, settings, rules)
    result = evaluate_returns(predictions, rules, n_replicates=replicates)
    if report is not None:
        write_text(report, report_page(result))
        errors.print(f"Report: {report}", soft_wrap=True)
    if as_json:
        typer.echo(report_json(result), nl=False)
        return
    _show_returns(result)


@app.command("propensity")
def propensity(
    directory: Annotated[Path, typer.Argument(help="A workspace with contacts that were written back.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write a page with tables to this file.")] = None,
    replicates: Annotated[int, typer.Option(help="Bootstrap draws of accounts.", min=20)] = 200,
) -> None:
    """The chance of a return after a contact, out of time: champion, its challengers and the simplest baselines.

    Contacts are judged in blocks of weeks by models of what was settled before. In a simulated market the figures are held against
    those that the true chances reach. The workspace's models and lists are not touched.
    """
    from assets.demo import TRUTH
    from assets.touch_history import touches_to_judge
    from pipelines.cli.execution import Execution
    from winback.propensity.evaluate import evaluate_propensity
    from winback.propensity.evaluation_report import propensity_json, propensity_page
    from winback.simulate.touch_truth import touch_truth

    place = open_workspace(directory)
    today = today_in(place.settings.zone)
    Execution(place, today(), WAIT_SECONDS).load()
    with open_warehouse(place, today, WAIT_SECONDS) as warehouse:
        touches = touches_to_judge(warehouse)
    horizon = place.settings.lapse.horizon_days
    result = evaluate_propensity(touches, horizon, n_replicates=replicates, truth=touch_truth(place.root / TRUTH))
    if report is not None:
        write_text(report, propensity_page(result))
        errors.print(f"Report: {report}", soft_wrap=True)
    if as_json:
        typer.echo(propensity_json(result), nl=False)
        return
    _show_propensity(result)


def _show_propensity(result: PropensityReport) -> None:
    from winback.propensity.evaluate import METRICS

    words = f"{result.n_judged:,} of {result.n_contacts:,} settled contacts, {result.n_returned:,} returned"
    shown = table(f"Return within {result.horizon_days} days of a contact: {words}", "model", *METRICS)
    for model, figures in result.models.items():
        shown.add_row(model, *(_interval(figures[name]) for name in METRICS))
    output.print(shown)
    output.print(f"In use: {result.champion_family}; {result.level_reason}", soft_wrap=True)
    for name, ratio in result.ratios.items():
        expected = result.expected_ratios[name]
        output.print(f"{name} over that of the true chances: {_interval(ratio)}; expected {expected:.3f}", soft_wrap=True)


def _show_returns(result: ReturnReport) -> None:
    rules = result.protocol
    shown = table(
        f"{rules.name}: {result.n_rows:,} rows of {result.n_accounts:,} accounts, {result.base_rate:.1%} returned within "
        f"{rules.horizon_days} days",
        "model",
        *_RETURN_FIGURES,
    )
    for model, figures in result.models.items():
        shown.add_row(model, *(_interval(figures[name]) for name in _RETURN_FIGURES))
    output.print(shown)
    for verdict in result.verdicts:
        mark = {True: "holds", False: "[red]does not hold[/]", None: "[yellow]not measured[/]"}[verdict.is_met]
        output.print(f"{mark}: {verdict.words}", soft_wrap=True)


def _interval(figure: Interval) -> str:
    if figure.value is None:
        return "-"
    return f"{figure.value:.3f}" if figure.low is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _show(features: str, figures: dict[str, Any]) -> None:
    shown = table(
        f"Features: {features}, {figures['n_notes']:,} synthetic notes, one writer left out at a time",
        "part",
        "notes",
        *_FIGURES,
    )
    parts = {"all": figures["overall"], **figures["by_domain_half"], **figures["by_language"], **figures["by_difficulty"]}
    for name, part in parts.items():
        shown.add_row(name, f"{part['n']:,}", *(f"{part[figure]:.3f}" for figure in _FIGURES))
    output.print(shown)
    output.print(f"Calibration error over ten bins of confidence: {figures['calibration_error']:.3f}")
