"""Who speaks about why an account left: notes, what representatives picked, signs in behaviour.

Belongs here: their statements as `Witness` objects and what is assumed of each (`witnesses.yaml`). Does not belong here:
learning how they err (`account_model`), what is concluded (`account_reasons`).
"""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from winback.reasons.account_model import Matrix, Witness
from winback.reasons.evaluate import load_report
from winback.reasons.signs import UNKNOWN_LEVEL, Sign, load_signs
from winback.reasons.taxonomy import LEAF_CODES, UNKNOWN, family_of, load_taxonomy

N_CODES = len(LEAF_CODES)
NOTES, PICKS = "notes", "picks"
_UNKNOWN_AT = LEAF_CODES.index(UNKNOWN)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoteAssumptions(_Strict):
    """How far the labeller is believed on notes it never saw."""

    weight: float
    strange_share: float
    sure_from_prob: float
    sure_share_right: float
    sure_share_wrong: float
    half_life_days: float
    most_notes: float


class PickAssumptions(_Strict):
    """How far a representative's pick without the customer's words is believed."""

    weight: float
    right_share: float
    own_side: tuple[str, ...]
    played_down_share: float
    played_down_to: tuple[str, ...]


class SignAssumptions(_Strict):
    """What the expected chances of signs are worth, and how much of a sign counts beside others that look the same way."""

    weight: float
    trust: float


class ConfirmedAssumptions(_Strict):
    """How often a reason in the customer's own words is the true one."""

    right_share: float


class MixAssumptions(_Strict):
    """What the shares of the case are worth."""

    weight: float


class Assumptions(_Strict):
    """The whole of `witnesses.yaml`; `unknown_share` is the share of accounts that keep their reason to themselves."""

    notes: NoteAssumptions
    picks: PickAssumptions
    signs: SignAssumptions
    confirmed: ConfirmedAssumptions
    mix: MixAssumptions
    unknown_share: float
    assert_from_prob: float
    assert_family_from_prob: float


@functools.cache
def load_assumptions() -> Assumptions:
    """What is assumed before a workspace's own accounts are seen."""
    return Assumptions.model_validate(
        yaml.safe_load((resources.files("winback.reasons") / "witnesses.yaml").read_text("utf-8"))
    )


def case_mix() -> Matrix:
    """Shares of the leaf codes in the search-advertising case, each family's spread evenly; sums to 1."""
    shares = {r.code: r.case_share for r in load_taxonomy().reasons if r.case_share is not None}
    families = [family_of(c) for c in LEAF_CODES]
    rest = [f for f in families if f not in shares]
    left = 1 - sum(shares.values())
    return np.array([shares[f] / families.count(f) if f in shares else left / len(rest) for f in families])


def note_witness(accounts: pl.DataFrame, notes: pl.DataFrame) -> Witness:
    """The labelled notes; `accounts` has account_id, `notes` account_id, code, reason_prob, after_lapse_days.

    A note whose code is 7 found out nothing and says nothing. Notes count less the further from the lapse they were
    written, and all notes of an account together at most `most_notes`.
    """
    assumed = load_assumptions().notes
    told = notes.filter(pl.col("code") != UNKNOWN)
    rows = told.join(accounts.select("account_id").with_row_index("at"), on="account_id").sort("at", maintain_order=True)
    at = rows["at"].to_numpy().astype(np.int64)
    weight = 0.5 ** (np.abs(rows["after_lapse_days"].to_numpy()) / assumed.half_life_days)
    total = np.bincount(at, weight, accounts.height)
    weight = weight * np.minimum(1.0, assumed.most_notes / np.maximum(total, 1e-9))[at]
    is_sure = rows["reason_prob"].to_numpy() >= assumed.sure_from_prob
    return Witness(
        name=NOTES,
        prior=_note_table() * assumed.weight,
        shared=np.arange(N_CODES),
        account=at,
        said=_index(rows["code"]) + N_CODES * is_sure,
        weight=weight,
        trust=1.0,
    )


def pick_witness(accounts: pl.DataFrame, picks: pl.DataFrame) -> Witness:
    """What representatives picked without a quote; `picks` has account_id and reason_code (a leaf)."""
    assumed = load_assumptions().picks
    rows = picks.join(accounts.select("account_id").with_row_index("at"), on="account_id").sort("at", maintain_order=True)
    return Witness(
        name=PICKS,
        prior=_pick_table() * assumed.weight,
        shared=np.arange(N_CODES),
        account=rows["at"].to_numpy().astype(np.int64),
        said=_index(rows["reason_code"]),
        weight=np.ones(rows.height),
        trust=1.0,
    )


def sign_witnesses(accounts: pl.DataFrame) -> list[Witness]:
    """One witness per sign; `accounts` has the feature columns the signs read. Missing columns say nothing."""
    return [_sign_witness(sign, accounts) for sign in load_signs()]


def _sign_witness(sign: Sign, accounts: pl.DataFrame) -> Witness:
    assumed = load_assumptions().signs
    levels = sign.levels(accounts).to_numpy()
    known = np.flatnonzero(levels != UNKNOWN_LEVEL)
    others = [i for i, c in enumerate(LEAF_CODES) if c not in sign.given]
    shared = np.arange(N_CODES)
    shared[others] = others[0]
    prior = np.array([sign.given.get(c, sign.otherwise) for c in LEAF_CODES]) * assumed.weight
    prior[others] /= len(others)
    return Witness(sign.slug, prior, shared, known, levels[known].astype(np.int64), np.ones(len(known)), assumed.trust)


def _note_table() -> Matrix:
    """P(says code, unsure or sure | true code): the labeller's confusion, blurred by notes unlike those it learned from."""
    assumed = load_assumptions().notes
    confusion = np.array(load_report()["base"]["confusion"], float)
    rows = confusion / confusion.sum(axis=1, keepdims=True)
    rows = (1 - assumed.strange_share) * rows + assumed.strange_share / N_CODES
    rows[:, _UNKNOWN_AT] = 1e-6
    rows /= rows.sum(axis=1, keepdims=True)
    sure = np.where(np.eye(N_CODES, dtype=bool), assumed.sure_share_right, assumed.sure_share_wrong)
    table = np.hstack([rows * (1 - sure), rows * sure])
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _pick_table() -> Matrix:
    assumed = load_assumptions().picks
    table = np.full((N_CODES, N_CODES), (1 - assumed.right_share) / (N_CODES - 1))
    np.fill_diagonal(table, assumed.right_share)
    own = [LEAF_CODES.index(c) for c in assumed.own_side]
    to = [LEAF_CODES.index(c) for c in assumed.played_down_to]
    table[own] *= 1 - assumed.played_down_share
    table[np.ix_(own, to)] += assumed.played_down_share / len(to)
    return table


def _index(codes: pl.Series) -> NDArray[np.int64]:
    return np.array([LEAF_CODES.index(c) for c in codes], dtype=np.int64)
