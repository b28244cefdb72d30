"""A simulated market whose every name, id and note is hostile.

What the simulation wrote is kept, but for the words: ids and names are exchanged for values of the catalogue, the same one
wherever the same id stood, notes and promises are lengthened by them, and days and amounts at the edges of what can be stored
are put into a few rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
from hostile_cells import texts
from input_rows import blank_free

from assets.demo import create_demo
from assets.workspace import Workspace
from data_contracts import load_contract

END = date(2026, 1, 5)
SUFFIX = f"simulated_{END}"
FAR, EARLY, MUCH = "9999-12-31", "0001-01-01", "1000000000000"

_RENAMED = (
    "account_id", "rep_id", "person_id", "product_id", "offer_id", "standard_id", "category", "business_kind", "region", "area",
    "branch", "size_class", "sponsor",
)  # fmt: skip
_WORDS = {
    "accounts": ("account_name", "preferences", "taboos"),
    "people": ("person_name", "phone", "email", "occasions"),
    "reps": ("rep_name", "email"),
    "products": ("product_name",),
    "offers": ("offer_name",),
    "touchpoints": ("note_text", "promise", "complaint_type"),
    "outcomes": ("customer_quote", "result_note", "promise"),
    "changes": ("change_text",),
    "reference_cases": ("peer_name", "case_text"),
    "incidents": ("notice_audience", "incident_facts", "affected_region"),
    "service_standards": ("standard_name",),
    "account_events": ("detail",),
    "account_setup": ("purpose", "target_regions"),
}
_ENDINGS = {"phone": " ext", "email": "@customer.example"}
"""Of what tells who somebody is, so that it is not also the name of a region, which the output gate would rightly stop."""
_EDGES = {
    "accounts": {"opened_on": EARLY, "points_balance": "1000000000000"},
    "people": {"valid_to_on": FAR},
    "products": {"arrives_on": FAR, "promotion_to_on": FAR, "stock_quantity": MUCH},
    "offers": {"offer_ends_on": FAR},
    "touchpoints": {"note_text": "太贵了，不再来。" * 125_000, "promise_due_on": FAR, "promise_done_on": EARLY},
    "outcomes": {"next_contact_on": FAR, "promise_due_on": FAR},
    "service_events": {"promised_on": FAR, "amount": MUCH},
    "usage": {"cost_amount": MUCH, "n_clicks": "1000000000000"},
    "account_setup": {"mean_rank": "1e12", "reply_minutes": "1e12", "daily_cap_amount": MUCH},
    "spend": {
        "amount": MUCH,
        "quantity": MUCH,
        "unit_price_amount": MUCH,
        "discount_amount": MUCH,
        "due_on": EARLY,
        "paid_on": FAR,
    },
}
"""Put into two rows of each table in the middle of it."""


def hostile_workspace(root: Path, *, n_accounts: int = 120, n_weeks: int = 60) -> Workspace:
    """A workspace whose inbox holds the poisoned market."""
    workspace, market = create_demo(root, n_accounts=n_accounts, n_weeks=n_weeks, seed=7, end_on=END)
    names = _new_names(market.tables)
    for table, rows in market.tables.items():
        as_text = rows.select(pl.all().cast(pl.String))
        poisoned = _with_edges(table, _worded(table, _renamed(as_text, names)))
        poisoned.write_csv(workspace.folder("inbox") / f"{table}_{SUFFIX}.csv")
    return workspace


def loadable(longest: int, *, is_multiline: bool = False) -> list[str]:
    """Values that no row rule holds back from a text column, classes mixed: no controls where lines are single, not too long."""
    kept = dict.fromkeys(blank_free(text) for text in texts(longest))
    fit = [text for text in kept if text and (is_multiline or not _has_controls(text))]
    return sorted(fit, key=lambda text: hashlib.sha256(text.encode()).digest())


def _has_controls(text: str) -> bool:
    return any(ord(c) < 32 or ord(c) == 127 for c in text)


def _new_names(tables: dict[str, pl.DataFrame]) -> dict[str, dict[str, str]]:
    """For every renamed column what each of its values becomes; different values become different ones."""
    names = {}
    pool = loadable(200)
    for shift, column in enumerate(_RENAMED):
        seen = sorted({v for t in tables.values() if column in t.columns for v in t[column].cast(pl.String).drop_nulls()})
        names[column] = {value: _numbered(pool, 37 * shift + number) for number, value in enumerate(seen)}
    return names


def _numbered(pool: list[str], number: int) -> str:
    """The pool's value with this number; past its end a number behind it keeps values apart."""
    again, place = divmod(number, len(pool))
    return pool[place] + (f" {again}" if again else "")


def _renamed(rows: pl.DataFrame, names: dict[str, dict[str, str]]) -> pl.DataFrame:
    return rows.with_columns(pl.col(c).replace(names[c]) for c in _RENAMED if c in rows.columns)


def _worded(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Names become hostile values; texts of several lines keep every other cell and are lengthened else."""
    contract = load_contract(table)
    return rows.with_columns(
        _with_words(rows[column], is_multiline=contract.field(column).is_multiline, shift=7 * shift)
        for shift, column in enumerate(_WORDS.get(table, ()))
        if column in rows.columns
    )


def _with_words(cells: pl.Series, *, is_multiline: bool, shift: int) -> pl.Series:
    pool = _cycle(loadable(2_000 if is_multiline else 900, is_multiline=is_multiline), shift)
    if not is_multiline:
        ending = _ENDINGS.get(cells.name, "")
        return pl.Series(cells.name, [None if cell is None else next(pool) + ending for cell in cells], dtype=pl.String)
    mixed = [cell if number % 2 else f"{cell or ''} {next(pool)}" for number, cell in enumerate(cells)]
    return pl.Series(cells.name, mixed, dtype=pl.String)


def _cycle(pool: list[str], shift: int) -> Iterator[str]:
    while True:
        shift += 1
        yield pool[shift % len(pool)]


def _with_edges(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.height < 4:
        return rows
    middle = rows.height // 2
    rows = rows.with_row_index("_row")
    chosen = pl.col("_row").is_in([middle, middle + 1])
    edges = {c: v for c, v in _EDGES.get(table, {}).items() if c in rows.columns}
    return rows.with_columns(pl.when(chosen).then(pl.lit(v)).otherwise(c).alias(c) for c, v in edges.items()).drop("_row")
