"""Receive one file into its raw table.

Belongs here: the way of a file from bytes to raw rows, quarantine and duplicates, in set-based SQL. Does not belong here:
which files there are, transactions, or the archive (the caller's).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from data_contracts import Contract
from winback.contracts.as_of import core_view_sql, entity_key, evidence_day
from winback.contracts.identifiers import name_list, quote_name, quote_text
from winback.contracts.row_rules import RowRule, row_rules, typed_expression
from winback.contracts.tables import registered
from winback.errors import UnreadableFileError
from winback.load.decode import count_line_breaks, decode_bytes, is_plain_utf8
from winback.load.ledger import ReceivedFile, RowSums
from winback.load.records import Header, first_line_index, match_columns, read_header, split_records

_CELL_LENGTH = 200
_RECORD_LENGTH = 4_000
_HEADER_BYTES = 1 << 20


@dataclass(frozen=True)
class Received:
    """What became of one file's rows, how it was read, and what an operator should know about it."""

    sums: RowSums
    encoding: str
    notes: str | None
    is_cut: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Records of an opened file.

    `name` is a relation with a column `_line`; `types` gives the DuckDB type of each contract column in it. Lines that are
    no records are in the relation `_broken`, `n_broken` of them.
    """

    name: str
    types: dict[str, str]
    encoding: str
    unknown: tuple[str, ...] = ()
    n_broken: int = 0
    is_cut: bool = False


def open_source(con: duckdb.DuckDBPyConnection, contract: Contract, path: Path) -> Source:
    """Read `path` into relations of this connection; at most one file is open at a time.

    Call it outside a transaction: a file that cannot be read makes DuckDB abort the one it is in. Raises
    UnreadableFileError where the file cannot be read at all.
    """
    con.execute("DROP VIEW IF EXISTS _typed; DROP TABLE IF EXISTS _received")
    if path.suffix.lower() == ".parquet":
        return _open_parquet(con, contract, path)
    if path.stat().st_size == 0:
        raise UnreadableFileError("the file is empty: it has not even a header line")
    return _open_csv_at_once(con, contract, path) or _open_csv_by_line(con, contract, path)


def receive_source(con: duckdb.DuckDBPyConnection, contract: Contract, source: Source, file: ReceivedFile) -> Received:
    """Load an opened file into `raw_<contract>`, inside the caller's transaction.

    Its rows end up loaded, in `ledger_quarantine`, or counted as duplicates.
    """
    if source.n_broken:
        con.execute(
            "INSERT INTO ledger_quarantine SELECT ?, line_no, rule, NULL, left(record_text, ?), record_text, false FROM _broken",
            [file.file_id, _CELL_LENGTH],
        )
    missing = tuple(f.name for f in contract.fields if f.is_required and f.default is None and f.name not in source.types)
    if missing:
        quarantined = _quarantine_all(con, source, file, ", ".join(missing))
        sums = RowSums(quarantined + source.n_broken, 0, quarantined + source.n_broken, 0)
    else:
        sums = _load_source(con, contract, source, file)
    notes = f"columns not in the contract were ignored: {', '.join(source.unknown)}" if source.unknown else None
    return Received(sums, source.encoding, notes, source.is_cut, missing)


def retry_held(con: duckdb.DuckDBPyConnection, contract: Contract, file: ReceivedFile) -> RowSums:
    """Try the held rows of one earlier file again; those that still cannot be loaded stay held."""
    keys = list(contract.columns)
    cells = ", ".join(f"json_extract_string(record_text, {quote_text('$.' + c)}) AS {quote_name(c)}" for c in keys)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _received AS SELECT line_no AS _line, {cells} FROM ledger_quarantine "
        "WHERE file_id = ? AND is_held",
        [file.file_id],
    )
    con.execute("DELETE FROM ledger_quarantine WHERE file_id = ? AND is_held", [file.file_id])
    return _load_source(con, contract, Source("_received", dict.fromkeys(keys, "VARCHAR"), "utf-8"), file)


def mark_superseded(con: duckdb.DuckDBPyConnection, contract: Contract, batch: int) -> None:
    """After a batch: of several versions of one row all but one are superseded.

    The latest batch wins, then the file of the latest day, then the greatest content, so that file order never matters.
    """
    if not contract.key:
        return
    raw, is_keyed = quote_name("raw_" + contract.name), _is_keyed(contract)
    parts = _version_key(contract)
    named = ", ".join(f"{part} AS _k{i}" for i, part in enumerate(parts))
    keys = ", ".join(f"_k{i}" for i in range(len(parts)))
    same = " AND ".join(f"s._k{i} IS NOT DISTINCT FROM c._k{i}" for i in range(len(parts)))
    content = ", ".join(f"s.{quote_name(c)} DESC NULLS LAST" for c in contract.columns)
    standing = f"SELECT *, rowid AS _row, {named} FROM {raw} WHERE _superseded_batch IS NULL AND {is_keyed}"
    # Few keys have more than one version: only those are ranked.
    contested = f"SELECT {keys} FROM ({standing}) GROUP BY {keys} HAVING count(*) > 1 AND bool_or(_batch = $batch)"
    con.execute(
        f"WITH ranked AS (SELECT s._row, row_number() OVER (PARTITION BY {', '.join(f's._k{i}' for i in range(len(parts)))} "
        f"ORDER BY s._batch DESC, s._file_on DESC, {content}) AS _version "
        f"FROM ({standing}) AS s JOIN ({contested}) AS c ON {same}) "
        f"UPDATE {raw} SET _superseded_batch = $batch WHERE rowid IN (SELECT _row FROM ranked WHERE _version > 1)",
        {"batch": batch},
    )


# ---- opening ---------------------------------------------------------------------------------------------------------


def _open_parquet(con: duckdb.DuckDBPyConnection, contract: Contract, path: Path) -> Source:
    scan = f"read_parquet({quote_text(glob_safe(path))}, hive_partitioning = false)"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        names = _parquet_names(path)
        con.execute(f"SELECT count(*), {', '.join(f'max({quote_name(r[0])})' for r in described)} FROM {scan}").fetchall()
    except (duckdb.Error, OSError, ValueError) as error:
        raise UnreadableFileError(f"the Parquet file cannot be read: {_first_line(error)}") from error
    columns, unknown = match_columns(names, contract)
    found = {
        column: (described_name, sql_type)
        for column, (described_name, sql_type, *_) in zip(columns, described, strict=True)
        if column is not None
    }
    if not found:
        raise UnreadableFileError(f"the file has none of the columns of '{contract.name}'")
    # Text that older writers left unmarked arrives as bytes.
    selected = ", ".join(
        f"{_text_of_bytes(name) if sql_type == 'BLOB' else quote_name(name)} AS {quote_name(column)}"
        for column, (name, sql_type) in found.items()
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW _received_file AS SELECT {_line_in_parquet(names)} AS _line, {selected} FROM {scan}"
    )
    types = {column: "VARCHAR" if sql_type == "BLOB" else sql_type for column, (_, sql_type) in found.items()}
    return Source("_received_file", types, "parquet", unknown)


def _line_in_parquet(names: list[str]) -> str:
    """SQL of a row's line, the header counted as line 1: DuckDB's own column of row numbers, which unlike a window keeps all cores
    busy, unless the file has a column of that name."""
    counted = "file_row_number"
    return "row_number() OVER () + 1" if counted in map(str.lower, names) else f"{counted} + 2"


def _text_of_bytes(name: str) -> str:
    """Text where the bytes are UTF-8, else the bytes written out, which no rule takes for anything."""
    return f"coalesce(TRY(decode({quote_name(name)})), CAST({quote_name(name)} AS VARCHAR))"


def _parquet_names(path: Path) -> list[str]:
    """Column names as written; DuckDB renames those that differ in case only."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def _open_csv_at_once(con: duckdb.DuckDBPyConnection, contract: Contract, path: Path) -> Source | None:
    """The fast way: DuckDB reads the file. None unless every physical line is a record, so that line numbers are exact."""
    if not is_plain_utf8(path):
        return None
    n_breaks, ends_with_break = count_line_breaks(path)
    with path.open("rb") as stream:
        first_bytes = stream.readline(_HEADER_BYTES)
    if not first_bytes.endswith(b"\n"):
        return None
    first = first_bytes.decode("utf-8").strip("\ufeff\r\n")
    if not first.strip() or "\r" in first:
        return None
    header = read_header(first, contract)
    positions = [f"c{i}" for i in range(len(header.columns))]
    columns = ", ".join(f"{quote_text(p)}: 'VARCHAR'" for p in positions)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE _received AS SELECT row_number() OVER () + 1 AS _line, {_named(header)}, "
            f"{_blank(len(header.columns))} AS _is_blank "
            f"FROM read_csv({quote_text(glob_safe(path))}, auto_detect = false, header = true, "
            f"delim = {quote_text(header.delimiter)}, quote = '\"', escape = '\"', strict_mode = true, "
            f"max_line_size = 33554432, columns = {{{columns}}}) "
        )
    except duckdb.Error:
        return None
    n_lines = n_breaks + (0 if ends_with_break else 1)
    if _count(con, "SELECT count(*) FROM _received") != n_lines - 1:
        return None
    con.execute("DELETE FROM _received WHERE _is_blank")
    return Source("_received", _text_types(header), "utf-8", header.unknown)


