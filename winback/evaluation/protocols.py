"""Protocols: by which rules predictions of return are judged out of time.

Belongs here: the shape of a protocol file, reading and checking it, and the rolling protocol for a log without one.
Does not belong here: the files themselves (`protocols/*.yaml`), features, labels or metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from winback.errors import UsageError
from winback.evaluation.as_of_dates import AsOfDates
from winback.weeks import first_monday_after, monday_of

PositiveDays = Annotated[int, Field(ge=1, le=36500)]
Share = Annotated[float, Field(ge=0, le=1)]

_GRID_STEP_DAYS = 7
_MAX_TRAINING_DATES = 12
_MAX_TEST_DATES = 8
_TEST_SHARE = 0.4


class PeerFigures(BaseModel):
    """Published figures of one public model under a protocol; the names are those of `winback.evaluation.metrics`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roc_auc: Share
    pr_auc: Share
    top_decile_lift: Annotated[float, Field(ge=0)]
    brier: Share
    ece_equal_mass: Share
    harrell_c: Share


class Protocol(BaseModel):
    """One way to judge predictions of return.

    On each as-of date every account whose last purchase lies at least `lapse_days` and less than `cap_days` back is a row;
    the label is a purchase in [as-of, as-of + `horizon_days`). Models are fitted on the training dates, whose labels are
    fully seen before the first test date, and judged on the test dates. `curve_on_days` is the grid of days after the as-of
    date at which return curves are given. `must_beat` names the measured baselines whose ROC-AUC the champion has to exceed
    with its whole interval; `aim_auc_gain` is the wanted lead over the best peer's ROC-AUC, None where none is wanted.
    `published_n_rows` and `published_base_rate` are those of the test dates the published figures come from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    lapse_days: PositiveDays
    cap_days: PositiveDays | None = None
    horizon_days: PositiveDays
    training_as_of: AsOfDates
    test_as_of: AsOfDates
    curve_days: tuple[PositiveDays, ...] | None = None
    source_note: str
    must_beat: tuple[str, ...] = ()
    aim_auc_gain: Share | None = None
    published_n_rows: int | None = None
    published_base_rate: Share | None = None
    published_peers: dict[str, PeerFigures] = {}

    @model_validator(mode="after")
    def _is_out_of_time(self) -> Protocol:
        if self.cap_days is not None and self.cap_days <= self.lapse_days:
            raise ValueError(f"cap_days ({self.cap_days}) must be larger than lapse_days ({self.lapse_days})")
        if self.curve_days is not None and list(self.curve_days) != sorted(set(self.curve_days)):
            raise ValueError("curve_days must grow from one to the next")
        seen_on = self.training_on[-1] + timedelta(days=self.horizon_days)
        if seen_on > self.test_on[0]:
            raise ValueError(
                f"the labels of the training date {self.training_on[-1]} are fully seen on {seen_on} only, after the first "
                f"test date {self.test_on[0]}; leave out training dates after {self.test_on[0] - timedelta(self.horizon_days)}"
            )
        return self

    @property
    def training_on(self) -> tuple[date, ...]:
        """The as-of dates to fit on, ascending."""
        return self.training_as_of.days

    @property
    def test_on(self) -> tuple[date, ...]:
        """The as-of dates to judge on, ascending."""
        return self.test_as_of.days

    @cached_property
    def curve_on_days(self) -> tuple[int, ...]:
        """Days after the as-of date (1 is the as-of day itself) of the return curves: `curve_days`, else weekly to the horizon."""
        if self.curve_days is not None:
            return self.curve_days
        return (*range(_GRID_STEP_DAYS, self.horizon_days, _GRID_STEP_DAYS), self.horizon_days)


def shipped_protocols() -> list[str]:
    """Names of the protocols that come with the project."""
    return sorted(f.name.removesuffix(".yaml") for f in _folder().iterdir() if f.name.endswith(".yaml"))


def load_protocol(name_or_path: str | Path) -> Protocol:
    """The shipped protocol of that name, or the one in that YAML file.

    Raises UsageError if there is no such protocol, if the file is not YAML, or with every field that cannot be right.
    """
    if str(name_or_path) in shipped_protocols():
        return parse_protocol((_folder() / f"{name_or_path}.yaml").read_text(encoding="utf-8"), source=str(name_or_path))
    path = Path(name_or_path)
    if not path.is_file():
        raise UsageError(
            f"there is no protocol '{name_or_path}': give one of {', '.join(shipped_protocols())} or the path of a YAML file"
        )
    try:
        return parse_protocol(path.read_text(encoding="utf-8"), source=str(path))
    except UnicodeDecodeError as error:
        raise UsageError(f"protocol {path} is not UTF-8 text; save it as UTF-8") from error


def parse_protocol(text: str, *, source: str) -> Protocol:
    """A protocol from YAML text; `source` names it in errors. Raises UsageError with every field that cannot be right."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"protocol {source} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"protocol {source} must be a YAML mapping of fields such as name, lapse_days and horizon_days")
    try:
        return Protocol.model_validate(document)
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, e['loc'])) or '(protocol)'}: {e['msg']}" for e in error.errors()]
        raise UsageError(f"protocol {source}: {len(problems)} thing(s) to mend:\n" + "\n".join(problems)) from error


def default_protocol(
    first_on: date, last_on: date, horizon_days: int, *, lapse_days: int = 56, cap_days: int | None = None
) -> Protocol:
    """A rolling protocol for a log that runs from `first_on` to `last_on` (its last fully seen day).

    As-of dates are Mondays. Test dates take the last two fifths of the usable stretch and end with the last Monday whose
    horizon is fully seen; training dates end one horizon before the first test date. Training starts twice `lapse_days`
    after the log's first day, when lapsed accounts have some history. At most 12 training and 8 test dates, evenly spread
    in whole weeks.
    Raises UsageError with the days that lack if the log is too short.
    """
    earliest = first_monday_after(first_on + timedelta(days=2 * lapse_days - 1))
    latest = monday_of(last_on - timedelta(days=horizon_days - 1))
    spare_weeks = (latest - earliest).days // 7 - -(-horizon_days // 7)
    if spare_weeks < 0:
        raise UsageError(
            f"the log ({first_on} to {last_on}) is {-7 * spare_weeks} days too short to judge a horizon of {horizon_days} days "
            "out of time; choose a shorter horizon or bring a longer history"
        )
    test_weeks = int(spare_weeks * _TEST_SHARE)
    training_end = earliest + timedelta(weeks=spare_weeks - test_weeks)
    return Protocol(
        name="rolling",
        lapse_days=lapse_days,
        cap_days=cap_days,
        horizon_days=horizon_days,
        training_as_of=AsOfDates(dates=_spread_mondays(earliest, training_end, _MAX_TRAINING_DATES)),
        test_as_of=AsOfDates(dates=_spread_mondays(latest - timedelta(weeks=test_weeks), latest, _MAX_TEST_DATES)),
        source_note=f"Made from the log's own dates, {first_on} to {last_on}: Mondays, training labels seen before the test.",
        must_beat=("kaplan_meier",),
    )


def _spread_mondays(first: date, last: date, most: int) -> tuple[date, ...]:
    weeks = (last - first).days // 7
    step = max(1, -(-weeks // max(1, most - 1)))
    days: Sequence[date] = [last - timedelta(weeks=w) for w in range(0, weeks + 1, step)]
    return tuple(sorted(days))


def _folder() -> resources.abc.Traversable:
    return resources.files(__package__) / "protocols"
