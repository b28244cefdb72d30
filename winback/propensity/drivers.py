"""Drivers: the three things that speak most for or against a return, in plain words.

Belongs here: choosing them from contributions, values beside peers', and their sentences. Does not belong here: contributions
(`contributions`), wording (`driver_words.yaml`).
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any, Literal

import numpy as np
import polars as pl
import yaml

from winback.propensity.contributions import Contributions

N_DRIVERS = 3

MIN_PEERS = 5
"""Fewest lapsed accounts of the same kind of business whose median is told; with fewer, that of all lapsed accounts."""

LEAST_CONTRIBUTION = 0.01
"""What moves the log-odds by less is not told."""

Language = Literal["en", "zh"]
_SCHEMA = {
    "account_id": pl.String, "as_of_on": pl.Date, "driver_no": pl.Int64, "feature": pl.String, "value_text": pl.String,
    "peer_text": pl.String, "driver_text": pl.String,
}  # fmt: skip


def no_drivers() -> pl.DataFrame:
    """`score_drivers` without rows: what it holds where no model tells accounts apart."""
    return pl.DataFrame(schema=_SCHEMA)


def told_features() -> frozenset[str]:
    """Names of the features that there are words for."""
    return frozenset(_words()["features"])


def score_drivers(rows: pl.DataFrame, peers: pl.DataFrame, found: Contributions | None, language: Language) -> pl.DataFrame:
    """Rows of `score_drivers` for the listed options `rows` (columns of `touch_rows.option_rows`, one row per account).

    `peers`: `told_features` of all lapsed accounts of the week, the listed ones among them. Strongest contribution first, ties by
    name of the feature, one driver per theme; values that are missing are not told. Sorted by account and number.
    """
    if found is None or rows.is_empty():
        return no_drivers()
    words: dict[str, Any] = _words()["features"]
    told = [i for i, name in enumerate(found.features) if name in words and name in rows.columns]
    medians = _medians(peers, [found.features[i] for i in told])
    drivers: list[dict[str, Any]] = []
    for n, row in enumerate(rows.iter_rows(named=True)):
        chosen = _strongest(found.features, found.values[n], told, row, words)
        peer_of = medians.get(row["business_kind"], medians[None])
        drivers += [
            {"account_id": row["account_id"], "as_of_on": row["as_of_on"], "driver_no": number, "feature": found.features[i]}
            | _texts(found.features[i], row[found.features[i]], peer_of, found.values[n][i] > 0, language)
            for number, i in enumerate(chosen, start=1)
        ]
    return pl.DataFrame(drivers, schema=_SCHEMA).sort("account_id", "driver_no")


def _strongest(
    features: tuple[str, ...],
    values: np.ndarray[Any, np.dtype[np.float64]],
    told: list[int],
    row: dict[str, Any],
    words: dict[str, Any],
) -> list[int]:
    # rounded before ordered, so that the last digits of a sum cannot change what is told
    strengths = {i: round(abs(float(values[i])), 6) for i in told if row[features[i]] is not None}
    chosen: dict[str, int] = {}
    for i in sorted(strengths, key=lambda i: (-strengths[i], features[i])):
        if strengths[i] >= LEAST_CONTRIBUTION:
            chosen.setdefault(words[features[i]]["theme"], i)
    return list(chosen.values())[:N_DRIVERS]


def _texts(feature: str, value: Any, peers: dict[str, float], is_for: bool, language: Language) -> dict[str, str | None]:
    entry, clauses = _words()["features"][feature], _words()["clauses"]
    kind, peer = entry["kind"], peers.get(feature)
    value_text = _written(value, kind, language)
    if kind == "flag":
        statement, peer_text = entry[language]["yes" if value else "no"], None
    else:
        statement = entry[language].format(value=value_text)
        peer_text = None if peer is None else _written(peer, kind, language)
    beside = "" if peer_text is None else clauses["peers"][language].format(peer=peer_text)
    sentence = clauses["for" if is_for else "against"][language].format(statement=statement, peers=beside)
    return {"value_text": value_text, "peer_text": peer_text, "driver_text": sentence}


def _written(value: Any, kind: str, language: Language) -> str:
    match kind:
        case "flag":
            return {"en": ("no", "yes"), "zh": ("否", "是")}[language][bool(value)]
        case "share":
            # a half is told as the even number beside it in every version of the library: floats are rounded once, here
            return f"{round(100 * float(value)):d} %" if language == "en" else f"{round(100 * float(value)):d}%"
        case "ratio":
            return f"{float(value):.1f}"
        case _:
            return f"{round(float(value)):,d}"


def _medians(peers: pl.DataFrame, features: list[str]) -> dict[str | None, dict[str, float]]:
    """Median of each feature by kind of business, over all under None; groups below `MIN_PEERS` are left out."""
    known = [f for f in features if f in peers.columns and peers.schema[f] != pl.Boolean]
    medians = [pl.col(f).cast(pl.Float64).median() for f in known]
    by_kind = peers.group_by("business_kind").agg(pl.len().alias("_n"), *medians).filter(pl.col("_n") >= MIN_PEERS)
    found: dict[str | None, dict[str, float]] = {None: _known(peers.select(medians).row(0, named=True))}
    for row in by_kind.sort("business_kind").iter_rows(named=True):
        found[row["business_kind"]] = _known({f: row[f] for f in known})
    return found


def _known(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


@functools.cache
def _words() -> dict[str, Any]:
    text = (resources.files("winback.propensity") / "driver_words.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document
