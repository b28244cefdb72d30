"""The note labeller: texts in, labels with evidence out.

Belongs here: the public interface, abstention, what becomes of notes nobody can read. Does not belong here: how scores come
about (`model`, `stacking`), several notes and the numbers of one account.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from winback.reasons.artefact import Artefact, Thresholds, load_shipped
from winback.reasons.encoders import E5Encoder, Encoder, SentenceEncoder, has_e5
from winback.reasons.evidence import Span, find_span
from winback.reasons.mentions import Mention, find_mentions
from winback.reasons.ngrams import char_hashes, word_hashes
from winback.reasons.normalise import normalise
from winback.reasons.secondary import MAX_SECONDARY, candidate_features, outside_scores
from winback.reasons.taxonomy import FAMILY_CODES, LEAF_CODES, UNKNOWN, family_of
from winback.reasons.views import MAX_NOTE_CHARS, NOTE_NGRAM, Reading, make_views, read_note

FeatureSet = Literal["auto", "base", "e5"]
Matrix = NDArray[np.float64]
BATCH = 128
N_REMEMBERED = 4096
UNREADABLE_CONFIDENCE = 1 / len(LEAF_CODES)
PARTLY_READ_CONFIDENCE = 0.5
MIN_UNKNOWN_STRENGTH = 0.2
MIN_KNOWN_WORD_SHARE = 0.3
_RIVAL = "1e"


@dataclass(frozen=True, slots=True)
class NoteLabel:
    """Why an account left, by one note.

    `code` is always a leaf, the likeliest; `confidence` its calibrated probability. `is_abstained` says that no leaf is
    asserted; `primary_code` is the leaf where one is, a family (`1` or `2`) where only that is sure, else None.
    `evidence == text[start:end]` is what the note says for `code` ("" with 0, 0 where nothing does). `secondary` are further
    codes the note gives, with `secondary_evidence` in the same order. `runner_up` is the second likeliest leaf: a play that
    has to ask asks for `code` and `runner_up`. `language` is zh-Hans, zh-Hant, en, mixed or other.
    `bears_prob` is the chance that the note is about leaving at all: most notes of a CRM are daily business.
    """

    code: str
    confidence: float
    is_abstained: bool
    primary_code: str | None
    runner_up: str
    evidence: str
    start: int
    end: int
    secondary: tuple[str, ...]
    secondary_evidence: tuple[Span, ...]
    language: str
    mentions: tuple[Mention, ...]
    probabilities: tuple[float, ...]
    bears_prob: float
    model_version: str
    taxonomy_version: str


class Labeller:
    """Labels notes with one fitted model; remembers the labels of the last few thousand texts."""

    def __init__(self, artefact: Artefact, features: Literal["base", "e5"], encoder: Encoder, e5: Encoder | None) -> None:
        self._artefact, self._head, self.features = artefact, artefact.heads[features], features
        self._encoder, self._e5 = encoder, e5 if features == "e5" else None
        self._known: OrderedDict[str, NoteLabel] = OrderedDict()

    @property
    def model_version(self) -> str:
        """Stored with every label; names the features used, too."""
        return f"{self._artefact.model_version}-{self.features}"

    def label(self, texts: Sequence[str]) -> list[NoteLabel]:
        """One label per text, in order. A text that comes twice is read once; the batch never changes a label."""
        missing = [t for t in dict.fromkeys(texts) if t not in self._known]
        fresh: dict[str, NoteLabel] = {}
        for at in range(0, len(missing), BATCH):
            part = missing[at : at + BATCH]
            fresh.update(zip(part, self._label_batch(part), strict=True))
        labels = [fresh[t] if t in fresh else self._known[t] for t in texts]
        self._known.update(fresh)
        while len(self._known) > N_REMEMBERED:
            self._known.popitem(last=False)
        return labels

    def lexical_scores(self, texts: Sequence[str]) -> Matrix:
        """Scores of the lexical part alone, one row a text, one column a leaf code; the fast part, for measuring it."""
        normals = [normalise(t[:MAX_NOTE_CHARS]) for t in texts]
        return self._artefact.scorers.lexical.score(char_hashes(normals, NOTE_NGRAM), word_hashes(normals), len(texts))

    def _label_batch(self, texts: list[str]) -> list[NoteLabel]:
        readings = [read_note(t) for t in texts]
        views = make_views(readings, self._encoder, self._e5)
        scores, clause_scores = self._artefact.scorers.score(views)
        probabilities = self._head.stack.probabilities(scores)
        known = self._artefact.scorers.lexical.known_word_share(views.words, views.n)
        bears = self._artefact.relevance.probabilities(views)
        bounds = np.searchsorted(views.owner, np.arange(views.n + 1))
        by_note = [clause_scores[bounds[i] : bounds[i + 1]] for i in range(views.n)]
        spans = [_span(r, c, p) for r, c, p in zip(readings, by_note, probabilities, strict=True)]
        outside = np.stack([outside_scores(r, c, s) for r, c, s in zip(readings, by_note, spans, strict=True)])
        chances = self._head.secondary.chances(probabilities, candidate_features(probabilities, scores, outside))
        return [
            self._decide(
                r,
                probabilities[i],
                spans[i],
                _secondary(r, chances[i], by_note[i], self._head.secondary.threshold),
                float(known[i]),
                float(bears[i]),
            )
            for i, r in enumerate(readings)
        ]

    def _decide(
        self,
        reading: Reading,
        p: Matrix,
        span: Span | None,
        secondary: list[tuple[str, Span]],
        known_words: float,
        bears: float,
    ) -> NoteLabel:
        language = reading.language
        if language == "en" and known_words < MIN_KNOWN_WORD_SHARE:
            language = "other"
        order = np.argsort(-p, kind="stable")
        code, runner_up = LEAF_CODES[int(order[0])], LEAF_CODES[int(order[1])]
        if not reading.clauses:
            code, runner_up = UNKNOWN, LEAF_CODES[0]
        if code == UNKNOWN and span is not None and span.strength < MIN_UNKNOWN_STRENGTH:
            span = None
        is_readable = bool(reading.clauses) and language != "other"
        confidence = float(p.max()) if is_readable else min(float(p.max()), UNREADABLE_CONFIDENCE)
        if reading.is_cut:
            confidence = min(confidence, PARTLY_READ_CONFIDENCE)
        has_words = span is not None or code == UNKNOWN
        asserted = is_readable and not reading.is_cut and has_words and confidence >= self._head.thresholds.leaf
        primary = code if asserted else None
        if not asserted and is_readable and not reading.is_cut and has_words:
            primary = _sure_family(p, self._head.thresholds)
        further = secondary if is_readable else []
        return NoteLabel(
            code=code,
            confidence=round(confidence, 4),
            is_abstained=not asserted,
            primary_code=primary,
            runner_up=runner_up,
            evidence=span.text if span else "",
            start=span.start if span else 0,
            end=span.end if span else 0,
            secondary=tuple(c for c, _ in further),
            secondary_evidence=tuple(s for _, s in further),
            language=language,
            mentions=find_mentions(reading.text, reading.clauses, reading.stances, code == _RIVAL),
            probabilities=tuple(round(float(x), 4) for x in p),
            bears_prob=round(bears, 4),
            model_version=self.model_version,
            taxonomy_version=self._artefact.taxonomy_version,
        )


def _sure_family(p: Matrix, thresholds: Thresholds) -> str | None:
    sums = {f: sum(float(x) for x, c in zip(p, LEAF_CODES, strict=True) if family_of(c) == f) for f in FAMILY_CODES[:2]}
    best = max(sums, key=lambda f: sums[f])
    return best if sums[best] >= thresholds.family else None


def _span(reading: Reading, clause_scores: Matrix, p: Matrix) -> Span | None:
    return find_span(reading, clause_scores, LEAF_CODES[int(p.argmax())]) if reading.clauses else None


def _secondary(reading: Reading, chances: Matrix, clause_scores: Matrix, least: float) -> list[tuple[str, Span]]:
    """Codes picked as second reasons whose words can be shown; at most `MAX_SECONDARY`."""
    picked = []
    for index in np.argsort(-chances, kind="stable")[:MAX_SECONDARY]:
        code = LEAF_CODES[int(index)]
        span = find_span(reading, clause_scores, code) if chances[index] >= least and reading.clauses else None
        if span is not None:
            picked.append((code, span))
    return picked


def load_labeller(features: FeatureSet = "auto", artefact: Artefact | None = None) -> Labeller:
    """The shipped labeller, or one with another fitted `artefact`; `auto` uses the e5 extra where it is installed."""
    chosen: Literal["base", "e5"] = "base" if features == "base" or (features == "auto" and not has_e5()) else "e5"
    return Labeller(artefact or load_shipped(), chosen, SentenceEncoder(), E5Encoder() if chosen == "e5" else None)


def to_json_line(note_id: str, label: NoteLabel) -> dict[str, Any]:
    """The label as `winback label` writes it; `code` is the likeliest leaf even where `abstained` is true."""
    return {
        "id": note_id,
        "code": label.code,
        "confidence": label.confidence,
        "abstained": label.is_abstained,
        "evidence": label.evidence,
        "start": label.start,
        "end": label.end,
        "secondary": list(label.secondary),
        "language": label.language,
    }
