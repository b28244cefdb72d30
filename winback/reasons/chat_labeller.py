"""The bring-your-own labeller: a chat model reads the notes, the fast model stands by.

Belongs here: which notes are asked about, budget, cache, giving up on an endpoint that is down, what is reported of it. Does
not belong here: the question (`chat_request`), HTTP (`chat_client`), trust in answers (`chat_answer`, `chat_decision`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from winback.config import ChatSettings
from winback.endpoints import is_loopback
from winback.errors import UsageError
from winback.reasons.chat_answer import Answer, checked, read_answer
from winback.reasons.chat_cache import AnswerCache, answer_key
from winback.reasons.chat_client import N_PARALLEL, ChatClient
from winback.reasons.chat_decision import decide
from winback.reasons.chat_outcome import Cause, ChatOutcome, NoAnswerError, UnfitAnswerError
from winback.reasons.chat_request import n_characters, prompt_version
from winback.reasons.labeller import NoteLabel
from winback.reasons.masking import mask_personal
from winback.reasons.views import MAX_NOTE_CHARS, Reading, read_note

MAX_FAILURES_IN_A_ROW = 3


class FastLabeller(Protocol):
    """What stands by: the shipped `Labeller`, or anything with its face."""

    @property
    def model_version(self) -> str: ...  # noqa: D102

    def label(self, texts: Sequence[str]) -> list[NoteLabel]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Note:
    place: int
    masked: str
    key: str
    reading: Reading
    fast: NoteLabel


class ChatLabeller:
    """Labels notes with a chat model behind an OpenAI-compatible endpoint; one object is one run.

    Every note is first labelled by the fast model. That label stays, with the fast model's version, where the note is not
    asked about or its answer is unfit; `outcome` says how often and why. A note is asked about once: masked, within the
    budget, and never again while the cache has its answer. After `MAX_FAILURES_IN_A_ROW` failures (each after its retries)
    the endpoint is given up for this run. Requests run a few at a time; results depend on the order of the notes alone.
    """

    def __init__(
        self, settings: ChatSettings, client: ChatClient, cache: AnswerCache, fast: FastLabeller, phone_region: str = "CN"
    ) -> None:
        self._settings, self._client, self._cache, self._fast = settings, client, cache, fast
        self._phone_region = phone_region
        self._n_notes = self._n_asked = self._n_characters = self._n_from_cache = self._n_failures = 0
        self._fell_back: Counter[Cause] = Counter()
        self._down_because: Cause | None = None

    @property
    def model_version(self) -> str:
        """Of labels the chat model had a say in: its name, the version of the instructions, and the fast model beside it."""
        return f"chat-{self._settings.model}-{prompt_version()}+{self._fast.model_version}"

    @property
    def features(self) -> str:
        """What labels are made from; the fast model's own say `base` or `e5`."""
        return "chat"

    @property
    def outcome(self) -> ChatOutcome:
        """The counts so far."""
        return ChatOutcome(
            n_notes=self._n_notes,
            n_asked=self._n_asked,
            n_characters=self._n_characters,
            n_from_cache=self._n_from_cache,
            n_labelled=self._n_notes - self._fell_back.total(),
            fell_back_by_cause=dict(sorted(self._fell_back.items())),
            down_because=self._down_because,
        )

    def label(self, texts: Sequence[str], names: Sequence[Sequence[str]] | None = None) -> list[NoteLabel]:
        """One label per text, in order. `names[i]` are the persons that `texts[i]` may name: they are masked before it leaves.

        Raises ValueError where `names` has another length than `texts`.
        """
        labels = list(self._fast.label(texts))
        names_of = names if names is not None else [()] * len(texts)
        self._n_notes += len(texts)
        waiting: dict[str, list[_Note]] = {}
        for place, (text, persons, fast) in enumerate(zip(texts, names_of, labels, strict=True)):
            cause = _never_asked(text, fast)
            if cause is not None:
                self._fell_back[cause] += 1
                continue
            masked = mask_personal(text, persons, self._phone_region)
            key = answer_key(prompt_version(), self._settings.model, masked)
            note = _Note(place, masked, key, read_note(text), fast)
            known = self._cache.get(key)
            if known is None:
                waiting.setdefault(key, []).append(note)
            else:
                self._n_from_cache += 1
                self._decide(note, known, labels)
        self._ask_all(list(waiting.values()), labels)
        return labels

    def _ask_all(self, groups: list[list[_Note]], labels: list[NoteLabel]) -> None:
        """Ask in waves; each group shares one masked text and one answer."""
        with ThreadPoolExecutor(N_PARALLEL) as pool:
            while groups:
                cause = self._stop_cause(groups[0][0])
                if cause is not None:
                    self._fell_back[cause] += sum(map(len, groups))
                    return
                wave = self._affordable(groups[:N_PARALLEL])
                groups = groups[len(wave) :]
                replies = list(pool.map(self._ask, [group[0].masked for group in wave]))
                for group, reply in zip(wave, replies, strict=True):
                    self._take_reply(group, reply, labels)

    def _stop_cause(self, following: _Note) -> Cause | None:
        if self._down_because is not None:
            return Cause.ENDPOINT_DOWN
        return None if self._fits(following) else Cause.BUDGET_SPENT

    def _fits(self, note: _Note) -> bool:
        s = self._settings
        fits_characters = self._n_characters + n_characters(note.masked) <= s.max_characters_per_run
        return self._n_asked < s.max_notes_per_run and fits_characters

    def _affordable(self, groups: list[list[_Note]]) -> list[list[_Note]]:
        """The first of `groups` that the budget covers; they are charged here."""
        wave = []
        for group in groups:
            if not self._fits(group[0]):
                break
            self._n_asked += 1
            self._n_characters += n_characters(group[0].masked)
            wave.append(group)
        return wave

    def _ask(self, masked: str) -> str | Cause:
        try:
            return self._client.ask(masked)
        except NoAnswerError as error:
            return error.cause

    def _take_reply(self, group: list[_Note], reply: str | Cause, labels: list[NoteLabel]) -> None:
        if isinstance(reply, Cause):
            self._n_failures += 1
            if self._n_failures >= MAX_FAILURES_IN_A_ROW and self._down_because is None:
                self._down_because = reply
            self._fell_back[reply] += len(group)
            return
        self._n_failures = 0
        try:
            answer = read_answer(reply, group[0].masked, group[0].reading)
        except UnfitAnswerError as error:
            self._fell_back[error.cause] += len(group)
            return
        self._cache.put(group[0].key, answer)
        for note in group:
            self._decide(note, answer, labels)

    def _decide(self, note: _Note, answer: Answer, labels: list[NoteLabel]) -> None:
        try:
            fit = checked(answer, note.reading)
        except UnfitAnswerError as error:
            self._fell_back[error.cause] += 1
            return
        labels[note.place] = decide(fit, note.reading, note.fast, self.model_version)


