"""The weekly run on 100,000 to 3 million accounts: seconds and memory per stage, against the floor.

Belongs here: which runs are measured, the bars, and the figures as a table and as JSON. Does not belong here: the files
(`scale_files`), how a run is watched (`scale_run`).

    python benchmarks/scale.py --accounts 100000 --accounts 1000000 --accounts 3000000 --folder /tmp/scale

The floor is what DuckDB alone needs to load the same files and to group spend once, taken before and after the runs. Three
runs are measured for each size: the first week with training, the week after it with one week of new rows, and the first
week on a second workspace that has the models already. Labelling new notes is told apart and left out of the ratios.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from scale_files import AS_OF_ON, Sizes, draw_files
from scale_run import Floor, Step, Watched, deliver, make_workspace, measure_floor, take_models, watch_run

MAX_CURRENT, MAX_TRAINING, MAX_SECOND, MAX_MEGABYTES, MAX_EXPONENT = 8.0, 12.0, 0.5, 8192.0, 1.1
N_SLOWEST = 20
LABELLING = "labelled_notes"
SIZES = (100_000, 1_000_000, 3_000_000)

console = Console(width=190)


@dataclass(frozen=True)
class Measured:
    """One size: its floor before and after the runs, and the runs by name."""

    n_accounts: int
    floors: tuple[Floor, ...]
    runs: dict[str, Watched]

    @property
    def floor_seconds(self) -> float:
        """The floor: load and group-by, mean of the measurements."""
        return sum(floor.seconds for floor in self.floors) / len(self.floors)

    @property
    def floor_processor_seconds(self) -> float:
        """The floor in seconds of the processor, which other work on the machine disturbs less."""
        return sum(floor.processor_seconds for floor in self.floors) / len(self.floors)

    def seconds(self, run: str) -> float:
        """A run's seconds without labelling."""
        return self.runs[run].seconds - sum(step.seconds for step in labelling(self.runs[run]))

    def ratio(self, run: str) -> float:
        """A run's seconds without labelling over the floor's."""
        return self.seconds(run) / self.floor_seconds

    def processor_ratio(self, run: str) -> float:
        """The same in seconds of the processor."""
        labelled = sum(step.processor_seconds for step in labelling(self.runs[run]))
        return (self.runs[run].processor_seconds - labelled) / self.floor_processor_seconds

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "accounts": self.n_accounts,
            "floors": [asdict(floor) for floor in self.floors],
            "floor_seconds": self.floor_seconds,
            "ratios": {name: self.ratio(name) for name in self.runs},
            "processor_ratios": {name: self.processor_ratio(name) for name in self.runs},
            "runs": {name: run.as_json() for name, run in self.runs.items()},
        }


def labelling(run: Watched) -> list[Step]:
    """The step that labels notes."""
    return [step for step in run.steps if step.name == LABELLING]


def measure(folder: Path, sizes: Sizes, *, keep: bool) -> Measured:
    """Draw the files of one size and do its three runs."""
    files = folder / f"files_{sizes.n_accounts}_{sizes.seed}"
    if not (files / "second" / "touchpoints_week.parquet").is_file():
        draw_files(files, sizes)
    trained, current = folder / f"trained_{sizes.n_accounts}", folder / f"current_{sizes.n_accounts}"
    for root in (trained, current):
        shutil.rmtree(root, ignore_errors=True)
    floors = [measure_floor(files / "first", folder / "floor.duckdb", AS_OF_ON)]
    runs = {}
    workspace = make_workspace(trained, files / "first")
    runs["with training"] = _told(watch_run(trained, folder / "run.log"), "with training")
    deliver(workspace, files / "second")
    runs["second week"] = _told(watch_run(trained, folder / "run.log"), "second week")
    take_models(make_workspace(current, files / "first"), workspace)
    if not keep:
        shutil.rmtree(trained)
    runs["models current"] = _told(watch_run(current, folder / "run.log"), "models current")
    if not keep:
        shutil.rmtree(current)
    floors.append(measure_floor(files / "first", folder / "floor.duckdb", AS_OF_ON))
    return Measured(sizes.n_accounts, tuple(floors), runs)


def _told(run: Watched, name: str) -> Watched:
    console.print(f"  {name}: {run.seconds:.1f} s, {run.peak_mb:,.0f} MB", style="dim")
    return run


