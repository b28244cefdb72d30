"""`winback evaluate`: how good the models are, out of sample.

Belongs here: the commands and how their figures are shown. Does not belong here: measuring.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from pipelines.cli.console import output, table

app = typer.Typer(help="How good the models are, out of sample.", no_args_is_help=True)

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