def _open_csv_by_line(con: duckdb.DuckDBPyConnection, contract: Contract, path: Path) -> Source:
    """The careful way, for every file that the fast way leaves: one broken line costs one record."""
    decoded = decode_bytes(path.read_bytes())
    physical = decoded.text.split("\n")
    header = read_header(physical[first_line_index(physical)], contract)
    multiline = frozenset(f.name for f in contract.fields if f.is_multiline)
    records = split_records(decoded.text, header, multiline, decoded.invalid_lines)
    frame = pl.DataFrame(
        {"_line": records.lines} | {f"c{i}": [r[i] for r in records.cells] for i in range(len(header.columns))},
        schema={"_line": pl.Int64} | {f"c{i}": pl.String for i in range(len(header.columns))},
    )
    with registered(con, "_records", frame):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE _received AS SELECT _line, {_named(header)} FROM _records "
            f"WHERE NOT {_blank(len(header.columns))}"
        )
    broken = pl.DataFrame(
        [(line, rule, text[:_RECORD_LENGTH]) for line, text, rule in records.broken],
        schema={"line_no": pl.Int64, "rule": pl.String, "record_text": pl.String},
        orient="row",
    )
    with registered(con, "_broken_lines", broken):
        con.execute("CREATE OR REPLACE TEMP TABLE _broken AS SELECT * FROM _broken_lines")
    is_cut = bool(records.broken) and records.broken[-1][0] == len(physical) and physical[-1] != ""
    return Source("_received", _text_types(header), decoded.encoding, header.unknown, len(records.broken), is_cut)


