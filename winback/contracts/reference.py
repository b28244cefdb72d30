"""The table reference (`docs/tables.md`) and the guide to delivering data (`docs/data_in.md`) from contracts.

Belongs here: Markdown of every table, its columns, types, units and rules; of every input an example and what is off without it.
Does not belong here: prose (`data_in.md` and `examples.yaml` beside this).
"""

from __future__ import annotations

import csv
import io
import sys
from functools import cache
from importlib import resources
from typing import Any

import yaml

from data_contracts import Contract, Field, load_contract, table_names
from winback.contracts.row_rules import rule_meanings

_HEADINGS = {
    "input": "Tables you deliver",
    "output": "Tables handed to people",
    "computed": "Tables made in between",
}


def reference_markdown() -> str:
    """The whole reference; a test holds `docs/tables.md` to it."""
    parts = ["# Tables\n\nMade from `data_contracts/` by `make docs`; do not edit by hand.\n"]
    for direction, heading in _HEADINGS.items():
        parts.append(f"## {heading}\n")
        parts += [_table(load_contract(name)) for name in table_names(direction)]
    return "\n".join(parts)


def data_in_markdown() -> str:
    """The guide to delivering data; a test holds `docs/data_in.md` to it."""
    text = (resources.files("winback.contracts") / "data_in.md").read_text(encoding="utf-8")
    rules = "\n".join(f"| `{rule}` | {meaning} |" for rule, meaning in rule_meanings().items())
    inputs = sorted(table_names("input"), key=lambda name: (not load_contract(name).is_required_input, name))
    return text.format(rules=rules, tables="".join(_input(load_contract(name)) for name in inputs))


@cache
def input_examples() -> dict[str, dict[str, Any]]:
    """Per input table `example`, rows with every column as text, and `without`, what is off where the table is missing."""
    text = (resources.files("winback.contracts") / "examples.yaml").read_text(encoding="utf-8")
    examples: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return examples


def example_csv(contract: Contract) -> str:
    """The example of an input table as a CSV with the contract's columns."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, contract.columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(input_examples()[contract.name]["example"])
    return stream.getvalue()


def _input(contract: Contract) -> str:
    required = ", ".join(f"`{field.name}`" for field in contract.fields if field.is_required)
    return (
        f"\n### {contract.name}\n\n{contract.description} Required: {required}. "
        f"[All columns](tables.md#{contract.name}).\n\n```csv\n{example_csv(contract)}```\n\n"
        f"*Without it:* {input_examples()[contract.name]['without']}\n"
    )


def _table(contract: Contract) -> str:
    kind = f"{contract.kind}{', must be delivered' if contract.is_required_input else ''}"
    key = f" Key: {', '.join(f'`{c}`' for c in contract.key)}." if contract.key else ""
    rows = [_row(f) for f in contract.fields]
    return (
        f"### {contract.name}\n\n{contract.description} Kind: {kind}.{key}\n\n"
        "| column | type | unit | must be given | rule | meaning | 中文 |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _row(field: Field) -> str:
    rules = []
    if field.allowed:
        rules.append(", ".join(field.allowed))
    if field.minimum is not None:
        rules.append(f"at least {field.minimum}")
    if field.maximum is not None:
        rules.append(f"at most {field.maximum}")
    if field.references:
        rules.append(f"in {field.references}")
    personal = f" Personal data ({field.personal})." if field.personal else ""
    return (
        f"| `{field.name}` | {field.type} | {field.unit or ''} | {'yes' if field.is_required else ''} | "
        f"{'; '.join(rules)} | {field.description}{personal} | {field.title_zh} |"
    )


if __name__ == "__main__":
    print(data_in_markdown() if "data_in" in sys.argv[1:] else reference_markdown(), end="")
