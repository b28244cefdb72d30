"""What an asset's page shows about a table.

Belongs here: specs, column schema, row counts, preview and pictures as Dagster metadata. Does not belong here: computing anything;
figures of models (`assets.model_page`). Personal columns are never previewed. Numbers have the same key every week, so that Dagster
plots them over the weeks.
"""

import base64
import re
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from assets.workspace import Warehouse
from data_contracts import Contract, load_contract
from winback.contracts.identifiers import name_list, quote_name
from winback.contracts.tables import count_rows

OWNER = "team:winback-data"
PREVIEW = "preview"
_PREVIEW_ROWS = 5
_AVERAGE_DIGITS = 6
_MARKS = re.compile(r"[\\`*\[\]!|~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def column_schema(contract: Contract) -> dg.TableSchema:
    """The contract's columns as Dagster's table schema."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                f.name,
                f.sql_type,
                description=f.description + (f" [{f.unit}]" if f.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=not f.is_required, unique=contract.key == (f.name,)),
            )
            for f in contract.fields
        ]
    )


def table_spec(table: str, group: str, deps: list[str]) -> dg.AssetSpec:
    """A table that an asset in Python makes together with others, described by its contract."""
    contract = load_contract(table)
    return dg.AssetSpec(
        table,
        deps=deps,
        group_name=group,
        description=contract.description,
        owners=[OWNER],
        kinds={"duckdb", "python"},
        metadata={"dagster/column_schema": column_schema(contract)},
    )


def table_metadata(con: duckdb.DuckDBPyConnection, table: str, contract_name: str | None = None) -> dict[str, Any]:
    """Row count and a preview of a table's first rows, without personal columns."""
    contract = load_contract(contract_name or table)
    columns = tuple(f.name for f in contract.fields if f.personal is None)
    order = name_list(tuple(c for c in contract.key if c in columns) or columns[:1])
    rows = con.execute(
        f"SELECT {name_list(columns)} FROM {quote_name(table)} ORDER BY {order} LIMIT {_PREVIEW_ROWS}"
    ).fetchall()
    return {
        "dagster/row_count": count_rows(con, table),
        # Families tried for a model are told by `assets.model_page`.
        **({} if "is_champion" in columns else {PREVIEW: dg.MetadataValue.md(_markdown(columns, rows))}),
        **(_averages(con, contract) if table.startswith("score_") else {}),
    }


def _averages(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, float]:
    """The mean of every figure of a table of scores but interval bounds, and the share of every flag; each horizon apart."""
    numbers = [f.name for f in contract.fields if f.type in ("double", "decimal", "boolean") and f.personal is None]
    figures = [name for name in numbers if not {"low", "high"} & set(name.split("_"))]
    if not figures:
        return {}
    means = ", ".join(f"avg(CAST({quote_name(name)} AS DOUBLE))" for name in figures)
    has_horizons = any(f.name == "horizon_days" for f in contract.fields)
    horizon = "horizon_days" if has_horizons else "NULL"
    rows = con.execute(f"SELECT {horizon} AS h, {means} FROM {quote_name(contract.name)} GROUP BY h ORDER BY h").fetchall()
    return {
        f"mean of {name}" + (f", {days} days" if days is not None else ""): round(value, _AVERAGE_DIGITS)
        for days, *values in rows
        for name, value in zip(figures, values, strict=True)
        if value is not None
    }


def rows_in(warehouse: Warehouse, asset: str, read: list[str]) -> dict[str, Any]:
    """How many rows went into an asset: of the newest batch of files for a raw table, else of the tables it reads.

    `rows read` is their sum, `rows read, by table` tells them apart.
    """
    if asset.startswith("raw_"):
        return _received(warehouse.con, asset.removeprefix("raw_"))
    counted = [(table, _counted(warehouse, table)) for table in read]
    by_table = pl.DataFrame(counted, schema={"table": pl.String, "rows": pl.Int64}, orient="row")
    return {
        "rows read": int(by_table["rows"].sum()),
        "rows read, by table": dg.MetadataValue.md(markdown_table(by_table.sort("rows", "table", descending=[True, False]))),
    }


def _counted(warehouse: Warehouse, table: str) -> int:
    """Rows of a table, counted once a run; what runs in between only adds tables of its own."""
    return warehouse.once(("rows", table), lambda: count_rows(warehouse.con, table))


def _received(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """What became of the records of one input: those of the newest batch of files that held any, and all ever held back."""
    names = ("received", "loaded", "quarantined", "duplicate", "suppressed")
    sums = ", ".join(f"CAST(coalesce(sum(rows_{name}), 0) AS BIGINT)" for name in names)
    newest = "SELECT max(batch) FROM ledger_files WHERE table_name = ?"
    row = con.execute(
        f"SELECT {sums} FROM ledger_files WHERE table_name = ? AND batch = ({newest})", [table, table]
    ).fetchone()
    held = con.execute(
        "SELECT count(*) FROM ledger_quarantine JOIN ledger_files USING (file_id) WHERE table_name = ?", [table]
    ).fetchone()
    counts = {f"rows {name} (newest files)": number for name, number in zip(names, row or (0,) * len(names), strict=True)}
    return counts | {"rows in quarantine": held[0] if held else 0}


def picture(png: bytes, title: str) -> dg.MetadataValue[Any]:
    """A PNG shown on the asset's page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def markdown_table(rows: pl.DataFrame) -> str:
    """A small frame as a Markdown table; cells are cut short and cannot break out of it."""
    return _markdown(tuple(rows.columns), rows.rows(), longest=400)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: no link, no picture (which would be fetched), no mark-up, one line, no controls."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return _MARKS.sub(r"\\\g<0>", shown).replace("&", "&amp;").replace("<", "&lt;")


def _markdown(columns: tuple[str, ...], rows: list[tuple[Any, ...]], longest: int = 60) -> str:
    def cell(value: Any) -> str:
        return _escaped("" if value is None else str(value)[:longest])

    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(v) for v in row) + " |" for row in rows]
    return "\n".join(lines)