def _blank(n_columns: int) -> str:
    """SQL that is true for a line whose every cell is blank, whether the contract knows its column or not: no record."""
    cells = " AND ".join(f"trim(coalesce(c{i}, ''), ' ' || chr(9) || chr(13)) = ''" for i in range(n_columns))
    return f"({cells})"


def _named(header: Header) -> str:
    return ", ".join(f"c{i} AS {quote_name(name)}" for i, name in enumerate(header.columns) if name is not None)


def _text_types(header: Header) -> dict[str, str]:
    return {name: "VARCHAR" for name in header.columns if name is not None}


def glob_safe(path: Path) -> str:
    """A path for DuckDB, which takes paths as glob patterns: brackets keep special characters literal."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


# ---- rules, holds, duplicates ----------------------------------------------------------------------------------------


def _load_source(con: duckdb.DuckDBPyConnection, contract: Contract, source: Source, file: ReceivedFile) -> RowSums:
    every = [*row_rules(contract, source.types), *_receipt_rules(contract, file), *_hold_rules(con, contract, source, file)]
    # A column that was not delivered can break no rule but that it must be there.
    rules = [rule for rule in every if rule.column in source.types or rule.name == "required"]
    _create_checked_view(con, contract, source, rules)
    n_rows, n_duplicates = _count(con, f"SELECT count(*) FROM {quote_name(source.name)}"), 0
    if _can_repeat(con, contract, source):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE _good AS SELECT _line, {name_list(contract.columns)} FROM _checked "
            "WHERE _broken_rule IS NULL"
        )
        n_broken = n_rows - _count(con, "SELECT count(*) FROM _good")
        n_duplicates = _create_duplicates(con, contract, file)
        is_new = "_line NOT IN (SELECT _line FROM _duplicates)" if n_duplicates else "true"
        n_loaded = _insert(con, contract, file, f"_good WHERE {is_new}")
    else:
        n_loaded = _insert(con, contract, file, "_checked WHERE _broken_rule IS NULL")
        n_broken = n_rows - n_loaded
    if n_broken:
        _quarantine_broken(con, source, rules, file)
    return RowSums(
        received=n_rows + source.n_broken,
        loaded=n_loaded,
        quarantined=n_broken + source.n_broken,
        duplicate=n_duplicates,
    )


def _can_repeat(con: duckdb.DuckDBPyConnection, contract: Contract, source: Source) -> bool:
    """Whether rows can be loaded already, or stand in the file twice: not in the first file of a table, without keys."""
    key = _row_key(contract)
    may_have_keys = bool(key) and all(c in source.types for c in key)
    return may_have_keys or _count(con, f"SELECT count(*) FROM (FROM {quote_name('raw_' + contract.name)} LIMIT 1)") > 0


def _insert(con: duckdb.DuckDBPyConnection, contract: Contract, file: ReceivedFile, rows: str) -> int:
    """Load `rows`, a relation with a condition; returns how many."""
    row = con.execute(
        f"INSERT INTO {quote_name('raw_' + contract.name)} SELECT {name_list(contract.columns)}, ?, _line, ?, ?, NULL, NULL, NULL "
        f"FROM {rows}",
        [file.file_id, file.batch, file.file_on],
    ).fetchone()
    return int(row[0]) if row else 0


def _receipt_rules(contract: Contract, file: ReceivedFile) -> list[RowRule]:
    """An event cannot be dated after the day it was received (a day's grace for time zones)."""
    if contract.event_date is None:
        return []
    column = contract.event_date.name
    limit = f"DATE {quote_text(file.received_on.isoformat())} + 1"
    return [RowRule("not_after_receipt", column, f"CAST({quote_name(column)} AS DATE) > {limit}")]


def _hold_rules(con: duckdb.DuckDBPyConnection, contract: Contract, source: Source, file: ReceivedFile) -> list[RowRule]:
    rules = []
    for field in contract.fields:
        if field.references is not None:
            table, column = field.references.split(".")
            known = f"SELECT {quote_name(column)} FROM {quote_name('raw_' + table)}"
            unknown = f"{quote_name(field.name)} NOT IN ({known})"
            rules.append(RowRule(f"unknown_{table.removesuffix('s')}", field.name, unknown, is_hold=True))
    if contract.name == "spend" and "currency" in source.types:
        no_rate = f"currency <> {quote_text(file.base_currency)} AND {_before_rates(con)}"
        rules.append(RowRule("no_rate", "currency", no_rate, is_hold=True))
    return rules


def _before_rates(con: duckdb.DuckDBPyConnection) -> str:
    """SQL that is true for spend in a currency without a rate by its day."""
    rated = con.execute("SELECT currency, min(rate_on) FROM raw_fx_rates GROUP BY currency ORDER BY currency").fetchall()
    cases = " ".join(f"WHEN {quote_text(c)} THEN spent_on < DATE {quote_text(str(day))}" for c, day in rated)
    return f"(CASE currency {cases} ELSE true END)" if rated else "true"


def _create_checked_view(con: duckdb.DuckDBPyConnection, contract: Contract, source: Source, rules: list[RowRule]) -> None:
    typed = ", ".join(
        f"{typed_expression(f, source.types.get(f.name, 'NULL'))} AS {quote_name(f.name)}" for f in contract.fields
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW _typed AS SELECT _line{_received_columns(source)}, {typed} "
        f"FROM {quote_name(source.name)}"
    )
    cases = " ".join(f"WHEN {rule.broken} THEN {number}" for number, rule in enumerate(rules))
    con.execute(f"CREATE OR REPLACE TEMP VIEW _checked AS SELECT *, CASE {cases} END AS _broken_rule FROM _typed")


def _quarantine_broken(con: duckdb.DuckDBPyConnection, source: Source, rules: list[RowRule], file: ReceivedFile) -> None:
    """Write the rows that break a rule to the quarantine, each under the first rule it breaks."""
    cells = [f"CAST({quote_name('received_' + r.column)} AS VARCHAR)" if r.column in source.types else "NULL" for r in rules]
    is_hold = _pick([str(r.is_hold).lower() for r in rules])
    record = _record_json(source)
    con.execute(
        f"INSERT INTO ledger_quarantine SELECT ?, _line, {_pick([quote_text(r.name) for r in rules])}, "
        f"{_pick([quote_text(r.column) for r in rules])}, left({_pick(cells)}, {_CELL_LENGTH}), "
        f"CASE WHEN {is_hold} THEN {record} ELSE left({record}, {_RECORD_LENGTH}) END, {is_hold} "
        "FROM _checked WHERE _broken_rule IS NOT NULL",
        [file.file_id],
    )


def _quarantine_all(con: duckdb.DuckDBPyConnection, source: Source, file: ReceivedFile, missing: str) -> int:
    """Quarantine every record of a file that lacks required columns; returns how many."""
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW _typed AS SELECT _line{_received_columns(source)} FROM {quote_name(source.name)}"
    )
    con.execute(
        f"INSERT INTO ledger_quarantine SELECT ?, _line, 'missing_column', ?, NULL, left({_record_json(source)}, "
        f"{_RECORD_LENGTH}), false FROM _typed",
        [file.file_id, missing],
    )
    return _count(con, "SELECT count(*) FROM _typed")


