"""Fitting the model of return after a contact: gate, choice of the champion, straightening out of time.

Belongs here: the order of these steps. Does not belong here: the steps themselves.
"""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import polars as pl

from winback.propensity.champion import Unseen, choose, unseen_log_odds
from winback.propensity.families import TouchRows, all_families, enough_for
from winback.propensity.model import PropensityModel, Training, inputs_of
from winback.propensity.touch_rows import UNTOUCHED, features_of
from winback.survival.design import Design, fit_design
from winback.survival.season import fit_seasons
from winback.survival.stack import Stack, fit_stack


class NotEnoughTouchesError(Exception):
    """There are too few settled contacts for any model; the message says how many lack."""


def train_propensity(touches: pl.DataFrame, *, as_of_on: date, horizon_days: int) -> PropensityModel:
    """Fit everything on settled contacts (columns of `touch_rows.past_touches`).

    Raises NotEnoughTouchesError below `families.MIN_TOUCHES` and `families.MIN_EACH`.
    """
    returned = touches["has_returned"].cast(pl.Float64).to_numpy()
    enough, reason = enough_for(returned)
    if enough is None:
        raise NotEnoughTouchesError(reason)
    design = touch_design(touches)
    rows = TouchRows(touches, inputs_of(design, touches), returned)
    names = list(all_families())
    families = [all_families()[name] for name in names[: names.index(enough) + 1]]
    unseen = unseen_log_odds(rows, horizon_days, families)
    verdict = choose(unseen)
    stack = straightened(unseen, verdict.champion)
    return PropensityModel(
        horizon_days=horizon_days,
        design=design,
        families={f.name: f.fit(rows) for f in families},
        verdict=verdict,
        stack=stack,
        week_spread=_week_spread(unseen, stack, verdict.champion),
        training=_training(touches, rows, as_of_on),
        level_reason=reason,
    )


def touch_design(touches: pl.DataFrame) -> Design:
    """Scaling, filling and coding of what the model reads, learned from features alone: outcomes are not looked at."""
    return fit_design(features_of(touches).drop(UNTOUCHED, strict=False))


def straightened(unseen: Unseen, champion: str) -> Stack:
    """Intercept and slope of the champion's log-odds on contacts that it had not seen, with draws of accounts."""
    odds = unseen.log_odds[champion][:, None, None]
    weights = np.ones((len(unseen.rows.returned), 1))
    return fit_stack((champion,), odds, unseen.rows.returned[:, None], weights, unseen.rows.accounts)


def _week_spread(unseen: Unseen, stack: Stack, champion: str) -> float:
    """How far whole weeks lay off on the log-odds scale: what moves a week is not foreseen, only how far."""
    odds = stack.log_odds(unseen.log_odds[champion][:, None, None])[:, 0]
    weights = np.ones(len(odds))
    return fit_seasons(unseen.rows.frame["as_of_on"].to_list(), odds, unseen.rows.returned, weights).spread


def _training(touches: pl.DataFrame, rows: TouchRows, as_of_on: date) -> Training:
    weeks = sorted(touches["as_of_on"].unique())
    return Training(
        as_of_on=as_of_on,
        first_week_on=weeks[0],
        last_week_on=weeks[-1],
        n_rows=touches.height,
        n_accounts=touches["account_id"].n_unique(),
        n_returned=int(rows.returned.sum()),
        data_hash=_content_hash(touches),
    )


def _content_hash(touches: pl.DataFrame) -> str:
    """SHA-256 of the rows' content, columns in alphabetic order."""
    ordered = touches.select(sorted(touches.columns)).sort("as_of_on", "account_id", "row_key")
    return hashlib.sha256(ordered.write_csv().encode()).hexdigest()
