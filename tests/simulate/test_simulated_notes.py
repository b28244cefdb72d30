"""Notes do not give the code away: a naive n-gram classifier, written out here, stays between 0.6 and 0.9.

Character n-grams (2 to 4), TF-IDF with sublinear counts, multinomial logistic regression with an L2 penalty (C = 10), as
scikit-learn would do it; trained on half of the writer styles, judged on the others.
"""

import re
from collections import Counter
from datetime import date
from math import log

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from winback.simulate.fragments import load_fragments, load_styles
from winback.simulate.market import Market, simulate_market
from winback.simulate.note_writing import NoteKind, write_notes
from winback.simulate.parameters import CODES, default_parameters

HALVES = [("terse", "story", "formal"), ("call_log", "bullet", "chatty")]


def grams(text: str) -> Counter:
    return Counter(text[i : i + n] for n in (2, 3, 4) for i in range(len(text) - n + 1))


def design(texts: list[str], vocabulary: dict[str, int], idf: list[float]) -> csr_matrix:
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        known = [(vocabulary[gram], count) for gram, count in grams(text).items() if gram in vocabulary]
        rows += [row] * len(known)
        columns += [k for k, _ in known]
        values += [(1 + log(count)) * idf[k] for k, count in known]
    matrix = csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(matrix.multiply(1 / np.maximum(norms, 1e-12)[:, None]))


def predict(train: list[str], labels: np.ndarray, test: list[str]) -> np.ndarray:
    documents = Counter(gram for text in train for gram in grams(text))
    vocabulary = {g: k for k, g in enumerate(sorted(g for g, n in documents.items() if n >= 3))}
    idf = [log((1 + len(train)) / (1 + documents[g])) + 1 for g in vocabulary]
    x, y = design(train, vocabulary, idf), np.eye(len(CODES))[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(len(vocabulary), len(CODES))
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        error = np.exp(scores - log_sum) - y
        value = -((scores - log_sum) * y).sum() + (flat @ flat) / 20
        return float(value), (x.T @ error + weights / 10).ravel()

    fit = minimize(loss, np.zeros(len(vocabulary) * len(CODES)), jac=True, method="L-BFGS-B", options={"maxiter": 25})
    return np.argmax(design(test, vocabulary, idf) @ fit.x.reshape(len(vocabulary), len(CODES)), axis=1)


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    scores = []
    for code in range(len(CODES)):
        hit = ((truth == code) & (guess == code)).sum()
        scores.append(2 * hit / max((truth == code).sum() + (guess == code).sum(), 1))
    return float(np.mean(scores))


def score_other_half(texts: list[str], code: np.ndarray, style: np.ndarray, half: tuple[str, ...]) -> float:
    """Macro-F1 on the notes of the other styles of a classifier trained on those of `half`."""
    in_half = np.isin(style, [k for k, s in enumerate(load_styles()) if s.name in half])
    train, test = np.flatnonzero(in_half), np.flatnonzero(~in_half)
    guess = predict([texts[k] for k in train], code[train], [texts[k] for k in test])
    score = macro_f1(code[test], guess)
    print(f"macro-F1 trained on {half}: {score:.3f} ({len(train)} train, {len(test)} test)")
    return score


@pytest.mark.slow
def test_naive_classifier_is_neither_perfect_nor_lost():
    rng, n, styles = np.random.default_rng(5), 3000, load_styles()
    code = rng.integers(0, len(CODES), n)
    style = rng.choice(len(styles), n, p=[s.weight for s in styles])
    other = (code + rng.integers(1, len(CODES), n)) % len(CODES)
    texts = write_notes(
        kind=np.full(n, NoteKind.REASON),
        language=(rng.random(n) < 0.42).astype(np.int64),
        style=style,
        code=code,
        second=np.where((rng.random(n) < 0.3) & (other != CODES.index("7")), other, -1),
        rng=rng,
    ).to_list()
    assert 0.6 <= score_other_half(texts, code, style, HALVES[0]) <= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES, ids=" ".join)
def test_naive_classifier_on_the_notes_of_a_whole_market(half: tuple[str, ...]):
    big = simulate_market(n_accounts=12_000, n_weeks=104, seed=7, end_on=date(2026, 11, 2), parameters=default_parameters())
    notes = big.truth["notes"].join(big.tables["touchpoints"].select("touchpoint_id", "note_text"), on="touchpoint_id")
    code = notes["note_code"].replace_strict(list(CODES), list(range(len(CODES))), return_dtype=pl.Int64).to_numpy()
    score = score_other_half(notes["note_text"].to_list(), code, notes["style"].to_numpy(), half)
    assert 0.6 <= score <= 0.9


def test_no_placeholder_survives(market: Market):
    texts = market.tables["touchpoints"]["note_text"].drop_nulls()
    assert not texts.str.contains(r"[{}]").any()
    assert texts.str.len_chars().min() >= 3


def compose(code: str, second: str | None, n: int = 400, language: int = 1) -> list[str]:
    every = np.ones(n, dtype=np.int64)
    return write_notes(
        kind=every * NoteKind.REASON,
        language=every * language,
        style=np.arange(n) % len(load_styles()),
        code=every * CODES.index(code),
        second=every * (CODES.index(second) if second else -1),
        rng=np.random.default_rng(1),
    ).to_list()


def test_notes_hold_decoys_quotes_and_second_reasons():
    texts = compose("1a", "2c")
    denied = [f for f in texts if re.search(r"not seasonal|price was never|happy with our service|no staff changes", f)]
    assert denied
    assert [t for t in texts if "also mentioned" in t or "said in passing" in t or "plays a part too" in t]
    assert [t for t in texts if "not confirmed" in t or "not admitted" in t]


def test_own_reason_is_never_denied():
    pool = load_fragments()
    for language in (0, 1):
        for code in CODES[:-1]:
            first = int(pool.first["denied"][language, CODES.index(code)])
            count = int(pool.count["denied"][language, CODES.index(code)])
            own = {t for k in range(first, first + count) for t in pool.texts[k * 24 : (k + 1) * 24].to_list()}
            texts = compose(code, None, n=150, language=language)
            assert not [t for t in texts if any(o.lower() in t.lower() for o in own)], code


def test_unknown_reason_asserts_none():
    texts = compose("7", "1a")
    assert not [t for t in texts if "also mentioned" in t or "plays a part too" in t]
    assert [t for t in texts if "excuse" in t or "pretext" in t]


def test_every_code_has_all_slots_in_both_languages():
    pool = load_fragments()
    for slot, least in {"short": 5, "full": 5, "quote": 4}.items():
        assert (pool.count[slot] >= least).all(), slot
    for slot, least in {"denied": 3, "guess": 2}.items():
        assert (pool.count[slot][:, :-1] >= least).all(), slot
