"""The table reference (`docs/tables.md`) from contracts.

Belongs here: Markdown of every table, its columns, types, units and rules. Does not belong here: prose about how to use
them.
"""

from __future__ import annotations

from data_contracts import Contract, Field, load_contract, table_names

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
    print(reference_markdown(), end="")
