"""Row rules from contracts, as SQL.

Belongs here: how a received cell becomes a typed value, and which rule a row breaks first. Does not belong here: rules
about whole tables (expectations), duplicates or unknown accounts (`winback.load`).
"""

from __future__ import annotations

from dataclasses import dataclass

from data_contracts import Contract, Field
from winback.contracts.identifiers import quote_name, quote_text

MAX_TEXT_LENGTH = 1_000
MAX_ID_LENGTH = 200
MOST = 1_000_000_000_000
"""Largest number that any column takes: one slip of the keyboard above it would break the sums of a whole week."""

_TRUE_WORDS = ("true", "t", "yes", "y", "1", "是")
_FALSE_WORDS = ("false", "f", "no", "n", "0", "否")


@dataclass(frozen=True)
class RowRule:
    """One thing a row must satisfy.

    `broken` is an SQL condition that is true where the row breaks the rule; a row that breaks an `is_hold` rule is kept
    back and tried again on each run.
    """

    name: str
    column: str
    broken: str
    is_hold: bool = False


def typed_expression(field: Field, received_type: str) -> str:
    """SQL that turns the received column into the contract's type, null where it cannot be done.

    `received_type` is the DuckDB type of the column as received; 'NULL' if the file does not have it.
    """
    column = quote_name(field.name)
    if received_type == "NULL":
        return _with_default(field, f"CAST(NULL AS {field.sql_type})")
    if received_type != "VARCHAR":
        return _with_default(field, _typed_from_typed(field, column, received_type))
    text = f"nullif(trim({column}), '')"
    if field.type == "date":
        return _date_from_text(text)
    if field.type == "timestamp":
        midnight = f"CASE WHEN NOT contains({text}, ':') THEN TRY_CAST({_date_from_text(text)} AS TIMESTAMP) END"
        dashed = f"replace({text}, '/', '-')"
        # Words such as 'infinity' and 'epoch' are times to DuckDB, and to nobody who fills in a table.
        is_dated = f"regexp_matches({dashed}, '^[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}')"
        time = f"CASE WHEN {is_dated} THEN TRY_CAST({dashed} AS TIMESTAMP) END"
        return f"coalesce({time}, {midnight})"
    if field.type == "boolean":
        words = f"lower({text})"
        return (
            f"CASE WHEN {words} IN ({_literals(_TRUE_WORDS)}) THEN true "
            f"WHEN {words} IN ({_literals(_FALSE_WORDS)}) THEN false END"
        )
    if field.type == "integer":
        # 3.0 is the integer 3 as spreadsheets save it; 3.5 is not an integer.
        return (
            f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+([.]0*)?') "
            f"THEN TRY_CAST(regexp_replace({text}, '[.]0*$', '') AS BIGINT) END"
        )
    if field.type in ("decimal", "fine_decimal", "double"):
        number = f"TRY_CAST({text} AS {field.sql_type})"
        return (
            f"CASE WHEN regexp_full_match({text}, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?') THEN {number} END"
        )
    return _with_default(field, _as_allowed(field, text))


def row_rules(contract: Contract, received_types: dict[str, str]) -> list[RowRule]:
    """All rules of a contract, in column order; conditions read the typed column `<c>` and the received `received_<c>`."""
    return [rule for field in contract.fields for rule in _field_rules(field, received_types.get(field.name, "NULL"))]


