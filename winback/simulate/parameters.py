"""The numbers of the simulated market: read, checked, handed out as frozen objects.

Belongs here: the shape of `parameters.yaml`, its validation, and the table of what each number is modelled on.
Does not belong here: the numbers themselves (the YAML file) or anything that uses them.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from winback.errors import UsageError

CODES: tuple[str, ...] = ("1a", "1b", "1c", "1d", "1e", "1f", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "7")
CODE_INDEX: dict[str, int] = {code: i for i, code in enumerate(CODES)}
TOUCH_CHANNELS: tuple[str, ...] = ("phone", "visit", "mail", "chat", "sms")
OFFER_KINDS: tuple[str, ...] = (
    "none", "cash_off", "discount", "upgrade", "discount_upgrade", "goods_bundle", "points", "bonus_points",
    "price_difference_refund", "voucher", "free_delivery", "early_notice", "usage_help", "service_recovery", "other",
)  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
BASES = ("fitted", "case", "assumed")


class ParameterError(UsageError):
    """A number of the market lacks its source or cannot be right."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Market(_Section):
    """Who the accounts are."""

    opened_before_share: Share
    years_before: Positive
    arrival_weekly_share: Share
    english_share: Share
    prepaid_share: Share
    contractual_share: Share
    contract_period_days: tuple[Count, ...]
    contract_period_share: tuple[Share, ...]
    silent_share: Share
    late_payer_share: Share
    decision_maker_met_share: Share
    consent_refused_share: Share
    consent_unknown_share: Share
    foreign_currency_share: Share
    accounts_per_rep: Count
    size_share: tuple[Share, ...]
    size_amount_factor: tuple[Positive, ...]


class Spending(_Section):
    """How often and how much active accounts spend."""

    gap_median_days: Positive
    gap_sigma: Positive
    gap_shape: Positive
    amount_median: Positive
    amount_sigma_between: Positive
    amount_sigma_within: Positive
    refund_share: Share
    refund_delay_days: Positive
    discount_line_share: Share
    offer_line_share: Share
    points_per_amount: Positive
    points_spent_weekly_share: Share
    prodrome_gap_factor: Positive
    prodrome_amount_factor: Positive


class Usage(_Section):
    """What spend brings."""

    period_weeks: Count
    visits_per_click: Share
    message_share: Share
    order_share: Share
    weekly_noise_sigma: Positive
    few_inquiries_factor: Positive
    dear_cost_factor: Positive
    jump_click_factor: Positive
    lost_orders_factor: Positive
    rebuild_visit_factor: Positive
    low_season_factor: Positive


class Lapse(_Section):
    """When trouble starts, and what makes which reason likelier."""

    weekly_onset: Share
    early_factor: Positive
    early_weeks: Count
    recovery_share: Share
    second_code_share: Share
    poor_setup_factor: Positive
    dear_factor: Positive
    open_complaint_factor: Positive
    many_contacts_factor: Positive
    late_payer_factor: Positive
    unmet_owner_factor: Positive
    incident_factor: Positive
    season_power: Positive


class Reasons(_Section):
    """One number per leaf code."""

    share: dict[str, Share]
    prodrome_days: dict[str, Positive]
    return_weekly: dict[str, Share]
    return_decay_weeks: dict[str, Positive]
    touch_log: dict[str, float]
    second_days: dict[str, Positive]

    @model_validator(mode="after")
    def _complete(self) -> Reasons:
        for name in type(self).model_fields:
            column = getattr(self, name)
            missing, extra = set(CODES) - set(column), set(column) - set(CODES)
            if missing or extra:
                raise ValueError(f"reasons.{name}: missing codes {sorted(missing)}, unknown codes {sorted(extra)}")
        if abs(sum(self.share.values()) - 1.0) > 1e-9:
            raise ValueError(f"reasons.share sums to {sum(self.share.values()):.4f}, not 1")
        return self


class Returns(_Section):
    """What a lapsed account's chance of return depends on."""

    floor_weekly: Share
    frailty_sigma: Positive
    response_sigma: Positive
    active_value_log: float
    season_power: float
    touch_fade_weeks: Positive
    touch_delay_log: float
    channel_log: dict[str, float]
    english_mail_log: float
    offer_log: dict[str, float]
    matched_offer_log: float
    change_log: float
    redeem_share: Share

    @model_validator(mode="after")
    def _complete(self) -> Returns:
        if set(self.channel_log) != set(TOUCH_CHANNELS):
            raise ValueError(f"returns.channel_log must name {', '.join(TOUCH_CHANNELS)}")
        if set(self.offer_log) != set(OFFER_KINDS):
            raise ValueError(f"returns.offer_log must name {', '.join(OFFER_KINDS)}")
        return self