def show(measured: Measured) -> None:
    """Print one size: the floor, every run, seconds and memory per stage, and the slowest steps."""
    floor = measured.floor_seconds
    told = ", ".join(f"{f.load_seconds:.1f} + {f.group_seconds:.1f}" for f in measured.floors)
    console.rule(f"{measured.n_accounts:,} accounts, floor {floor:.1f} s (load + group-by: {told})")
    for name, run in measured.runs.items():
        seconds = sum(step.seconds for step in labelling(run))
        rate = f", {run.labelled_notes / seconds:,.0f} notes/s" if run.labelled_notes and seconds else ""
        console.print(
            f"[bold]{name}[/]: {run.seconds:.1f} s ({run.processor_seconds:.1f} s of processor), labelling {seconds:.1f} s "
            f"({run.labelled_notes:,} notes{rate}), the rest {measured.ratio(name):.2f} x floor "
            f"({measured.processor_ratio(name):.2f} x in processor seconds), "
            f"peak {run.peak_mb:,.0f} MB, load before {run.load_before:.1f}"
        )
    console.print(_table(measured, "stage", _by_group(measured)))
    console.print(_table(measured, "slowest steps", _slowest(measured)))


def _by_group(measured: Measured) -> list[str]:
    totals: dict[str, float] = {}
    for run in measured.runs.values():
        for step in run.steps:
            totals[step.group] = max(totals.get(step.group, 0.0), step.start)
    return [f"{group}/" for group in sorted(totals, key=lambda g: totals[g])]


def _slowest(measured: Measured) -> list[str]:
    longest: dict[str, float] = {}
    for run in measured.runs.values():
        for step in run.steps:
            longest[step.name] = longest.get(step.name, 0.0) + step.seconds
    return sorted(longest, key=lambda n: -longest[n])[:N_SLOWEST]


def _table(measured: Measured, title: str, rows: list[str]) -> Table:
    """Rows are stages (with a slash at the end) or steps; four figures per run."""
    table = Table(Column(title, no_wrap=True))
    for name in measured.runs:
        for unit in ("s", "x floor", "cpu s", "MB"):
            table.add_column(f"{name}\n{unit}", justify="right")
    for row in rows:
        cells = []
        for run in measured.runs.values():
            steps = [s for s in run.steps if (f"{s.group}/" == row if row.endswith("/") else s.name == row)]
            seconds = sum(s.seconds for s in steps)
            peak = max((s.peak_mb for s in steps), default=0.0)
            processor = sum(s.processor_seconds for s in steps)
            cells += [f"{seconds:.1f}", f"{seconds / measured.floor_seconds:.2f}", f"{processor:.1f}", f"{peak:,.0f}"]
        table.add_row(row, *cells)
    return table


def verdicts(results: list[Measured]) -> list[tuple[str, float, float]]:
    """Every bar: what, the figure, and the most it may be."""
    found = []
    for measured in results:
        size = f"{measured.n_accounts:,} accounts"
        found += [
            (f"{size}: models current, x floor", measured.ratio("models current"), MAX_CURRENT),
            (f"{size}: with training, x floor", measured.ratio("with training"), MAX_TRAINING),
            (
                f"{size}: second week / first",
                measured.seconds("second week") / measured.seconds("models current"),
                MAX_SECOND,
            ),
            (f"{size}: peak MB", max(run.peak_mb for run in measured.runs.values()), MAX_MEGABYTES),
        ]
    least, most = results[0], results[-1]
    if most.n_accounts > least.n_accounts:
        for name in least.runs:
            growth = math.log(most.seconds(name) / least.seconds(name)) / math.log(most.n_accounts / least.n_accounts)
            found.append((f"{name}: seconds grow with rows to the power of", growth, MAX_EXPONENT))
    return found


def main(
    accounts: Annotated[list[int] | None, typer.Option(help="Accounts; may be given several times.")] = None,
    notes: Annotated[int, typer.Option(help="New notes of the first week.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed draws other files.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where files and workspaces go; files drawn before are used.")] = Path(
        "scale"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the workspaces in the folder.")] = False,
) -> None:
    """Measure the weekly run on drawn files; no figure fails the command."""
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for n_accounts in sorted(accounts or SIZES):
        console.print(f"{n_accounts:,} accounts", style="dim")
        results.append(measure(folder.resolve(), Sizes(n_accounts, notes, seed), keep=keep))
        show(results[-1])
        if json_file:
            json_file.write_text(json.dumps([r.as_json() for r in results], indent=1) + "\n", encoding="utf-8")
    console.rule("bars")
    for what, figure, most in verdicts(results):
        console.print(f"{what}: {figure:,.2f} (at most {most:,.1f}) {'holds' if figure <= most else '[red]misses[/]'}")


if __name__ == "__main__":
    typer.run(main)
    sys.exit(0)
