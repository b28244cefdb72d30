"""Tone by temperament.

Belongs here: openings, closings and advice per temperament, and the titles of a talk track's parts (`tone.yaml`). Does not
belong here: what is said about a reason (`play`).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Literal, get_args

import yaml
from pydantic import ValidationError, model_validator

from winback.errors import UsageError
from winback.plays.play import Role
from winback.plays.sentences import Strict, Text

Temperament = Literal["expressive", "driver", "amiable", "analytical"]
Part = Literal["tone", "diagnosis", "solution", "sum_up", "follow_up"]
PARTS: tuple[Part, ...] = ("tone", "diagnosis", "solution", "sum_up", "follow_up")


class Tone(Strict):
    """How to speak with one temperament: advice for us, a first and a last sentence to say."""

    advice: Text
    opening: Text
    closing: Text


class Tones(Strict):
    """The whole file."""

    version: str
    parts: dict[Part, Text]
    said_to: Text
    roles: dict[Role, Text]
    temperaments: dict[Temperament, Tone]
    unknown: Tone
    sober: Tone

    @model_validator(mode="after")
    def _complete(self) -> Tones:
        missing = {"expressive", "driver", "amiable", "analytical"} - set(self.temperaments)
        missing |= set(PARTS) - set(self.parts)
        missing |= set(get_args(Role)) - set(self.roles)
        if missing:
            raise ValueError(f"missing: {', '.join(sorted(missing))}")
        return self

    def of(self, temperament: str | None, *, is_sober: bool = False) -> Tone:
        """The tone for a temperament as delivered; None and anything else get the neutral one, sober matters the sober one."""
        if is_sober:
            return self.sober
        return next((tone for name, tone in self.temperaments.items() if name == temperament), self.unknown)


@functools.cache
def load_tones() -> Tones:
    """The tones that ship, checked; UsageError names the key that is wrong."""
    text = (resources.files("winback.plays") / "tone.yaml").read_text("utf-8")
    try:
        return Tones.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise UsageError(f"tone.yaml: {error}") from error
