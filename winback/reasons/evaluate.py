"""How good the labeller is on writers it has never seen.

Belongs here: macro-F1, family accuracy, coverage, precision, calibration, confusion, evidence and second reasons, all leave
one writer out; the stored report. Does not belong here: fitting (`train`), printing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winback.reasons.calibration import abstention_threshold, calibration_error, fit_temperature, softmax
from winback.reasons.corpus import corpus_fingerprint
from winback.reasons.encoders import E5Encoder, Encoder, SentenceEncoder, has_e5
from winback.reasons.evidence import find_span
from winback.reasons.folds import FoldScores, Labelled, Progress, fold_scores, secondary_features, stacked
from winback.reasons.secondary import SecondaryPicker
from winback.reasons.stacking import BLOCKS
from winback.reasons.taxonomy import LEAF_CODES, UNKNOWN, family_of

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SliceFigures:
    """Figures of one part of the notes; all shares are 0 to 1."""

    n: int
    macro_f1: float
    accuracy: float
    family_accuracy: float
    coverage: float
    precision: float


@dataclass(frozen=True)
class ReliabilityBin:
    """One of ten equal-width bins of confidence."""

    low: float
    high: float
    n: int
    mean_confidence: float
    share_right: float


@dataclass(frozen=True)
class EvaluationReport:
    """Leave-one-writer-out figures of one set of features.

    `calibration_error` is over ten equal-width bins, temperature fitted on the other writers. `confusion[i][j]` counts notes
    of code i labelled j, in the order of `codes`. `evidence_hit` is the share of rightly labelled notes (but code 7) whose
    span overlaps the annotated one; `secondary_precision` and `secondary_recall` count codes.
    """

    features: str
    corpus_fingerprint: str
    n_notes: int
    overall: SliceFigures
    by_domain_half: dict[str, SliceFigures]
    by_language: dict[str, SliceFigures]
    by_difficulty: dict[str, SliceFigures]
    by_writer: dict[str, SliceFigures]
    f1_by_code: dict[str, float]
    lexical_macro_f1_by_writer: dict[str, float]
    calibration_error: float
    reliability: list[ReliabilityBin]
    evidence_hit: float
    secondary_precision: float
    secondary_recall: float
    codes: list[str]
    confusion: list[list[int]]


def f1_by_code(truth: NDArray[np.int64], said: NDArray[np.int64]) -> Matrix:
    """F1 of every leaf code, NaN for codes that neither occur nor are said."""
    both = np.bincount(truth[truth == said], minlength=len(LEAF_CODES))
    total = np.bincount(truth, minlength=len(LEAF_CODES)) + np.bincount(said, minlength=len(LEAF_CODES))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * both / total, float)


def macro_f1(truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """The mean of `f1_by_code` over codes that occur or are said."""
    return float(np.nanmean(f1_by_code(truth, said)))


def _slice(
    truth: NDArray[np.int64], said: NDArray[np.int64], asserted: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> SliceFigures:
    families = np.array([int(family_of(c)) for c in LEAF_CODES])
    t, s, a = truth[rows], said[rows], asserted[rows]
    return SliceFigures(
        n=int(rows.sum()),
        macro_f1=round(macro_f1(t, s), 4),
        accuracy=round(float((t == s).mean()), 4),
        family_accuracy=round(float((families[t] == families[s]).mean()), 4),
        coverage=round(float(a.mean()), 4),
        precision=round(float((t == s)[a].mean()) if a.any() else 1.0, 4),
    )


def _slices(values: Sequence[str], *arrays: Any) -> dict[str, SliceFigures]:
    names = np.array(values)
    truth, said, asserted = arrays
    return {str(v): _slice(truth, said, asserted, names == v) for v in sorted(set(values))}


def evaluate_folds(data: Labelled, folds: FoldScores, features: str) -> EvaluationReport:
    """All figures from fold scores. Temperature, thresholds and second reasons come from the other writers each time."""
    from winback.reasons.train import WANTED_PRECISION

    raw = stacked(data, folds, BLOCKS[features])
    truth, notes = data.labels, data.notes
    said = raw.argmax(axis=1)
    is_right = said == truth
    p = np.zeros_like(raw)
    asserted = np.zeros(len(truth), bool)
    hits, named, wanted = 0, 0, 0
    features_of = secondary_features(data, folds, softmax(raw))
    for writer in sorted(set(data.writers.tolist())):
        out = data.writers == writer
        temperature = fit_temperature(raw[~out], truth[~out])
        q = softmax(raw / temperature)
        p[out] = q[out]
        asserted[out] = q[out].max(axis=1) >= abstention_threshold(q[~out].max(axis=1), is_right[~out], WANTED_PRECISION)
        picker = SecondaryPicker.fit(
            q[~out], features_of[~out], [n.secondary for n, o in zip(notes, out, strict=True) if not o]
        )
        picked = picker.chances(q[out], features_of[out]) >= picker.threshold
        true = np.array([[c in n.secondary for c in LEAF_CODES] for n, o in zip(notes, out, strict=True) if o])
        hits, named, wanted = hits + int((picked & true).sum()), named + int(picked.sum()), wanted + int(true.sum())
    confidence = p.max(axis=1)
    arrays = (truth, said, asserted)
    confusion = np.zeros((len(LEAF_CODES), len(LEAF_CODES)), int)
    np.add.at(confusion, (truth, said), 1)
    lexical = folds.plain["lexical"].argmax(axis=1)
    return EvaluationReport(
        features=features,
        corpus_fingerprint=corpus_fingerprint(),
        n_notes=len(truth),
        overall=_slice(*arrays, np.ones(len(truth), bool)),
        by_domain_half=_slices(["search_ads" if n.is_search_ads else "other" for n in notes], *arrays),
        by_language=_slices([n.language for n in notes], *arrays),
        by_difficulty=_slices([n.difficulty for n in notes], *arrays),
        by_writer=_slices([n.writer for n in notes], *arrays),
        f1_by_code={c: round(float(f), 4) for c, f in zip(LEAF_CODES, f1_by_code(truth, said), strict=True)},
        lexical_macro_f1_by_writer={
            str(w): round(macro_f1(truth[data.writers == w], lexical[data.writers == w]), 4)
            for w in sorted(set(data.writers.tolist()))
        },
        calibration_error=round(calibration_error(confidence, is_right), 4),
        reliability=_reliability(confidence, is_right),
        evidence_hit=round(_evidence_hit(data, folds, said), 4),
        secondary_precision=round(hits / max(1, named), 4),
        secondary_recall=round(hits / max(1, wanted), 4),
        codes=list(LEAF_CODES),
        confusion=confusion.tolist(),
    )


def _reliability(confidence: Matrix, is_right: NDArray[np.bool_]) -> list[ReliabilityBin]:
    bins = np.minimum((confidence * 10).astype(int), 9)
    rows = []
    for b in range(10):
        here = bins == b
        n = int(here.sum())
        mean, share = (float(confidence[here].mean()), float(is_right[here].mean())) if n else (0.0, 0.0)
        rows.append(ReliabilityBin(b / 10, (b + 1) / 10, n, round(mean, 4), round(share, 4)))
    return rows


def _evidence_hit(data: Labelled, folds: FoldScores, said: NDArray[np.int64]) -> float:
    bounds = np.searchsorted(data.views.owner, np.arange(data.views.n + 1))
    hits = []
    for i, (note, reading) in enumerate(zip(data.notes, data.readings, strict=True)):
        if note.primary == UNKNOWN or LEAF_CODES[said[i]] != note.primary:
            continue
        span = find_span(reading, folds.clauses[bounds[i] : bounds[i + 1]], note.primary)
        start = note.text.find(note.evidence)
        hits.append(span is not None and span.start < start + len(note.evidence) and start < span.end)
    return float(np.mean(hits))


def evaluate_cross_validated(
    features: str = "base",
    encoder: Encoder | None = None,
    e5: Encoder | None = None,
    progress: Progress = lambda _: None,
) -> EvaluationReport:
    """Everything computed anew from the corpus: several minutes. `load_report` gives the stored result at once."""
    from winback.reasons.train import label_corpus

    if features == "e5" and e5 is None and has_e5():
        e5 = E5Encoder()
    data = label_corpus(encoder or SentenceEncoder(), e5 if features == "e5" else None)
    return evaluate_folds(data, fold_scores(data, progress), features)


def write_report(reports: dict[str, EvaluationReport], path: Path) -> None:
    """Store reports by feature set as JSON."""
    path.write_text(json.dumps({k: asdict(v) for k, v in reports.items()}, ensure_ascii=False, indent=1) + "\n", "utf-8")


def load_report() -> dict[str, dict[str, Any]]:
    """The stored reports by feature set (`base`, `e5`), as plain data with the keys of `EvaluationReport`."""
    stored: dict[str, dict[str, Any]] = json.loads(
        (resources.files("winback.reasons") / "fitted" / "report.json").read_text("utf-8")
    )
    return stored
