"""What an asset's page shows about a table.

Belongs here: specs, column schema, row count, preview and pictures as Dagster metadata. Does not belong here: computing anything.
Personal columns are never previewed.
"""

import base64
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from data_contracts import Contract, load_contract
from winback.contracts.identifiers import name_list, quote_name
from winback.contracts.tables import count_rows

OWNER = "team:winback-data"
_PREVIEW_ROWS = 5


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
        "preview": dg.MetadataValue.md(_markdown(columns, rows)),
    }


def picture(png: bytes, title: str) -> dg.MetadataValue[Any]:
    """A PNG shown on the asset's page."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def markdown_table(rows: pl.DataFrame) -> str:
    """A small frame as a Markdown table; cells are cut short and cannot break out of it."""
    return _markdown(tuple(rows.columns), rows.rows(), longest=400)


def _markdown(columns: tuple[str, ...], rows: list[tuple[Any, ...]], longest: int = 60) -> str:
    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")[:longest]

    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(v) for v in row) + " |" for row in rows]
    return "\n".join(lines)
