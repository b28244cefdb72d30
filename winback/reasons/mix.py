"""The mix of reasons, beside the search-advertising case.

Belongs here: shares of codes and families with their intervals, per kind of business. Does not belong here: the reasons of
single accounts (`account_reasons`), pictures.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from winback.reasons.account_model import Matrix
from winback.reasons.taxonomy import FAMILY_CODES, LEAF_CODES, family_of, load_taxonomy

ALL_KINDS = "*"
MIN_ACCOUNTS = 30
"""Fewest lapsed accounts of a kind of business for which a mix of its own is shown."""
Z_95 = 1.959963984540054
_DIGITS = 6


def reason_mix(rows: pl.DataFrame, probabilities: Matrix, kinds: pl.Series, week_on: date) -> pl.DataFrame:
    """Rows of `track_reason_mix` for one week, for all accounts (`*`) and per kind of business.

    `rows` are those of `score_reasons`, `probabilities` and `kinds` (kind of business) go with them. The share of a code is
    the mean of its probabilities, so accounts in doubt count in part; its interval covers sampling alone, not what the
    witnesses may have in common.
    """
    names, n = np.array(kinds.fill_null("-").to_list(), dtype=object), rows.height
    primary = np.array(rows["primary_code"].fill_null("").to_list(), dtype=object)
    asserted = np.where(rows["is_abstained"].to_numpy(), "", primary)
    families = np.array([family_of(c) for c in LEAF_CODES])
    shares = {r.code: r.case_share for r in load_taxonomy().reasons if not r.is_leaf or r.code in FAMILY_CODES}
    found = []
    for kind in [ALL_KINDS, *sorted(set(names.tolist()))]:
        here = np.ones(n, bool) if kind == ALL_KINDS else names == kind
        if here.sum() < MIN_ACCOUNTS:
            continue
        codes = [(c, probabilities[here, i], asserted[here] == c) for i, c in enumerate(LEAF_CODES)]
        for f in FAMILY_CODES[:2]:
            said = np.array([bool(a) and family_of(a) == f for a in asserted[here]])
            codes.append((f, probabilities[np.ix_(here, families == f)].sum(axis=1), said))
        found += [_row(week_on, kind, code, p, said, shares.get(code)) for code, p, said in codes]
    return pl.DataFrame(found, schema=_SCHEMA, orient="row").sort("week_on", "business_kind", "reason_code")


def _row(week_on: date, kind: str, code: str, p: Matrix, said: NDArray[np.bool_], case: float | None) -> tuple[object, ...]:
    n, share = len(p), float(p.mean())
    half = Z_95 * float(np.sqrt(share * (1 - share) / n))
    low, high = max(0.0, share - half), min(1.0, share + half)
    return (week_on, kind, code, n, int(said.sum()), *(round(v, _DIGITS) for v in (share, low, high)), case)


_SCHEMA = {
    "week_on": pl.Date, "business_kind": pl.String, "reason_code": pl.String, "n_accounts": pl.Int64, "n_asserted": pl.Int64,
    "estimated_share": pl.Float64, "low_share": pl.Float64, "high_share": pl.Float64, "case_share": pl.Float64,
}  # fmt: skip
