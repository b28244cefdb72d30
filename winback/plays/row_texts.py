"""What a playbook row says about any play: why now, which reason, the steps.

Belongs here: the texts that all plays share (`row_texts.yaml`) and the words made of them. Does not belong here: what one play
says (`talk_track`, `library/*.yaml`) or reading tables (`winback.playbook.words`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from winback.errors import UsageError
from winback.plays.play import Lane, Play, Step, StepChannel, StepRole
from winback.plays.sentences import Sentence, Strict, Text
from winback.plays.tone import load_tones
from winback.plays.written import Language, in_one_line, reason_name
from winback.reasons.taxonomy import UNKNOWN

_Sentences = Annotated[tuple[Sentence, ...], Field(min_length=1)]


class ReasonTexts(Strict):
    """How a reason is put where it is not asserted."""

    unknown: _Sentences
    either: _Sentences
    maybe: _Sentences


class RowTexts(Strict):
    """The whole file."""

    version: str
    why_now: _Sentences
    reason: ReasonTexts
    ask_first: Text
    no_guess: Text
    taboo: Text
    due: Text
    sooner: Text
    minutes: Text
    go_on: Text
    branches: Text
    stop: Text
    lanes: dict[Lane, Text]
    channels: dict[StepChannel, Text]
    without_customer: dict[Literal["colleague", "nobody"], Text]

    @model_validator(mode="after")
    def _something_always_stands(self) -> RowTexts:
        for sentences in (self.why_now, self.reason.unknown, self.reason.either, self.reason.maybe):
            if not sentences[-1].always_stands:
                raise ValueError(f"the last sentence must stand without any fact: '{sentences[-1].en}'")
        return self


@functools.cache
def load_row_texts() -> RowTexts:
    """The texts that ship, checked; UsageError names the key that is wrong."""
    text = (resources.files("winback.plays") / "row_texts.yaml").read_text("utf-8")
    try:
        return RowTexts.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise UsageError(f"row_texts.yaml: {error}") from error


def why_now(facts: Mapping[str, Any], language: Language) -> str:
    """One sentence that says why the account is worth a call this week, from its own figures."""
    return _first(load_row_texts().why_now, facts, language)


def reason_text(facts: Mapping[str, Any], language: Language, *, primary_code: str | None, is_abstained: bool | None) -> str:
    """The reason in words: asserted only if somebody said or picked it, else as a question, else an honest unknown.

    `facts` give `reason_tier`, `likeliest_code` and `runner_up_code` (missing where nothing speaks for them); `primary_code`
    may be a family where only the family is sure.
    """
    texts, tier = load_row_texts().reason, facts.get("reason_tier")
    if tier in (None, "4") or facts.get("likeliest_code") is None:
        return _first(texts.unknown, facts, language)
    if is_abstained or primary_code in (None, UNKNOWN):
        return _first(texts.either, facts, language)
    if tier == "3":
        return _first(texts.maybe, facts, language)
    return reason_name(str(primary_code), language)


def action_text(play: Play, language: Language, *, is_said_outright: bool) -> str:
    """What to do; a play whose reason nobody stated begins by asking."""
    action = play.action.said_in(language)
    if is_said_outright or play.talk is None:
        return action
    return _joined([load_row_texts().ask_first.said_in(language), action], language)


def do_not_say(play: Play, language: Language, *, is_said_outright: bool, taboos: str | None) -> str:
    """What must not be said: the play's list, no guessing where the reason is not stated, and the account's own taboos."""
    texts = load_row_texts()
    said = [text.said_in(language) for text in play.do_not_say]
    no_guess = texts.no_guess.said_in(language)
    if not is_said_outright and no_guess not in said:
        said.insert(0, no_guess)
    own = in_one_line(taboos or "")
    if own:
        said.append(f"{texts.taboo.said_in(language)}{_colon(language)}{own}")
    return _joined(said, language)


def steps_text(play: Play, language: Language, week_on: date, *, is_said_outright: bool, due_on: date) -> str:
    """The play's steps, one a line, with lane, channel, role, due day and minutes; then the other answers and when to stop.

    `due_on` is the day of the first contact: where it is sooner than the play has it, a line says so, and no step up to that
    contact is due later.
    """
    texts, colon = load_row_texts(), _colon(language)
    lines = [] if is_said_outright or play.talk is None else [texts.ask_first.said_in(language)]
    first_on = week_on + timedelta(days=play.first_contact.due_days)
    if due_on < first_on:
        lines.append(f"{texts.sooner.said_in(language)}{colon}{due_on}")
    for number, step in enumerate(play.steps, start=1):
        step_on = week_on + timedelta(days=step.due_days)
        lines.append(f"{number}. {_step_line(step, language, min(step_on, due_on) if step_on <= first_on else step_on)}")
    if play.branches:
        names = [f"{b.answer.said_in(language)} → {b.go_to} {reason_name(b.go_to, language)}" for b in play.branches]
        lines.append(f"{texts.branches.said_in(language)}{colon}{_listed(names, language)}")
    lines.append(f"{texts.stop.said_in(language)}{colon}{_joined([text.said_in(language) for text in play.stop], language)}")
    return "\n".join(lines)


def _step_line(step: Step, language: Language, step_on: date) -> str:
    texts = load_row_texts()
    head = [texts.lanes[step.lane], texts.channels[step.channel], _with_whom(step.contact_role)]
    due = f"{texts.due.said_in(language)} {step_on}"
    minutes = f"{step.minutes} {texts.minutes.said_in(language)}"
    colon = _colon(language)
    said = _joined(
        [step.do.said_in(language), f"{texts.go_on.said_in(language)}{colon}{step.go_on.said_in(language)}"], language
    )
    return " · ".join([*(text.said_in(language) for text in head), due, minutes]) + colon + said


def _with_whom(role: StepRole) -> Text:
    match role:
        case "colleague" | "nobody":
            return load_row_texts().without_customer[role]
        case _:
            return load_tones().roles[role]


def _first(sentences: tuple[Sentence, ...], facts: Mapping[str, Any], language: Language) -> str:
    return next(text for text in (sentence.fill(facts, language) for sentence in sentences) if text is not None)


def _joined(texts: list[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(texts)


def _listed(texts: list[str], language: Language) -> str:
    return ("；" if language == "zh" else "; ").join(texts)


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "
