"""The stored cross-validation: belongs to this corpus, keeps the promised floors, and one fold comes out again."""

from collections.abc import Sequence

import numpy as np
import pytest

from winback.reasons.artefact import load_shipped
from winback.reasons.calibration import abstention_threshold, calibration_error
from winback.reasons.corpus import corpus_fingerprint, load_corpus
from winback.reasons.evaluate import load_report, macro_f1
from winback.reasons.folds import Labelled
from winback.reasons.model import LexicalScorer
from winback.reasons.views import make_views, read_note

FLOORS = {"base": {"search_ads": 0.80, "other": 0.64}, "e5": {"search_ads": 0.83, "other": 0.68}}


class NoMeaning:
    """An encoder for tests of what reads characters and words only."""

    name, width = "none", 4

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.zeros((len(texts), self.width), np.float32)


@pytest.mark.parametrize("features", ["base", "e5"])
def test_promised_floors_hold_on_unseen_writers(features: str) -> None:
    report = load_report()[features]
    assert report["corpus_fingerprint"] == corpus_fingerprint() == load_shipped().corpus_fingerprint
    assert report["n_notes"] == len(load_corpus()) >= 1000
    for half, floor in FLOORS[features].items():
        assert report["by_domain_half"][half]["macro_f1"] >= floor
        assert report["by_domain_half"][half]["precision"] >= 0.92
        assert report["by_domain_half"][half]["coverage"] >= 0.60
    assert report["calibration_error"] <= 0.05
    assert sum(b["n"] for b in report["reliability"]) == sum(map(sum, report["confusion"])) == report["n_notes"]


def test_one_fold_of_the_lexical_part_comes_out_again() -> None:
    notes = load_corpus()
    readings = [read_note(n.text) for n in notes]
    data = Labelled.make(notes, readings, make_views(readings, NoMeaning(), None))
    out = data.writers == "d"
    views, labels, _ = data.rows(~out)
    held = data.views.take(out)
    scores = LexicalScorer.fit(views, labels).score(held.chars, held.words, held.n)
    stored = load_report()["base"]["lexical_macro_f1_by_writer"]["d"]
    assert macro_f1(data.labels[out], scores.argmax(axis=1)) == pytest.approx(stored, abs=0.01)
    assert stored >= 0.7


def test_calibration_error_and_threshold_against_hand_counts() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False, True, False])
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.20 + 2 * 0.05) / 6)
    assert abstention_threshold(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True]), 0.75) == 0.6
    assert abstention_threshold(np.array([0.9, 0.8]), np.array([False, False]), 0.9) == 1.0
