"""Any other log: from its columns to an input table of ours.

Belongs here: the mapping file, its rules, and turning a table of text cells into a table of ours by them. Does not belong
here: reading the files (`mapped_log`) or trying the row rules on the result (`dry_run`).

A cell that is not written the way the mapping says is never guessed at: it stays as it is, with a remark where the row rules
would otherwise take it for something else, so that its row is held back and seen.
"""

from __future__ import annotations

import difflib
import functools
import operator
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from importlib import resources
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from data_contracts import Contract, load_contract, table_names
from data_contracts import Field as Column
from winback.config import WorkspaceSettings
from winback.errors import UsageError
from winback.importers.exact import EXACT

_EXAMPLE = "example_mapping.toml"
_TIME_MARKS = ("%H", "%I", "%T", "%R", "%s", "%X", "%c", "%+")
_SIGNED = ("amount", "quantity", "unit_price_amount")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


class TableMapping(BaseModel):
    """How the columns of one kind of file become columns of one input table; see `example_mapping.toml` for each setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    file: Annotated[str, Field(min_length=1)]
    date_format: str | None = None
    decimal_comma: bool = False
    refunds: Literal["negative", "positive", "none"] | None = None
    id_prefix: str | None = None
    encoding: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    amount_from: tuple[str, ...] = ()
    constants: dict[str, str | bool | int | float | date] = {}
    values: dict[str, dict[str, str]] = {}
    date_formats: dict[str, str] = {}
    columns: dict[str, str] = Field(default={}, validate_default=True)

    @property
    def contract(self) -> Contract:
        """The contract of the table."""
        return load_contract(self.table)

    @field_validator("table")
    @classmethod
    def _is_input_table(cls, value: str) -> str:
        if value not in table_names("input"):
            raise ValueError(f"there is no input table '{value}'{_hint(value, table_names('input'))}")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str | None) -> str | None:
        try:
            "".encode(value or "utf-8")  # unlike codecs.lookup, refuses codecs that are not for text
        except LookupError:
            raise ValueError(f"'{value}' is not an encoding; use a name such as cp1252 or utf-8") from None
        return value

    @field_validator("refunds", "amount_from")
    @classmethod
    def _only_spend_has_amounts(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("table", "spend") != "spend":
            raise ValueError(f"this is for the table 'spend' only, not for '{info.data['table']}'")
        return value

    @field_validator("id_prefix")
    @classmethod
    def _has_an_id_to_make(cls, value: str | None, info: ValidationInfo) -> str | None:
        contract = _contract_of(info)
        if value is not None and contract is not None and _id_column(contract) is None:
            raise ValueError(f"rows of '{contract.name}' have no id that could be made from their position")
        return value

    @field_validator("constants")
    @classmethod
    def _constants_fit(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        contract = _contract_of(info)
        if contract is not None:
            known = {name: constant for name, constant in value.items() if name in contract.columns}
            problems = list(_unknown_columns(value, contract))
            for name, constant in known.items():
                problems += _unfit_words([_text(constant)], contract.field(name))
            _refuse(problems)
        return value

    @field_validator("values")
    @classmethod
    def _words_fit(cls, value: dict[str, dict[str, str]], info: ValidationInfo) -> dict[str, dict[str, str]]:
        contract = _contract_of(info)
        if contract is not None:
            problems = list(_unknown_columns(value, contract))
            for name, words in value.items():
                if name in contract.columns:
                    problems += _unfit_words(words.values(), contract.field(name))
            _refuse(problems)
        return value

    @field_validator("date_formats")
    @classmethod
    def _formats_are_for_dates(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        contract = _contract_of(info)
        if contract is not None:
            known = [name for name in value if name in contract.columns]
            undated = [f"'{name}' is no date" for name in known if contract.field(name).type not in ("date", "timestamp")]
            _refuse([*_unknown_columns(value, contract), *undated])
        return value

    @field_validator("columns")
    @classmethod
    def _columns_fit(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        contract = _contract_of(info)
        if contract is None:
            return value
        problems = list(_unknown_columns(value, contract))
        if "constants" in info.data and "amount_from" in info.data:
            constants = info.data["constants"]
            problems += [f"'{c}' is a column and a constant at once" for c in value if c in constants]
            if "amount" in value and info.data["amount_from"]:
                problems.append("'amount' is a column and made by amount_from at once")
            given = {*value, *constants} | ({"amount"} if info.data["amount_from"] else set())
            missing = [f.name for f in contract.fields if f.is_required and f.default is None and f.name not in given]
            problems += [f"'{name}' must be mapped: the table '{contract.name}' requires it" for name in missing]
        _refuse(problems)
        return value


class Mapping(BaseModel):
    """A mapping file: what the log is called, where it is from, whom it is about, and its tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    source: str = ""
    workspace: WorkspaceSettings = WorkspaceSettings()
    tables: Annotated[tuple[TableMapping, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_stay_apart(self) -> Mapping:
        made = [(t.table, t.id_prefix) for t in self.tables if t.id_prefix is not None]
        doubled = sorted({f"'{prefix}' ({table})" for table, prefix in made if made.count((table, prefix)) > 1})
        if doubled:
            raise ValueError(f"id_prefix must differ between blocks of one table: {', '.join(doubled)}")
        return self


def example_mapping() -> str:
    """The text of a mapping file that shows and explains every setting."""
    return (resources.files("winback.importers") / _EXAMPLE).read_text(encoding="utf-8")


def parse_mapping(text: str, source: str = "the mapping file") -> Mapping:
    """The mapping in a TOML text; `source` names it in errors.

    Raises UsageError that names every problem, with the likeliest name meant where one is unknown.
    """
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is not valid TOML: {error}") from error
    except ValidationError as error:
        problems = [f"  {_place(e['loc'])}: {_words(e)}" for e in error.errors(include_context=False)]
    # Raised outside the handler: an error chained to pydantic's keeps its frames alive until the interpreter ends.
    raise UsageError(f"{source}: {len(problems)} setting(s) to mend:\n" + "\n".join(problems))


def apply_mapping(frame: pl.DataFrame, table_mapping: TableMapping, source: str = "") -> pl.DataFrame:
    """Rows of the contract's table from a table of text cells; columns are the contract's, in its order, as text.

    Dates come out as YYYY-MM-DD, times as YYYY-MM-DD HH:MM:SS, numbers with a decimal point. In `spend` an amount carries no
    sign: `refunds` says which sign makes it a refund, and quantity and unit price lose theirs with it. Made ids count the
    rows of the frame from 1, behind the prefix and `source`. Rows blank from end to end are no rows.

    Raises UsageError that names every column which the frame lacks.
    """
    headers = _headers(frame.columns, table_mapping)
    contract = table_mapping.contract
    id_column = _id_column(contract)
    cells = frame.select(_trimmed(pl.col(c).cast(pl.String)).alias(c) for c in frame.columns).with_row_index(
        "_row", offset=1
    )
    cells = cells.filter(pl.any_horizontal(pl.exclude("_row").is_not_null()))
    columns: dict[str, pl.Expr] = {}
    for column in contract.fields:
        name = column.name
        if name in table_mapping.columns:
            columns[name] = _cell(column, pl.col(headers[table_mapping.columns[name]]), table_mapping)
        elif name in table_mapping.constants:
            columns[name] = pl.lit(_text(table_mapping.constants[name]))
        elif name == id_column and table_mapping.id_prefix is not None:
            columns[name] = pl.format("{}{}", pl.lit(table_mapping.id_prefix + source), pl.col("_row"))
    if table_mapping.amount_from:
        factors = [_number(pl.col(headers[c]), table_mapping.decimal_comma) for c in table_mapping.amount_from]
        columns["amount"] = _product(factors)
    mapped = cells.select(**columns)
    if contract.name == "spend" and table_mapping.refunds != "none":
        mapped = _with_refunds(mapped, table_mapping.refunds or "negative")
    return mapped.select(c for c in contract.columns if c in mapped.columns)


# ---- cells -----------------------------------------------------------------------------------------------------------


def _cell(column: Column, cell: pl.Expr, table_mapping: TableMapping) -> pl.Expr:
    words = table_mapping.values.get(column.name)
    if words:
        cell = cell.replace(words)
    if column.type in ("date", "timestamp"):
        return _date(cell, table_mapping.date_formats.get(column.name, table_mapping.date_format))
    if column.type in ("decimal", "fine_decimal", "double", "integer"):
        return _number(cell, table_mapping.decimal_comma)
    return cell


def _trimmed(cell: pl.Expr) -> pl.Expr:
    text = cell.str.strip_chars(" \t\r\n\u00a0\u202f\ufeff")
    return pl.when(text != "").then(text)


def _date(cell: pl.Expr, form: str | None) -> pl.Expr:
    if form is None:
        return cell
    if any(mark in form for mark in _TIME_MARKS):
        time = cell.str.to_datetime(form, time_unit="us", strict=False)
        read = time.dt.to_string("%Y-%m-%d %H:%M:%S")
    else:
        read = cell.str.to_date(form, strict=False).dt.to_string("%Y-%m-%d")
    return pl.coalesce(read, _remark(cell, f"not in the form {form}"))


def _number(cell: pl.Expr, decimal_comma: bool) -> pl.Expr:
    """A number with a decimal point, without thousands separators and currency signs, its sign in front."""
    text = (
        cell.str.replace_all(r"[€$£¥￥\u00a0\u202f]", " ")
        .str.strip_chars()
        .str.replace(r"^\((.*)\)$", "-$1")
        .str.replace(r"^([^+-].*?)\s*-$", "-$1")
        .str.replace(r"^([+-])\s+", "$1")
    )
    if not decimal_comma:
        is_grouped = text.str.contains(r"^[+-]?\d{1,3}([, '’]\d{3})+(\.\d*)?$")
        ungrouped = text.str.replace_all(r"[, '’]", "")
        return pl.when(is_grouped).then(ungrouped).when(text.str.contains(_NUMBER)).then(text).otherwise(cell)
    is_number = text.str.contains(r"^[+-]?(\d+(,\d*)?|,\d+|\d{1,3}([. '’]\d{3})+(,\d*)?)$")
    pointed = text.str.replace_all(r"[. '’]", "").str.replace(",", ".", literal=True)
    return pl.when(is_number).then(pointed).otherwise(_remark(cell, "not a number with a decimal comma"))


def _remark(cell: pl.Expr, words: str) -> pl.Expr:
    return pl.when(cell.is_not_null()).then(pl.format("{}: {}", pl.lit(words), cell))


def _product(factors: list[pl.Expr]) -> pl.Expr:
    exact_factors = [factor.cast(EXACT, strict=False) for factor in factors]
    return functools.reduce(operator.mul, exact_factors).cast(pl.String)


def _with_refunds(spend: pl.DataFrame, refund_sign: str) -> pl.DataFrame:
    """Move the sign of amounts into `kind`; a cell that is no number is left for the row rules."""
    amount = pl.col("amount")
    value = pl.when(amount.str.contains(_NUMBER)).then(amount).cast(pl.Float64, strict=False).fill_null(0)
    is_refund = value < 0 if refund_sign == "negative" else value > 0
    kind = pl.col("kind") if "kind" in spend.columns else pl.lit(None, pl.String)
    unsigned = [
        pl.when(value < 0).then(pl.col(c).str.strip_prefix("-")).otherwise(pl.col(c)).alias(c)
        for c in _SIGNED
        if c in spend.columns
    ]
    return spend.with_columns(*unsigned, kind=pl.when(is_refund).then(pl.lit("refund")).otherwise(kind))


def _text(constant: str | bool | float | date) -> str:
    if isinstance(constant, bool):
        return str(constant).lower()
    return constant.isoformat() if isinstance(constant, date) else str(constant)


# ---- columns and words -----------------------------------------------------------------------------------------------


def _headers(found: list[str], table_mapping: TableMapping) -> dict[str, str]:
    """For each column that the mapping asks for, the frame's own name of it, whatever the case and outer blanks."""
    by_name = {header.strip().casefold(): header for header in found} | {header: header for header in found}
    asked = [*table_mapping.columns.values(), *table_mapping.amount_from]
    headers = {c: by_name.get(c, by_name.get(c.strip().casefold())) for c in asked}
    missing = [c for c, header in headers.items() if header is None]
    if missing:
        names = "\n".join(f"  '{c}'{_hint(c, found)}" for c in missing)
        there = ", ".join(found)
        raise UsageError(f"{table_mapping.file} lacks {len(missing)} mapped column(s):\n{names}\nIt has: {there}")
    return {c: header for c, header in headers.items() if header is not None}


def _id_column(contract: Contract) -> str | None:
    """The column of an event's own id, if the contract has one that may be missing."""
    if contract.kind != "event" or len(contract.key) != 1:
        return None
    key = contract.field(contract.key[0])
    return key.name if key.name.endswith("_id") and not key.is_required and key.references is None else None


def _contract_of(info: ValidationInfo) -> Contract | None:
    return load_contract(info.data["table"]) if "table" in info.data else None


def _unknown_columns(names: Iterable[str], contract: Contract) -> Iterator[str]:
    for name in names:
        if name not in contract.columns:
            yield f"the table '{contract.name}' has no column '{name}'{_hint(name, contract.columns)}"


def _unfit_words(words: Iterable[str], column: Column) -> Iterator[str]:
    for word in words:
        if column.allowed and word not in column.allowed:
            hint = _hint(word, column.allowed)
            yield f"{column.name} = '{word}' is none of {', '.join(column.allowed)}{hint}"


def _hint(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word.casefold(), {k.casefold(): k for k in known}, n=1, cutoff=0.5)
    original = {k.casefold(): k for k in known}
    return f"; did you mean '{original[close[0]]}'?" if close else ""


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ValueError("; ".join(problems))


def _place(location: tuple[int | str, ...]) -> str:
    """Where in the file, blocks counted from 1 as people do."""
    parts = [f"block {part + 1}" if isinstance(part, int) else str(part) for part in location]
    return " · ".join(parts) or "(file)"


def _words(error: Any) -> str:
    if error["type"] != "extra_forbidden":
        return str(error["msg"]).removeprefix("Value error, ")
    location = error["loc"]
    models: dict[str, type[BaseModel]] = {"tables": TableMapping, "workspace": WorkspaceSettings}
    model = models.get(str(location[0]), Mapping) if len(location) > 1 else Mapping
    return f"there is no such setting{_hint(str(location[-1]), model.model_fields)}"
