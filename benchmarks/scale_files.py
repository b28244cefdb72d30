"""Input files of any size for the scale benchmark, the same for the same seed.

Belongs here: drawing accounts, spend, representatives, products, offers and notes in SQL, and the rows of one more week.
Does not belong here: running anything on them (`scale_run`), printing (`scale`).

Every figure is drawn from a hash of what it belongs to, so that threads do not change it. An account buys in its own rhythm,
in a third of its gaps several lines on one day; about one gap in 25 is a long one, so that earlier lapses and returns exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from winback.reasons.corpus import load_corpus

AS_OF_ON = date(2025, 6, 2)
"""The first week's Monday; the second is seven days later."""

N_LINES = 20
LAPSED_SHARE = 1 / 3
N_PRODUCTS = 2_000
ACCOUNTS_PER_REP = 10_000
MIN_REPS = 20
N_OFFERS = 6


@dataclass(frozen=True)
class Sizes:
    """How much to draw: accounts, notes of the first week, and the seed."""

    n_accounts: int
    n_notes: int
    seed: int

    @property
    def n_reps(self) -> int:
        """Representatives: one per 10,000 accounts, 20 at least."""
        return max(MIN_REPS, self.n_accounts // ACCOUNTS_PER_REP)


def draw_files(folder: Path, sizes: Sizes) -> None:
    """Write `<folder>/first/*.parquet` and `<folder>/second/*.parquet`: what arrives for the first week and the next."""
    first, second = folder / "first", folder / "second"
    for place in (first, second):
        place.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute("SET memory_limit = '6GB'")
        con.execute("SET temp_directory = ?", [str(folder / "spill")])
        _create_draws(con, sizes)
        con.execute(f"CREATE TABLE drawn AS {_ACCOUNTS}")
        for table, query in _FIRST.items():
            _write(con, query, first / f"{table}.parquet")
        _write(con, _WEEK, second / "spend_week.parquet")
        _write_notes(con, first / "touchpoints.parquet", sizes.n_notes, 0)
        _write_notes(con, second / "touchpoints_week.parquet", sizes.n_notes // 20, sizes.n_notes)


def _create_draws(con: duckdb.DuckDBPyConnection, sizes: Sizes) -> None:
    """`uniform(a, b, what)`: a number in [0, 1) for an account and a line of it."""
    con.execute(f"CREATE MACRO uniform(a, b, what) AS (hash(a, b, what, {sizes.seed}) % 1000003) / 1000003.0")
    for name, value in {
        "n_accounts": f"{sizes.n_accounts}",
        "n_reps": f"{sizes.n_reps}",
        "as_of": f"DATE '{AS_OF_ON}'",
    }.items():
        con.execute(f"CREATE MACRO {name}() AS {value}")


def _write(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


_ACCOUNTS = f"""
SELECT
    a,
    concat('A', lpad(CAST(a AS VARCHAR), 7, '0')) AS account_id,
    list_extract([7, 14, 21, 30, 45], 1 + CAST(floor(5 * uniform(a, 0, 'cycle')) AS INTEGER)) AS cycle_days,
    exp(3 + 2 * uniform(a, 0, 'basket')) AS basket,
    uniform(a, 0, 'lapsed') < {LAPSED_SHARE} AS is_lapsed,
    CAST(floor(CASE
        WHEN uniform(a, 0, 'lapsed') < {LAPSED_SHARE} THEN 60 + (2 + 8 * uniform(a, 0, 'silence')) * cycle_days
        ELSE uniform(a, 0, 'silence') * cycle_days
    END) AS INTEGER) AS silence_days
FROM (SELECT unnest(range(n_accounts())) AS a)
"""

_LINE = """
    CAST(exp(ln(basket) + 1.2 * (uniform(a, k, 'amount') - 0.5)) AS DECIMAL(18, 2)) AS amount,
    concat('P', lpad(CAST(product AS VARCHAR), 4, '0')) AS product_id,
    concat('c', product % 12) AS category,
    CAST(1 + floor(5 * uniform(a, k, 'quantity')) AS DECIMAL(18, 2)) AS quantity,
    CASE WHEN uniform(a, k, 'cut') < 0.1 THEN CAST(basket / 10 AS DECIMAL(18, 2)) END AS discount_amount
"""

_PRODUCT = f"CAST(floor({N_PRODUCTS} * pow(uniform(a, 0, 'taste') * 0.5 + uniform(a, k, 'product') * 0.5, 2)) AS INTEGER)"

_SPEND = f"""
WITH gaps AS (
    SELECT a, account_id, basket, k, CASE
        WHEN k = 0 THEN silence_days
        WHEN uniform(a, k, 'same') < 0.3 THEN 0
        WHEN uniform(a, k, 'long') < 0.04 THEN CAST(cycle_days * (3 + 6 * uniform(a, k, 'gap')) AS INTEGER)
        ELSE 1 + CAST(-ln(1 - uniform(a, k, 'gap')) * (cycle_days - 1) AS INTEGER)
    END AS gap_days, {_PRODUCT} AS product
    FROM drawn CROSS JOIN (SELECT unnest(range({N_LINES})) AS k)
),
dated AS (
    SELECT *, as_of() - 1 - CAST(sum(gap_days) OVER (PARTITION BY a ORDER BY k) AS INTEGER) AS spent_on FROM gaps
)
SELECT account_id, spent_on, {_LINE} FROM dated ORDER BY spent_on, a, k
"""

_WEEK = f"""
WITH visits AS (
    SELECT a, account_id, basket, k, {_PRODUCT} AS product,
        as_of() + CAST(floor(7 * uniform(a, 1000, 'day')) AS INTEGER) AS spent_on
    FROM drawn CROSS JOIN (SELECT unnest(range(1000, 1002)) AS k)
    WHERE uniform(a, 0, 'visit') < CASE WHEN is_lapsed THEN 0.005 ELSE 7.0 / cycle_days END
    AND (k = 1000 OR uniform(a, k, 'same') < 0.4)
)
SELECT account_id, spent_on, {_LINE} FROM visits ORDER BY spent_on, a, k
"""

_FIRST = {
    "accounts": """
        SELECT account_id, concat('Shop ', a) AS account_name, concat('kind', a % 6) AS business_kind,
            concat('size', a % 3) AS size_class, concat('region', a % 30) AS region, concat('branch', a % 20) AS branch,
            as_of() - 1500 AS opened_on,
            concat('R', lpad(CAST(20 * (CAST(floor(a / 20) AS BIGINT) % (n_reps() // 20)) + a % 20 AS VARCHAR), 4, '0')) AS rep_id,
            CASE WHEN uniform(a, 0, 'language') < 0.5 THEN 'zh' ELSE 'en' END AS language,
            uniform(a, 0, 'no') < 0.02 AS is_do_not_contact
        FROM drawn ORDER BY a""",
    "reps": """
        SELECT concat('R', lpad(CAST(r AS VARCHAR), 4, '0')) AS rep_id, concat('Rep ', r) AS rep_name,
            concat('branch', r % 20) AS branch, 'zh;en' AS languages, 'green;yellow;red' AS channels,
            600 AS weekly_minutes, true AS is_active
        FROM (SELECT unnest(range(n_reps())) AS r)""",
    "products": f"""
        SELECT concat('P', lpad(CAST(p AS VARCHAR), 4, '0')) AS product_id, concat('Product ', p) AS product_name,
            concat('c', p % 12) AS category, CAST(10 + p % 90 AS DECIMAL(18, 2)) AS unit_price_amount
        FROM (SELECT unnest(range({N_PRODUCTS})) AS p)""",
    "offers": f"""
        SELECT concat('O', o) AS offer_id, concat('Offer ', o) AS offer_name,
            list_extract(['cash_off', 'discount', 'voucher', 'free_delivery', 'usage_help', 'service_recovery'], o + 1) AS kind,
            CASE WHEN o = 1 THEN NULL ELSE CAST(5 + 5 * o AS DECIMAL(18, 2)) END AS amount,
            CASE WHEN o = 1 THEN 0.1 END AS discount_share, as_of() - 30 AS offer_starts_on, as_of() + 300 AS offer_ends_on
        FROM (SELECT unnest(range({N_OFFERS})) AS o)""",
    "spend": _SPEND,
}

_NOTES = """
SELECT concat('T', lpad(CAST(notes.n AS VARCHAR), 7, '0')) AS touchpoint_id, drawn.account_id,
    as_of() - 1 - least(silence_days, CAST(floor(30 * uniform(drawn.a, notes.n, 'touch')) AS INTEGER)) AS touched_on,
    'phone' AS channel, 'in' AS direction, 'care' AS kind, notes.note_text
FROM notes JOIN (SELECT *, row_number() OVER (ORDER BY hash(a)) AS place FROM drawn WHERE is_lapsed) AS drawn
    ON drawn.place = 1 + notes.n % (SELECT count(*) FROM drawn WHERE is_lapsed)
ORDER BY notes.n
"""


def _write_notes(con: duckdb.DuckDBPyConnection, path: Path, n_notes: int, first: int) -> None:
    """Notes of the seed corpus, each with a number of its own: no text repeats, so that every one has to be labelled."""
    corpus = [note.text for note in load_corpus()]
    numbers = range(first, first + n_notes)
    notes = pl.DataFrame({"n": list(numbers), "note_text": [f"{corpus[n % len(corpus)]} (no. {n})" for n in numbers]})
    con.register("notes", notes)
    _write(con, _NOTES, path)
    con.unregister("notes")


def second_week_on() -> date:
    """Monday of the second week."""
    return AS_OF_ON + timedelta(days=7)
