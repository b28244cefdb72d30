"""One label out of what the endpoint and the fast model say of the same note.

Belongs here: the rule by which the two are joined, and when neither is asserted. Does not belong here: whether an answer is
fit at all (`chat_answer`), asking (`chat_labeller`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from winback.reasons.chat_answer import Answer, Quote
from winback.reasons.evidence import Span
from winback.reasons.labeller import NoteLabel
from winback.reasons.mentions import find_mentions
from winback.reasons.taxonomy import FAMILY_CODES, LEAF_CODES, family_of
from winback.reasons.views import Reading

ENDPOINT_WEIGHT = 0.5
"""Nothing is known of how well an endpoint's confidence is calibrated: it weighs as much as the fast model, not more."""
MIN_WHEN_AGREED = 0.6
MIN_WHEN_ALONE = 0.85
_BROAD_FAMILIES = FAMILY_CODES[:2]


def decide(answer: Answer, reading: Reading, fast: NoteLabel, model_version: str) -> NoteLabel:
    """The label of a note that both have read.

    Probabilities are the mean of the two, where the endpoint puts its own confidence on its code and leaves the rest as the
    fast model sees it. `code` is the likeliest by that mean, with the words of whoever named it; `confidence` is its mean,
    which holds an endpoint's boast down but is not calibrated for it. A leaf is asserted where it is the endpoint's code and

    - both name it and the endpoint's confidence is at least `MIN_WHEN_AGREED`, or
    - the fast model abstained and the endpoint's confidence is at least `MIN_WHEN_ALONE`.

    So a fast model that is sure of another code makes an abstention, as does a doubtful endpoint. A family stands where the
    fast model was sure of it and the endpoint's code is one of it.
    """
    code = answer.main.code
    p = _pooled(answer, fast)
    asserted = code == _likeliest(p, fast, code) and (
        answer.confidence >= MIN_WHEN_AGREED
        if fast.code == code
        else fast.is_abstained and answer.confidence >= MIN_WHEN_ALONE
    )
    label = _worded(answer, reading, fast) if code == _likeliest(p, fast, code) else fast
    order = [LEAF_CODES[int(i)] for i in np.argsort(-p, kind="stable")]
    return replace(
        label,
        confidence=round(float(p[LEAF_CODES.index(label.code)]), 4),
        is_abstained=not asserted,
        primary_code=code if asserted else _family_both_name(code, fast),
        runner_up=next(c for c in order if c != label.code),
        probabilities=tuple(round(float(x), 4) for x in p),
        model_version=model_version,
    )


def _pooled(answer: Answer, fast: NoteLabel) -> NDArray[np.float64]:
    at = LEAF_CODES.index(answer.main.code)
    p = np.asarray(fast.probabilities, np.float64)
    p = p / p.sum()
    others = np.where(np.arange(len(p)) == at, 0.0, p + 1e-9)
    said = (1 - answer.confidence) * others / others.sum()
    said[at] = answer.confidence
    return np.asarray(ENDPOINT_WEIGHT * said + (1 - ENDPOINT_WEIGHT) * p)


def _likeliest(p: NDArray[np.float64], fast: NoteLabel, code: str) -> str:
    """The endpoint's code or the fast model's: among the others the order is the fast model's own."""
    return fast.code if p[LEAF_CODES.index(fast.code)] > p[LEAF_CODES.index(code)] else code


def _family_both_name(code: str, fast: NoteLabel) -> str | None:
    family = family_of(code)
    is_sure = fast.primary_code is not None and family_of(fast.primary_code) == family
    return family if is_sure and family in _BROAD_FAMILIES else None


def _worded(answer: Answer, reading: Reading, fast: NoteLabel) -> NoteLabel:
    """The fast model's label with code, words and mentions after the endpoint's answer."""
    main = answer.main
    return replace(
        fast,
        code=main.code,
        evidence=reading.text[main.start : main.end],
        start=main.start,
        end=main.end,
        secondary=tuple(q.code for q in answer.secondary),
        secondary_evidence=tuple(_span(q, reading, answer.confidence) for q in answer.secondary),
        mentions=find_mentions(reading.text, reading.clauses, reading.stances, main.code == "1e"),
    )


def _span(quote: Quote, reading: Reading, strength: float) -> Span:
    return Span(reading.text[quote.start : quote.end], quote.start, quote.end, strength)
