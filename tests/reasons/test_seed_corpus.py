"""The seed corpus: large and mixed enough, well formed, and no near-copy of the notes that judged it in development."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from winback.reasons.taxonomy import LEAF_CODES

ROOT = Path(__file__).parents[2]
CORPUS = sorted((ROOT / "winback" / "reasons" / "corpus").glob("*.jsonl"))
NOTES = [json.loads(line) for path in CORPUS for line in path.read_text(encoding="utf-8").splitlines()]

SALT = "winback-development-notes"
MOST_SHARED = 0.25
"""Largest share of a note's eight-character shingles that may also stand in a development note."""


def test_enough_notes_of_every_code_and_language() -> None:
    assert len(NOTES) >= 1_600
    per_code = Counter(note["primary"] for note in NOTES)
    assert set(per_code) == set(LEAF_CODES)
    assert min(per_code.values()) >= 60
    languages = Counter(note["lang"] for note in NOTES)
    for language, share in {"zh-Hans": 0.55, "en": 0.28, "zh-Hant": 0.10, "mixed": 0.07}.items():
        assert languages[language] / len(NOTES) == pytest.approx(share, abs=0.02), language
    assert 0.45 <= sum(note["domain"] == "search_ads" for note in NOTES) / len(NOTES) <= 0.55


def test_notes_are_well_formed() -> None:
    assert len({note["id"] for note in NOTES}) == len({note["text"] for note in NOTES}) == len(NOTES)
    for note in NOTES:
        assert note["evidence"] in note["text"], note["id"]
        assert note["evidence"] or note["primary"] == "7", note["id"]
        assert note["primary"] not in note["secondary"], note["id"]
        assert set(note["secondary"]) <= set(LEAF_CODES), note["id"]


def test_no_note_comes_near_a_development_note() -> None:
    """The development notes are known here by salted hashes of their shingles only."""
    known = set((ROOT / "tests" / "reasons" / "development_shingles.txt").read_text().split())
    for note in NOTES:
        text = re.sub(r"\s+", "", note["text"].lower())
        shingles = {text[i : i + 8] for i in range(len(text) - 7)}
        hashes = {hashlib.sha256((SALT + s).encode()).hexdigest()[:10] for s in shingles}
        assert len(hashes & known) <= MOST_SHARED * max(len(hashes), 1), note["id"]
