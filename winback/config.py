"""The settings of a workspace (`winback.toml`).

Belongs here: every setting with its default, meaning and allowed range, and the text of a fresh `winback.toml`.
Does not belong here: secrets (environment only) and anything derived from data.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from winback.endpoints import endpoint_problem
from winback.errors import UsageError

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=36500)]
PositiveDays = Annotated[int, Field(ge=1, le=36500)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkspaceSettings(_Section):
    """Who the workspace is for and which time it lives in."""

    language: Literal["en", "zh"] = "en"
    timezone: str = "Asia/Shanghai"
    clock: Literal["today", "data"] = "today"
    base_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    is_simulated: bool = False
    phone_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    warehouse_memory_gb: Annotated[
        float, Field(ge=0.5, le=1024, description="what the database may take; beyond it, it works on disk")
    ] = 4.0

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"'{value}' is not a time zone; use a name such as Asia/Shanghai or Europe/London") from error
        return value


class LapseSettings(_Section):
    """When an account counts as lapsed."""

    value_kinds: tuple[Literal["purchase", "subscription", "top_up", "consumption"], ...] = ("purchase", "subscription")
    horizon_days: PositiveDays = 56
    lapse_share: Share = 0.5
    min_days: PositiveDays = 14
    max_days: PositiveDays = 365
    single_cycle_days: PositiveDays = 28
    grace_days: Days = 7
    cycle_bounds_days: tuple[PositiveDays, ...] = (7, 14, 28, 56, 112)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> LapseSettings:
        if self.min_days > self.max_days:
            raise ValueError(f"min_days ({self.min_days}) is larger than max_days ({self.max_days})")
        if list(self.cycle_bounds_days) != sorted(set(self.cycle_bounds_days)):
            raise ValueError("cycle_bounds_days must grow from one to the next")
        return self


class ValueSettings(_Section):
    """How value is told."""

    forgone_cap_days: PositiveDays = 365
    second_lifetime_horizon_days: PositiveDays = 730
    discount_rate_per_year: Annotated[float, Field(ge=0, le=1)] = 0.10
    margin_share: Annotated[float, Field(gt=0, le=1)] = 1.0


class ReasonSettings(_Section):
    """Which notes are read for why an account left."""

    note_window_days: Days = 45


class ModelSettings(_Section):
    """How long a fitted model is used before a week trains its own."""

    retrain_after_days: PositiveDays = 28


class PlanSettings(_Section):
    """Who may be contacted, and how much fits a week."""

    default_rep_id: Annotated[str, Field(min_length=1, max_length=100)] = "default"
    default_weekly_minutes: Annotated[int, Field(ge=0, le=10080)] = 600
    cooldown_days: Days = 28
    contact_cap: Annotated[int, Field(ge=0)] = 6
    contact_cap_days: PositiveDays = 90
    max_lapsed_days: PositiveDays = 730
    needs_consent: bool = False
    minute_cost_amount: Annotated[float, Field(ge=0)] = 0.0
    greedy_above_columns: Annotated[int, Field(ge=0)] = 200_000


class OfferSettings(_Section):
    """What offers cost us."""

    point_value_amount: Annotated[float, Field(ge=0)] = 0.1


class ExperimentSettings(_Section):
    """The lot: what share of the chosen is left alone, and what share gets a play drawn by lot, so that effects can be told."""

    name: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")] = "E1"
    holdout_share: Annotated[float, Field(ge=0, le=0.5)] = 0.10
    explore_share: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    salt: Annotated[str, Field(min_length=1, max_length=100)] = "winback"


class DeliverySettings(_Section):
    """Lists go to <folder>/<rep>/to_do, filled ones come from <folder>/<rep>/returned; with smtp_host lists are mailed, too."""

    folder: str = ""
    group: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    file_mode: Annotated[str, Field(pattern=r"^0?6[046]0$")] = "600"
    smtp_host: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9.-]*$")] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_user: Annotated[str, Field(max_length=200)] = ""
    smtp_password_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "WINBACK_SMTP_PASSWORD"
    mail_from: Annotated[str, Field(max_length=200, pattern=r"^[^\r\n]*$")] = ""

    @model_validator(mode="after")
    def _has_sender(self) -> DeliverySettings:
        if self.smtp_host and not self.mail_from:
            raise ValueError("smtp_host is given but mail_from is not")
        return self


class AlertSettings(_Section):
    """Who is told when a run fails, beside `state/alerts.jsonl`. The hook's address and passwords stay in the environment."""

    is_webhook_enabled: bool = False
    webhook_url_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "WINBACK_ALERT_WEBHOOK"
    webhook_format: Literal["slack", "wecom"] = "slack"
    smtp_host: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9.-]*$")] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_user: Annotated[str, Field(max_length=200)] = ""
    smtp_password_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "WINBACK_SMTP_PASSWORD"
    mail_from: Annotated[str, Field(max_length=200)] = ""
    mail_to: tuple[Annotated[str, Field(max_length=200, pattern=r"^[^\s@]+@[^\s@]+$")], ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> AlertSettings:
        if self.smtp_host and not (self.mail_from and self.mail_to):
            raise ValueError("smtp_host is given but mail_from or mail_to is not")
        return self


class FeedGateSettings(_Section):
    """What the week's files must look like before anything is published."""

    max_quarantined_share: Share = 0.05
    max_spend_age_days: PositiveDays = 10
    weekly_rows_low: Annotated[float, Field(ge=0, le=1)] = 0.6
    weekly_rows_high: Annotated[float, Field(ge=1)] = 3.0
    trailing_weeks: Annotated[int, Field(ge=2, le=104)] = 8
    min_rows_a_week: Annotated[int, Field(ge=1)] = 30


class OutputGateSettings(_Section):
    """How far a week's figures may move from those of the week published before; further withholds the week until accepted."""

    min_rows: Annotated[int, Field(ge=2, description="figures that rest on fewer rows are not compared")] = 30
    max_weeks_apart: Annotated[
        int, Field(ge=1, le=104, description="a week published longer ago is not compared with; bands widen with each week")
    ] = 8
    chance_width: Annotated[
        float, Field(ge=0, description="a figure may always move by so many standard errors of chance")
    ] = 4.0
    max_lapsed_change: Annotated[float, Field(ge=0, description="lapsed accounts, as a share of them")] = 0.5
    max_newly_lapsed_change: Annotated[
        float, Field(ge=0, description="lapsed accounts that are new, as a share of them")
    ] = 1.0
    max_barred_change: Annotated[
        Share, Field(description="share of lapsed accounts that may not or cannot be contacted")
    ] = 0.1
    max_fill_change: Annotated[
        Share, Field(description="share chosen of the accounts that could be, or of the minutes there are")
    ] = 0.4
    max_vanished_share: Annotated[
        Share, Field(description="share of the last list that is neither lapsed nor back; itself, not its change")
    ] = 0.02
    max_return_prob_change: Annotated[Share, Field(description="mean chance of return untouched")] = 0.08
    max_value_change: Annotated[
        float, Field(ge=0, description="value at stake, and a year's spend of the lapsed; 1 allows double and half")
    ] = 1.0
    max_net_value_change: Annotated[
        float, Field(ge=0, description="mean net value of a listed play; 3 allows four times and a quarter")
    ] = 3.0
    max_unknown_reason_change: Annotated[Share, Field(description="share of lapsed accounts whose reason is unknown")] = 0.1
    max_reason_family_change: Annotated[Share, Field(description="share of a family of reasons")] = 0.1
    max_rep_change: Annotated[float, Field(ge=0, description="a representative's lapsed accounts, as a share of them")] = 0.5
    max_region_change: Annotated[float, Field(ge=0, description="a region's purchase days, as a share of them")] = 0.35


class RetentionSettings(_Section):
    """How long things are kept; 0 keeps them for good. `winback prune` and the daily job remove what is past."""

    archive_days: Annotated[Days, Field(description="delivered files; those that weeks are made from stay")] = 0
    is_rebuild_kept: Annotated[
        bool, Field(description="false: those go, too, and a lost warehouse cannot be made again from the archive")
    ] = True
    published_weeks: Annotated[int, Field(ge=0, le=5200, description="newest weeks, their lists and days between")] = 0
    log_days: Annotated[Days, Field(description="alerts and error logs")] = 0
    run_record_days: Annotated[Days, Field(description="Dagster's records of runs")] = 0

    @field_validator("archive_days", "log_days", "run_record_days")
    @classmethod
    def _not_days_ago(cls, value: int) -> int:
        if 0 < value < 28:
            raise ValueError("is 0 (keep for good) or at least 28 days")
        return value

    @property
    def is_unlimited(self) -> bool:
        """Whether everything is kept for good."""
        return not (self.archive_days or self.published_weeks or self.log_days or self.run_record_days)


class ChatSettings(_Section):
    """A chat model of your own that reads notes, off by default. The key stays in the environment variable named here."""

    is_enabled: bool = False
    url: str = ""
    model: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    api_key_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "WINBACK_CHAT_API_KEY"
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    max_notes_per_run: Annotated[int, Field(ge=0)] = 2_000
    max_characters_per_run: Annotated[int, Field(ge=0)] = 20_000_000
    max_retries: Annotated[int, Field(ge=0, le=5)] = 2

    @field_validator("url")
    @classmethod
    def _url_is_safe(cls, value: str) -> str:
        if value and (problem := endpoint_problem(value)):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _complete(self) -> ChatSettings:
        missing = [name for name in ("url", "model") if not getattr(self, name)]
        if self.is_enabled and missing:
            raise ValueError(f"is_enabled is true but {' and '.join(missing)} not given")
        return self


class Settings(_Section):
    """All settings of a workspace."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    lapse: LapseSettings = LapseSettings()
    value: ValueSettings = ValueSettings()
    reasons: ReasonSettings = ReasonSettings()
    models: ModelSettings = ModelSettings()
    plan: PlanSettings = PlanSettings()
    offers: OfferSettings = OfferSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    delivery: DeliverySettings = DeliverySettings()
    alerts: AlertSettings = AlertSettings()
    feed_gate: FeedGateSettings = FeedGateSettings()
    output_gate: OutputGateSettings = OutputGateSettings()
    chat_labeller: ChatSettings = ChatSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The workspace's time zone."""
        return ZoneInfo(self.workspace.timezone)


def parse_settings(text: str, source: str = "winback.toml") -> Settings:
    """Settings from the text of a `winback.toml`.

    Raises UsageError that names every setting that is unknown or out of range.
    """
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{source} is not valid TOML: {error}") from error
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, e['loc'])) or '(file)'}: {e['msg']}" for e in error.errors()]
        raise UsageError(f"{source}: {len(problems)} setting(s) to mend:\n" + "\n".join(problems)) from error


def settings_text(settings: Settings) -> str:
    """A `winback.toml` that spells out every setting with its meaning."""
    lines = ["# Settings of this winback workspace. Every value shown is in force; delete a line to get its default.\n"]
    for section, model in settings:
        lines.append(f"# {type(model).__doc__}\n[{section}]")
        for name, value in model:
            meaning = type(model).model_fields[name].description
            lines.append(f"{name} = {_toml_value(value)}" + (f"  # {meaning}" if meaning else ""))
        lines.append("")
    return "\n".join(lines)


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    return str(value)