def _create_duplicates(con: duckdb.DuckDBPyConnection, contract: Contract, file: ReceivedFile) -> int:
    """Fill `_duplicates` with the lines of `_good` that are already loaded; returns how many."""
    raw = quote_name("raw_" + contract.name)
    is_first = _count(con, f"SELECT count(*) FROM (FROM {raw} LIMIT 1)") == 0
    if is_first and not _count(con, f"SELECT count(*) FROM _good WHERE {_is_keyed(contract)}"):
        return 0
    other = _unkeyed_duplicates(contract, raw) if contract.kind == "event" else _confirm_versions(con, contract, file)
    con.execute(f"CREATE OR REPLACE TEMP TABLE _duplicates AS {_keyed_duplicates(contract, raw)} UNION {other}")
    return _count(con, "SELECT count(*) FROM _duplicates")


def _keyed_duplicates(contract: Contract, raw: str) -> str:
    """Rows equal to an earlier row of the same file under their key, or to the version of it that stands."""
    is_keyed = _is_keyed(contract)
    standing = f"SELECT * FROM {raw} WHERE _superseded_batch IS NULL AND {is_keyed}"
    key = _row_key(contract)
    # Few keys come twice in a file: only their rows are compared with each other.
    repeated = (
        f"SELECT * FROM _good SEMI JOIN (SELECT {name_list(key)} FROM _good WHERE {is_keyed} GROUP BY {name_list(key)} "
        f"HAVING count(*) > 1) AS keys USING ({name_list(key)})"
        if key
        else "SELECT * FROM _good WHERE false"
    )
    return (
        f"SELECT _line FROM (SELECT _line, row_number() OVER (PARTITION BY {name_list(contract.columns)} ORDER BY _line) "
        f"AS _copy FROM ({repeated})) WHERE _copy > 1 "
        f"UNION SELECT g._line FROM _good AS g JOIN ({standing}) AS e ON {_same(contract.columns)} "
        f"WHERE {_is_keyed(contract, 'g.')}{' AND g.valid_from_on IS NOT NULL' if contract.kind == 'state' else ''}"
    )


