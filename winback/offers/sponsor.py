"""The sponsors' files.

Belongs here: which file a sponsor gets and the rows in it. Does not belong here: what may be told (`sql/out/out_sponsor.sql`), or
writing files (`winback.publication`).
"""

from __future__ import annotations

import hashlib

import polars as pl


def sponsor_file_name(sponsor: str) -> str:
    """`sponsor_<hash>.csv`: 16 hexadecimal characters of SHA-256 over the name as delivered, so that no name reaches a path."""
    return f"sponsor_{hashlib.sha256(sponsor.encode()).hexdigest()[:16]}.csv"


def sponsor_reports(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of `out_sponsor` by file name, one file per sponsor, in a fixed order. No rows, no file."""
    ordered = rows.sort("sponsor", "quarter_on", "offer_id", "business_kind")
    parts = ordered.partition_by("sponsor", as_dict=True, maintain_order=True)
    return {sponsor_file_name(str(sponsor)): part for (sponsor,), part in parts.items()}