def _field_rules(field: Field, received_type: str) -> list[RowRule]:
    received, typed = quote_name("received_" + field.name), quote_name(field.name)
    rules: list[RowRule] = []
    if received_type != "NULL":
        is_given = f"{received} IS NOT NULL"
        if received_type == "VARCHAR":
            is_given += f" AND trim({received}) <> ''"
        if field.type != "string" or received_type != "VARCHAR":
            rules.append(RowRule(f"type_{field.type}", field.name, f"{is_given} AND {typed} IS NULL"))
    rules += _range_of_type(field, typed)
    if field.is_required:
        rules.append(RowRule("required", field.name, f"{typed} IS NULL"))
    if field.minimum is not None:
        rules.append(RowRule("minimum", field.name, f"{typed} < {_literal(field, field.minimum)}"))
    if field.maximum is not None:
        rules.append(RowRule("maximum", field.name, f"{typed} > {_literal(field, field.maximum)}"))
    if field.allowed:
        rules.append(RowRule("allowed", field.name, f"{typed} NOT IN ({_literals(field.allowed)})"))
    if field.pattern:
        rules.append(RowRule("pattern", field.name, f"NOT regexp_full_match({typed}, {quote_text(field.pattern)})"))
    if field.type == "string" and not field.is_multiline:
        rules.append(RowRule("control_character", field.name, f"regexp_matches({typed}, '[\\x00-\\x1f\\x7f]')"))
        limit = MAX_ID_LENGTH if field.name.endswith("_id") else MAX_TEXT_LENGTH
        rules.append(RowRule("too_long", field.name, f"length({typed}) > {limit}"))
    return rules


def _range_of_type(field: Field, typed: str) -> list[RowRule]:
    """What DuckDB can hold and sums or readers of it cannot: infinite and absurd numbers, days outside the years 1 to 9999."""
    too_large = RowRule("too_large", field.name, f"NOT ({typed} BETWEEN -{MOST} AND {MOST})")
    if field.type == "double":
        return [RowRule("type_double", field.name, f"NOT isfinite({typed})"), too_large]
    if field.type in ("integer", "decimal"):
        return [too_large]
    if field.type in ("date", "timestamp"):
        first, end = (f"{field.type.upper()} '{day}'" for day in ("0001-01-01", "9999-12-31"))
        return [RowRule(f"type_{field.type}", field.name, f"NOT ({typed} BETWEEN {first} AND {end})")]
    return []


def explain_rule(rule: str, column: str | None, contract: Contract | None) -> str:
    """A rule in words for whoever has to mend the row."""
    field = contract.field(column) if contract and column and column in contract.columns else None
    if field is None or rule not in _RULE_WORDS:
        return _RECORD_WORDS.get(rule, rule)
    return _RULE_WORDS[rule].format(
        column=column,
        minimum=field.minimum,
        maximum=field.maximum,
        allowed=", ".join(field.allowed),
        pattern=field.pattern,
    )


def rule_meanings() -> dict[str, str]:
    """Every rule in words for any column; a star marks those whose rows wait and are tried again."""
    blanks = {"column": "the cell", "minimum": "the least allowed", "maximum": "the most allowed"}
    words = {
        rule: text.format(**blanks, allowed="the allowed values", pattern="that is asked for")
        for rule, text in _RULE_WORDS.items()
    }
    return {rule: text + ("*" if "tried again" in text else "") for rule, text in (words | _RECORD_WORDS).items()}


_RULE_WORDS = {
    "type_date": "{column} is not a date; write it as YYYY-MM-DD",
    "type_timestamp": "{column} is not a time; write it as YYYY-MM-DD HH:MM:SS",
    "type_integer": "{column} is not a whole number",
    "type_decimal": "{column} is not a number; write it with a decimal point and no thousands separator",
    "type_fine_decimal": "{column} is not a number; write it with a decimal point and no thousands separator",
    "type_double": "{column} is not a number; write it with a decimal point and no thousands separator",
    "type_boolean": "{column} is neither true nor false",
    "type_string": "{column} is not text",
    "required": "{column} is missing and must be given",
    "minimum": "{column} is below {minimum}",
    "maximum": "{column} is above {maximum}",
    "allowed": "{column} is none of: {allowed}",
    "pattern": "{column} does not have the form {pattern}",
    "control_character": "{column} holds a control character or a line break",
    "too_long": "{column} is too long",
    "too_large": f"{{column}} is too large to be true (beyond {MOST:,})",
    "not_after_receipt": "{column} lies after the day the file was received",
}