def _confirm_versions(con: duckdb.DuckDBPyConnection, contract: Contract, file: ReceivedFile) -> str:
    """Undated rows that say what was in force on the file's day anyway confirm that version instead of making a new one.

    Marks the versions as confirmed on that day, so that an older change that arrives later does not overrule them, and
    returns SQL for the lines of those rows.
    """
    day = f"DATE {quote_text(file.file_on.isoformat())}"
    ranked = (
        f"SELECT *, row_number() OVER (PARTITION BY {name_list(entity_key(contract))} "
        f"ORDER BY {evidence_day(f'{day} + 1', str(file.batch))} DESC, _batch DESC) AS _version "
        f"FROM ({core_view_sql(contract)}) WHERE _superseded_batch IS NULL AND valid_from_on <= {day}"
    )
    content = [c for c in contract.columns if c != "valid_from_on"]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _confirmed AS SELECT g._line, e._file_id, e._line AS _version_line FROM _good AS g "
        f"JOIN ({ranked}) AS e ON {_same(content)} WHERE e._version = 1 AND g.valid_from_on IS NULL"
    )
    raw = quote_name("raw_" + contract.name)
    con.execute(
        f"UPDATE {raw} SET _confirmed_on = {day}, _confirmed_batch = ? FROM _confirmed AS c "
        f"WHERE {raw}._file_id = c._file_id AND {raw}._line = c._version_line AND coalesce(_confirmed_on < {day}, true)",
        [file.batch],
    )
    return "SELECT _line FROM _confirmed"


