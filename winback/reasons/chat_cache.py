"""Answers already paid for, kept in one file.

Belongs here: the key of an answer, reading and appending JSON lines that hold codes, offsets and confidence. Does not belong
here: note text, the endpoint's key, whether an answer is fit (`chat_answer`).
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from winback.errors import RunFailedError, UsageError
from winback.reasons.chat_answer import Answer, Quote
from winback.reasons.taxonomy import LEAF_CODES

LeafCode = Annotated[str, Field(pattern="^(?:" + "|".join(LEAF_CODES) + ")$")]
Place = tuple[LeafCode, int, int]
_MODE = 0o600


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    confidence: float = Field(ge=0, le=1)
    main: Place
    secondary: list[Place]


def answer_key(prompt_version: str, model: str, masked_note: str) -> str:
    """SHA-256 of everything that decides an answer: another prompt, model or note has another key."""
    told = json.dumps([prompt_version, model, masked_note])
    return hashlib.sha256(told.encode()).hexdigest()


class AnswerCache:
    """Answers by key, in memory and in an append-only file that only its owner may read.

    One writer at a time (the workspace's lock sees to that). A line that is not whole, as a killed run leaves it, is passed
    over: that costs one request. Raises UsageError where the file cannot be read, RunFailedError where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, Answer] = {}
        try:
            data = path.read_bytes() if path.exists() else b""
            if data:
                path.chmod(_MODE)
        except OSError as error:
            raise UsageError(f"the answers kept in {path} cannot be read: {error.strerror}") from error
        self._ends_mid_line = bool(data) and not data.endswith(b"\n")
        for line in data.splitlines():
            self._take(line)

    def __len__(self) -> int:
        """The number of answers."""
        return len(self._answers)

    def get(self, key: str) -> Answer | None:
        """The answer with this key, if there is one."""
        return self._answers.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep `answer`; it is in the file when this returns."""
        line = _Line(
            key=key,
            confidence=answer.confidence,
            main=_place(answer.main),
            secondary=[_place(q) for q in answer.secondary],
        )
        data = ("\n" if self._ends_mid_line else "") + line.model_dump_json() + "\n"
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
            with os.fdopen(file, "ab") as out:
                out.write(data.encode())
        except OSError as error:
            raise RunFailedError(f"an answer cannot be kept in {self._path}: {error.strerror}") from error
        self._ends_mid_line = False
        self._answers[key] = answer

    def _take(self, data: bytes) -> None:
        try:
            line = _Line.model_validate_json(data)
        except ValidationError:
            return
        self._answers[line.key] = Answer(Quote(*line.main), line.confidence, tuple(Quote(*q) for q in line.secondary))


def _place(quote: Quote) -> Place:
    return quote.code, quote.start, quote.end
