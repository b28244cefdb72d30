"""Fitting the labeller that ships: `python -m winback.reasons.train`.

Belongs here: from the corpus to one artefact and its cross-validated report, deterministic. Does not belong here: the folds
(`folds`), the figures (`evaluate`), use (`labeller`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from winback.reasons.artefact import Artefact, Head, Thresholds, save_artefact
from winback.reasons.calibration import abstention_threshold, softmax
from winback.reasons.corpus import WRITERS, corpus_fingerprint, load_corpus, load_routine
from winback.reasons.encoders import E5Encoder, Encoder, SentenceEncoder, has_e5
from winback.reasons.folds import FoldScores, Labelled, Progress, fold_scores, secondary_features, stacked
from winback.reasons.model import N_CODES, BaseScorers
from winback.reasons.relevance import RelevanceScorer
from winback.reasons.secondary import SecondaryPicker
from winback.reasons.stacking import BLOCKS, Stack
from winback.reasons.taxonomy import LEAF_CODES, family_of, load_taxonomy
from winback.reasons.views import make_views, read_note

WANTED_PRECISION = 0.95
"""Share right among asserted leaves, out of fold; above the 0.92 that is promised, since other writers differ more."""


def label_corpus(encoder: Encoder, e5: Encoder | None) -> Labelled:
    """The corpus as features and labels; minutes with the real encoders."""
    notes = load_corpus()
    readings = [read_note(n.text) for n in notes]
    return Labelled.make(notes, readings, make_views(readings, encoder, e5))


def fit_head(data: Labelled, folds: FoldScores, features: str) -> Head:
    """Stack, temperature, thresholds and second reasons for one set of features, all from notes unseen by what scored them."""
    blocks = BLOCKS[features]
    raw = stacked(data, folds, blocks)
    stack = Stack.fit(blocks, folds.plain, data.labels, N_CODES).calibrated(raw, data.labels)
    p = softmax(raw / stack.temperature)
    is_right = p.argmax(axis=1) == data.labels
    leaf = abstention_threshold(p.max(axis=1), is_right, WANTED_PRECISION)
    families = np.array([int(family_of(c)) for c in LEAF_CODES])
    sums = np.stack([p[:, families == f].sum(axis=1) for f in (1, 2)], axis=1)
    unsure = p.max(axis=1) < leaf
    family_right = sums.argmax(axis=1) + 1 == families[data.labels]
    family = abstention_threshold(sums.max(axis=1)[unsure], family_right[unsure], WANTED_PRECISION)
    secondary = SecondaryPicker.fit(p, secondary_features(data, folds, p), [n.secondary for n in data.notes])
    return Head(stack, secondary, Thresholds(leaf, family))


def fit_relevance(encoder: Encoder) -> RelevanceScorer:
    """What tells notes about leaving from daily business: the corpus against its notes of daily business.

    Judged unseen by writer and, for the notes of daily business, by trade.
    """
    told, routine = load_corpus(), load_routine()
    views = make_views([read_note(t) for t in (*(n.text for n in told), *(n.text for n in routine))], encoder, None)
    domains = sorted({n.domain for n in routine})
    folds = [WRITERS.index(n.writer) for n in told] + [domains.index(n.domain) % len(WRITERS) for n in routine]
    return RelevanceScorer.fit(views, np.arange(views.n) < len(told), np.array(folds))


def train(data: Labelled, folds: FoldScores, relevance: RelevanceScorer) -> Artefact:
    """The artefact for every set of features the data allow."""
    return Artefact(
        scorers=BaseScorers.fit(data.views, data.labels, data.clause_labels),
        relevance=relevance,
        heads={name: fit_head(data, folds, name) for name, blocks in BLOCKS.items() if set(blocks) <= set(folds.plain)},
        corpus_fingerprint=corpus_fingerprint(),
        taxonomy_version=load_taxonomy().version,
    )


def write_all(folder: Path, encoder: Encoder, e5: Encoder | None, progress: Progress) -> None:
    """Train, evaluate and write `labeller.npz` and `report.json` into `folder`."""
    from winback.reasons.evaluate import evaluate_folds, write_report

    data = label_corpus(encoder, e5)
    folds = fold_scores(data, progress)
    save_artefact(train(data, folds, fit_relevance(encoder)), folder / "labeller.npz")
    names = [name for name, blocks in BLOCKS.items() if set(blocks) <= set(folds.plain)]
    write_report({name: evaluate_folds(data, folds, name) for name in names}, folder / "report.json")


if __name__ == "__main__":
    if not has_e5():
        raise SystemExit("the shipped labeller holds both feature sets: install the e5 extra before training")
    write_all(Path(__file__).parent / "fitted", SentenceEncoder(), E5Encoder(), print)