class Second(_Section):
    """Second lifetimes."""

    duration_shape: Positive
    matched_factor: Positive
    price_offer_factor: Positive
    amount_median_factor: Positive
    amount_sigma: Positive
    gap_median_factor: Positive
    gap_sigma: Positive


class Closing(_Section):
    """Businesses that close for good."""

    active_weekly: Share
    lapsed_weekly: Share
    reported_share: Share


class Contacts(_Section):
    """Contacts beside win-back."""

    care_weekly: Share
    inquiry_weekly: Share
    notice_weekly: Share
    complaint_weekly: Share
    complaint_prodrome_weekly: dict[Literal["1f", "4", "5"], Share]
    heavy_calls_weekly: Positive
    reminder_share: Share
    exit_talk_share: Share
    early_hint_share: Share
    told_share: Share
    routine_note_share: Share
    promise_share: Share
    promise_kept_share: Share
    promise_kept_prodrome_share: Share
    people_change_yearly: Share
    setup_change_yearly: Share
    rep_change_yearly: Share


class Service(_Section):
    """Service cases, incidents, changes and contract events."""

    case_weekly: Share
    case_prodrome_weekly: Share
    missed_share: Share
    missed_prodrome_share: Share
    never_done_share: Share
    claim_share: Share
    incident_weekly: Share
    incident_notice_share: Share
    change_weekly: Share
    event_weekly: Share


class Habits(_Section):
    """How reps work, in the history and with delivered playbooks."""

    holdout_share: Share
    explore_share: Share
    explore_weekly: Share
    weekly_low: Share
    weekly_high: Share
    notice_weeks: Count
    rest_weeks: Count
    reached_share: Share
    offer_share: Share
    contamination_weekly: Share
    outcome_share: Share
    habit_concentration: Positive
    weekly_minutes: tuple[Count, ...]
    absent_share: Share
    least_attendance: Share
    skip_share: Share
    minutes_sigma: Positive
    marked_unworked_share: Share
    reason_filled_share: Share
    reason_right_share: Share
    play_down_share: Share
    quote_share: Share
    slip_share: Share
    wrong_offer_share: Share
    ask_no_contact_share: Share


class Industry(_Section):
    """One kind of business."""

    weight: Share
    peak_month: Annotated[int, Field(ge=1, le=12)]
    season: Share
    click_amount: Positive
    inquiry_share: Share
    word_zh: str
    word_en: str


class Parameters(_Section):
    """All numbers of a simulated market."""

    market: Market
    spending: Spending
    usage: Usage
    lapse: Lapse
    reasons: Reasons
    returns: Returns
    second: Second
    closing: Closing
    contacts: Contacts
    service: Service
    habits: Habits
    industries: dict[str, Industry]


@cache
def default_parameters() -> Parameters:
    """The numbers of the packaged `parameters.yaml`, checked."""
    return parse_parameters(_packaged_text())


def parse_parameters(text: str) -> Parameters:
    """The numbers written in `text` (YAML shaped like the packaged file), checked.

    Raises ParameterError if a number has no source, and pydantic's ValidationError if one is out of range, missing or
    unknown.
    """
    return Parameters.model_validate({name: _plain(name, section) for name, section in _read(text).items()})


def parameter_sources(text: str | None = None) -> pl.DataFrame:
    """What each number is modelled on: columns name, value (as text), basis (fitted, case or assumed), modelled_on."""
    rows = []
    for section, entries in _read(_packaged_text() if text is None else text).items():
        if section == "industries":
            rows.append((section, ", ".join(entries["rows"]), entries["basis"], entries["modelled_on"]))
            continue
        rows += [(f"{section}.{name}", str(e["value"]), e["basis"], e["modelled_on"]) for name, e in entries.items()]
    return pl.DataFrame(rows, schema=["name", "value", "basis", "modelled_on"], orient="row")


def _packaged_text() -> str:
    return (resources.files(__package__) / "parameters.yaml").read_text(encoding="utf-8")


def _read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _plain(section: str, entries: dict[str, Any]) -> dict[str, Any]:
    if section == "industries":
        _check_source(section, entries)
        rows: dict[str, Any] = entries["rows"]
        return rows
    for name, entry in entries.items():
        _check_source(f"{section}.{name}", entry)
    return {name: entry["value"] for name, entry in entries.items()}


def _check_source(name: str, entry: dict[str, Any]) -> None:
    if entry.get("basis") not in BASES or not entry.get("modelled_on"):
        raise ParameterError(
            f"'{name}' must say what it is modelled on: basis ({', '.join(BASES)}) and modelled_on (in words)"
        )
