"""Notes: putting fragments together the way reps write.

Belongs here: the slots of a note, their order, decoys (other reasons denied, refuted, guessed or given as a pretext), evasion,
typos, and the vectorised composition. Does not belong here: the fragments (`notes/*.yaml`), or when and about what a
note is written (`contacts`, `habits`).

A note asserts at most one primary reason. Reasons that are denied, refuted, guessed by the rep or a pretext he disbelieves are
decoys; a second reason is added as such. A note of code 7 asserts none.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.simulate.fragments import FragmentPool, load_fragments, load_styles
from winback.simulate.parameters import CODE_INDEX, CODES

UNKNOWN = CODE_INDEX["7"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class NoteKind(IntEnum):
    """What a note is about."""

    NONE = 0
    REASON = 1
    COMPLAINT = 2
    ROUTINE = 3
    ASKED = 4
    REMINDER = 5
    REMINDER_ANSWERED = 6
    NOTICE = 7


_PLAIN_SLOTS = {
    NoteKind.ROUTINE: "routine",
    NoteKind.ASKED: "asked",
    NoteKind.REMINDER: "reminder",
    NoteKind.REMINDER_ANSWERED: "reminder_answered",
    NoteKind.NOTICE: "notice",
}


def write_notes(*, kind: Ints, language: Ints, style: Ints, code: Ints, second: Ints, rng: np.random.Generator) -> pl.Series:
    """One note per element; null where `kind` is NONE.

    `kind` holds NoteKind values, `language` 0 for Chinese and 1 for English, `style` indexes `load_styles()`, `code` is
    the index of the code that the note asserts (7 for none), `second` of a second reason or -1.
    """
    pool = load_fragments()
    parts: list[pl.DataFrame] = []
    rows = np.arange(len(kind))
    telling = (kind == NoteKind.REASON) | (kind == NoteKind.COMPLAINT)
    at = rows[telling]
    if len(at):
        texts = _reason_notes(
            kind=kind[at], language=language[at], style=style[at], code=code[at], second=second[at], rng=rng
        )
        parts.append(pl.DataFrame({"row": at, "text": texts}))
    for plain, slot in _PLAIN_SLOTS.items():
        at = rows[kind == plain]
        if len(at):
            parts.append(pl.DataFrame({"row": at, "text": _plain_notes(pool, slot, language[at], style[at], rng)}))
    silent = rows[kind == NoteKind.NONE]
    parts.append(pl.DataFrame({"row": silent, "text": pl.Series([None] * len(silent), dtype=pl.String)}))
    return pl.concat(parts).sort("row")["text"].rename("note_text")


def quote_customer(code: Ints, language: Ints, rng: np.random.Generator) -> pl.Series:
    """The customer's words about the reason, one per element."""
    return load_fragments().draw("quote", language, code, rng).rename("customer_quote")


def phrase(slot: str, language: Ints, rng: np.random.Generator) -> pl.Series:
    """One phrase of a slot that depends on nothing but the language, such as 'promise' or 'result_note'."""
    return load_fragments().draw(slot, language, np.zeros_like(language), rng)


def _plain_notes(pool: FragmentPool, slot: str, language: Ints, style: Ints, rng: np.random.Generator) -> pl.Series:
    """Short notes of daily business, some with an opening and a next step in the writer's style."""
    n, zero = len(language), np.zeros_like(language)
    separator = pl.Series(np.array([s.separators for s in load_styles()])[style, language])
    opening = _where(rng.random(n) < 0.25, pool.draw("opening", language, style, rng))
    follow = pool.draw("ending", language, zero, rng)
    followed = (rng.random(n) < 0.25) & (follow != "").to_numpy()
    return opening + pool.draw(slot, language, zero, rng) + _where(followed, separator + follow)


