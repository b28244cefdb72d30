"""One play: what is asked, done, brought, offered and said for one reason.

Belongs here: the shape of a play file and what must hold inside it. Does not belong here: the plays (`library/*.yaml`) and
what must hold between them (`library`).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from winback.plays.sentences import Sentence, Strict, Text
from winback.reasons.taxonomy import LEAF_CODES

Lane = Literal["green", "yellow", "red"]
Channel = Literal["phone", "visit", "mail", "chat", "sms"]
StepChannel = Literal["phone", "visit", "mail", "chat", "sms", "desk"]
Role = Literal["owner", "decision_maker", "manager", "operator", "finance", "technical"]
StepRole = Literal["owner", "decision_maker", "manager", "operator", "finance", "technical", "colleague", "nobody"]
OfferKind = Literal[
    "cash_off", "discount", "upgrade", "discount_upgrade", "goods_bundle", "points", "bonus_points",
    "price_difference_refund", "voucher", "free_delivery", "early_notice", "usage_help", "service_recovery",
]  # fmt: skip
PRICE_KINDS = frozenset({"cash_off", "discount", "discount_upgrade", "price_difference_refund"})
T = TypeVar("T", bound=Strict)
LONGEST_STEP = {"zh": 160, "en": 320}
LONGEST_SENTENCE = {"zh": 100, "en": 220}


class Step(Strict):
    """One thing to do. `desk` is work without the customer, alone or with a colleague."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    lane: Lane
    channel: StepChannel
    contact_role: StepRole
    minutes: int = Field(ge=2, le=90)
    due_days: int = Field(ge=0, le=28, description="Days from the Monday of the week.")
    do: Text
    go_on: Text = Field(description="What must be true before the next step.")

    @model_validator(mode="after")
    def _desk_work_meets_no_customer(self) -> Step:
        if (self.channel == "desk") != (self.contact_role in ("colleague", "nobody")):
            raise ValueError(
                f"step '{self.id}': channel desk goes with contact_role colleague or nobody, and only with these"
            )
        for language, longest in LONGEST_STEP.items():
            text = self.do.zh if language == "zh" else self.do.en
            if len(text) > longest:
                raise ValueError(
                    f"step '{self.id}': the {language} text has {len(text)} characters, at most {longest} fit a phone"
                )
        return self

    @property
    def is_contact(self) -> bool:
        """Whether the customer is spoken or written to."""
        return self.channel != "desk"


class Branch(Strict):
    """On this answer the play of `go_to` takes over."""

    answer: Text
    go_to: str


