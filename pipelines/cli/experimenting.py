"""`winback experiment`: what a randomised test says, for whoever has its file.

Belongs here: the command, its options and how the result is shown. Does not belong here: any computing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import errors, output, plain, print_json, table
from winback.errors import UsageError
from winback.uplift.analysis import Differences, ExperimentResult
from winback.uplift.balance import MISMATCH_P_VALUE
from winback.uplift.influence import Estimate


def experiment(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file with one row per customer of the test.")],
    arm: Annotated[str, typer.Option("--arm", help="Column that says which arm a row was in.")],
    control: Annotated[str, typer.Option("--control", help="Name of the control arm in that column.")],
    outcome: Annotated[str, typer.Option("--outcome", help="Column of what came of it: 0/1 or numbers.")],
    cost: Annotated[
        list[str] | None, typer.Option("--cost", help="name=amount per customer of an arm; may be repeated.")
    ] = None,
    shares: Annotated[
        list[str] | None, typer.Option("--shares", help="Planned shares, name=share,...; else equal ones are checked.")
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option("--features", help="Columns known before the test, a,b,c; else all that can serve.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="Columns not to use as features, a,b,c.")] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Column of what was drawn together, e.g. the shop.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """What a randomised test says: effects, whether customers differ, and what choosing an arm for each would earn."""
    from winback.uplift.analysis import analyse
    from winback.uplift.experiment import Question, prepare_experiment
    from winback.uplift.experiment_file import read_experiment_file
    from winback.uplift.feature_choice import choose_features
    from winback.uplift.result_json import result_as_json

    if features and exclude:
        raise UsageError("Give --features or --exclude, not both: the first says what to use, the second what not.")
    question = Question(arm, control, outcome, cluster, _amounts(cost, "--cost"), _amounts(_parts(shares), "--shares"))
    place = f"'{file.name}'"
    test = prepare_experiment(read_experiment_file(file), question, place)
    chosen = choose_features(test, _parts(features), _parts(exclude), place)
    with errors.status(f"Fitting on {len(test.arm):,} rows …"):
        result = analyse(test, chosen)
    if as_json:
        asked = {"file": file.name, "arm_column": arm, "control": control, "outcome": outcome, "cluster": cluster}
        print_json({**asked, **result_as_json(result)})
        return
    _show(result, outcome)


def _parts(given: list[str] | None) -> list[str]:
    return [part.strip() for text in given or [] for part in text.split(",") if part.strip()]


def _amounts(given: Iterable[str] | None, option: str) -> dict[str, float]:
    found = {}
    for text in given or []:
        name, equals, amount = text.rpartition("=")
        try:
            number = float(amount)
        except ValueError:
            number = math.nan
        if not equals or not math.isfinite(number):
            raise UsageError(f"{option} '{text}' is not written name=number, e.g. {option} 'letter=1.20'.")
        found[name.strip()] = number
    return found


def _show(result: ExperimentResult, outcome: str) -> None:
    for sentence in result.verdict.sentences:
        output.print(f"[bold]{plain(sentence)}[/]")
    output.print()
    _show_arms(result, outcome)
    _show_ratio(result)
    for note in result.features.notes:
        output.print(f"Note: {plain(note)}")
    if result.differences is not None:
        output.print(
            f"Features: {plain(', '.join(result.features.names))}. All of them must have been known before the test."
        )
        _show_learners(result, result.differences)
        _show_ranking(result, result.differences)
        _show_policy(result, result.differences)


def _show_arms(result: ExperimentResult, outcome: str) -> None:
    test = result.experiment
    left_out = test.n_without_arm + test.n_without_outcome + test.n_without_cluster
    shown = table(
        f"Effect of each arm on {plain(outcome)}: its mean less the control's",
        "arm",
        "rows",
        "mean",
        "effect",
        "95 % interval",
        "p",
        "relative",
        numbers=("rows", "mean", "effect", "95 % interval", "p", "relative"),
    )
    for one in result.effects:
        p_value = "" if one.p_value is None else f"{one.p_value:.2g}"
        relative = "" if one.relative is None else f"{one.relative:+.1%}"
        cells = ("control", "") if one.effect is None else (f"{one.effect.value:+.5g}", _interval(one.effect))
        shown.add_row(plain(one.arm), f"{one.n_rows:,}", f"{one.mean:.5g}", *cells, p_value, relative)
    output.print(shown)
    output.print(f"{len(test.arm):,} rows; {left_out:,} were left out for want of arm, outcome or cluster.")


def _show_ratio(result: ExperimentResult) -> None:
    ratio = result.ratio
    against = "the planned shares" if ratio.is_planned else "equal shares"
    found = f"Arm sizes ({ratio.unit}) against {against}: p = {ratio.p_value:.2g}"
    if not ratio.is_mismatch:
        output.print(f"{found}, no sample-ratio mismatch (that is p below {MISMATCH_P_VALUE}).")
    elif ratio.is_planned:
        output.print(f"[bold red]{found}: sample-ratio mismatch.[/] Find out what was lost before trusting any effect.")
    else:
        output.print(
            f"{found}: the arms are not of equal size. If that was planned, give --shares; if not, trust no effect."
        )


def _show_learners(result: ExperimentResult, differences: Differences) -> None:
    from winback.uplift.learners import all_learners
    from winback.uplift.selection import CRITERION

    words = {learner.name: learner.words for learner in (result.plan.learners or all_learners())}
    arms = [f"Qini {plain(ranking.arm)}" for ranking in differences.rankings]
    shown = table("Learners, out of fold", "learner", "what it is", "gain", *arms, numbers=("gain", *arms))
    for name, gain in differences.criterion.items():
        qinis = (ranking.by_learner[name].mean for ranking in differences.rankings)
        mark = " (chosen)" if name == differences.learner else ""
        shown.add_row(f"{name}{mark}", words[name], f"{gain:.4g}", *(f"{qini:.4f}" for qini in qinis))
    output.print()
    output.print(shown)
    output.print(CRITERION, style="dim")


def _show_ranking(result: ExperimentResult, differences: Differences) -> None:
    from winback.uplift.qini import DEFINITION

    n_seeds = len(result.plan.fold_seeds)
    shares = [f"uplift, top {t.share:.0%}" for t in differences.rankings[0].top]
    columns = ("Qini (lowest to highest)", "by chance", "reliable", *shares)
    shown = table(
        f"Can customers be ranked? Mean over {n_seeds} fold seeds, 95 % intervals", "arm", *columns, numbers=columns
    )
    for ranking in differences.rankings:
        values = ranking.judged.values
        shown.add_row(
            plain(ranking.arm),
            f"{ranking.judged.mean:.4f} ({min(values):.4f} to {max(values):.4f})",
            f"{ranking.band.low:.4f} to {ranking.band.high:.4f}",
            "yes" if ranking.is_reliable else "no",
            *(f"{t.uplift.value:+.4g} ({_interval(t.uplift)})" for t in ranking.top),
        )
    output.print()
    output.print(shown)
    output.print(DEFINITION, style="dim")


def _show_policy(result: ExperimentResult, differences: Differences) -> None:
    policy, names = differences.policy, result.experiment.arm_names
    shown = table(
        "Choosing an arm for each against one for all: outcome less cost, per customer",
        "policy",
        "value",
        "95 % interval",
        "choosing gains",
        "its interval",
        numbers=("value", "95 % interval", "choosing gains", "its interval"),
    )
    shown.add_row("chosen for each", f"{policy.value.value:.5g}", _interval(policy.value), "", "")
    for a, name in enumerate(names):
        best = " (best for all)" if a == policy.best else ""
        for_all, gain = policy.arms[a], policy.gains[a]
        cells = (f"{for_all.value:.5g}", _interval(for_all), f"{gain.value:+.4g}", _interval(gain))
        shown.add_row(f"{plain(name)} for all{best}", *cells)
    output.print()
    output.print(shown)
    parts = ", ".join(f"{share:.0%} '{plain(name)}'" for name, share in zip(names, policy.shares, strict=True))
    output.print(f"Chosen: {parts}. Cross-fitted, doubly robust, with the known shares of the arms.")


def _interval(found: Estimate) -> str:
    return f"{found.low:.4g} to {found.high:.4g}"