def _unkeyed_duplicates(contract: Contract, raw: str) -> str:
    """Of identical rows without a key, as many as are loaded already: across files the larger multiplicity counts."""
    columns = name_list(contract.columns)
    is_unkeyed = f"NOT ({_is_keyed(contract)})"
    date_column = quote_name(contract.event_date.name) if contract.event_date else "NULL"
    in_range = (
        f"{date_column} IS NULL OR {date_column} BETWEEN (SELECT min({date_column}) FROM _good) "
        f"AND (SELECT max({date_column}) FROM _good)"
    )
    return (
        f"SELECT g._line FROM (SELECT *, row_number() OVER (PARTITION BY {columns} ORDER BY _line) AS _copy "
        f"FROM _good WHERE {is_unkeyed}) AS g "
        f"JOIN (SELECT {columns}, count(*) AS _loaded FROM {raw} WHERE {is_unkeyed} AND ({in_range}) GROUP BY {columns}) AS e "
        f"ON {_same(contract.columns)} WHERE g._copy <= e._loaded"
    )


def _version_key(contract: Contract) -> list[str]:
    if contract.kind == "state":
        return [*map(quote_name, entity_key(contract)), "coalesce(valid_from_on, _file_on)"]
    return [quote_name(c) for c in contract.key]


def _row_key(contract: Contract) -> tuple[str, ...]:
    """The columns that tell what a row is about, whichever version of it."""
    return entity_key(contract) if contract.kind == "state" else contract.key


def _is_keyed(contract: Contract, prefix: str = "") -> str:
    return "(" + (" AND ".join(f"{prefix}{quote_name(c)} IS NOT NULL" for c in _row_key(contract)) or "false") + ")"


def _same(columns: tuple[str, ...] | list[str]) -> str:
    return " AND ".join(f"g.{quote_name(c)} IS NOT DISTINCT FROM e.{quote_name(c)}" for c in columns)


def _received_columns(source: Source) -> str:
    return "".join(f", {quote_name(c)} AS {quote_name('received_' + c)}" for c in source.types)


def _record_json(source: Source) -> str:
    cells = ", ".join(f"{quote_text(c)}, CAST({quote_name('received_' + c)} AS VARCHAR)" for c in source.types)
    return f"CAST(json_object({cells}) AS VARCHAR)"


def _pick(expressions: list[str]) -> str:
    """SQL that picks the expression whose number is the broken rule's."""
    return "CASE _broken_rule " + " ".join(f"WHEN {i} THEN {e}" for i, e in enumerate(expressions)) + " END"


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