def _reason_notes(
    *, kind: Ints, language: Ints, style: Ints, code: Ints, second: Ints, rng: np.random.Generator
) -> pl.Series:
    pool, n = load_fragments(), len(code)
    zero = np.zeros(n, dtype=np.int64)
    styles = load_styles()
    chance = {
        name: np.array([float(getattr(s, name)) for s in styles])[style]
        for name in ("cross_register", "history", "denied", "refuted", "second", "quote", "guess", "evasion", "ending", "typo",
                     "only_quote")
    }  # fmt: skip
    unknown = code == UNKNOWN
    is_short = np.array([s.is_short for s in styles])[style] ^ (rng.random(n) < chance["cross_register"])
    separator = pl.Series(np.array([s.separators for s in styles])[style, language])

    def clause(slot: str, rows: Ints, used: Bools) -> pl.Series:
        return _where(used, pool.draw(slot, language, rows, rng))

    def wrapped(wrapper: str, inner: pl.Series, used: Bools) -> pl.Series:
        # one draw for both halves: the wrapper's text before and after the clause it carries
        state = rng.integers(0, 2**62)
        before = pool.draw(f"{wrapper}_before", language, zero, np.random.default_rng(state))
        after = pool.draw(f"{wrapper}_after", language, zero, np.random.default_rng(state))
        return _where(used, before + inner + after)

    other = _other_codes(code, rng)
    third = _other_codes(code, rng)
    only_quote = (rng.random(n) < chance["only_quote"]) & ~unknown
    told = _situation(pool, language, code, style, is_short=is_short, rng=rng)
    # who complains has not stopped: only those asked for a reason are introduced as such
    lead = _where(kind == NoteKind.REASON, pool.draw("situation_lead", language, zero, rng))
    situation = _where(~only_quote, lead + told)
    wants_denial = rng.random(n) < chance["denied"] * np.where(unknown, 0.5, 1.0)
    denial = wrapped("denied_wrap", pool.draw("denied", language, other, rng, style=style), wants_denial)
    wants_refuted = rng.random(n) < chance["refuted"]
    elsewhere = _situation(pool, language, _other_codes(code, rng), style, is_short=is_short, rng=rng)
    refuted = wrapped("refuted_wrap", elsewhere, wants_refuted)
    but = _where(wants_denial, pool.draw("but", language, zero, rng))
    quote = wrapped(
        "quote_wrap",
        pool.draw("quote", language, code, rng, style=style),
        only_quote | (rng.random(n) < chance["quote"]),
    )
    has_second = (second >= 0) & ~unknown & (rng.random(n) < 2 * chance["second"])
    second_told = _situation(pool, language, np.maximum(second, 0), style, is_short=np.ones(n, dtype=np.bool_), rng=rng)
    also = wrapped("second_wrap", second_told, has_second)
    guesses = rng.random(n) < np.where(unknown, 0.6, chance["guess"])
    guess = wrapped("guess_wrap", pool.draw("guess", language, third, rng), guesses)
    pretexts = unknown & (rng.random(n) < 0.55)
    pretext = wrapped("pretext_wrap", pool.draw("short", language, other, rng), pretexts)
    history = clause("history", zero, rng.random(n) < chance["history"])
    evasion = clause("evasion", zero, rng.random(n) < np.where(unknown, 0.5, chance["evasion"]))
    ending = clause("ending", zero, rng.random(n) < chance["ending"])
    opening = _where(kind == NoteKind.REASON, pool.draw("opening", language, style, rng))

    # "the results were fine, but …" holds the denial and the situation together
    contrast = _where(wants_denial & ~only_quote, denial + but) + situation
    denial_alone = _where(wants_denial & only_quote, denial)
    orders = (
        (history, refuted, contrast, quote, also, pretext, evasion, guess, denial_alone, ending),
        (contrast, quote, also, history, refuted, pretext, guess, evasion, denial_alone, ending),
        (quote, refuted, contrast, pretext, guess, history, also, denial_alone, evasion, ending),
        (guess, history, evasion, contrast, refuted, pretext, also, quote, denial_alone, ending),
    )
    order = pl.Series(rng.integers(0, len(orders), n))
    frame = pl.DataFrame(
        {"opening": opening, "separator": separator, "order": order}
        | {f"c{k}_{i}": c for k, cs in enumerate(orders) for i, c in enumerate(cs)}
    )
    body = pl.lit("")
    for i in range(len(orders[0])):
        here = pl.coalesce([pl.when(pl.col("order") == k).then(pl.col(f"c{k}_{i}")) for k in range(len(orders))])
        body = body + pl.when(here == "").then(pl.lit("")).otherwise(pl.col("separator") + here)
    stripped = body.str.slice(pl.col("separator").str.len_chars())
    text = frame.select(text=pl.col("opening") + stripped)["text"]
    lower = np.array([s.lower for s in styles])[style]
    text = _as_typed(text, (language == 1) & lower, (language == 1) & ~lower)
    return _mistype(pool, text, language, rng.random(n) < 1.6 * chance["typo"], rng)


def _situation(
    pool: FragmentPool, language: Ints, code: Ints, style: Ints, *, is_short: Bools, rng: np.random.Generator
) -> pl.Series:
    short = pool.draw("short", language, code, rng, style=style)
    full = pool.draw("full", language, code, rng, style=style)
    return short.zip_with(pl.Series(is_short), full)


def _other_codes(code: Ints, rng: np.random.Generator) -> Ints:
    """Codes drawn uniformly from all but the given one and 7, which rules nothing out."""
    drawn: Ints = rng.integers(0, len(CODES) - 2, len(code))
    return np.where(code == UNKNOWN, drawn, drawn + (drawn >= code))


def _where(used: Bools, text: pl.Series) -> pl.Series:
    empty = pl.Series([""]).new_from_index(0, len(text))
    return text.zip_with(pl.Series(used), empty)


def _as_typed(text: pl.Series, lower: Bools, sentence: Bools) -> pl.Series:
    capital = text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
    return text.zip_with(pl.Series(~lower), text.str.to_lowercase()).zip_with(pl.Series(~sentence), capital)


def _mistype(pool: FragmentPool, text: pl.Series, language: Ints, slips: Bools, rng: np.random.Generator) -> pl.Series:
    rows = np.flatnonzero(slips)
    if not len(rows):
        return text
    frame = pl.DataFrame({"text": text.gather(rows), "language": language[rows]})
    frame = frame.with_columns(skip=pl.Series(rng.random(len(rows))))
    for tag, pairs in enumerate(pool.typos):
        for k, (right, wrong) in enumerate(pairs):
            hit = (pl.col("language") == tag) & ((pl.col("skip") * 7919 + k * 0.37) % 1 < 0.6)
            frame = frame.with_columns(
                text=pl.when(hit).then(pl.col("text").str.replace(right, wrong, literal=True)).otherwise(pl.col("text"))
            )
    parts = [
        pl.DataFrame({"row": np.flatnonzero(~slips), "text": text.gather(np.flatnonzero(~slips))}),
        pl.DataFrame({"row": rows, "text": frame["text"]}),
    ]
    return pl.concat(parts).sort("row")["text"]
