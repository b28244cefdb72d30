"""Why each lapsed account left: notes, picks and behaviour brought together.

Belongs here: the conclusion per account with its tier, its words and its doubt. Does not belong here: labelling notes
(`note_labels`), how witnesses err (`account_model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from winback.reasons.account_model import (
    AccountModel,
    Alike,
    KnownCodes,
    Matrix,
    fit_account_model,
    group_probabilities,
    group_support,
    put_together,
)
from winback.reasons.signs import load_signs
from winback.reasons.taxonomy import FAMILY_CODES, LEAF_CODES, UNKNOWN, family_of, load_taxonomy
from winback.reasons.witnesses import case_mix, load_assumptions, note_witness, pick_witness, sign_witnesses

MODEL_NAME = "accounts-1"
SECOND_CODE_FROM_PROB = 0.15
MAX_SECOND_CODES = 2
MAX_SIGNS = 3
_DIGITS = 6


@dataclass(frozen=True)
class AccountReasons:
    """`rows` have the columns of `score_reasons`; `probabilities` go with them, one column per leaf code."""

    rows: pl.DataFrame
    probabilities: Matrix


def explain_accounts(
    accounts: pl.DataFrame, notes: pl.DataFrame, picks: pl.DataFrame, *, as_of_on: date, note_model: str
) -> AccountReasons:
    """Why each of `accounts` left.

    `accounts`: account_id and the feature columns that signs read. `notes`: labelled notes with account_id, touched_on,
    touchpoint_id, after_lapse_days, code, reason_prob, is_abstained, evidence_text, secondary_codes. `picks`: account_id,
    worked_on, reason_code, customer_quote. `note_model`: the version of the labeller.
    """
    accounts = accounts.sort("account_id")
    leaves = picks.filter(pl.col("reason_code").is_in(LEAF_CODES))
    quoted = pl.col("customer_quote").fill_null("").str.strip_chars() != ""
    confirmed = leaves.filter(quoted).sort("account_id", "worked_on", "reason_code").unique("account_id", keep="last")
    witnesses = (
        note_witness(accounts, notes),
        pick_witness(accounts, leaves.filter(~quoted).sort("account_id", "worked_on", "reason_code")),
        *sign_witnesses(accounts),
    )
    assumed = load_assumptions()
    alike = put_together(witnesses, _known(accounts, confirmed))
    model = fit_account_model(alike, case_mix() * assumed.mix.weight, assumed.unknown_share)
    p = group_probabilities(model, alike)
    rows = accounts.select("account_id").hstack(_told_by_statements(p, model, alike)[alike.group])
    rows = _with_words(rows, notes, confirmed, leaves.filter(~quoted))
    return AccountReasons(_concluded(rows, as_of_on, note_model), p[alike.group])


def _told_by_statements(p: Matrix, model: AccountModel, alike: Alike) -> pl.DataFrame:
    """What follows from the statements alone, one row per group."""
    order = np.argsort(-p, axis=1, kind="stable")
    return pl.DataFrame(
        {
            "likeliest_code": pl.Series([LEAF_CODES[i] for i in order[:, 0]], dtype=pl.String),
            "runner_up_code": pl.Series(_runners_up(order), dtype=pl.String),
            "reason_prob": np.round(p.max(axis=1, initial=0.0), _DIGITS),
            "sign_slugs": pl.Series(_speaking_signs(model, alike, order[:, 0]), dtype=pl.String),
            "family_code": pl.Series(_sure_families(p), dtype=pl.String),
            "further_codes": pl.Series(_further(p, order), dtype=pl.String),
        }
    )


def _known(accounts: pl.DataFrame, confirmed: pl.DataFrame) -> KnownCodes:
    share = load_assumptions().confirmed.right_share
    codes = accounts.select("account_id").join(
        confirmed.select("account_id", "reason_code"), on="account_id", how="left", maintain_order="left"
    )["reason_code"]
    p = np.full((accounts.height, len(LEAF_CODES)), (1 - share) / (len(LEAF_CODES) - 1))
    is_known = codes.is_not_null().to_numpy()
    at = np.flatnonzero(is_known)
    p[at, [LEAF_CODES.index(c) for c in codes.drop_nulls()]] = share
    return KnownCodes(is_known, p)


def _runners_up(order: NDArray[np.int64]) -> list[str]:
    """The second likeliest code that one can ask about: "nobody knows" is no question."""
    unknown = LEAF_CODES.index(UNKNOWN)
    return [LEAF_CODES[second if second != unknown else third] for _, second, third in order[:, :3]]


def _sure_families(p: Matrix) -> list[str | None]:
    families = np.array([family_of(c) for c in LEAF_CODES])
    sums = np.stack([p[:, families == f].sum(axis=1) for f in FAMILY_CODES[:2]], axis=1)
    best = sums.argmax(axis=1)
    is_sure = sums.max(axis=1) >= load_assumptions().assert_family_from_prob
    return [FAMILY_CODES[b] if sure else None for b, sure in zip(best, is_sure, strict=True)]


def _further(p: Matrix, order: NDArray[np.int64]) -> list[str | None]:
    rows = np.arange(len(p))[:, None]
    next_codes = order[:, 1 : 1 + MAX_SECOND_CODES]
    likely = p[rows, next_codes] >= SECOND_CODE_FROM_PROB
    return [
        ";".join(LEAF_CODES[c] for c, k in zip(codes, keep, strict=True) if k and LEAF_CODES[c] != UNKNOWN) or None
        for codes, keep in zip(next_codes, likely, strict=True)
    ]


def _speaking_signs(model: AccountModel, alike: Alike, likeliest: NDArray[np.int64]) -> list[str | None]:
    """Per group the signs that are there and speak for the likeliest code, strongest first."""
    n = len(likeliest)
    by_name = {s.slug: s for s in load_signs()}
    gains, names = [], []
    for witness, mine in group_support(model, alike):
        sign = by_name.get(witness.name)
        if sign is None:
            continue
        speaks_for = np.array([c in sign.given for c in LEAF_CODES])[likeliest]
        is_there = np.zeros(n, bool)
        is_there[witness.account[witness.said > 0]] = True
        gains.append(np.where(speaks_for & is_there, mine[np.arange(n), likeliest] - mine.mean(axis=1), 0.0))
        names.append(witness.name)
    gain = np.stack(gains, axis=1)
    best = np.argsort(-gain, axis=1, kind="stable")[:, :MAX_SIGNS]
    return [";".join(names[j] for j in row if gain[i, j] > 0) or None for i, row in enumerate(best)]


def _with_words(rows: pl.DataFrame, notes: pl.DataFrame, confirmed: pl.DataFrame, picked: pl.DataFrame) -> pl.DataFrame:
    """The words that say so: the customer's in a write-back, else the surest note of the likeliest code."""
    best = (
        notes.filter((pl.col("evidence_text") != "") & (pl.col("code") != UNKNOWN))
        .sort(
            ["account_id", "is_abstained", "reason_prob", "touched_on", "touchpoint_id"],
            descending=[False, False, True, True, False],
        )
        .unique(["account_id", "code"], keep="first", maintain_order=True)
        .select(
            "account_id",
            pl.col("code").alias("likeliest_code"),
            "evidence_text",
            pl.col("touchpoint_id").alias("evidence_touchpoint_id"),
            pl.col("touched_on").alias("evidence_on"),
            note_secondary=pl.col("secondary_codes"),
        )
    )
    quotes = confirmed.select(
        "account_id",
        pl.col("reason_code").alias("likeliest_code"),
        pl.col("customer_quote"),
        confirmed_on=pl.col("worked_on"),
    )
    votes = picked.select("account_id", pl.col("reason_code").alias("likeliest_code"), is_picked=pl.lit(True)).unique()
    keys = ["account_id", "likeliest_code"]
    return (
        rows.join(best, on=keys, how="left", maintain_order="left")
        .join(quotes, on=keys, how="left", maintain_order="left")
        .join(votes, on=keys, how="left", maintain_order="left")
    )


