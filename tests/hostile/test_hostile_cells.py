"""The whole catalogue through every column of every input table.

Every cell must arrive as it was written or be held back under a rule that names what is wrong, and the sums must hold: see
`input_rows` for what may become of a cell.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hostile_cells import Hostile, catalogue
from input_rows import Planted, complaints, contract_of, csv_of, parquet_of, planted_rows

from data_contracts import Contract, table_names
from tests.load.conftest import House
from winback.contracts.row_rules import explain_rule

INPUTS = table_names("input")


def test_the_catalogue_is_as_large_as_promised():
    assert len({h.data for h in catalogue()}) >= 450
    assert min(Counter(h.kind for h in catalogue()).values()) >= 10


@pytest.mark.parametrize("table", INPUTS)
def test_every_cell_in_a_csv_file_is_loaded_as_it_is_or_held_back(house: House, table: str) -> None:
    """All values in one file, read line by line, since some hold line breaks and some are no text."""
    contract = contract_of(table)
    planted = _dealt(contract, catalogue())
    _know_accounts(house, contract)
    _assert_fates(house, contract, planted, "csv", csv_of(contract, planted), _lines_in_csv(planted))


@pytest.mark.slow
@pytest.mark.parametrize("table", INPUTS)
@pytest.mark.parametrize("form", ["csv", "fast", "parquet"])
def test_every_cell_in_every_column(house: House, table: str, form: str) -> None:
    """As CSV read line by line, as CSV that DuckDB reads at once (no breaks, all text), and as Parquet (all text)."""
    contract = contract_of(table)
    kept = {"csv": lambda h: True, "parquet": lambda h: h.text is not None, "fast": _is_one_line}[form]
    planted = planted_rows(contract, [h for h in catalogue() if kept(h)])
    data = parquet_of(contract, planted) if form == "parquet" else csv_of(contract, planted)
    _know_accounts(house, contract)
    lines = _lines_in_csv(planted) if form == "csv" else dict(enumerate(planted, start=2))
    _assert_fates(house, contract, planted, "parquet" if form == "parquet" else "csv", data, lines)


def _dealt(contract: Contract, values: tuple[Hostile, ...]) -> list[Planted]:
    """Each value in two columns of the table, in turn, so that each column gets values of each class."""
    columns = contract.columns
    pairs = [
        (columns[(number + offset) % len(columns)], h)
        for number, h in enumerate(values)
        for offset in (0, len(columns) // 2)
    ]
    return [Planted(row, column, hostile) for row, (column, hostile) in enumerate(pairs, start=1)]


def _is_one_line(hostile: Hostile) -> bool:
    return hostile.text is not None and not set("\0\r\n") & set(hostile.text)


def _know_accounts(house: House, contract: Contract) -> None:
    """As if one file with the accounts of all rows had been loaded."""
    if any(f.references for f in contract.fields):
        house.con.execute(
            "INSERT INTO raw_accounts BY NAME SELECT 'R' || lpad(CAST(n AS VARCHAR), 5, '0') AS account_id, 1 AS _file_id, "
            "n AS _line, 1 AS _batch, DATE '2020-01-01' AS _file_on FROM range(1, 20001) AS t(n)"
        )
        house.con.execute(
            "INSERT INTO ledger_files BY NAME SELECT 1 AS file_id, '' AS file, 'accounts' AS table_name, '' AS sha256, "
            "0 AS size_bytes, 1 AS batch, DATE '2020-01-01' AS file_on, DATE '2020-01-01' AS received_on, 'loaded' AS state, "
            "20000 AS rows_received, 20000 AS rows_loaded"
        )


def _lines_in_csv(planted: list[Planted]) -> dict[int, Planted]:
    lines, line = {}, 2
    for one in planted:
        lines[line] = one
        line += 1 + one.hostile.data.count(b"\n")
    return lines


def _assert_fates(
    house: House, contract: Contract, planted: list[Planted], suffix: str, data: bytes, lines: dict[int, Planted]
) -> None:
    (sums,) = house.deliver({f"{contract.name}_2024-01-05.{suffix}": data})
    assert sums.state == "loaded"
    assert sums.received == sums.loaded + sums.quarantined + sums.duplicate
    file_id = house.query("SELECT max(file_id) FROM ledger_files")[0][0]
    held = dict(house.query("SELECT line_no, rule FROM ledger_quarantine WHERE file_id = ?", file_id))
    cursor = house.con.execute(f"SELECT _line, * FROM raw_{contract.name} WHERE _file_id = ?", [file_id])
    names = [d[0] for d in cursor.description or []]
    loaded = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    unseen = [p for line, p in lines.items() if line not in held and line not in loaded]
    assert len(unseen) <= sums.duplicate and {p.column for p in unseen} <= set(contract.key), "only repeated keys may vanish"
    wrong = [
        f"{complaint} <- {one.hostile.data[:60]!r}"
        for line, one in lines.items()
        if line in held or line in loaded
        for complaint in complaints(contract, one, held.get(line), loaded.get(line, {}).get(one.column))
    ]
    assert wrong == []
    assert all(explain_rule(rule, planted[0].column, contract) for rule in held.values())