def _never_asked(text: str, fast: NoteLabel) -> Cause | None:
    """Notes in a language whose denials and hearsay nobody here can tell are not asked about, nor what is cut when read."""
    if len(text) > MAX_NOTE_CHARS:
        return Cause.TOO_LONG
    return Cause.UNREADABLE if fast.language == "other" else None


def chat_key(settings: ChatSettings, environ: Mapping[str, str]) -> str:
    """The key in the variable that the settings name; an endpoint on this machine may do without ("").

    Raises UsageError where it is missing.
    """
    key = environ.get(settings.api_key_variable, "").strip()
    if not key and not is_loopback(settings.url):
        raise UsageError(
            f"chat_labeller is enabled but the environment variable {settings.api_key_variable} is empty; "
            "set it to the endpoint's key, or set chat_labeller.is_enabled = false"
        )
    return key


def load_chat_labeller(
    settings: ChatSettings, key: str, cache_path: Path, fast: FastLabeller, phone_region: str = "CN"
) -> ChatLabeller:
    """The labeller that `settings` describe; nothing is sent yet.

    Raises UsageError where it is not enabled, or its address, key or cache cannot be used.
    """
    if not settings.is_enabled:
        raise UsageError("chat_labeller is not enabled; set chat_labeller.is_enabled, url and model in winback.toml")
    return ChatLabeller(settings, ChatClient(settings, key), AnswerCache(cache_path), fast, phone_region)