def _concluded(rows: pl.DataFrame, as_of_on: date, note_model: str) -> pl.DataFrame:
    assumed = load_assumptions()
    tier = (
        pl.when(pl.col("customer_quote").is_not_null()).then(pl.lit("2a"))
        .when(pl.col("evidence_text").is_not_null()).then(pl.lit("1"))
        .when(pl.col("is_picked").fill_null(False)).then(pl.lit("2b"))
        .when(pl.col("sign_slugs").is_not_null()).then(pl.lit("3"))
        .otherwise(pl.lit("4"))
    )  # fmt: skip
    is_sure = (pl.col("reason_prob") >= assumed.assert_from_prob) & (pl.col("reason_tier") != "4")
    primary = (
        pl.when(pl.col("reason_tier") == "4").then(pl.lit(UNKNOWN))
        .when(is_sure).then(pl.col("likeliest_code"))
        .otherwise(pl.col("family_code"))
    )  # fmt: skip
    second = (
        pl.concat_list(
            pl.col("note_secondary").fill_null("").str.split(";"), pl.col("further_codes").fill_null("").str.split(";")
        )
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.unique(maintain_order=True)
    )
    return (
        rows.with_columns(reason_tier=tier)
        .with_columns(primary_code=primary, is_abstained=~is_sure & (pl.col("reason_tier") != "4"))
        .with_columns(second=second.list.set_difference(pl.concat_list(pl.col("likeliest_code"))))
        .select(
            "account_id",
            pl.lit(as_of_on).alias("as_of_on"),
            "primary_code",
            "likeliest_code",
            "runner_up_code",
            pl.col("second").list.sort().list.join(";").replace("", None).alias("secondary_codes"),
            "is_abstained",
            "reason_prob",
            "reason_tier",
            pl.coalesce("customer_quote", "evidence_text").alias("evidence_text"),
            pl.when(pl.col("customer_quote").is_null())
            .then(pl.col("evidence_touchpoint_id"))
            .alias("evidence_touchpoint_id"),
            pl.coalesce("confirmed_on", "evidence_on").alias("evidence_on"),
            "sign_slugs",
            pl.lit(load_taxonomy().version).alias("taxonomy_version"),
            pl.lit(f"{MODEL_NAME}+{note_model}").alias("model_version"),
        )
    )
