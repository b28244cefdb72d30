"""A house to deliver files to: an in-memory DuckDB with the ledger, and the loading of bytes as delivered files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract, table_names
from winback.contracts.as_of import as_of_view_sql, core_view_sql
from winback.errors import UnreadableFileError
from winback.load.batch import InboxFile, load_batch
from winback.load.ledger import ReceivedFile, create_ledger, last_batch, mark_cleared, next_file_id
from winback.load.tables import date_in_name, table_of

DELIVERED_ON = date(2024, 3, 4)


class Sums(NamedTuple):
    """What the ledger says of a file."""

    state: str
    received: int
    loaded: int
    quarantined: int
    duplicate: int


@dataclass
class House:
    """`deliver` takes one batch of files by name; a text is delivered as UTF-8, a frame as Parquet."""

    folder: Path
    con: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(config={"threads": 1}))
    n_files: int = 0

    def __post_init__(self) -> None:
        create_ledger(self.con)

    def deliver(self, files: dict[str, bytes | str | pl.DataFrame], received_on: date = DELIVERED_ON) -> list[Sums]:
        """Load `files` as one batch, as the inbox does; returns the ledger's sums in the order given."""
        batch = last_batch(self.con) + 1
        entries = [self._arrive(name, content, batch, received_on) for name, content in files.items()]
        first = next_file_id(self.con)
        for position, entry in enumerate(entries):
            numbered = ReceivedFile(**{**entry.entry.__dict__, "file_id": first + position})
            entries[position] = InboxFile(numbered, entry.path, entry.table, entry.refusal)
        assert load_batch(self.con, entries, batch, "CNY") == len(files)
        mark_cleared(self.con)
        self.assert_sums_hold()
        return [self.sums(first + position) for position in range(len(entries))]

    def _arrive(self, name: str, content: bytes | str | pl.DataFrame, batch: int, received_on: date) -> InboxFile:
        data = content.encode() if isinstance(content, str) else content
        if isinstance(data, pl.DataFrame):
            data = parquet(data)
        self.n_files += 1
        path = self.folder / str(self.n_files) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        try:
            table, refusal = table_of(PurePath(name)), None
        except UnreadableFileError as error:
            table, refusal = None, str(error)
        entry = ReceivedFile(
            file_id=0,
            name=name,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            batch=batch,
            file_on=date_in_name(path.stem) or received_on,
            received_on=received_on,
            base_currency="CNY",
        )
        return InboxFile(entry, path, table, refusal)

    def sums(self, file_id: int) -> Sums:
        """The sums of one file as the ledger has them now."""
        (row,) = self.query(
            "SELECT state, rows_received, rows_loaded, rows_quarantined, rows_duplicate FROM ledger_files WHERE file_id = ?",
            file_id,
        )
        return Sums(*row)

    def reason(self, file_id: int) -> str:
        return str(self.query("SELECT reason FROM ledger_files WHERE file_id = ?", file_id)[0][0])

    def quarantine(self, file_id: int = 0) -> list[tuple[Any, ...]]:
        """(line, rule, column, value) of quarantined records, by line; of all files where none is given."""
        return self.query(
            "SELECT line_no, rule, column_name, cell_value FROM ledger_quarantine WHERE ? IN (0, file_id) ORDER BY ALL",
            file_id,
        )

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Sorted rows of a raw table that no later delivery superseded."""
        return self.query(f"SELECT {columns} FROM raw_{table} WHERE _superseded_batch IS NULL ORDER BY ALL")

    def as_of(self, table: str, monday: date, columns: str, batch_cutoff: int = 1_000) -> list[tuple[Any, ...]]:
        """Sorted rows of an input that count for the week of `monday`."""
        contract = load_contract(table)
        self.con.execute("CREATE OR REPLACE TABLE core_week (as_of_on DATE, batch_cutoff BIGINT)")
        self.con.execute("INSERT INTO core_week VALUES (?, ?)", [monday, batch_cutoff])
        self.con.execute(f"CREATE OR REPLACE VIEW core_{table} AS {core_view_sql(contract)}")
        self.con.execute(f"CREATE OR REPLACE VIEW asof_{table} AS {as_of_view_sql(contract)}")
        return self.query(f"SELECT {columns} FROM asof_{table} ORDER BY ALL")

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.con.execute(sql, list(parameters)).fetchall()

    def assert_sums_hold(self) -> None:
        """Per file and in total, against the tables themselves and not only the ledger's own figures."""
        wrong = self.query(
            """
            SELECT f.file, f.rows_received, f.rows_loaded, f.rows_quarantined, f.rows_duplicate, f.state
            FROM ledger_files AS f
            LEFT JOIN (SELECT file_id, count(*) AS n FROM ledger_quarantine GROUP BY ALL) AS q USING (file_id)
            WHERE f.rows_received <> f.rows_loaded + f.rows_quarantined + f.rows_duplicate
                OR f.rows_quarantined <> coalesce(q.n, 0)
                OR least(f.rows_received, f.rows_loaded, f.rows_quarantined, f.rows_duplicate) < 0
                OR f.state NOT IN ('loaded', 'rejected')
            """
        )
        assert wrong == []
        loaded = " UNION ALL ".join(
            f"SELECT '{table}', (SELECT count(*) FROM raw_{table}), coalesce(sum(rows_loaded), 0) FROM ledger_files "
            f"WHERE table_name = '{table}'"
            for table in table_names("input")
        )
        for table, n_rows, n_loaded in self.query(loaded) if loaded else []:
            assert n_rows == n_loaded, table


def parquet(frame: pl.DataFrame) -> bytes:
    """Bytes of `frame` as Parquet."""
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], House]]:
    """Gives out an empty house again and again; there is one, and whoever had it before loses it.

    Making the tables takes longer than most tests, so they are emptied instead.
    """
    houses: list[House] = []

    def make() -> House:
        try:
            for table in ["ledger_files", "ledger_quarantine", *(f"raw_{table}" for table in table_names("input"))]:
                houses[-1].con.execute(f"TRUNCATE {table}")
        except (IndexError, duckdb.Error):  # none yet, or the last test broke it
            houses.append(House(tmp_path_factory.mktemp("house")))
        return houses[-1]

    yield make
    for house in houses:
        house.con.close()


@pytest.fixture
def house(new_house: Callable[[], House]) -> House:
    """An empty house."""
    return new_house()


@pytest.fixture
def shop(house: House) -> House:
    """A house that knows the accounts A1, A2 and A3, as if one file with them had been loaded (batch 1, file 1)."""
    house.con.execute(
        "INSERT INTO ledger_files BY NAME SELECT 1 AS file_id, 'accounts_2024-01-01.csv' AS file, 'accounts' AS table_name, "
        "'' AS sha256, 0 AS size_bytes, 1 AS batch, DATE '2024-01-01' AS file_on, DATE '2024-03-04' AS received_on, "
        "'loaded' AS state, 3 AS rows_received, 3 AS rows_loaded"
    )
    house.con.execute(
        "INSERT INTO raw_accounts BY NAME SELECT 'A' || n AS account_id, 1 AS _file_id, n + 1 AS _line, 1 AS _batch, "
        "DATE '2024-01-01' AS _file_on FROM range(1, 4) AS t(n)"
    )
    return house