class Solution(Strict):
    """What we can do, why it is better, what they have of it, and what shows it. Evidence without facts is not said."""

    feature: Sentence
    advantage: Sentence
    benefit: Sentence
    evidence: Annotated[tuple[Sentence, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _evidence_rests_on_facts(self) -> Solution:
        bare = [s.en for s in self.evidence if not s.facts]
        if bare:
            raise ValueError(f"evidence must name a fact in braces: '{bare[0]}'")
        return self


_Spoken = Annotated[tuple[Sentence, ...], Field(min_length=1)]


class Talk(Strict):
    """What to say where the reason is stated or confirmed."""

    tone: _Spoken
    diagnosis: _Spoken
    solution: Annotated[tuple[Solution, ...], Field(min_length=1)]
    sum_up: _Spoken
    follow_up: _Spoken

    @model_validator(mode="after")
    def _never_empty(self) -> Talk:
        return _each_part_stands(self, ("tone", "diagnosis", "sum_up", "follow_up"))


class AskTalk(Strict):
    """What to say where the reason is only inferred, or unknown: it asks and names no solution."""

    tone: _Spoken
    diagnosis: _Spoken
    sum_up: _Spoken
    follow_up: _Spoken

    @model_validator(mode="after")
    def _asks(self) -> AskTalk:
        told = [s.en for s in self.diagnosis if not (s.en.endswith("?") and s.zh.endswith("？"))]
        if told:
            raise ValueError(f"every sentence of an asking diagnosis is a question: '{told[0]}'")
        return _each_part_stands(self, ("tone", "diagnosis", "sum_up", "follow_up"))


def _each_part_stands(talk: T, parts: tuple[str, ...]) -> T:
    for part in parts:
        sentences: tuple[Sentence, ...] = getattr(talk, part)
        if not any(s.always_stands for s in sentences):
            raise ValueError(f"`{part}` needs one sentence that stands without any fact")
        for sentence in sentences:
            if len(sentence.zh) > LONGEST_SENTENCE["zh"] or len(sentence.en) > LONGEST_SENTENCE["en"]:
                raise ValueError(f"`{part}` has a sentence too long to say in one breath: '{sentence.en}'")
    return talk


class Restart(Strict):
    """When the account is to be approached again if not now: on a day or once something has happened."""

    kind: Literal["date", "event"]
    sentences: _Spoken


class ContactCap(Strict):
    """At most `contacts` of ours in `within_days`, over all channels."""

    contacts: int = Field(ge=1, le=6)
    within_days: int = Field(ge=7, le=180)


class Play(Strict):
    """One play; see the fields. `code` is the leaf code it answers, None for asking where nothing is known."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    code: str | None
    lane: Lane
    contact_role: Role
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    contact_cap: ContactCap
    action: Text
    diagnosis: Annotated[tuple[Text, ...], Field(min_length=3)]
    facts: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    steps: Annotated[tuple[Step, ...], Field(min_length=2)]
    branches: tuple[Branch, ...]
    then: str | None = Field(description="Code whose play follows once this one is done; None where it ends here.")
    offers: tuple[OfferKind, ...]
    offer_rule: Text
    restart: Restart
    stop: Annotated[tuple[Text, ...], Field(min_length=1)]
    talk: Talk | None = None
    talk_with: Role | None = Field(default=None, description="Whom `talk` is for where that is not the first contact.")
    ask: AskTalk
    do_not_say: Annotated[tuple[Text, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _consistent(self) -> Play:
        self._check_code()
        self._check_steps()
        self._check_offers()
        return self

    def _check_code(self) -> None:
        if self.code is not None and self.code not in LEAF_CODES:
            raise ValueError(f"code '{self.code}' is not a leaf code; they are {', '.join(LEAF_CODES)}")
        if self.code is not None and self.talk is None:
            raise ValueError("`talk` is missing: only the play for unknown reasons goes without")
        if self.code in ("4", "1f") and self.lane != "red":
            raise ValueError(f"code {self.code} starts in the red lane, not in {self.lane}")

    def _check_steps(self) -> None:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError(f"two steps share an id: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
        due = [step.due_days for step in self.steps]
        if due != sorted(due):
            raise ValueError(f"steps are in order, so due_days may not go down: {due}")
        contacts = [step for step in self.steps if step.is_contact]
        if not contacts:
            raise ValueError("no step reaches the customer")
        if self.steps[0].lane != self.lane:
            raise ValueError(f"the play's lane is {self.lane}, its first step's {self.steps[0].lane}")
        first = contacts[0]
        if (first.contact_role, first.channel) != (self.contact_role, self.channels[0]):
            raise ValueError(
                f"contact_role and first channel are {self.contact_role}, {self.channels[0]}; "
                f"the first contact step '{first.id}' has {first.contact_role}, {first.channel}"
            )
        stray = sorted({s.channel for s in contacts} - set(self.channels))
        if stray:
            raise ValueError(f"steps use channels that the play does not list: {', '.join(stray)}")
        if self.talk_with is not None and self.talk_with not in {step.contact_role for step in contacts}:
            raise ValueError(f"talk_with: no step meets the {self.talk_with}")
        soon = sum(step.due_days <= self.contact_cap.within_days for step in contacts)
        if soon > self.contact_cap.contacts:
            raise ValueError(
                f"{soon} contacts within {self.contact_cap.within_days} days, the cap is {self.contact_cap.contacts}"
            )

    def _check_offers(self) -> None:
        is_price = [kind in PRICE_KINDS for kind in self.offers]
        if is_price != sorted(is_price):
            raise ValueError(f"offers that cut the price come last: {', '.join(self.offers)}")
        if len(set(self.offers)) != len(self.offers):
            raise ValueError("an offer kind is listed twice")

    @property
    def minutes(self) -> int:
        """Minutes of all steps."""
        return sum(step.minutes for step in self.steps)

    def minutes_within(self, days: int) -> int:
        """Minutes of the steps due in the first `days` days (due_days below `days`)."""
        return sum(step.minutes for step in self.steps if step.due_days < days)

    @property
    def first_contact(self) -> Step:
        """The first step that reaches the customer."""
        return next(step for step in self.steps if step.is_contact)

    @property
    def is_sober(self) -> bool:
        """Whether small talk is out of place: a complaint is open, or there is one contact only."""
        return self.lane == "red" or self.contact_cap.contacts == 1