_RECORD_WORDS = {
    "unparseable": "the line cannot be split into the file's columns (broken quote, or too many or few cells)",
    "encoding": "the line holds bytes that are not valid in the file's encoding",
    "missing_column": "the file lacks a required column, so none of its rows can be loaded",
    "unknown_account": "the account is not known yet; the row is tried again on each run",
    "no_rate": "no exchange rate is known for the currency on that day; the row is tried again on each run",
}


def _as_allowed(field: Field, text: str) -> str:
    """A value typed by hand in other case, with spaces or in Chinese ('Not reached', '1A', '未联系上') as the allowed one.

    Only where all allowed values are lower case.
    """
    if not field.allowed or any(value != value.lower() for value in field.allowed):
        return text
    plain = f"lower(replace({text}, ' ', '_'))"
    words = "".join(f" WHEN {text} = {quote_text(word)} THEN {quote_text(code)}" for code, word in field.words_zh)
    return f"CASE WHEN {plain} IN ({_literals(field.allowed)}) THEN {plain}{words} ELSE {text} END"


def _with_default(field: Field, expression: str) -> str:
    return f"coalesce({expression}, {quote_text(field.default)})" if field.default else expression


def _typed_from_typed(field: Field, column: str, received_type: str) -> str:
    """From a Parquet column; types that cannot mean the field's give null, which breaks its type rule."""
    received_type = received_type if received_type.isalpha() else received_type.partition("(")[0]
    is_number = received_type in _NUMBERS
    is_whole = received_type in (*_FLOATS, "DECIMAL")
    if field.type == "string":
        # Whole numbers that became floats on the way are identifiers: 17.0 is 17.
        text = f"CAST({column} AS VARCHAR)"
        if is_whole:
            text = (
                f"CASE WHEN {column} = floor({column}) THEN CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR) ELSE {text} END"
            )
        return f"nullif(trim({text}), '')"
    if field.type in ("date", "timestamp") and received_type.startswith(("DATE", "TIMESTAMP")):
        return f"TRY_CAST({column} AS {field.sql_type})"
    if field.type == "integer" and is_number:
        return f"CASE WHEN {column} = floor({column}) THEN TRY_CAST({column} AS BIGINT) END"
    if field.type in ("decimal", "fine_decimal", "double") and is_number:
        return f"TRY_CAST({column} AS {field.sql_type})"
    if field.type == "boolean" and received_type == "BOOLEAN":
        return column
    if field.type == "boolean" and is_number:
        return f"CASE WHEN {column} IN (0, 1) THEN {column} = 1 END"
    return f"CAST(NULL AS {field.sql_type})"


_FLOATS = ("DOUBLE", "FLOAT")
_NUMBERS = (*_FLOATS, "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
            "UBIGINT", "UHUGEINT")  # fmt: skip

_TIME = "[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"


def _date_from_text(text: str) -> str:
    """A date alone, or the date of a time stamp; anything else behind the date is a mistake."""
    compact = f"CASE WHEN regexp_full_match({text}, '[0-9]{{8}}') THEN TRY_CAST(try_strptime({text}, '%Y%m%d') AS DATE) END"
    dashed = f"replace({text}, '/', '-')"
    day = f"TRY_CAST(regexp_replace({dashed}, '[ T].*$', '') AS DATE)"
    iso = f"CASE WHEN regexp_full_match({dashed}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}({_TIME})?') THEN {day} END"
    return f"coalesce({iso}, {compact})"


def _literal(field: Field, value: str | float) -> str:
    if field.type in ("date", "timestamp"):
        return f"{field.type.upper()} {quote_text(str(value))}"
    return repr(value)


def _literals(values: tuple[str, ...]) -> str:
    return ", ".join(quote_text(v) for v in values)
